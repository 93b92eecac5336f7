//go:build !linux

package embedded

import "os"

// datasync puts a file's data on the medium.
func datasync(f *os.File) error { return f.Sync() }
