package scrub

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/blocks"
	"github.com/casefile-engine/casefile/eventstore/embedded"
	"github.com/casefile-engine/casefile/eventstore/ledger"
)

// Options say what is read and compared.
type Options struct {
	// Stream are the server's files; nil: the commits are read through Store, whose
	// server then answers for its own files.
	Stream *blocks.Stream
	Store  eventstore.Store
	// Head is the position to stop at; 0: the end of the files, or Store's head.
	Head uint64
	// Books are the ledger's; Journal is the tail journal, nil for a cluster's stream.
	Books   *ledger.Books
	Journal *embedded.Journal
	// Lookup finds a lost commit in another copy, nil when it has none: what it gives
	// names the commit only when it has the leaf that was signed.
	Lookup func(ctx context.Context, agency string, position uint64) *eventstore.Commit
	// Commit hears of each commit that has its form, in order; it must not keep it.
	Commit func(*eventstore.Commit)
	// Progress hears of it from time to time. Pace is called between bundles of
	// commits; it may wait, so that a scrub gives way to what is more urgent.
	Progress func(done, head uint64)
	Pace     func(ctx context.Context) error
}

// bundle is how many commits are read between two calls of Pace and Progress.
const bundle = 256

// scrubber is one run.
type scrubber struct {
	o        Options
	r        *Report
	audits   map[string]*ledger.Audit
	chains   map[domain.Ref]link
	last     uint64    // position of the newest record
	newest   time.Time // the latest recorded time
	newestAt uint64
	seen     uint64 // commits
	bytes    uint64
	// chained are the findings about chains, kept back: what the ledger says of the
	// same commits says more.
	chained []broken
	// judged are the agencies whose differences the ledger named.
	judged map[string]bool
	// holes are what could not be read: damage and missing positions.
	holes []hole
	tail  *blocks.Damage // a write that may have been cut short
	at    eventstore.Leaf
	found bool // the journal's commit was read
	dirty bool // a commit could not be counted to its agency
}

// link is the newest commit of an aggregate.
type link struct {
	position, version uint64
	leaf              eventstore.Leaf
}

type hole struct{ from, to uint64 }

// broken is the break of a chain: prev is the position that the commit names.
type broken struct {
	Finding
	prev uint64
}

// Run reads and compares. Its error is one of reading; what is wrong with what it
// read is in the report.
func Run(ctx context.Context, o Options) (*Report, error) {
	s := &scrubber{o: o, r: &Report{}, audits: map[string]*ledger.Audit{}, chains: map[domain.Ref]link{}, judged: map[string]bool{}}
	defer func() {
		for _, a := range s.audits {
			_ = a.Close() // it was only read
		}
	}()
	if err := s.books(); err != nil {
		return nil, err
	}
	if err := s.read(ctx); err != nil && !errors.Is(err, errStop) {
		return nil, err
	}
	if err := s.server(); err != nil {
		return nil, err
	}
	s.journal()
	if err := s.judge(ctx); err != nil {
		return nil, err
	}
	s.finish()
	return s.r, nil
}

// errStop ends a reading at the head.
var errStop = errors.New("scrub: read far enough")

// books opens what is signed.
func (s *scrubber) books() error {
	b := s.o.Books
	if b == nil {
		return nil
	}
	data, lock := b.Any()
	switch {
	case data && !lock:
		s.r.Add(Finding{Kind: Missing, Part: "lock", Message: "the lock holds no checkpoints and no public key, and the data has a ledger: put the lock back"})
	case lock && !data && !b.Running:
		s.r.Add(Finding{Kind: Missing, Part: "ledger", Message: "the data holds no ledger, and the lock has checkpoints: the ledger's folder was lost, or older data was put back"})
	}
	list, err := b.Agencies()
	if err != nil {
		return err
	}
	for _, agency := range list {
		s.audits[agency] = b.Audit(agency)
	}
	return nil
}

