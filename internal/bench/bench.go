// Package bench measures the targets P1 to P11 on the real parts: each row's
// value and its reference come from one run on one machine, side by side, since
// machines differ and are noisy and only the ratio says something.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strings"
	"time"

	"github.com/casefile-engine/casefile/internal/progress"
)

// DefaultEvents is the size of the large stream in full.
const DefaultEvents = 3_000_000

// Limits of Options.Events. Below the least there is no room for the dossiers
// that the rows open.
const (
	leastEvents = 6_000
	fullSize    = 200_000 // from here on each measurement takes its full time
)

// Rows are the ids that Options.Only may name.
var Rows = []string{"P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P9", "P10", "P11"}

// Options of a run.
type Options struct {
	// Events is the size of the large stream; 0 means DefaultEvents. A smaller
	// one is for a quick try: the ratios of small streams flatter.
	Events int
	// Only names the rows to measure, "P1" to "P11"; none means all.
	Only []string
	// PostgresURL is a server on which the run makes a database of its own and
	// drops it again; "" starts a private cluster from the system's binaries,
	// with PostgreSQL's default settings of durability.
	PostgresURL string
	// Dir is where the temporary directories are made; "" for the system's
	// place. It has to be on the disk that is to be measured.
	Dir string
	// Child is the command line that runs Child in a process of its own, to
	// which one argument is added; nil means this program's "bench --child".
	Child []string
	// Profiles is a directory for CPU profiles of what is measured in this
	// process, a file for each piece; "" for none. They cost a few percent.
	Profiles string
	// Progress hears how far it is, in Mode; nil for silence.
	Progress io.Writer
	Mode     progress.Mode
}

// Run measures and writes the table to w, each row as soon as it is known. The
// temporary directories and processes are gone when it returns. A target that
// is missed is no error.
func Run(ctx context.Context, w io.Writer, o Options) (err error) {
	r, err := newRun(w, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(r.dir)) }()
	r.header()
	for _, part := range []struct {
		rows []string
		run  func(context.Context) error
	}{
		{[]string{"P1", "P2", "P7"}, r.appends},
		{[]string{"P3", "P4", "P5", "P6", "P8", "P9", "P11"}, r.large},
		{[]string{"P10"}, r.evidence},
	} {
		if !slices.ContainsFunc(part.rows, r.wants) {
			continue
		}
		if err := part.run(ctx); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return fmt.Errorf("bench: %w", err)
		}
	}
	r.footer()
	return nil
}

// run is one benchmark under way.
type run struct {
	o     Options
	w     io.Writer
	dir   string
	began time.Time
	rows  []Row
	files int // profiles so far
}

func newRun(w io.Writer, o Options) (*run, error) {
	if o.Events == 0 {
		o.Events = DefaultEvents
	}
	if o.Events < leastEvents {
		return nil, fmt.Errorf("bench: a stream of fewer than %d events has no room for what is measured", leastEvents)
	}
	for i, id := range o.Only {
		o.Only[i] = strings.ToUpper(strings.TrimSpace(id))
		if !slices.Contains(Rows, o.Only[i]) {
			return nil, fmt.Errorf("bench: there is no row of that name; the rows are %s", strings.Join(Rows, ", "))
		}
	}
	if o.Progress == nil {
		o.Progress, o.Mode = io.Discard, progress.Silent
	}
	if o.Child == nil {
		exe, err := os.Executable()
		if err != nil {
			return nil, err
		}
		o.Child = []string{exe, "bench", "--child"}
	}
	dir, err := os.MkdirTemp(o.Dir, "casefile-bench-")
	if err != nil {
		return nil, err
	}
	return &run{o: o, w: w, dir: dir, began: time.Now()}, nil
}

func (r *run) wants(id string) bool { return len(r.o.Only) == 0 || slices.Contains(r.o.Only, id) }

func (r *run) path(name string) string { return filepath.Join(r.dir, name) }

// full is a duration or a count at full size; a quick try takes part of it.
func full[T ~int | ~int64](r *run, n, quick T) T {
	if r.o.Events >= fullSize {
		return n
	}
	return quick
}

// bar shows the progress of one long piece.
func (r *run) bar(label, unit string) *progress.Bar {
	return progress.Start(r.o.Progress, r.o.Mode, label, unit, nil)
}

// say tells people what is being done.
func (r *run) say(format string, args ...any) {
	if r.o.Mode == progress.Terminal || r.o.Mode == progress.Lines {
		fmt.Fprintf(r.o.Progress, format+"\n", args...)
	}
}

// profiled runs f, a piece of what name stands for, under a CPU profile where
// one was asked for.
func (r *run) profiled(name string, f func() error) (err error) {
	if r.o.Profiles == "" {
		return f()
	}
	r.files++
	file, err := os.Create(filepath.Join(r.o.Profiles, fmt.Sprintf("%s.%d.pprof", name, r.files)))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if err := pprof.StartCPUProfile(file); err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
	return f()
}
