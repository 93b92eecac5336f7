package queries

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/projections/commits"
	"github.com/casefile-engine/casefile/projections/dossiers"
	"github.com/casefile-engine/casefile/projections/people"
	"github.com/casefile-engine/casefile/projections/rows"
)

// AgencyDifference is what changed in an agency between two times.
type AgencyDifference struct {
	Agency  string     `json:"agency"`
	Axis    string     `json:"axis"`
	From    time.Time  `json:"from"`
	To      time.Time  `json:"to"`
	AsOf    *time.Time `json:"as_of,omitempty"`
	KnownAt *time.Time `json:"known_at,omitempty"`
	// FromPosition and ToPosition are of the newest commit at each time; 0 when the
	// agency was not there yet.
	FromPosition uint64 `json:"from_position"`
	ToPosition   uint64 `json:"to_position"`

	Dossiers   []RowChange      `json:"dossiers"`
	Recipients []RowChange      `json:"recipients"`
	Staff      []RowChange      `json:"staff"`
	Rules      []RowChange      `json:"rules"` // the regulation in force, and adoptions
	Registers  []RegisterChange `json:"registers"`

	AccessRecord uint64 `json:"access_position,omitempty"`
}

// RowChange is a row that was added, changed or went, field by field, with the
// events on it between the two times.
type RowChange struct {
	Op      string   `json:"op"` // add, replace, remove
	ID      string   `json:"id"`
	Changes []Change `json:"changes"`
	Events  []Source `json:"events"`
}

// RegisterChange is a register whose rows are others than before.
type RegisterChange struct {
	Register string            `json:"register"`
	Before   *RegisterSnapshot `json:"before,omitempty"`
	After    *RegisterSnapshot `json:"after,omitempty"`
}

// AgencyDifference compares an agency at two times. It is for whoever reads
// the register history whole; registers that are withheld from him are left out.
func (s *Service) AgencyDifference(ctx context.Context, r Reader, o DifferenceOptions) (*AgencyDifference, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	p, err := s.overseen(ctx, r, "history")
	if err != nil {
		return nil, err
	}
	d := &AgencyDifference{Agency: r.Agency, Axis: o.Axis, From: o.From, To: o.To, AsOf: o.AsOf, KnownAt: o.KnownAt}
	if r.Caller.Staff != domain.Operator {
		if _, d.AccessRecord, err = s.record(ctx, r, p, look{}); err != nil {
			return nil, err
		}
	}
	b, err := s.foldAgency(ctx, r.Agency, o.at(o.To))
	if err != nil {
		return nil, err
	}
	defer b.db.Close()
	a, err := s.foldAgency(ctx, r.Agency, o.at(o.From))
	switch {
	case err == nil:
		defer a.db.Close()
		d.FromPosition = a.position
	case domain.AsError(err).Code == codeNothingThen:
		a = nil
	default:
		return nil, err
	}
	d.ToPosition = b.position
	events, err := s.between(ctx, a, b, o)
	if err != nil {
		return nil, err
	}
	for _, part := range []struct {
		out  *[]RowChange
		rows func(context.Context, *folded) (map[string]any, error)
	}{{&d.Dossiers, dossierRowsOf}, {&d.Recipients, recipientRowsOf}, {&d.Staff, staffRowsOf}, {&d.Rules, ruleRowsOf}} {
		if *part.out, err = compareRows(ctx, a, b, part.rows, events); err != nil {
			return nil, err
		}
	}
	d.Registers, err = s.compareRegisters(ctx, a, b, r, o)
	return d, err
}

// rules is the key of the events and the row of the agency's regulation, and of
// the events of its policies.
const rules = "regulation"