// read reads the stream.
func (s *scrubber) read(ctx context.Context) error {
	if s.o.Stream == nil {
		err := s.o.Store.ReadAll(ctx, 0, func(c *eventstore.Commit) error {
			if s.o.Head > 0 && c.Position > s.o.Head {
				return errStop
			}
			if err := s.between(ctx, c.Position); err != nil {
				return err
			}
			s.position(c.Position)
			s.commit(c, c.Envelope.Ref().Subject(), "", 0)
			return nil
		})
		if errors.Is(err, eventstore.ErrDamaged) { // the store reads no further
			s.dirty = true
			s.hole(s.last+1, s.o.Head)
			s.stream(Finding{Kind: Damaged, Message: err.Error(), Position: s.last + 1})
			return nil
		}
		return err
	}
	return s.o.Stream.Read(ctx, func(r *blocks.Record) error {
		if s.o.Head > 0 && r.Sequence > s.o.Head && r.Sequence > s.last {
			return errStop
		}
		if err := s.between(ctx, r.Sequence); err != nil {
			return err
		}
		s.record(r)
		return nil
	}, s.damage)
}

// again reads the commits of one agency once more, passing over what is none.
func (s *scrubber) again(ctx context.Context, agency string) (have []placed, err error) {
	take := func(c *eventstore.Commit) error {
		if s.o.Head > 0 && c.Position > s.o.Head {
			return errStop
		}
		if c.Envelope.Agency == agency {
			have = append(have, placed{c.Position, eventstore.LeafHash(c.Clear), commitOf(&c.Envelope)})
		}
		return nil
	}
	if s.o.Stream == nil {
		err = s.o.Store.ReadAll(ctx, 0, take)
	} else {
		last := uint64(0)
		err = s.o.Stream.Read(ctx, func(r *blocks.Record) error {
			c, err := eventstore.Unmarshal(r.Payload)
			if err != nil || r.Gone || r.Sequence <= last {
				return nil
			}
			c.Position, last = r.Sequence, r.Sequence
			return take(c)
		}, func(*blocks.Damage) error { return nil })
	}
	if errors.Is(err, errStop) {
		err = nil
	}
	return have, err
}

func (s *scrubber) between(ctx context.Context, position uint64) error {
	if s.seen++; s.seen%bundle != 0 {
		return nil
	}
	if s.o.Progress != nil {
		s.o.Progress(position, s.o.Head)
	}
	if s.o.Pace != nil {
		return s.o.Pace(ctx)
	}
	return ctx.Err()
}

// record takes one record of a block file.
func (s *scrubber) record(r *blocks.Record) {
	file := filepath.Base(r.File)
	if r.Gone {
		s.seen--
		if s.o.Journal == nil || !s.o.Journal.KnownGap(r.Sequence, r.Sequence) {
			s.stream(Finding{Kind: Missing, Message: "a commit was deleted by way of the server", Position: r.Sequence, File: file, Offset: r.Offset})
			s.hole(r.Sequence, r.Sequence)
			s.dirty = true
		}
		return
	}
	s.bytes += uint64(r.Length)
	c, err := eventstore.Unmarshal(r.Payload)
	if r.Sequence <= s.last {
		s.seen--
		f := Finding{Kind: Reordered, Message: fmt.Sprintf("a record stands behind position %d, where the server passes over it", s.last), Position: r.Sequence, File: file, Offset: r.Offset}
		if err == nil {
			f.Commit = commitOf(&c.Envelope)
		}
		s.stream(f)
		return
	}
	s.position(r.Sequence)
	if err != nil {
		s.dirty = true
		s.hole(r.Sequence, r.Sequence)
		s.stream(Finding{Kind: Altered, Message: "what stands there is no commit, and yet passes the server's checksum", Position: r.Sequence, File: file, Offset: r.Offset})
		return
	}
	c.Position = r.Sequence
	s.commit(c, r.Subject, file, r.Offset)
}

func (s *scrubber) stream(f Finding) { f.Part = "stream"; s.r.Add(f) }

func (s *scrubber) hole(from, to uint64) { s.holes = append(s.holes, hole{from, to}) }

// inHole tells whether a position could not be read.
func (s *scrubber) inHole(position uint64) bool {
	return slices.ContainsFunc(s.holes, func(h hole) bool { return h.from <= position && position <= h.to })
}

