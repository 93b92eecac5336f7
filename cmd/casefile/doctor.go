package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"text/tabwriter"

	"golang.org/x/sys/unix"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore/seal/vault"
	"github.com/casefile-engine/casefile/handlers/engine"
	"github.com/casefile-engine/casefile/internal/progress"
	"github.com/casefile-engine/casefile/projections/readdb"
)

// doctorCmd checks the installation. It exits with 1 when there is a problem.
type doctorCmd struct{}

func (doctorCmd) place() place { return onData }

// Disk space under which doctor warns, and under which it speaks of a problem:
// a stream that cannot be written shows nothing personal either.
const (
	littleSpace = 2 << 30
	noSpace     = 256 << 20
	// lagWarning is how many commits a view may be behind without a word.
	lagWarning = 10_000
)

type verdict string

const (
	good    verdict = "ok"
	warning verdict = "warning"
	bad     verdict = "problem"
)

type finding struct {
	Check   string  `json:"check"`
	Verdict verdict `json:"verdict"`
	Message string  `json:"message"`
}

// examination collects findings.
type examination struct {
	a    *app
	list []finding
}

func (x *examination) add(check string, v verdict, format string, args ...any) {
	x.list = append(x.list, finding{check, v, fmt.Sprintf(format, args...)})
}

func (doctorCmd) Run(a *app) (err error) {
	x := &examination{a: a}
	paths := a.options().Paths()
	if a.shared != nil {
		paths = a.shared.engine.Paths
	}
	if x.places(paths) {
		e, release, oerr := a.openAsItIs(false)
		if oerr != nil {
			e := domain.AsError(oerr)
			x.add("opening", bad, "%s (%s)", e.Message, e.Code)
		} else {
			defer func() { err = errors.Join(err, release()) }()
			x.add("opening", good, "data, keys and lock belong together")
			if cerr := a.catchUp(e); cerr != nil && !e.Store.Status(a.ctx).ReadOnly { // that, the stream's check tells
				x.add("views", bad, "they cannot be brought up to the stream: %s", domain.AsError(cerr).Message)
			}
			x.store(e)
			x.integrity(e)
			x.outside(e)
			x.keys(e)
			x.views(e)
			x.reactions(e)
		}
	}
	return x.tell()
}

// places looks at the directories; false when there is nothing to open.
func (x *examination) places(p engine.Paths) bool {
	there := true
	for _, d := range []struct{ check, path string }{{"data directory", p.Data}, {"keys", p.Keys}, {"lock", p.Lock}} {
		info, err := os.Stat(d.path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			x.add(d.check, bad, "there is nothing at %s; check the path, or make a store with casefile serve", d.path)
			there = false
		case err != nil:
			x.add(d.check, bad, "%s cannot be looked at; check your rights on it", d.path)
			there = false
		case info.Mode().Perm()&0o077 != 0:
			x.add(d.check, bad, "others may look into %s (its rights are %04o); run: chmod go= %s", d.path, info.Mode().Perm(), d.path)
		default:
			x.add(d.check, good, "%s, its owner's alone", d.path)
		}
	}
	if there {
		x.inside(p)
		x.space("disk of the data", p.Data)
	}
	return there
}

// inside looks for files in the directories that others may read.
func (x *examination) inside(p engine.Paths) {
	open := 0
	for _, dir := range []string{p.Data, p.Keys, p.Lock} {
		_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
			if err != nil {
				return nil // what cannot be looked at was told above
			}
			if info, err := d.Info(); err == nil && dir == p.Keys && info.Mode().Perm()&0o077 != 0 && !d.IsDir() {
				open++
			}
			return nil
		})
	}
	if open > 0 {
		x.add("key files", bad, "%d files of the keys may be read by others; run: chmod -R go= %s", open, p.Keys)
	}
}

func (x *examination) space(check, path string) {
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		x.add(check, warning, "how much room is left could not be found out")
		return
	}
	free := uint64(s.Bavail) * uint64(s.Bsize)
	text := fmt.Sprintf("%.1f GiB free", float64(free)/(1<<30))
	switch {
	case free < noSpace:
		x.add(check, bad, "%s: make room now, or nothing can be recorded and so nothing be shown", text)
	case free < littleSpace:
		x.add(check, warning, "%s: make room soon", text)
	default:
		x.add(check, good, "%s", text)
	}
}

