package queries

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/catalog"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/eventstore"
)

// The two axes of time: when it happened, and when it was recorded.
const (
	AxisOccurred = "occurred"
	AxisRecorded = "recorded"
)

// DifferenceOptions choose the two times that are compared.
type DifferenceOptions struct {
	// Axis says of which clock From and Until are: AxisOccurred for what was true,
	// AxisRecorded for what was known; "" is AxisOccurred.
	Axis     string
	From, To time.Time
	// AsOf and KnownAt hold the other clock still for both times; nil: all. The
	// one of the axis itself is not taken.
	AsOf, KnownAt *time.Time
	// Open opens sealed values, after the access event. Without it their changes
	// are told by category.
	Open bool
}

func (o *DifferenceOptions) check() error {
	switch o.Axis {
	case "":
		o.Axis = AxisOccurred
	case AxisOccurred, AxisRecorded:
	default:
		return domain.Invalid("unknown_axis", "axis", "times are compared by when things occurred or by when they were recorded; give occurred or recorded")
	}
	if o.From.IsZero() || o.To.IsZero() || o.To.Before(o.From) {
		return domain.Invalid("invalid_period", "to", "a difference is between two times, the earlier first; give from and to")
	}
	if o.Axis == AxisOccurred && o.AsOf != nil || o.Axis == AxisRecorded && o.KnownAt != nil {
		return domain.Invalid("one_axis", "axis", "from and to are on that clock themselves; give as_of with the axis recorded, or known_at with occurred")
	}
	return nil
}

// at gives the options of one of the two times.
func (o *DifferenceOptions) at(t time.Time) ReplayOptions {
	r := ReplayOptions{AsOf: o.AsOf, KnownAt: o.KnownAt, Open: o.Open}
	if o.Axis == AxisRecorded {
		r.KnownAt = &t
	} else {
		r.AsOf = &t
	}
	return r
}

// ContentChange is one change of what is sealed: a field where it was opened,
// else the whole.
type ContentChange struct {
	Op       string          `json:"op"` // add, replace, remove, hide, show
	Category domain.Category `json:"category"`
	Record   string          `json:"record,omitempty"`
	Field    string          `json:"field,omitempty"`
	Old      json.RawMessage `json:"old,omitempty"`
	New      json.RawMessage `json:"new,omitempty"`
	// State says how it stands at the later time: open, destroyed, restricted, or
	// closed where nothing was opened.
	State  string   `json:"state"`
	Events []Source `json:"events"`
}

// Difference is what changed in a dossier between two times.
type Difference struct {
	Agency  string     `json:"agency"`
	Dossier string     `json:"dossier"`
	Axis    string     `json:"axis"`
	From    time.Time  `json:"from"`
	To      time.Time  `json:"to"`
	AsOf    *time.Time `json:"as_of,omitempty"`
	KnownAt *time.Time `json:"known_at,omitempty"`
	// FromPosition and ToPosition are of the newest commit at each time; 0 when the
	// dossier was not there yet.
	FromPosition uint64 `json:"from_position"`
	ToPosition   uint64 `json:"to_position"`
	// Events are what stands between them, in stream order.
	Events   []Source        `json:"events"`
	Changes  []Change        `json:"changes"`  // of the clear state
	Contents []ContentChange `json:"contents"` // of what is sealed
	// Partial says that the reader may not see every data category; then there are
	// no changes of the clear state, and of contents those that he may see.
	Partial      bool   `json:"partial,omitempty"`
	AccessRecord uint64 `json:"access_position,omitempty"`
}