// damage takes a stretch that is no record.
func (s *scrubber) damage(d *blocks.Damage) error {
	if s.o.Head > 0 && d.After >= s.o.Head {
		return errStop // being written just now
	}
	if d.Last {
		s.tail = d
		return nil
	}
	f := Finding{Kind: Damaged, Message: d.Why, Position: d.After + 1, File: filepath.Base(d.File), Offset: d.Offset}
	if d.Before > d.After+2 {
		f.Until = d.Before - 1
	}
	s.dirty = true
	if d.Before == 0 { // the rest of an older block: the next one says how much
		s.hole(d.After+1, d.After+1)
	} else if d.Before > d.After+1 {
		s.hole(d.After+1, d.Before-1)
	}
	s.stream(f)
	return nil
}

// position takes the position of the next record.
func (s *scrubber) position(p uint64) {
	from := s.last + 1
	switch {
	case p > from && s.o.Journal != nil && s.o.Journal.KnownGap(from, p-1), p == from, s.inHole(from) && s.inHole(p-1):
	default:
		f := Finding{Kind: Missing, Message: "there is no commit", Position: from, Until: p - 1}
		if f.Until == f.Position {
			f.Until = 0
		}
		s.dirty = true
		s.hole(from, p-1)
		s.stream(f)
	}
	s.last = p
}

func commitOf(e *eventstore.Envelope) Commit {
	return Commit{e.Agency, e.Kind, e.AggregateID, e.CommandID}
}

// commit takes one commit that has its form.
func (s *scrubber) commit(c *eventstore.Commit, subject, file string, offset int64) {
	e := &c.Envelope
	leaf := eventstore.LeafHash(c.Clear)
	wrong := func(k Kind, format string, args ...any) {
		s.stream(Finding{Kind: k, Message: fmt.Sprintf(format, args...), Position: c.Position, Commit: commitOf(e), File: file, Offset: offset})
	}
	if subject != e.Ref().Subject() {
		wrong(Altered, "the commit is filed under another subject than its own")
	}
	listed := s.audit(c, leaf)
	if !domain.ValidAgency(e.Agency) {
		wrong(Altered, "the commit names no agency that there can be")
	}
	if err := c.Verify(); err != nil {
		wrong(Altered, "a sealed section, or the list of dossiers, differs from the digest in the commit")
	} else if listed != nil {
		wrong(Altered, "the list of dossiers beside the commit is not the one that it commits to")
	}
	if s.foreign(c) {
		wrong(Inserted, "it %s", notOurs)
	}
	s.chain(c, leaf, file, offset)
	// On a cluster several instances write, each by its own clock and on its own way.
	if e.Recorded.Before(s.newest) && s.o.Journal != nil {
		f := Finding{Kind: Reordered, Part: "stream", Message: fmt.Sprintf("the commit was recorded before the one at position %d", s.newestAt), Position: c.Position, Commit: commitOf(e), File: file, Offset: offset}
		s.chained = append(s.chained, broken{f, s.newestAt})
	} else if !e.Recorded.Before(s.newest) {
		s.newest, s.newestAt = e.Recorded, c.Position
	}
	if j := s.o.Journal; j != nil && c.Position == j.Position {
		s.at, s.found = leaf, true
	}
	if s.o.Commit != nil {
		s.o.Commit(c)
	}
}

// notOurs is what is wrong with a commit without the store's code.
const notOurs = "does not bear this store's code: another program put it onto the stream, or altered it"

// foreign tells of a commit that no checkpoint covers that another than the store
// wrote it. What a checkpoint covers is compared with its leaf.
func (s *scrubber) foreign(c *eventstore.Commit) bool {
	if s.o.Books == nil || s.o.Books.Key == nil {
		return false
	}
	if a := s.audits[c.Envelope.Agency]; a != nil && c.Position <= a.Lock.Position {
		return false
	}
	return !s.o.Books.Key.Wrote(c.Clear)
}

