package operator

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
)

// SocketName is the socket's name in the data directory.
const SocketName = "operator.sock"

// ErrNoServer says that no server listens there.
var ErrNoServer = errors.New("operator: no server listens on this socket")

// maxSocketPath is what every system takes as the path of a socket (Linux has
// 107 bytes, others 103).
const maxSocketPath = 100

// short calls f with a path to the socket that is short enough: the path
// itself, or one through a link in a fresh owner-only directory.
func short(path string, f func(path string) error) error {
	if len(path) <= maxSocketPath {
		return f(path)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "casefile")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	link := filepath.Join(dir, "d")
	if err := os.Symlink(filepath.Dir(abs), link); err != nil {
		return err
	}
	return f(filepath.Join(link, filepath.Base(abs)))
}

// listen makes the socket with owner-only rights. It is made inside an
// owner-only directory and moved into place, so that there is no moment at
// which others could connect. A socket that is there already belongs to a dead
// server, since the caller holds the data directory.
func listen(path string) (*net.UnixListener, error) {
	dir, err := os.MkdirTemp(filepath.Dir(path), ".op")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	made := filepath.Join(dir, "s")
	var l *net.UnixListener
	err = short(made, func(p string) (err error) {
		l, err = net.ListenUnix("unix", &net.UnixAddr{Name: p, Net: "unix"})
		return err
	})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false)
	if err := errors.Join(os.Chmod(made, 0o600), os.Rename(made, path)); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func dial(path string) (net.Conn, error) {
	var c net.Conn
	err := short(path, func(p string) (err error) {
		c, err = net.Dial("unix", p)
		return err
	})
	if errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, ErrNoServer
	}
	return c, err
}
