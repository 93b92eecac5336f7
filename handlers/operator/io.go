// Package operator carries the command line of the operator to a running
// server: the client sends its arguments through an owner-only socket in the
// data directory, the server runs the same command with its open engine, and
// output, files and prompts stay on the client's side (catalogue §3).
package operator

import (
	"errors"
	"io"
	"os"

	"golang.org/x/term"
)

// IO is the world outside as a command sees it. On a server it is the world of
// the client: its terminal, its files with its rights, its folder.
type IO struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// Terminal tells whether Stderr is a terminal, on which lines may be redrawn.
	Terminal bool
	// Env are the variables CASEFILE_*.
	Env map[string]string
	// Open reads a file.
	Open func(name string) (File, error)
	// Create makes a file anew; only its owner may read it.
	Create func(name string) (File, error)
	// Secret asks for a text that is not shown. ErrNoTerminal when nobody can
	// be asked.
	Secret func(prompt string) (string, error)
}

// File is an open file. Its errors wrap fs.ErrNotExist and fs.ErrPermission
// where that is what happened.
type File interface {
	io.ReadWriteCloser
	// Size is the file's length in bytes; 0 when it has none, as a pipe.
	Size() int64
	// Sync puts what was written on disk.
	Sync() error
}

// ErrNoTerminal says that there is no terminal to ask on.
var ErrNoTerminal = errors.New("operator: no terminal to ask on")

// Local is the world of this process.
func Local(stdin io.Reader, stdout, stderr io.Writer, env map[string]string) *IO {
	return &IO{
		Stdin: stdin, Stdout: stdout, Stderr: stderr, Env: env, Terminal: isTerminal(stderr),
		Open: func(name string) (File, error) {
			f, err := os.Open(name)
			return localFile{f}, err
		},
		Create: func(name string) (File, error) {
			f, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
			return localFile{f}, err
		},
		Secret: func(prompt string) (string, error) { return secret(stdin, stderr, prompt) },
	}
}

func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func secret(stdin io.Reader, stderr io.Writer, prompt string) (string, error) {
	f, ok := stdin.(*os.File)
	if !ok || !isTerminal(f) {
		return "", ErrNoTerminal
	}
	if _, err := io.WriteString(stderr, prompt); err != nil {
		return "", err
	}
	b, err := term.ReadPassword(int(f.Fd()))
	_, _ = io.WriteString(stderr, "\n")
	return string(b), err
}

type localFile struct{ *os.File }

func (f localFile) Size() int64 {
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return 0
	}
	return info.Size()
}