// Difference compares a dossier at two times, and names of every change the
// events that it came from. Errors: as Dossier.
func (s *Service) Difference(ctx context.Context, r Reader, id string, o DifferenceOptions) (*Difference, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	to, p, err := s.replayed(ctx, r, &id, o.at(o.To))
	if err != nil {
		return nil, err
	}
	from, err := s.earlier(ctx, domain.Ref{Agency: r.Agency, Kind: domain.KindDossier, ID: id}, o.at(o.From).dossier())
	if err != nil {
		return nil, err
	}
	d := &Difference{Agency: r.Agency, Dossier: id, Axis: o.Axis, From: o.From, To: o.To, AsOf: o.AsOf, KnownAt: o.KnownAt, Partial: !p.whole,
		FromPosition: from.last(), ToPosition: to.last(), Events: []Source{}, Changes: []Change{}, Contents: []ContentChange{}}
	there := map[uint64]bool{}
	for _, c := range from.commits {
		there[c.Position] = true
	}
	var between []*eventstore.Commit
	for _, c := range to.commits {
		if !there[c.Position] {
			between = append(between, c)
			d.Events = append(d.Events, sourcesOf(c)...)
		}
	}
	if p.whole {
		if d.Changes, err = clearChanges(from, to, there); err != nil {
			return nil, err
		}
	} else {
		d.Events = []Source{} // they say what they are about
	}
	later, ack, err := s.lookAgain(ctx, r, id, to, to.commits, p, o.at(o.To))
	if err != nil {
		return nil, err
	}
	d.AccessRecord = later.AccessRecord
	shielded := shieldChanges(from, to, s.day(o.at(o.From).dossier()), s.day(o.at(o.To).dossier()), later, d.Changes)
	if !o.Open {
		d.Contents = append(closedChanges(between, later), shielded...)
		return d, nil
	}
	earlier := &DossierView{Agency: r.Agency, Dossier: id, pass: p, restricted: map[string]bool{}, holds: later.holds}
	if len(from.commits) > 0 {
		if err := earlier.describe(from, s.day(o.at(o.From).dossier())); err != nil {
			return nil, err
		}
		if err := s.shield(ctx, domain.Ref{Agency: r.Agency, Kind: domain.KindDossier, ID: id}, earlier); err != nil {
			return nil, err
		}
	}
	for h, v := range map[*history]*DossierView{from: earlier, to: later} {
		if err := s.timeline(ctx, ack, h, v, true); err != nil {
			return nil, err
		}
	}
	d.Contents = append(openChanges(earlier, later, there), shielded...)
	return d, nil
}

// earlier is the history at the earlier time, when the dossier need not be there.
func (s *Service) earlier(ctx context.Context, ref domain.Ref, o DossierOptions) (*history, error) {
	h, err := s.history(ctx, ref, o)
	if err != nil && domain.AsError(err).Code == codeUnknownThen {
		agg, _ := catalog.AggregateOf(ref.Kind)
		return &history{state: agg.Zero()}, nil
	}
	return h, err
}

func (h *history) last() uint64 {
	if len(h.commits) == 0 {
		return 0
	}
	return h.commits[len(h.commits)-1].Position
}

// profile is what the newest commit was judged by that names one.
func (h *history) profile() (p string) {
	for _, c := range h.commits {
		if x := profileOf(&c.Envelope); x != "" {
			p = x
		}
	}
	return p
}

// clearChanges compares the two states, and finds of every change the events of
// the later history alone that touched it.
func clearChanges(from, to *history, there map[uint64]bool) ([]Change, error) {
	var trees [2]map[string]any
	for i, h := range []*history{from, to} {
		st, _ := h.state.(*dossier.State)
		var err error
		if trees[i], err = clearState(st, h.profile(), nil); err != nil {
			return nil, err
		}
	}
	changes := []Change{}
	differ("", trees[0], trees[1], &changes)
	touched, err := touches(to)
	if err != nil {
		return nil, err
	}
	for i := range changes {
		changes[i].Events = touchedBy(changes[i].Path, touched, there)
	}
	return changes, nil
}

// touch is a path that a commit changed.
type touch struct {
	path    string
	sources []Source
}

func touches(h *history) (out []touch, err error) {
	f := folder{}
	for i, c := range h.commits {
		st, err := f.step(c, h.facts[i], true)
		if err != nil {
			return nil, err
		}
		for _, x := range st.Changes {
			out = append(out, touch{x.Path, x.Events})
		}
	}
	return out, nil
}

// touchedBy are the events that changed a path, what lies under it or what it
// lies under: of those between the two times, and if it was none of them, the
// last of all, as where something late changed how earlier things fold.
func touchedBy(path string, all []touch, there map[uint64]bool) []Source {
	within := func(a, b string) bool { return a == b || strings.HasPrefix(a, b+"/") }
	var out, other []Source
	for _, t := range all {
		if !within(t.path, path) && !within(path, t.path) || len(t.sources) == 0 {
			continue
		}
		if there[t.sources[0].Position] {
			other = t.sources
			continue
		}
		if len(out) == 0 || out[len(out)-1].Position != t.sources[0].Position {
			out = append(out, t.sources...)
		}
	}
	if out == nil {
		return other
	}
	return out
}

