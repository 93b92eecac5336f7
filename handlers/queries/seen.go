package queries

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/agency"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/incident"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/domain/staff"
	"github.com/casefile-engine/casefile/eventstore/seal"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/policy"
	"github.com/casefile-engine/casefile/projections/access"
	"github.com/casefile-engine/casefile/projections/commits"
	"github.com/casefile-engine/casefile/projections/rows"
)

// Seen is what a member of staff could have seen of a dossier at an instant, and
// what the access register says was shown to him by then.
type Seen struct {
	Agency   string     `json:"agency"`
	Dossier  string     `json:"dossier"`
	Staff    string     `json:"staff"`
	KnownAt  time.Time  `json:"known_at"`
	Position uint64     `json:"position"` // up to which the stream was known then
	Rights   SeenRights `json:"rights"`
	// View is the dossier as he could have seen it; absent when he could not.
	// What the reader may not see opened is closed in it.
	View *DossierView `json:"view,omitempty"`
	// Looks are his looks at the dossier on record by then, denied ones included.
	Looks []AccessLook `json:"looks"`
	// Shown are the data categories that were shown to him.
	Shown        []Shown `json:"shown"`
	AccessRecord uint64  `json:"access_position,omitempty"`
}

// SeenRights are a member of staff's rights to a dossier as they stood.
type SeenRights struct {
	Allowed bool   `json:"allowed"`
	Code    string `json:"code,omitempty"` // why not
	Rule    string `json:"rule,omitempty"`
	// What counted then.
	Active   bool     `json:"active"`
	Bound    bool     `json:"bound"` // by a declaration of confidentiality
	Roles    []string `json:"roles"`
	Assigned bool     `json:"assigned"`
	// Counts tells that the assignment still opened the dossier: guidance had not
	// ended longer ago than the profile lets it count (C-0g).
	Counts  bool     `json:"assignment_counts"`
	Broken  bool     `json:"break_glass"`
	Grants  []string `json:"grants,omitempty"`  // that opened this dossier
	Profile string   `json:"profile,omitempty"` // in force, name/version
	// Categories are what he could have seen, and for which purposes.
	Categories []SeenCategory `json:"categories"`
	// Digest is that of the policies by which this is judged: the agency's own of
	// then, or the built-in ones of this program where it had none. Recorded are
	// those that the access events of that day carry; Changed says that one of them
	// is another, so that the looks tell more than this judgement.
	Digest   string   `json:"policy_digest"`
	Recorded []string `json:"recorded_policy_digests"`
	Changed  bool     `json:"policies_changed"`
}

// SeenCategory is a category with the purposes for which it was open, by ground.
type SeenCategory struct {
	Category domain.Category     `json:"category"`
	Purposes map[string][]string `json:"purposes"` // ground → purposes
}

// Shown is how often a category was shown, from when to when.
type Shown struct {
	Category domain.Category `json:"category"`
	Times    int             `json:"times"`
	First    time.Time       `json:"first"`
	Last     time.Time       `json:"last"`
}

// Seen answers what a member of staff could have seen of a dossier at an instant,
// by what was known then, beside what was shown to him (C-2.1.4b). It is for
// whoever reads the registers history and access whole; contents are opened for
// who may see them himself. Errors: as Dossier; unknown_staff.
func (s *Service) Seen(ctx context.Context, r Reader, id, who string, knownAt time.Time, open bool) (*Seen, error) {
	p, err := s.overseen(ctx, r, "history", accessRegister)
	if err != nil {
		return nil, err
	}
	if who, err = domain.ParseID("as", who); err != nil {
		return nil, err
	}
	if open {
		p, err = s.letIn(ctx, r, &id, true)
	} else if id, err = domain.ParseID("dossier", id); err == nil {
		err = s.existing(ctx, r, id)
	}
	if err != nil {
		return nil, err
	}
	if err := s.current(ctx, access.Name); err != nil {
		return nil, err
	}
	o := ReplayOptions{KnownAt: &knownAt, Open: open}
	h, err := s.history(ctx, domain.Ref{Agency: r.Agency, Kind: domain.KindDossier, ID: id}, o.dossier())
	if err != nil {
		return nil, err
	}
	out := &Seen{Agency: r.Agency, Dossier: id, Staff: who, KnownAt: knownAt}
	if out.Position, err = commits.Horizon(ctx, s.db, knownAt); err != nil {
		return nil, err
	}
	could, err := s.judge(ctx, out, h)
	if err != nil {
		return nil, err
	}
	view, ack, err := s.lookAgain(ctx, r, id, h, h.commits, p, o)
	if err != nil {
		return nil, err
	}
	out.AccessRecord = view.AccessRecord
	if out.Rights.Allowed {
		if err := s.seenView(ctx, ack, h, view, could, o); err != nil {
			return nil, err
		}
		out.View = view
	}
	return out, s.shown(ctx, out)
}

