// Package pgcluster starts a private PostgreSQL from the binaries that the
// system has, for tests and for the benchmark. It listens on a Unix socket
// only, belongs to this process, and goes with it however that ends.
package pgcluster

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
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// Options of a cluster.
type Options struct {
	// Durable leaves PostgreSQL's own settings of durability as they are: every
	// commit is synced. Without it nothing is, which is for tests.
	Durable bool
	// Settings are further lines of postgresql.conf.
	Settings string
}

// Cluster is a running server. Its supervisor stops and deletes it when the
// process ends: it waits for the end of its standard input.
type Cluster struct {
	dir   string
	cmd   *exec.Cmd
	stdin io.WriteCloser // held open for as long as the cluster lives
	stop  sync.Once
}

// supervise runs the server until standard input ends. $1 is the server, $2 the
// data directory, $3 what to delete, $4 the log.
const supervise = `"$1" -D "$2" >"$4" 2>&1 & pid=$!
while read -r line; do :; done
kill -QUIT $pid; wait $pid
rm -rf "$3"`

// Start makes a cluster and waits until it answers, in about a second.
func Start(o Options) (*Cluster, error) {
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
	c, err := start(o, bin, dir, cred)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := c.wait(); err != nil {
		c.Stop()
		return nil, err
	}
	return c, nil
}

func start(o Options, bin, dir string, cred *syscall.Credential) (*Cluster, error) {
	if cred != nil {
		if err := os.Chown(dir, int(cred.Uid), int(cred.Gid)); err != nil {
			return nil, err
		}
	}
	data := filepath.Join(dir, "data")
	if err := initdb(o, bin, data, cred); err != nil {
		return nil, err
	}
	cmd := exec.Command("/bin/sh", "-c", supervise, "sh", filepath.Join(bin, "postgres"), data, dir, filepath.Join(dir, "log"))
	cmd.Dir = "/"
	// A group of its own, so that an interrupt at the terminal reaches us first.
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: cred, Setpgid: true}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &Cluster{dir: dir, cmd: cmd, stdin: stdin}, nil
}

// undurable are the settings of a cluster that need not survive.
const undurable = "fsync=off\nsynchronous_commit=off\nfull_page_writes=off\nautovacuum=off\n"

// initdb makes the cluster's files. Its order of text is Dutch where the server
// can, so that a test notices a query that leans on the database's order
// instead of byte order.
func initdb(o Options, bin, data string, cred *syscall.Credential) error {
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
	conf := fmt.Sprintf("listen_addresses=''\nunix_socket_directories='%s'\nmax_connections=200\nmax_wal_size=2GB\nlog_min_messages=fatal\n", filepath.Dir(data))
	if !o.Durable {
		conf += undurable
	}
	f, err := os.OpenFile(filepath.Join(data, "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(conf + o.Settings)
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

// Address is the URL of one of its databases; "postgres" is there from the start.
func (c *Cluster) Address(database string) string {
	return "postgres:///" + database + "?user=casefile&host=" + url.QueryEscape(c.dir)
}

// Exec runs a statement on the database "postgres".
func (c *Cluster) Exec(ctx context.Context, statement string) error {
	conn, err := pgx.Connect(ctx, c.Address("postgres"))
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(ctx))
}

// Stop ends the server and deletes its files.
func (c *Cluster) Stop() {
	c.stop.Do(func() {
		c.stdin.Close()
		_ = c.cmd.Wait() // the shell's code says nothing
	})
}

// wait waits until the server answers.
func (c *Cluster) wait() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, c.Address("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-ctx.Done():
			log, _ := os.ReadFile(filepath.Join(c.dir, "log"))
			return fmt.Errorf("the server does not answer: %w: %s", err, log)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
