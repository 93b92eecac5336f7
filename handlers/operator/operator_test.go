package operator_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/casefile-engine/casefile/handlers/operator"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func serve(t *testing.T, path string, run operator.Command) *operator.Server {
	t.Helper()
	s, err := operator.Listen(path, run, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// copies reads a file and standard input, and writes both to another file.
func copies(_ context.Context, args []string, w *operator.IO) int {
	in, err := w.Open(args[1])
	if err != nil {
		fmt.Fprintln(w.Stderr, errors.Is(err, fs.ErrNotExist))
		return 4
	}
	defer in.Close()
	out, err := w.Create(args[2])
	if err != nil {
		return 5
	}
	n, err := io.Copy(out, io.MultiReader(in, w.Stdin))
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return 1
	}
	fmt.Fprintf(w.Stdout, "%d of %d bytes, %v, %s\n", n, in.Size(), w.Terminal, w.Env["CASEFILE_AGENCY"])
	return 3
}

func TestTheServerRunsTheCommandWithTheClientsFiles(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, operator.SocketName)
	serve(t, path, copies)
	big := bytes.Repeat([]byte("0123456789abcdef"), 1<<16) // a megabyte: several frames
	if err := os.WriteFile(filepath.Join(dir, "in"), big, 0o600); err != nil {
		t.Fatal(err)
	}
	var out, talk bytes.Buffer
	w := operator.Local(strings.NewReader("and standard input"), &out, &talk, map[string]string{"CASEFILE_AGENCY": "click"})
	code, err := operator.Run(t.Context(), path, []string{"copy", filepath.Join(dir, "in"), filepath.Join(dir, "out")}, w)
	if err != nil || code != 3 {
		t.Fatalf("%d %v %s", code, err, talk.String())
	}
	got, err := os.ReadFile(filepath.Join(dir, "out"))
	if err != nil || !bytes.Equal(got, append(big, "and standard input"...)) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	if out.String() != fmt.Sprintf("%d of %d bytes, false, click\n", len(got), len(big)) {
		t.Fatal(out.String())
	}

	code, err = operator.Run(t.Context(), path, []string{"copy", filepath.Join(dir, "none"), "x"}, w)
	if err != nil || code != 4 || talk.String() != "true\n" {
		t.Fatalf("%d %v %q", code, err, talk.String())
	}
}

// The socket is its owner's alone, and goes with the server.
func TestTheSocketIsItsOwnersAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), operator.SocketName)
	s := serve(t, path, copies)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 || info.Mode()&fs.ModeSocket == 0 {
		t.Fatalf("%v %v", info, err)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Fatalf("%v %v", entries, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, err := operator.Run(t.Context(), path, nil, operator.Local(nil, nil, nil, nil)); !errors.Is(err, operator.ErrNoServer) {
		t.Error(err)
	}
}

func TestADeadServersSocketIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), operator.SocketName)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	w := operator.Local(strings.NewReader(""), io.Discard, io.Discard, nil)
	if _, err := operator.Run(t.Context(), path, nil, w); !errors.Is(err, operator.ErrNoServer) {
		t.Fatal(err)
	}
	serve(t, path, func(context.Context, []string, *operator.IO) int { return 7 })
	if code, err := operator.Run(t.Context(), path, nil, w); code != 7 || err != nil {
		t.Fatal(code, err)
	}
}

func TestALongPathIsReachedAllTheSame(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("long", 20), strings.Repeat("path", 20))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, operator.SocketName)
	serve(t, path, func(context.Context, []string, *operator.IO) int { return 7 })
	code, err := operator.Run(t.Context(), path, nil, operator.Local(strings.NewReader(""), io.Discard, io.Discard, nil))
	if code != 7 || err != nil {
		t.Fatal(code, err)
	}
}

// Whoever goes away ends the command; the server goes on.
func TestAClientThatGoesAwayEndsItsCommand(t *testing.T) {
	path := filepath.Join(t.TempDir(), operator.SocketName)
	started, ended := make(chan bool, 1), make(chan bool, 1)
	serve(t, path, func(ctx context.Context, args []string, w *operator.IO) int {
		if len(args) > 0 {
			return 0
		}
		started <- true
		<-ctx.Done()
		ended <- true
		return 1
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-started; cancel() }()
	w := operator.Local(strings.NewReader(""), io.Discard, io.Discard, nil)
	if _, err := operator.Run(ctx, path, nil, w); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	select {
	case <-ended:
	case <-time.After(time.Minute):
		t.Fatal("the command goes on")
	}
	if code, err := operator.Run(t.Context(), path, []string{"again"}, w); code != 0 || err != nil {
		t.Fatal(code, err)
	}
}

func TestWithoutATerminalNobodyIsAsked(t *testing.T) {
	path := filepath.Join(t.TempDir(), operator.SocketName)
	serve(t, path, func(_ context.Context, _ []string, w *operator.IO) int {
		if _, err := w.Secret("password: "); errors.Is(err, operator.ErrNoTerminal) {
			return 7
		}
		return 1
	})
	w := operator.Local(strings.NewReader("secret"), io.Discard, io.Discard, nil)
	if code, err := operator.Run(t.Context(), path, nil, w); code != 7 || err != nil {
		t.Fatal(code, err)
	}
}

// T9: whatever comes in through the socket, the server goes on.
func TestGarbageDoesNotStopTheServer(t *testing.T) {
	path := filepath.Join(t.TempDir(), operator.SocketName)
	serve(t, path, copies)
	for _, garbage := range []string{"", "x", "h\xff\xff\xff\xff", "h\x00\x00\x00\x02{}", "h\x00\x00\x00\x01{", "r\x00\x00\x00\x02{}", strings.Repeat("\x00", 100)} {
		c, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(c, garbage)
		_ = c.(*net.UnixConn).CloseWrite()
		_, _ = io.Copy(io.Discard, c)
		c.Close()
	}
	code, err := operator.Run(t.Context(), path, []string{"copy", "/nowhere/at/all", ""}, operator.Local(strings.NewReader(""), io.Discard, io.Discard, nil))
	if code != 4 || err != nil {
		t.Fatal(code, err)
	}
}
