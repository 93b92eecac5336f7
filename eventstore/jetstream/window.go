package jetstream

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
)

// batchLimit is the server's limit for the messages of one atomic batch.
const batchLimit = 1000

// errElsewhere: another writer came between, so the foreseen positions are wrong.
var errElsewhere = fmt.Errorf("%w: another writer appended to the stream", eventstore.ErrConflict)

// AppendWindow implements eventstore.Store.
func (s *Store) AppendWindow(ctx context.Context, n int, build func(i int, positions []uint64) (*eventstore.Pending, error)) ([]eventstore.Appended, error) {
	if err := cmp.Or(s.writable(), s.alive.err()); err != nil {
		return nil, err
	}
	s.gate.Lock()
	results, err := s.window(ctx, n, build)
	s.gate.Unlock()
	if len(results) > 0 && s.o.Syncer != nil {
		// What is stored must be made durable even when the caller gives up, as
		// the results say which commits are.
		if serr := s.o.Syncer.Wait(context.WithoutCancel(ctx), results[len(results)-1].Position, true); serr != nil {
			return nil, fmt.Errorf("%w: %w", eventstore.ErrUnknown, serr)
		}
	}
	return results, err
}

func (s *Store) window(ctx context.Context, n int, build func(int, []uint64) (*eventstore.Pending, error)) ([]eventstore.Appended, error) {
	info, err := s.info(ctx)
	if err != nil {
		return nil, err
	}
	w := &window{s: s, build: build, head: info.LastSeq, positions: make([]uint64, 0, n)}
	if s.o.Sole {
		err = w.stream(ctx, n)
		return w.stored, err
	}
	for len(w.stored) < n && err == nil {
		err = w.batch(ctx, min(n-len(w.stored), batchLimit))
	}
	return w.stored, err
}

// window is one AppendWindow under way; its owner holds the gate.
type window struct {
	s         *Store
	build     func(int, []uint64) (*eventstore.Pending, error)
	head      uint64 // last position before the window
	positions []uint64
	stored    []eventstore.Appended // known to be where foreseen, in order
}

// next builds the next commit and foresees its position.
func (w *window) next(ctx context.Context) (*eventstore.Pending, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p, err := w.build(len(w.positions), w.positions)
	if err != nil {
		return nil, err
	}
	w.positions = append(w.positions, w.head+uint64(len(w.positions))+1)
	return p, nil
}

// expect gives the headers of the newest commit: the subject's last position,
// and that of the stream, which is what makes a wrong forecast store nothing.
func (w *window) expect(p *eventstore.Pending) nats.Header {
	return nats.Header{
		hdrExpectSubject: {strconv.FormatUint(p.Expect, 10)},
		hdrExpectStream:  {strconv.FormatUint(w.positions[len(w.positions)-1]-1, 10)},
	}
}

// sentCommit is a commit of the window that awaits its answer.
type sentCommit struct {
	p *eventstore.Pending
	w *waiter
}

// stream sends the commits without waiting, each under the expectation of its
// foreseen position, and then gathers the answers.
func (w *window) stream(ctx context.Context, n int) error {
	sent := make([]sentCommit, 0, n)
	var stop error
	for range n {
		p, err := w.next(ctx)
		if err != nil {
			stop = err
			break
		}
		var wt *waiter
		err = w.s.rec.Send(p, func(p *eventstore.Pending) (err error) {
			wt, err = w.s.pub.send(p.Ref.Subject(), w.expect(p), p.Payload, p.Leaf)
			return err
		})
		if err != nil {
			stop = fmt.Errorf("%w: %w", eventstore.ErrUnavailable, err)
			if errors.Is(err, eventstore.ErrConflict) {
				stop = err
			}
			break
		}
		sent = append(sent, sentCommit{p, wt})
	}
	if err := w.gather(sent); err != nil {
		return err
	}
	return stop
}

// gather waits for the answers of all that was sent and keeps those that are
// stored where foreseen. It does not heed the caller's context: what is sent
// will be stored, and the results must tell.
func (w *window) gather(sent []sentCommit) error {
	timeout := time.NewTimer(w.s.o.AckTimeout + w.s.o.Patience)
	defer timeout.Stop()
	var failed error
	for i, c := range sent {
		var a ack
		select {
		case a = <-c.w.ch:
		case <-timeout.C:
			return w.recover(sent[i:])
		case <-w.s.life.Done():
			return fmt.Errorf("%w: %w", eventstore.ErrUnknown, errClosed)
		}
		switch {
		case failed != nil:
		case a.err != nil:
			failed = windowErr(a.err)
		case a.seq != w.positions[i]:
			failed = errElsewhere // cannot be, by the expectation
		default:
			w.stored = append(w.stored, eventstore.Appended{Position: a.seq, Leaf: c.p.Leaf})
		}
	}
	return failed
}

