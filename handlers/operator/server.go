package operator

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"
)

// Command runs one command line and gives its exit code.
type Command func(ctx context.Context, args []string, io *IO) int

// helloLimit is how long a client may take to say what it wants.
const helloLimit = 10 * time.Second

// Server runs command lines that come in through the socket.
type Server struct {
	path   string
	l      *net.UnixListener
	run    Command
	log    *slog.Logger
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup
}

// Listen makes the socket at path, owner-only, and serves it until Close. The
// caller holds the data directory in which it lies.
func Listen(path string, run Command, log *slog.Logger) (*Server, error) {
	l, err := listen(path)
	if err != nil {
		return nil, err
	}
	s := &Server{path: path, l: l, run: run, log: log}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.wg.Go(s.accept)
	return s, nil
}

// Close ends every running command and takes the socket away.
func (s *Server) Close() error {
	s.cancel()
	err := s.l.Close()
	s.wg.Wait()
	return errors.Join(err, os.Remove(s.path))
}

func (s *Server) accept() {
	for {
		c, err := s.l.Accept()
		if err != nil {
			if !errors.Is(err, net.ErrClosed) {
				s.log.Error("the operator's socket stopped", "err", err)
			}
			return
		}
		s.wg.Go(func() {
			defer c.Close()
			s.serve(c)
		})
	}
}

func (s *Server) serve(c net.Conn) {
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { c.Close() })
	defer stop()

	_ = c.SetReadDeadline(time.Now().Add(helloLimit))
	kind, payload, err := readFrame(c)
	var h hello
	if err != nil || kind != kindHello || json.Unmarshal(payload, &h) != nil {
		return
	}
	_ = c.SetReadDeadline(time.Time{})
	out := &frameWriter{w: c}
	if h.Version != protocol {
		_ = out.frame(kindStderr, []byte("casefile: the running server is of another version than this program; use the server's own program\n"))
		_ = out.json(kindExit, 1, nil)
		return
	}
	r := &remote{out: out, replies: make(chan answer)}
	go r.read(ctx, c, cancel)
	code := s.run(ctx, h.Args, r.io(ctx, &h))
	_ = out.json(kindExit, code, nil)
}

// remote makes the client's world out of calls over the connection.
type remote struct {
	out     *frameWriter
	mu      sync.Mutex // one call at a time
	replies chan answer
}

type answer struct {
	reply
	data []byte
}

// read takes the client's replies until the connection ends, which ends the
// command.
func (r *remote) read(ctx context.Context, c net.Conn, cancel context.CancelFunc) {
	defer cancel()
	for {
		kind, payload, err := readFrame(c)
		if err != nil || kind != kindReply {
			return
		}
		var a answer
		if json.Unmarshal(payload, &a.reply) != nil {
			return
		}
		if a.Data {
			if kind, a.data, err = readFrame(c); err != nil || kind != kindData {
				return
			}
		}
		select {
		case r.replies <- a:
		case <-ctx.Done():
			return
		}
	}
}

func (r *remote) call(ctx context.Context, c call, data []byte) (answer, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.out.json(kindCall, c, data); err != nil {
		return answer{}, errBroken
	}
	select {
	case a := <-r.replies:
		return a, wordError(a.Error)
	case <-ctx.Done():
		return answer{}, ctx.Err()
	}
}

func (r *remote) io(ctx context.Context, h *hello) *IO {
	open := func(do, name string) (File, error) {
		a, err := r.call(ctx, call{Do: do, Name: name}, nil)
		if err != nil {
			return nil, err
		}
		return &remoteFile{r: r, ctx: ctx, handle: a.Handle, size: a.Size}, nil
	}
	return &IO{
		Stdin:  &remoteFile{r: r, ctx: ctx},
		Stdout: output{r.out, kindStdout}, Stderr: output{r.out, kindStderr},
		Terminal: h.Terminal, Env: h.Env,
		Open:   func(name string) (File, error) { return open("open", name) },
		Create: func(name string) (File, error) { return open("create", name) },
		Secret: func(prompt string) (string, error) {
			a, err := r.call(ctx, call{Do: "secret", Name: prompt}, nil)
			return a.Text, err
		},
	}
}

type remoteFile struct {
	r      *remote
	ctx    context.Context
	handle int
	size   int64
}

func (f *remoteFile) Size() int64 { return f.size }

func (f *remoteFile) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	a, err := f.r.call(f.ctx, call{Do: "read", Handle: f.handle, Size: min(len(b), chunk)}, nil)
	if len(a.data) > len(b) {
		return 0, errBroken
	}
	return copy(b, a.data), err
}

func (f *remoteFile) Write(b []byte) (n int, err error) {
	for n < len(b) {
		k := min(len(b)-n, chunk)
		if _, err := f.r.call(f.ctx, call{Do: "write", Handle: f.handle}, b[n:n+k]); err != nil {
			return n, err
		}
		n += k
	}
	return n, nil
}

func (f *remoteFile) Sync() error {
	_, err := f.r.call(f.ctx, call{Do: "sync", Handle: f.handle}, nil)
	return err
}

func (f *remoteFile) Close() error {
	_, err := f.r.call(f.ctx, call{Do: "close", Handle: f.handle}, nil)
	return err
}

var _ io.ReadWriteCloser = (*remoteFile)(nil)
