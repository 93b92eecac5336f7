// Package pg gives tests a private PostgreSQL: one cluster for each test
// process, made from the binaries that the system has, and an empty database
// for each test. It listens on a Unix socket only.
package pg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Start gives the address of an empty database that is dropped when the test
// ends. The first call in a process makes the cluster, in about a second.
//
// The test fails when there is no PostgreSQL: nothing is left out silently.
func Start(t testing.TB) (address string) {
	t.Helper()
	c, err := shared()
	if err != nil {
		t.Fatalf("a private PostgreSQL cannot be started: %v\n"+
			"Install its server, on Debian with: apt-get install postgresql (no running service is needed).", err)
	}
	name := fmt.Sprintf("test%d", c.databases.Add(1))
	c.exec(t, "CREATE DATABASE "+name+" TEMPLATE template0")
	t.Cleanup(func() { c.exec(t, "DROP DATABASE "+name+" WITH (FORCE)") })
	return c.address(name)
}

// cluster is the one of this process. Its supervisor stops and deletes it when
// the process ends, however it ends: it waits for the end of its standard input.
type cluster struct {
	dir       string
	databases atomic.Int64
	stdin     io.WriteCloser // held open for as long as the process lives
}

// shared makes the cluster once; every later test gets the same answer.
var shared = sync.OnceValues(start)

// supervise runs the server until standard input ends. $1 is the server, $2 the
// data directory, $3 what to delete, $4 the log.
const supervise = `"$1" -D "$2" >"$4" 2>&1 & pid=$!
while read -r line; do :; done
kill -QUIT $pid; wait $pid
rm -rf "$3"`

func start() (*cluster, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	cred, err := credential()
	if err != nil {
		return nil, err
	}
	// A short path: a socket's may have 107 bytes.
	dir, err := os.MkdirTemp("/tmp", "casefile-pg-")
	if err != nil {
		return nil, err
	}
	if cred != nil {
		if err := os.Chown(dir, int(cred.Uid), int(cred.Gid)); err != nil {
			return nil, err
		}
	}
	data := filepath.Join(dir, "data")
	if err := initdb(bin, data, cred); err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	cmd := exec.Command("/bin/sh", "-c", supervise, "sh", filepath.Join(bin, "postgres"), data, dir, filepath.Join(dir, "log"))
	cmd.Dir = "/"
	// A group of its own, so that an interrupt at the terminal reaches the test first.
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: cred, Setpgid: true}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	c := &cluster{dir: dir, stdin: stdin}
	return c, c.wait()
}

// initdb makes a cluster that need not survive: nothing is synced. Its order of
// text is Dutch where the server can, so that a test notices a query that
// leans on the database's order instead of byte order.
func initdb(bin, data string, cred *syscall.Credential) error {
	base := []string{"-D", data, "-U", "casefile", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"}
	var out []byte
	var err error
	for _, more := range [][]string{{"--locale-provider=icu", "--icu-locale=nl-NL"}, nil} {
		cmd := exec.Command(filepath.Join(bin, "initdb"), append(slices.Clone(base), more...)...)
		cmd.Dir = "/"
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: cred}
		if out, err = cmd.CombinedOutput(); err == nil {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	conf := fmt.Sprintf("listen_addresses=''\nunix_socket_directories='%s'\nfsync=off\nsynchronous_commit=off\nfull_page_writes=off\n"+
		"shared_buffers=64MB\nmax_connections=200\nmax_wal_size=2GB\nautovacuum=off\nlog_min_messages=fatal\n", filepath.Dir(data))
	f, err := os.OpenFile(filepath.Join(data, "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(conf)
	return errors.Join(err, f.Close())
}

// binaries finds the folder of the server's programs.
func binaries() (string, error) {
	var candidates []string
	if out, err := exec.Command("pg_config", "--bindir").Output(); err == nil {
		candidates = append(candidates, strings.TrimSpace(string(out)))
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	version := func(p string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(p)))
		return n
	}
	slices.SortFunc(found, func(a, b string) int { return version(b) - version(a) })
	candidates = append(candidates, found...)
	if p, err := exec.LookPath("initdb"); err == nil {
		candidates = append(candidates, filepath.Dir(p))
	}
	for _, dir := range candidates {
		_, err1 := os.Stat(filepath.Join(dir, "initdb"))
		_, err2 := os.Stat(filepath.Join(dir, "postgres"))
		if err1 == nil && err2 == nil {
			return dir, nil
		}
	}
	return "", errors.New("neither pg_config nor /usr/lib/postgresql leads to initdb and postgres")
}

// credential is the user postgres when we are root, whom the server refuses.
func credential() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("the server does not run as root, and there is no user postgres: %w", err)
	}
	uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(err1, err2)
}

func (c *cluster) address(database string) string {
	return "postgres:///" + database + "?user=casefile&host=" + url.QueryEscape(c.dir)
}

// wait waits until the server answers.
func (c *cluster) wait() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, c.address("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-ctx.Done():
			log, _ := os.ReadFile(filepath.Join(c.dir, "log"))
			return errors.Join(fmt.Errorf("the server does not answer: %w: %s", err, log), c.stdin.Close())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// exec runs a statement on the cluster's own database.
func (c *cluster) exec(t testing.TB, statement string) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, c.address("postgres"))
	if err != nil {
		t.Fatalf("connecting to the private PostgreSQL: %v", err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}
