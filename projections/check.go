package projections

import (
	"context"
	"fmt"
	"time"

	"github.com/casefile-engine/casefile/projections/readdb"
)

// CheckResult says whether a projection, as it stands, is what the stream gives.
type CheckResult struct {
	Name string `json:"name"`
	// Equal tells that the live rows and the rebuilt ones have one digest.
	Equal bool `json:"equal"`
	// Position is the commit at which the two were compared.
	Position uint64 `json:"position"`
	Live     string `json:"live"`    // digest, hex
	Rebuilt  string `json:"rebuilt"` // digest, hex
	Rows     int64  `json:"rows"`    // rebuilt
	// ErrorCode says why it could not be rebuilt up to Position.
	ErrorCode string `json:"error_code,omitempty"`
}

// Check builds the named projections (all when none is named) a second time,
// compares their digests with the live ones' at the same position, and drops
// what it built. Following goes on meanwhile.
func (r *Runner) Check(ctx context.Context, names []string, progress func(done, head uint64)) ([]CheckResult, error) {
	lanes, err := r.named(names)
	if err != nil {
		return nil, err
	}
	r.work.Lock()
	defer r.work.Unlock()
	if err := r.own(ctx, lanes); err != nil {
		return nil, err
	}
	if !r.followed.Load() {
		r.leaveLive()
	}
	// Whatever is not live yet, or cannot be, is brought as far as it goes first.
	if err := r.bring(ctx, lanes, true, nil); err != nil {
		return nil, err
	}
	results, err := r.check(ctx, lanes, progress)
	if e := r.dropOthers(context.WithoutCancel(ctx), lanes); err == nil {
		err = e
	}
	return results, err
}

func (r *Runner) check(ctx context.Context, lanes []*lane, progress func(done, head uint64)) ([]CheckResult, error) {
	targets, err := r.build(ctx, lanes, progress)
	if err != nil {
		return nil, err
	}
	snap, points, err := r.snapshotFrom(ctx, lanes, targets)
	if err != nil {
		return nil, err
	}
	defer snap.Close()
	for i, t := range targets {
		t.until = points[i].Position
	}
	if err := r.feedTargets(ctx, targets, func(uint64) {}); err != nil {
		return nil, err
	}
	built, err := r.db.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer built.Close()
	var results []CheckResult
	for i, l := range lanes {
		live, err := snap.Digest(ctx, points[i].Generation, l.tables)
		if err != nil {
			return nil, err
		}
		again, err := built.Digest(ctx, targets[i].w.Generation(), l.tables)
		if err != nil {
			return nil, err
		}
		res := CheckResult{Name: l.Name(), Position: points[i].Position, Live: live.SHA256, Rebuilt: again.SHA256, Rows: again.Rows}
		// A projection that stalls does so at the same commit both times.
		if t := targets[i]; t.failed != nil {
			res.ErrorCode = codeOf(t.failed)
		}
		res.Equal = live.SHA256 == again.SHA256 && targets[i].folded == points[i].Position
		results = append(results, res)
	}
	return results, nil
}

// snapshotFrom begins a snapshot in which every live projection has come at
// least as far as the one built beside it. One that is stalled before that
// cannot; it is compared when the other stalled with it.
func (r *Runner) snapshotFrom(ctx context.Context, lanes []*lane, targets []*target) (*readdb.Snapshot, []readdb.Checkpoint, error) {
	for i, t := range targets {
		if err := r.liveAt(ctx, lanes[i], t.folded); err != nil {
			return nil, nil, err
		}
	}
	snap, err := r.db.Snapshot(ctx)
	if err != nil {
		return nil, nil, err
	}
	var points []readdb.Checkpoint
	for _, l := range lanes {
		c, ok, err := snap.Checkpoint(ctx, l.Name())
		if err == nil && !ok {
			err = fmt.Errorf("projections: %s has no checkpoint", l.Name())
		}
		if err != nil {
			snap.Close()
			return nil, nil, err
		}
		points = append(points, c)
	}
	return snap, points, nil
}

// liveAt waits until a lane has reached a position, or is stalled or lost. We
// hold work, so nobody else brings forward what fell out of the live loop.
func (r *Runner) liveAt(ctx context.Context, l *lane, position uint64) error {
	for {
		if !r.followed.Load() {
			r.leaveLive()
		}
		if err := r.bring(ctx, []*lane{l}, false, nil); err != nil {
			return err
		}
		if !l.is(following) && !l.is(behind) {
			return nil
		}
		short, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
		err := r.WaitFor(short, position, l.Name())
		cancel()
		if err == nil || ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// Digest is the digest of a projection's live rows with the position that they
// belong to. It is the same on both engines for the same stream.
func (r *Runner) Digest(ctx context.Context, name string) (readdb.Digest, error) {
	lanes, err := r.named([]string{name})
	if err != nil {
		return readdb.Digest{}, err
	}
	// A rebuild would drop the generation under our hands.
	r.work.Lock()
	defer r.work.Unlock()
	snap, err := r.db.Snapshot(ctx)
	if err != nil {
		return readdb.Digest{}, err
	}
	defer snap.Close()
	c, ok, err := snap.Checkpoint(ctx, name)
	if err != nil || !ok || c.Generation == 0 {
		return readdb.Digest{}, err
	}
	d, err := snap.Digest(ctx, c.Generation, lanes[0].tables)
	d.Position = c.Position
	return d, err
}