// recover finds out what became of commits whose answers did not come.
func (w *window) recover(rest []sentCommit) error {
	ctx, cancel := context.WithTimeout(w.s.life, w.s.o.Patience)
	defer cancel()
	for _, c := range rest {
		pos := w.positions[len(w.stored)]
		found, err := w.s.At(ctx, pos)
		if err != nil || eventstore.LeafHash(found.Clear) != c.p.Leaf {
			return fmt.Errorf("%w: %w", eventstore.ErrUnknown, errors.Join(errSilent, err))
		}
		if w.s.o.Syncer != nil {
			w.s.o.Syncer.Stored(pos, c.p.Leaf)
		}
		w.stored = append(w.stored, eventstore.Appended{Position: pos, Leaf: c.p.Leaf})
	}
	return nil
}

// windowErr turns a refusal of one message of a window into an error of Store.
func windowErr(err error) error {
	switch code(err) {
	case codeWrongLast, codeInFlight:
		return fmt.Errorf("%w: %w", eventstore.ErrConflict, err)
	}
	return fmt.Errorf("%w: %w", eventstore.ErrUnavailable, err)
}

// batch stores up to n commits as one atomic batch: all of them where foreseen,
// or nothing.
func (w *window) batch(ctx context.Context, n int) error {
	id := w.s.nc.NewRespInbox()
	first := map[domain.Ref]bool{}
	held := make([]*eventstore.Pending, 0, n)
	var stop error
	for range n {
		p, err := w.next(ctx)
		if err != nil {
			stop = err
			break
		}
		// Encoded now, since the next commit names its leaf, and sent when it is
		// known whether it is the last one; the gate keeps all others away.
		if err := w.s.rec.Send(p, func(*eventstore.Pending) error { return nil }); err != nil {
			stop = err
			break
		}
		held = append(held, p)
	}
	if len(held) == 0 {
		return stop
	}
	from := len(w.stored)
	for i, p := range held {
		h := nats.Header{hdrBatchID: {id}, hdrBatchSeq: {strconv.Itoa(i + 1)}}
		if i == 0 {
			h[hdrExpectStream] = []string{strconv.FormatUint(w.positions[from]-1, 10)}
		}
		// The server takes one expectation for each subject of a batch; the later
		// ones follow from it and from the batch's being whole.
		if !first[p.Ref] {
			first[p.Ref] = true
			h[hdrExpectSubject] = []string{strconv.FormatUint(p.Expect, 10)}
		}
		last := i == len(held)-1
		if last {
			h[hdrBatchCommit] = []string{"1"}
		}
		if err := w.sendOfBatch(p, h, last, held, from); err != nil {
			return err
		}
	}
	return stop
}

// sendOfBatch sends one message of a batch; with the last one it awaits the
// answer for all.
func (w *window) sendOfBatch(p *eventstore.Pending, h nats.Header, last bool, held []*eventstore.Pending, from int) error {
	if !last { // what is sent without its end is dropped by the server
		if err := w.s.nc.PublishMsg(&nats.Msg{Subject: p.Ref.Subject(), Header: h, Data: p.Payload}); err != nil {
			return fmt.Errorf("%w: %w", eventstore.ErrUnavailable, err)
		}
		return nil
	}
	wt, err := w.s.pub.send(p.Ref.Subject(), h, p.Payload, p.Leaf)
	if err != nil {
		return fmt.Errorf("%w: %w", eventstore.ErrUnavailable, err)
	}
	t := time.NewTimer(w.s.o.Patience)
	defer t.Stop()
	var a ack
	select {
	case a = <-wt.ch:
	case <-t.C:
		a = ack{err: errSilent}
	case <-w.s.life.Done():
		a = ack{err: errClosed}
	}
	if a.err != nil && code(a.err) != 0 {
		return windowErr(a.err)
	}
	if a.err != nil { // unknown: the last position tells for the whole batch
		end := w.positions[from+len(held)-1]
		rctx, cancel := context.WithTimeout(w.s.life, w.s.o.Patience)
		defer cancel()
		found, err := w.s.At(rctx, end)
		if err != nil || eventstore.LeafHash(found.Clear) != p.Leaf {
			return fmt.Errorf("%w: %w", eventstore.ErrUnknown, errors.Join(a.err, err))
		}
	} else if a.seq != w.positions[from+len(held)-1] {
		return errElsewhere
	}
	for i, q := range held {
		w.stored = append(w.stored, eventstore.Appended{Position: w.positions[from+i], Leaf: q.Leaf})
	}
	return nil
}
