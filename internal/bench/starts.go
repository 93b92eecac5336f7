package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/casefile-engine/casefile/internal/progress"
)

// stream is where an engine keeps its embedded server's files.
func stream(data string) string { return filepath.Join(data, "stream") }

// starts measures P8: the start after a clean stop and after a kill, each in a
// process of its own and beside a bare server on a copy of the same files.
func (w *world) starts(ctx context.Context) error {
	what := fmt.Sprintf("start until writes are taken, %s events", progress.Count(uint64(w.r.o.Events)))
	for _, how := range []struct {
		name string
		prep func() error
	}{
		{"clean", func() error { return nil }},
		{"after kill -9", func() error {
			return w.r.killed(ctx, task{Do: "load", Dir: w.data, Dossiers: w.dossiers}, full(w.r, 1500*time.Millisecond, 300*time.Millisecond))
		}},
	} {
		w.r.say("P8: starting, %s", how.name)
		var engines, bares []time.Duration
		for range full(w.r, 5, 1) {
			if err := how.prep(); err != nil {
				return err
			}
			if err := w.start(ctx, &engines, &bares); err != nil {
				return err
			}
		}
		ref := millis(percentile(bares, 0.5))
		ref.Note = "bare server, same files"
		w.r.row("P8", what+", "+how.name, millis(percentile(engines, 0.5)), ref, atMost(1.5))
	}
	return nil
}

// start starts both once on what is there.
func (w *world) start(ctx context.Context, engines, bares *[]time.Duration) error {
	clone := w.r.path("clone")
	if err := cloneStream(stream(w.data), clone); err != nil {
		return err
	}
	unix.Sync() // neither shall wait for what the copying left to the disk
	bare, err := w.r.child(ctx, task{Do: "start-bare", Dir: clone})
	if err != nil {
		return err
	}
	if err := os.RemoveAll(clone); err != nil {
		return err
	}
	unix.Sync()
	a, err := w.r.child(ctx, task{Do: "start", Dir: w.data})
	if err != nil {
		return err
	}
	*engines, *bares = append(*engines, a.Took), append(*bares, bare.Took)
	return nil
}

// memory measures P9.
func (w *world) memory(ctx context.Context) error {
	w.r.say("P9: memory of a process that serves, and of a bare server that has read the stream")
	clone := w.r.path("clone")
	if err := cloneStream(stream(w.data), clone); err != nil {
		return err
	}
	bare, err := w.r.child(ctx, task{Do: "read-bare", Dir: clone, Events: w.r.o.Events})
	if err != nil {
		return err
	}
	if err := os.RemoveAll(clone); err != nil {
		return err
	}
	a, err := w.r.child(ctx, task{Do: "serve", Dir: w.data, Dossiers: w.dossiers, Looks: full(w.r, 400, 60)})
	if err != nil {
		return err
	}
	ref := Quantity{N: bare.Resident, Unit: MiB, Note: fmt.Sprintf("bare, stream read (peak %.0f)", bare.Peak)}
	w.r.row("P9", fmt.Sprintf("resident memory, serving %s dossiers (peak %.0f MiB)", progress.Count(uint64(w.dossiers)), a.Peak),
		Quantity{N: a.Resident, Unit: MiB}, ref, Target{Most: 1024, Text: "≤ 1 GiB"})
	return nil
}
