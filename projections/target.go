package projections

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/projections/readdb"
)

// item is one commit on its way to the projections.
type item struct {
	Delivery
	err error // of decoding
}

// target is one projection being folded into one generation of its tables: the
// live one, or one that is built beside it.
type target struct {
	Projection
	reader
	w *readdb.Writer
	// until, when set, is the position after which nothing is folded.
	until uint64
	// folded is the newest position in the writer, last its commit (nil when it
	// was folded before this run), durable the newest one flushed.
	folded, durable uint64
	last            *eventstore.Commit
	// failed is why a generation being built stopped at folded.
	failed   error
	failedAt uint64
}

func newTarget(p Projection, w *readdb.Writer) *target {
	return &target{Projection: p, reader: newReader(p), w: w}
}

// reader knows which commits a projection reads.
type reader struct {
	all   bool
	reads map[string]bool
}

func newReader(p Projection) (t reader) {
	reads := p.Reads()
	t.all = reads == nil
	if !t.all {
		t.reads = make(map[string]bool, len(reads))
		for _, typ := range reads {
			t.reads[typ] = true
		}
	}
	return t
}

// add makes t want what o wants too.
func (t *reader) add(o reader) {
	t.all = t.all || o.all
	for typ := range o.reads {
		t.reads[typ] = true
	}
}

// wants tells whether the projection reads a commit.
func (t *reader) wants(c *eventstore.Commit) bool {
	if t.all {
		return true
	}
	for i := range c.Envelope.Data.Events {
		if t.reads[c.Envelope.Data.Events[i].Type] {
			return true
		}
	}
	return false
}

// fold applies one commit, unless it was folded before. An error leaves the
// writer as it was before the commit.
func (t *target) fold(ctx context.Context, it *item) error {
	c := it.Commit
	if c.Position <= t.folded || t.until != 0 && c.Position > t.until {
		return nil
	}
	if t.wants(c) {
		if it.err != nil {
			return &applyError{code: "undecodable", err: it.err}
		}
		d := it.Delivery
		if !t.all { // there or not by what else is fed; so never there
			d.Payload = nil
		}
		t.w.Begin()
		if err := t.apply(ctx, &d); err != nil {
			t.w.Undo()
			return err
		}
	}
	t.folded, t.last = c.Position, c
	return nil
}

func (t *target) apply(ctx context.Context, d *Delivery) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &applyError{code: "panic", err: fmt.Errorf("a panic of type %T", v), stack: debug.Stack()}
		}
	}()
	return t.Projection.Apply(ctx, t.w, d)
}

// leaf is the leaf hash of the commit at folded, or keep when none was folded yet.
func (t *target) leaf() string {
	if t.last == nil {
		return ""
	}
	return eventstore.LeafHash(t.last.Clear).String()
}

// applyError is an error of folding with a code of its own.
type applyError struct {
	code  string
	err   error
	stack []byte
}

func (e *applyError) Error() string { return e.code + ": " + e.err.Error() }
func (e *applyError) Unwrap() error { return e.err }

// codeOf gives the stable word for an error that stops a projection.
func codeOf(err error) string {
	var a *applyError
	var d *domain.Error
	switch {
	case errors.As(err, &a):
		return a.code
	case errors.As(err, &d):
		return d.Code
	case readdb.Refused(err):
		return "row_refused"
	case errors.Is(err, eventstore.ErrDamaged):
		return "damaged"
	}
	return "apply_failed"
}

// errorKind is what a log may say of an error whose text may repeat data.
func errorKind(err error) string {
	for _, e := range []struct {
		err  error
		kind string
	}{
		{eventstore.ErrUnavailable, "stream_unavailable"}, {eventstore.ErrDamaged, "damaged"}, {eventstore.ErrNotFound, "not_found"},
		{readdb.ErrFenced, "fenced"}, {context.DeadlineExceeded, "timeout"}, {context.Canceled, "canceled"},
	} {
		if errors.Is(err, e.err) {
			return e.kind
		}
	}
	if code := readdb.ErrorCode(err); code != "" {
		return code
	}
	for errors.Unwrap(err) != nil {
		err = errors.Unwrap(err)
	}
	return fmt.Sprintf("%T", err)
}

func isNotFound(err error) bool { return errors.Is(err, eventstore.ErrNotFound) }