// audit compares a commit with what was signed of its agency. Its error is that a
// list of the commit is damaged.
func (s *scrubber) audit(c *eventstore.Commit, leaf eventstore.Leaf) error {
	if s.o.Books == nil || !domain.ValidAgency(c.Envelope.Agency) { // whose name is that of a folder
		_, err := c.Lists()
		return err
	}
	agency := c.Envelope.Agency
	a := s.audits[agency]
	if a == nil {
		a = s.o.Books.Audit(agency)
		s.audits[agency] = a
	}
	return a.Commit(c, leaf)
}

// chain compares a commit with the one before it of the same aggregate.
func (s *scrubber) chain(c *eventstore.Commit, leaf eventstore.Leaf, file string, offset int64) {
	e, ref := &c.Envelope, c.Envelope.Ref()
	before := s.chains[ref]
	want := ""
	if before.position > 0 {
		want = before.leaf.String()
	}
	f := Finding{Part: "stream", Position: c.Position, Commit: commitOf(e), File: file, Offset: offset}
	switch {
	case e.Version == before.version+1 && e.PrevPosition == before.position && e.PrevLeaf == want:
	case e.Version <= before.version:
		f.Kind, f.Message = Doubled, fmt.Sprintf("version %d of its aggregate stands on the stream a second time, or behind a later one", e.Version)
		s.chained = append(s.chained, broken{f, e.PrevPosition})
		return // the chain goes on from the first
	case e.Version > before.version+1:
		f.Kind, f.Message = Missing, fmt.Sprintf("before this commit, versions %d to %d of its aggregate are missing", before.version+1, e.Version-1)
		f.Until = 0
		s.chained = append(s.chained, broken{f, e.PrevPosition})
	default:
		f.Kind, f.Message = Altered, fmt.Sprintf("it names position %d as the one before it of its aggregate, with another content than stands at position %d", e.PrevPosition, before.position)
		s.chained = append(s.chained, broken{f, e.PrevPosition})
	}
	s.chains[ref] = link{c.Position, e.Version, leaf}
}

// finish rounds the report off.
func (s *scrubber) finish() {
	s.r.Commits, s.r.Position, s.r.Recorded = s.seen, s.last, s.newest
	for _, f := range s.chained {
		if !s.explained(f) {
			s.r.Add(f.Finding)
		}
	}
	s.r.sort()
	s.r.Checks = append([]Check{{"stream", "commits: checksum, form, digests of sealed sections, order, chain of each aggregate", s.seen, s.r.count("stream"), ""}}, s.r.Checks...)
	for _, agency := range sorted(s.audits) {
		if c := s.audits[agency].Lock; c.Size > 0 {
			s.r.Checkpoints = append(s.r.Checkpoints, Checkpoint{agency, c.Size, hex.EncodeToString(c.Root[:]), c.Position, c.Recorded})
		}
	}
}

// explained tells whether the break of a chain only follows from what was named
// already: the ledger's account of the same agency, or what could not be read.
func (s *scrubber) explained(f broken) bool {
	if s.judged[f.Agency] || s.inHole(f.prev) {
		return true
	}
	for _, x := range s.r.Findings {
		if x.Part == "stream" && x.Position > 0 && (x.Position == f.Position || x.Position <= f.prev && f.prev <= max(x.Until, x.Position)) {
			return true
		}
	}
	return false
}

// HeadAfter gives the head of a running store, at or behind the position that its
// journal named before: the store writes the journal just before it goes on.
func HeadAfter(ctx context.Context, store eventstore.Store, j *embedded.Journal) (head uint64, err error) {
	for range 50 {
		if head, err = store.Head(ctx); err != nil || j == nil || head >= j.Position {
			return head, err
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return head, ctx.Err()
		}
	}
	return head, nil
}

// Acknowledged reads the tail journal of a running store, and then its head. Where
// the journal had no record and the stream has commits, those came in between and
// stand in it by now: it is read once more, and what it lacks then is lost.
func Acknowledged(ctx context.Context, store eventstore.Store, path string) (j embedded.Journal, head uint64, err error) {
	for range 2 {
		if j, err = embedded.ReadJournal(path); err != nil {
			return j, 0, err
		}
		if head, err = HeadAfter(ctx, store, &j); err != nil || head == 0 || j.Position > 0 {
			break
		}
	}
	return j, head, err
}
