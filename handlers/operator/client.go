package operator

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
)

// Run sends a command line to the server at the socket and serves its calls
// with w until it ends; it gives the command's exit code. ErrNoServer when none
// listens there. The context's end breaks the connection, which ends the command.
func Run(ctx context.Context, path string, args []string, w *IO) (code int, err error) {
	c, err := dial(path)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { c.Close() })
	defer stop()

	cl := &client{w: w, out: &frameWriter{w: c}, files: map[int]File{}}
	defer cl.close()
	if err := cl.out.json(kindHello, hello{Version: protocol, Args: args, Env: w.Env, Terminal: w.Terminal}, nil); err != nil {
		return 0, errBroken
	}
	for {
		kind, payload, err := readFrame(c)
		if err != nil {
			if ctx.Err() != nil {
				return 0, ctx.Err()
			}
			return 0, errBroken
		}
		switch kind {
		case kindStdout:
			_, err = w.Stdout.Write(payload)
		case kindStderr:
			_, err = w.Stderr.Write(payload)
		case kindExit:
			return code, json.Unmarshal(payload, &code)
		case kindCall:
			err = cl.serve(c, payload)
		default:
			err = errBroken
		}
		if err != nil {
			return 0, err
		}
	}
}

// client holds the files that the command has open. Used by one goroutine.
type client struct {
	w     *IO
	out   *frameWriter
	files map[int]File
	last  int
	buf   []byte
}

func (c *client) close() {
	for _, f := range c.files {
		f.Close()
	}
}

func (c *client) serve(conn io.Reader, payload []byte) error {
	var do call
	if err := json.Unmarshal(payload, &do); err != nil {
		return fmt.Errorf("%w: %w", errBroken, err)
	}
	var data []byte
	if do.Do == "write" {
		kind, b, err := readFrame(conn)
		if err != nil || kind != kindData {
			return errBroken
		}
		data = b
	}
	r, data, err := c.perform(do, data)
	r.Error = errorWord(err)
	r.Data = data != nil
	return c.out.json(kindReply, r, data)
}

// perform does what the server asks. data of the result is not nil for a read.
func (c *client) perform(do call, in []byte) (r reply, data []byte, err error) {
	switch do.Do {
	case "open", "create":
		open := c.w.Open
		if do.Do == "create" {
			open = c.w.Create
		}
		f, err := open(do.Name)
		if err != nil {
			return r, nil, err
		}
		c.last++
		c.files[c.last] = f
		return reply{Handle: c.last, Size: f.Size()}, nil, nil
	case "secret":
		r.Text, err = c.w.Secret(do.Name)
		return r, nil, err
	case "read":
		return c.read(do)
	}
	f, ok := c.files[do.Handle]
	if !ok {
		return r, nil, errBroken
	}
	switch do.Do {
	case "write":
		_, err = f.Write(in)
	case "sync":
		err = f.Sync()
	case "close":
		delete(c.files, do.Handle)
		err = f.Close()
	default:
		err = errBroken
	}
	return r, nil, err
}

func (c *client) read(do call) (r reply, data []byte, err error) {
	var from io.Reader = c.w.Stdin
	if do.Handle != 0 {
		f, ok := c.files[do.Handle]
		if !ok {
			return r, nil, errBroken
		}
		from = f
	}
	if do.Size < 1 || do.Size > chunk {
		return r, nil, errBroken
	}
	if c.buf == nil {
		c.buf = make([]byte, chunk)
	}
	n, err := from.Read(c.buf[:do.Size])
	return r, c.buf[:n], err
}
