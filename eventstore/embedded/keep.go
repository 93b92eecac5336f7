package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	files "github.com/casefile-engine/casefile/eventstore/blocks"
	"github.com/casefile-engine/casefile/eventstore/jetstream"
)

// keepDamage looks at the newest blocks before the server does, which cuts a
// stream at a damaged record: a block that holds damage where commits were
// acknowledged is first copied beside the journal, byte by byte, so that what can
// still be read of it is not lost. What a crash left of a commit that was never
// acknowledged is the server's to drop.
func keepDamage(ctx context.Context, o Options, acknowledged uint64) error {
	s, err := files.Open(o.Dir, jetstream.StreamName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	list, err := s.Blocks()
	if err != nil {
		return err
	}
	kept := map[string]bool{}
	return s.ReadBlocks(ctx, list[max(0, len(list)-2):], func(*files.Record) error { return nil }, func(d *files.Damage) error {
		if d.After >= acknowledged || kept[d.File] {
			return nil
		}
		kept[d.File] = true
		to := fmt.Sprintf("%s.damaged-%s-%s", o.TailJournal, filepath.Base(d.File), time.Now().UTC().Format("20060102T150405.000"))
		o.Log.Error("a block of the stream is damaged; a copy is kept before the server touches it", "file", filepath.Base(d.File), "offset", d.Offset, "after", d.After, "acknowledged", acknowledged, "why", d.Why, "copy", filepath.Base(to))
		return keepCopy(d.File, to)
	})
}

func keepCopy(from, to string) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, src)
	return errors.Join(err, dst.Sync(), dst.Close(), syncFile(filepath.Dir(to)))
}