// overseen lets in whoever may read all of the registers; a denial goes on record.
func (s *Service) overseen(ctx context.Context, r Reader, registers ...string) (p pass, err error) {
	if err := checkReader(r); err != nil {
		return p, err
	}
	if err := s.wait(ctx, r); err != nil {
		return p, err
	}
	if err := s.known(ctx, r); err != nil {
		return p, err
	}
	for _, register := range registers {
		if p, err = s.byRegister(ctx, r, register); err != nil {
			return p, err
		}
		if !p.Allowed {
			s.deny(ctx, r, p, commands.Question{})
			return p, p.Err
		}
	}
	return p, nil
}

// judge fills in the rights as they stood, and gives what they let him see.
func (s *Service) judge(ctx context.Context, out *Seen, h *history) (pass, error) {
	o := DossierOptions{KnownAt: &out.KnownAt}
	past := commands.Past{At: out.KnownAt, ID: out.Staff}
	past.Dossier, _ = h.state.(*dossier.State)
	for _, ref := range []domain.Ref{{Agency: out.Agency, Kind: domain.KindStaff, ID: out.Staff}, {Agency: out.Agency, Kind: domain.KindAgency, ID: out.Agency}} {
		x, err := s.history(ctx, ref, o)
		if err != nil {
			return pass{}, err
		}
		switch st := x.state.(type) {
		case *staff.State:
			past.Staff = st
		case *agency.State:
			past.Agency = st
		}
	}
	if !past.Staff.Exists() {
		return pass{}, &domain.Error{Kind: domain.KindNotFound, Code: "unknown_staff", Rule: "C-2.7e", Field: "as", Message: "no such member of staff was enrolled by then; compare the id and the time"}
	}
	rights := rightsAt(past, out.Dossier)
	could := pass{may: map[domain.Category]bool{}, whole: true}
	by := map[domain.Category]map[string][]string{}
	for _, purpose := range domain.Purposes {
		matter, err := s.matterAt(ctx, out, past, purpose)
		if err != nil {
			return pass{}, err
		}
		q := commands.Question{Action: "view", Of: policy.OfDossier, Dossier: out.Dossier, Purpose: purpose, Categories: everything, Matter: matter}
		decisions, err := s.commands.Judge(out.Agency, past, q)
		if err != nil {
			return pass{}, err
		}
		for i, d := range decisions {
			rights.Digest = d.Digest
			if !d.Allowed {
				if rights.Code == "" && d.Err != nil && purpose == "guidance" {
					rights.Code, rights.Rule = d.Err.Code, d.Err.Rule
				}
				continue
			}
			c := everything[i]
			could.may[c] = true
			if by[c] == nil {
				by[c] = map[string][]string{}
			}
			by[c][d.Ground] = append(by[c][d.Ground], purpose)
		}
	}
	for _, c := range everything {
		could.whole = could.whole && could.may[c]
		if by[c] != nil {
			rights.Categories = append(rights.Categories, SeenCategory{c, by[c]})
		}
	}
	if rights.Allowed = len(by) > 0; rights.Allowed {
		rights.Code, rights.Rule = "", ""
	}
	out.Rights = rights
	return could, nil
}

// rightsAt is what counted for a member of staff then.
func rightsAt(past commands.Past, id string) SeenRights {
	day := nl.DateOf(past.At)
	r := SeenRights{Active: past.Staff.ActiveAt(past.At), Bound: past.Staff.BoundOn(day), Roles: past.Staff.RolesAt(past.At),
		Assigned: past.Dossier.AssignedAt(past.ID, past.At), Broken: past.Dossier.BrokenBy(past.ID, past.At), Categories: []SeenCategory{}}
	if r.Roles == nil {
		r.Roles = []string{}
	}
	for _, g := range past.Staff.GrantsAt(past.At) {
		if g.Opens(id) {
			r.Grants = append(r.Grants, g.ID)
		}
	}
	if p := past.Agency.ProfileAt(day); p != nil {
		r.Counts = past.Dossier.AccessBy(past.ID, past.At, p.Terms.AssignmentEnds.Value)
	}
	if a, ok := past.Agency.AdoptionAt(day); ok && a.Document != nil {
		r.Profile = profileName(a.Document)
	}
	return r
}