// closedChanges tells of which categories and records something sealed was
// written between the two times.
func closedChanges(between []*eventstore.Commit, v *DossierView) []ContentChange {
	out := []ContentChange{}
	for _, c := range between {
		sources := sourcesOf(c)
		for i, ev := range c.Envelope.Data.Events {
			for _, ref := range ev.Sections {
				record := recordOf(ev.Data)
				if ref.IsList() || !v.shows(ref.Category, record) {
					continue
				}
				op := opAdd
				if ev.Type == dossier.TypeClientChanged || ev.Type == dossier.TypeRecordCorrected && ref.Category != domain.CatFile {
					op = opReplace
				}
				out = append(out, ContentChange{Op: op, Category: ref.Category, Record: record, State: "closed", Events: sources[i : i+1]})
			}
		}
	}
	return out
}

// contents are the opened values of a view as they stand, each under what it is:
// a particular, a record, or what one event alone says. order is theirs.
func contents(v *DossierView) (by map[string]*Value, order []string) {
	by = map[string]*Value{}
	for _, e := range v.Timeline {
		for _, val := range e.Values {
			key := "event/" + val.Event + "/" + string(val.Category)
			switch {
			case val.Record == "" && val.Category.Particular():
				key = "particular/" + string(val.Category)
			case val.Category != domain.CatFile && (val.EventType == dossier.TypeRecordAdded || val.EventType == dossier.TypeRecordCorrected):
				key = "record/" + val.Record
			}
			if cur := by[key]; cur != nil {
				overlay(cur, val)
				continue
			}
			by[key] = &val
			order = append(order, key)
		}
	}
	return by, order
}

// openChanges compares what is open at both times, field by field.
func openChanges(earlier, later *DossierView, there map[uint64]bool) []ContentChange {
	out := []ContentChange{}
	a, _ := contents(earlier)
	b, order := contents(later)
	for _, key := range order {
		old, val := a[key], b[key]
		if val.State == "hidden" {
			continue // not for this reader
		}
		base := ContentChange{Op: opAdd, Category: val.Category, Record: val.Record, State: val.State, Events: []Source{val.source()}}
		switch {
		case old == nil && val.State != "open":
			out = append(out, base)
		case old == nil || old.State == "open" && val.State == "open":
			out = append(out, fieldChanges(old, val, base)...)
		case !there[val.Position]:
			base.Op = opReplace
			out = append(out, base)
		}
	}
	return out
}

// fieldChanges compares two opened objects; old is nil for none.
func fieldChanges(old, val *Value, base ContentChange) (out []ContentChange) {
	before := map[string]json.RawMessage{}
	if old != nil {
		before = openFields(old)
	}
	after := openFields(val)
	for _, name := range slices.Sorted(maps.Keys(after)) {
		was, known := before[name]
		if known && bytes.Equal(was, after[name]) {
			continue
		}
		c := base
		c.Field, c.New = name, after[name]
		if known {
			c.Op, c.Old = opReplace, was
		}
		if from, ok := val.Sources[name]; ok {
			c.Events = []Source{from}
		}
		out = append(out, c)
	}
	return out
}

// shieldChanges are the records that were shielded at one of the two times alone.
func shieldChanges(from, to *history, first, second nl.Date, v *DossierView, clear []Change) (out []ContentChange) {
	a, okA := from.state.(*dossier.State)
	b, okB := to.state.(*dossier.State)
	if !okA || !okB {
		return nil
	}
	for _, id := range slices.Sorted(maps.Keys(a.Records)) {
		if b.Records[id] == nil {
			continue
		}
		was, is := a.Records[id].RestrictedAt(endOf(first)), b.Records[id].RestrictedAt(endOf(second))
		category := b.Records[id].Category
		if was == is || !v.shows(category, id) {
			continue
		}
		c := ContentChange{Op: opHide, Category: category, Record: id, State: "restricted", Events: []Source{}}
		if was {
			c.Op, c.State = opShow, "open"
		}
		for _, x := range clear {
			if strings.HasPrefix(x.Path, "/records/"+id+"/restricted") {
				c.Events = x.Events
			}
		}
		out = append(out, c)
	}
	return out
}