// between are the events that the later time has and the earlier has not, by what
// they are on.
func (s *Service) between(ctx context.Context, a, b *folded, o DifferenceOptions) (map[string][]Source, error) {
	out := map[string][]Source{}
	h := commits.HistoryFilter{UpTo: b.upTo}
	if later := o.at(o.To); later.AsOf != nil {
		h.Until = later.AsOf.Add(time.Nanosecond)
	}
	asOf := o.at(o.From).AsOf
	err := commits.Each(ctx, s.db, b.agency, h, func(e commits.Entry) error {
		c, err := e.Checked()
		if err != nil {
			return err
		}
		if a != nil && c.Position <= a.upTo && (asOf == nil || !c.Envelope.Time.After(*asOf)) {
			return nil
		}
		for i, src := range sourcesOf(c) {
			key := c.Envelope.AggregateID
			switch c.Envelope.Kind {
			case domain.KindDossier, domain.KindStaff:
			case domain.KindAgency:
				var of struct {
					Recipient string `json:"recipient"`
				}
				if err := json.Unmarshal(c.Envelope.Data.Events[i].Data, &of); err != nil {
					return err
				}
				key = cmp.Or(of.Recipient, rules)
			default:
				continue
			}
			out[key] = append(out[key], src)
		}
		return nil
	})
	return out, err
}

func compareRows(ctx context.Context, a, b *folded, read func(context.Context, *folded) (map[string]any, error), events map[string][]Source) ([]RowChange, error) {
	before := map[string]any{}
	var err error
	if a != nil {
		if before, err = read(ctx, a); err != nil {
			return nil, err
		}
	}
	after, err := read(ctx, b)
	if err != nil {
		return nil, err
	}
	out := []RowChange{}
	for _, id := range slices.Sorted(maps.Keys(union(before, after))) {
		x, was := before[id]
		y, is := after[id]
		c := RowChange{Op: opReplace, ID: id, Events: events[id]}
		differAt("", x, y, was, is, &c.Changes)
		switch {
		case !was:
			c.Op = opAdd
		case !is:
			c.Op = opRemove
		case len(c.Changes) == 0 && len(c.Events) == 0:
			continue
		}
		if c.Changes == nil {
			c.Changes = []Change{}
		}
		if c.Events == nil {
			c.Events = []Source{}
		}
		out = append(out, c)
	}
	return out, nil
}

// rowTree is a row as a tree, without where it stands.
func rowTree(row any) (any, error) {
	raw, err := json.Marshal(row)
	if err != nil {
		return nil, err
	}
	v, err := treeOf(raw)
	if m, ok := v.(map[string]any); ok {
		delete(m, "position")
	}
	return v, err
}

func dossierRowsOf(ctx context.Context, f *folded) (map[string]any, error) {
	out := map[string]any{}
	err := dossiers.List(ctx, f.db, dossiers.Filter{Filter: rows.Filter{Agency: f.agency}}, func(d dossiers.Dossier) (err error) {
		out[d.Dossier], err = rowTree(d.Row(f.at))
		return err
	})
	return out, err
}

func recipientRowsOf(ctx context.Context, f *folded) (map[string]any, error) {
	out := map[string]any{}
	err := people.RecipientRegister(ctx, f.db, rows.Filter{Agency: f.agency}, func(x people.RecipientRow) (err error) {
		out[x.Recipient], err = rowTree(x)
		return err
	})
	return out, err
}

func staffRowsOf(ctx context.Context, f *folded) (map[string]any, error) {
	list, err := staffOf(ctx, f)
	if err != nil {
		return nil, err
	}
	out := map[string]any{}
	for _, x := range list {
		if out[x.Staff], err = rowTree(x); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func ruleRowsOf(ctx context.Context, f *folded) (map[string]any, error) {
	r, err := regulationOf(ctx, f)
	if err != nil || r == nil {
		return map[string]any{}, err
	}
	v, err := rowTree(r)
	return map[string]any{rules: v}, err
}

func (s *Service) compareRegisters(ctx context.Context, a, b *folded, r Reader, o DifferenceOptions) ([]RegisterChange, error) {
	out := []RegisterChange{}
	for _, register := range Registers {
		may, err := s.byRegister(ctx, r, register)
		if err != nil {
			return nil, err
		}
		if !may.Allowed {
			continue
		}
		after, err := s.snapshot(ctx, b, r, register, o.at(o.To))
		if err != nil {
			return nil, err
		}
		c := RegisterChange{Register: register, After: &after}
		if a != nil {
			before, err := s.snapshot(ctx, a, r, register, o.at(o.From))
			if err != nil {
				return nil, err
			}
			if before.SHA256 == after.SHA256 {
				continue
			}
			c.Before = &before
		}
		out = append(out, c)
	}
	return out, nil
}
