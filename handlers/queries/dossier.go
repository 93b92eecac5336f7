package queries

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/catalog"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/seal"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/projections/commits"
	"github.com/casefile-engine/casefile/projections/rows"
)

// DossierOptions choose the time of a dossier view, and whether its sealed
// parts are opened.
type DossierOptions struct {
	AsOf    *time.Time // what had occurred by then, that instant included; nil: all
	KnownAt *time.Time // what was known then: the stream up to the last commit recorded by then; nil: all
	// Open opens the sealed sections, after the access event. Without it the view
	// of the operator holds clear facts alone, and no look is recorded.
	Open bool
	// View, when set, is a third party's view: what is shown is narrowed to its
	// records, while it holds (C-2.7b).
	View string
	// Clear gives clear facts alone to a member of staff, who otherwise gets what
	// he may see opened; whoever may read the register history may ask it.
	Clear bool
}

// history is what one dossier's commits say up to a time.
type history struct {
	state   any
	commits []*eventstore.Commit
	facts   [][]domain.Recorded // the events of each
}

// Dossier gives one dossier as it is, or as it was. The look is on record
// before anything is opened; if it cannot be recorded, nothing is given.
// Errors: not found (also for another agency's), forbidden, unavailable.
func (s *Service) Dossier(ctx context.Context, r Reader, id string, o DossierOptions) (*DossierView, error) {
	if r.Caller.Staff != domain.Operator {
		o.Open = !o.Clear
	}
	p, err := s.letIn(ctx, r, &id, o.Open)
	if err != nil {
		return nil, err
	}
	ref := domain.Ref{Agency: r.Agency, Kind: domain.KindDossier, ID: id}
	h, err := s.history(ctx, ref, o)
	if err != nil {
		return nil, err
	}
	v := &DossierView{Agency: r.Agency, Dossier: id, AsOf: o.AsOf, KnownAt: o.KnownAt}
	if err := v.describe(h, s.day(o)); err != nil {
		return nil, err
	}
	if o.View != "" {
		if err := s.shownTo(ctx, v, &r, o.View); err != nil {
			s.denyView(ctx, r, p, id, err)
			return nil, err
		}
		p = v.narrow(p)
	}
	var ack seal.Acknowledgement
	if o.Open {
		if ack, v.AccessRecord, err = s.record(ctx, r, p, lookAt(id, h, p)); err != nil {
			return nil, err
		}
	} else if r.Caller.Staff != domain.Operator {
		if _, v.AccessRecord, err = s.record(ctx, r, p, look{dossiers: []string{id}}); err != nil {
			return nil, err
		}
	}
	if err := s.shield(ctx, ref, v); err != nil {
		return nil, err
	}
	v.pass, v.Ground = p, p.Ground
	if p.Ground == "break_glass" {
		if v.GlassUntil, err = s.commands.GlassUntil(ctx, r.Agency, id, r.Caller.Staff); err != nil {
			return nil, err
		}
	}
	if err := s.timeline(ctx, ack, h, v, o.Open); err != nil {
		return nil, err
	}
	if err := s.reminded(ctx, ref, o, v); err != nil {
		return nil, err
	}
	if o.Open {
		if err := s.nameStaff(ctx, ack, v); err != nil {
			return nil, err
		}
	}
	present(v)
	v.redact()
	return v, nil
}

// history reads the commits of a dossier, or of another aggregate, from the
// commits view, each compared with its leaf, and folds those that the options
// admit. They are compared and decoded side by side, which is most of the work.
func (s *Service) history(ctx context.Context, ref domain.Ref, o DossierOptions) (*history, error) {
	h, err := s.read(ctx, ref, o)
	if err != nil {
		return nil, err
	}
	agg, _ := catalog.AggregateOf(ref.Kind)
	h.state = agg.Zero()
	for _, events := range h.facts {
		for _, r := range events {
			h.state = agg.Evolve(h.state, r)
		}
	}
	if len(h.commits) == 0 && ref.Kind == domain.KindDossier {
		return nil, unknownThen()
	}
	return h, nil
}

const codeUnknownThen = "unknown_dossier"

func unknownThen() error {
	return &domain.Error{Kind: domain.KindNotFound, Code: codeUnknownThen, Rule: "C-0a", Field: "dossier", Message: "there is no such dossier, or none yet at that time; check its id and the date"}
}

// read is history without the fold.
func (s *Service) read(ctx context.Context, ref domain.Ref, o DossierOptions) (*history, error) {
	t, err := s.then(ctx, o)
	if err != nil {
		return nil, err
	}
	var entries []commits.Entry
	err = commits.ReadAggregate(ctx, s.db, ref, 0, func(e commits.Entry) error {
		if t.bounded && e.Position > t.upTo {
			return rows.ErrStop
		}
		entries = append(entries, e)
		return nil
	})
	if err != nil {
		return nil, err
	}
	decoded := make([]*eventstore.Commit, len(entries)) // nil: not yet at that time
	facts := make([][]domain.Recorded, len(entries))
	err = sideBySide(len(entries), func(i int) error {
		c, err := entries[i].Checked()
		if err != nil || !t.admits(c) {
			return err
		}
		decoded[i] = c
		facts[i], err = commands.Decode(c)
		return err
	})
	if err != nil {
		return nil, err
	}
	h := &history{}
	for i, c := range decoded {
		if c != nil {
			h.commits, h.facts = append(h.commits, c), append(h.facts, facts[i])
		}
	}
	return h, nil
}

