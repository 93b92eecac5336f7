//go:build !unix

package embedded

import (
	"errors"
	"os"
)

// errLocked: another process, or another store of this one, has the directory.
var errLocked = errors.New("the lock is held")

// lockFile opens the lock file; on this system nothing keeps a second server
// off the directory but its operator.
func lockFile(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
}