func (x *examination) store(e *engine.Engine) {
	s := e.Store.Status(x.a.ctx)
	switch {
	case s.ReadOnly:
		x.add("stream", bad, "read-only: %s; nothing can be recorded. Do not write by other means; restore from a backup", s.Reason)
	case s.Reason != "":
		x.add("stream", bad, "%s", s.Reason)
	default:
		x.add("stream", good, "%s: %s commits, %.1f MiB, newest position %d", s.Implementation, progress.Count(s.Commits), float64(s.Bytes)/(1<<20), s.Head)
	}
	switch {
	case s.Implementation == "jetstream":
		x.add("durability", good, "the cluster acknowledges each commit; that its servers sync before they do cannot be seen from here: each needs sync_interval: always")
	case s.SyncMode == "shared":
		x.add("durability", good, "each commit is on disk before it is acknowledged; writers share a sync")
	case s.SyncMode == "always":
		x.add("durability", good, "the server syncs each commit by itself: durable, and slower than shared syncs")
	default:
		x.add("durability", bad, "commits are acknowledged before they are on disk, so a power loss may lose some; serve with the embedded stream, or a cluster with sync_interval: always")
	}
}

// integrity tells what the guard knows. All of it is looked over by casefile verify.
func (x *examination) integrity(e *engine.Engine) {
	s := e.Guard.State()
	for _, f := range s.Findings {
		x.add("integrity", bad, "%s: %s", f.Part, f)
	}
	switch {
	case s.Total > 0:
	case s.Scrubbed.IsZero():
		x.add("integrity", good, "the end of the stream is what was acknowledged and signed; run casefile verify to look over all of it")
	default:
		x.add("integrity", good, "%s commits looked over at %s, each as it was signed", progress.Count(s.Commits), stamp(s.Scrubbed))
	}
}

func (x *examination) keys(e *engine.Engine) {
	n, err := e.Vault.Check(x.a.ctx)
	if err != nil {
		x.add("vault", bad, "%s", domain.AsError(err).Message)
		return
	}
	x.add("vault", good, "%s keys, each opens and fits its commitment", progress.Count(uint64(n)))
	p := e.Paths
	if x.a.g.PostgresURL == "" {
		if _, err := vault.CheckBinding(vault.Binding{Data: p.Data, Keys: p.Keys, Lock: p.Lock}); err != nil {
			x.add("binding", bad, "%s", domain.AsError(err).Message)
		}
	}
	if rel, err := filepath.Rel(p.Data, p.Keys); err == nil && filepath.IsLocal(rel) {
		x.add("keys apart", warning, "the keys lie inside the data directory, so a copy of it opens everything; keep them elsewhere with --keys")
	}
}

func (x *examination) views(e *engine.Engine) {
	list, err := e.Views.Status(x.a.ctx)
	if err != nil {
		x.add("views", bad, "%s", domain.AsError(err).Message)
		return
	}
	for _, s := range list {
		check := "view " + s.Name
		switch {
		case s.State == readdb.Stalled:
			x.add(check, bad, "stalled at position %d (%s): it shows nothing newer. See the log, then run: casefile rebuild %s", s.ErrorPosition, s.ErrorCode, s.Name)
		case s.Rebuilding || s.Lag > lagWarning:
			x.add(check, warning, "%s commits behind", progress.Count(s.Lag))
		default:
			x.add(check, good, "at position %d, %s behind", s.Position, progress.Count(s.Lag))
		}
	}
}

func (x *examination) tell() error {
	problems := 0
	w := tabwriter.NewWriter(x.a.io.Stdout, 0, 0, 2, ' ', 0)
	for _, f := range x.list {
		if f.Verdict == bad {
			problems++
		}
		if x.a.g.JSON {
			if err := json.NewEncoder(x.a.io.Stdout).Encode(f); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", f.Verdict, f.Check, f.Message)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if problems > 0 {
		x.a.say("%d problems", problems)
		return &result{exitFailed}
	}
	x.a.say("all is well")
	return nil
}