// then is which commits a view takes in.
type then struct {
	asOf    *time.Time
	bounded bool
	upTo    uint64 // with bounded: the last position
}

func (s *Service) then(ctx context.Context, o DossierOptions) (t then, err error) {
	t.asOf = o.AsOf
	if o.KnownAt != nil {
		t.bounded = true
		t.upTo, err = commits.Horizon(ctx, s.db, *o.KnownAt)
	}
	return t, err
}

func (t then) admits(c *eventstore.Commit) bool {
	return (!t.bounded || c.Position <= t.upTo) && (t.asOf == nil || !c.Envelope.Time.After(*t.asOf))
}

// shield closes in a view what is shielded by now, or holds a category by now that
// it was not known to hold, by the stream's own facts: what may be seen is judged
// today, however far back one looks and however far the views are behind (L-18,
// C-2.9.3b).
func (s *Service) shield(ctx context.Context, ref domain.Ref, v *DossierView) error {
	today := endOf(nl.DateOf(s.clock.Now()))
	return s.commands.State(ctx, ref, func(state any, _ uint64) error {
		st, ok := state.(*dossier.State)
		if !ok {
			return nil
		}
		for id, r := range st.Records {
			if r.RestrictedAt(today) {
				v.restricted[id] = true
			}
			v.holds[id] = append(v.holds[id], r.Categories()...)
		}
		return nil
	})
}

// lookAt names what a view of the dossier opens: its own sections, and the
// names of the staff and recipients in it.
func lookAt(id string, h *history, p pass) look {
	l := look{dossiers: []string{id}, owners: []string{"dossier/" + id}, categories: []domain.Category{domain.CatStaff}}
	seen := map[string]bool{}
	for _, c := range h.commits {
		for _, k := range c.Envelope.Data.Categories {
			if p.sees(k) || sealsNames(k) {
				l.categories = append(l.categories, k)
			}
		}
		for _, ev := range c.Envelope.Data.Events {
			for _, ref := range ev.Sections {
				if !ref.IsList() {
					seen[ref.Owner] = true
				}
			}
		}
		if a := c.Envelope.Actor; a != domain.Operator && a != domain.Engine {
			seen["staff/"+a] = true
		}
	}
	if st, ok := h.state.(*dossier.State); ok {
		for _, a := range st.Assignments {
			seen["staff/"+a.Staff] = true
		}
	}
	l.owners = append(l.owners, slices.Collect(maps.Keys(seen))...)
	return l
}

// timeline gives every commit of the history as entries, newest last; with open
// the sections are decrypted against the acknowledgement.
func (s *Service) timeline(ctx context.Context, ack seal.Acknowledgement, h *history, v *DossierView, open bool) error {
	first := make([]int, len(h.commits))
	for i, c := range h.commits {
		first[i] = len(v.Timeline)
		for place, ev := range c.Envelope.Data.Events {
			data, err := commands.ClearData(c, place)
			if err != nil {
				return err
			}
			v.Timeline = append(v.Timeline, TimelineEntry{
				Position: c.Position, Event: ev.ID, Type: ev.Type, Occurred: c.Envelope.Time, Recorded: c.Envelope.Recorded,
				Actor: c.Envelope.Actor, Clear: data,
			})
		}
	}
	if !open {
		return nil
	}
	return sideBySide(len(h.commits), func(i int) error {
		c := h.commits[i]
		return sections(c, func(place int, ev *eventstore.StoredEvent, ref eventstore.SectionRef, sealed seal.Sealed) error {
			val := Value{
				Category: ref.Category, Record: recordOf(ev.Data), Event: ev.ID, EventType: ev.Type,
				Position: c.Position, Occurred: c.Envelope.Time, Recorded: c.Envelope.Recorded,
			}
			switch {
			case !v.shows(ref.Category, val.Record):
				val.State = "hidden" // not for this reader
			case v.restricted[val.Record]:
				val.State = "restricted" // shielded: that it exists shows, not what it says (L-18)
			default:
				if err := s.opened(ctx, ack, sealed, &val); err != nil {
					return err
				}
			}
			e := &v.Timeline[first[i]+place]
			e.Values = append(e.Values, val)
			return nil
		})
	})
}

// recordStart begins the clear data of an event about a record, in its one form.
const recordStart = `{"record":"`

func recordOf(data json.RawMessage) string {
	if rest, ok := bytes.CutPrefix(data, []byte(recordStart)); ok {
		if id, _, ok := bytes.Cut(rest, []byte{'"'}); ok && len(id) == 36 {
			return string(id)
		}
	}
	var r struct {
		Record string `json:"record"`
	}
	if json.Unmarshal(data, &r) != nil {
		return ""
	}
	return r.Record
}

// sideBySide calls f for 0 … n-1 from as many goroutines as there are
// processors, and gives the error of the lowest number that has one.
func sideBySide(n int, f func(i int) error) error {
	workers := min(runtime.GOMAXPROCS(0), n/16+1)
	errs := make([]error, n)
	var next atomic.Int64
	work := func() {
		for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
			errs[i] = f(i)
		}
	}
	var wg sync.WaitGroup
	for range workers - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
	return cmp.Or(errs...)
}