// matterAt tells whether what a purpose is about was open then.
func (s *Service) matterAt(ctx context.Context, out *Seen, past commands.Past, purpose string) (bool, error) {
	if purpose != "incident" {
		return past.Dossier.Matter(purpose), nil
	}
	open := map[string]bool{}
	err := commits.EachOfKind(ctx, s.db, out.Agency, domain.KindIncident, out.Position, func(e commits.Entry) error {
		c, err := e.Checked()
		if err != nil {
			return err
		}
		events, err := commands.Decode(c)
		for _, ev := range events {
			switch x := ev.Event.(type) {
			case *incident.Reported:
				open[ev.Meta.Aggregate] = slices.Contains(x.Dossiers, out.Dossier)
			case *incident.Closed:
				delete(open, ev.Meta.Aggregate)
			}
		}
		return err
	})
	return slices.Contains(slices.Collect(maps.Values(open)), true), err
}

// seenView makes of the reader's view the one that could have been seen.
func (s *Service) seenView(ctx context.Context, ack seal.Acknowledgement, h *history, v *DossierView, could pass, o ReplayOptions) error {
	v.KnownAt = o.KnownAt
	if err := s.timeline(ctx, ack, h, v, o.Open); err != nil {
		return err
	}
	if !o.Open {
		closedValues(h, v)
	}
	if err := s.reminded(ctx, domain.Ref{Agency: v.Agency, Kind: domain.KindDossier, ID: v.Dossier}, o.dossier(), v); err != nil {
		return err
	}
	then := &DossierView{}
	if err := then.describe(h, s.day(o.dossier())); err != nil {
		return err
	}
	then.pass = could
	for i := range v.Timeline {
		for j := range v.Timeline[i].Values {
			val := &v.Timeline[i].Values[j]
			switch {
			case !then.shows(val.Category, val.Record):
				val.State, val.Data = "hidden", nil
			case then.restricted[val.Record]:
				val.State, val.Data = "restricted", nil
			case val.State == "hidden" || val.State == "restricted":
				val.State = "closed" // for him it was open; for the reader, now, it is not
			}
		}
	}
	v.pass = could
	present(v)
	v.redact()
	return nil
}

// closedValues puts into the timeline that there are sealed values, unopened.
func closedValues(h *history, v *DossierView) {
	n := 0
	for _, c := range h.commits {
		for i := range c.Envelope.Data.Events {
			ev := &c.Envelope.Data.Events[i]
			for _, ref := range ev.Sections {
				if ref.IsList() {
					continue
				}
				v.Timeline[n].Values = append(v.Timeline[n].Values, Value{Category: ref.Category, Record: recordOf(ev.Data), State: "closed",
					Event: ev.ID, EventType: ev.Type, Position: c.Position, Occurred: c.Envelope.Time, Recorded: c.Envelope.Recorded})
			}
			n++
		}
	}
}

// shown joins the access register: his looks at the dossier that were on record,
// and by which policies looks of that day were decided.
func (s *Service) shown(ctx context.Context, out *Seen) error {
	out.Looks, out.Shown = []AccessLook{}, []Shown{}
	by := map[domain.Category]*Shown{}
	f := access.Filter{Filter: rows.Filter{Agency: out.Agency, Dossier: out.Dossier}, Actor: out.Staff, Before: out.Position + 1}
	err := access.Looks(ctx, s.db, f, func(l access.Look) error {
		x, _ := scope{all: true}.look(l, out.Dossier)
		out.Looks = append(out.Looks, x)
		if x.Outcome != "allowed" {
			return nil
		}
		for _, c := range x.Categories {
			if by[c] == nil {
				by[c] = &Shown{Category: c, First: x.OccurredAt}
			}
			by[c].Times++
			by[c].Last = x.OccurredAt
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, c := range slices.Sorted(maps.Keys(by)) {
		out.Shown = append(out.Shown, *by[c])
	}
	day, digests := nl.DateOf(out.KnownAt), map[string]bool{}
	f = access.Filter{Filter: rows.Filter{Agency: out.Agency, From: day.Start(), Until: day.End()}, Before: out.Position + 1}
	err = access.Looks(ctx, s.db, f, func(l access.Look) error {
		if l.Basis.Digest != "" {
			digests[l.Basis.Digest] = true
		}
		return nil
	})
	out.Rights.Recorded = slices.Sorted(maps.Keys(digests))
	if out.Rights.Recorded == nil {
		out.Rights.Recorded = []string{}
	}
	out.Rights.Changed = slices.ContainsFunc(out.Rights.Recorded, func(d string) bool { return d != out.Rights.Digest })
	return err
}
