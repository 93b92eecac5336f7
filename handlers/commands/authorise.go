package commands

import (
	"context"
	"slices"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/access"
	"github.com/casefile-engine/casefile/domain/agency"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/domain/staff"
	"github.com/casefile-engine/casefile/handlers/policy"
)

// FactorFresh is how long a proof of the second factor counts for what needs one anew.
const FactorFresh = 5 * time.Minute

// Question is what a caller wants to look at; Authorise answers it for each
// data category by itself.
type Question struct {
	Action  string // view, search, list, print, export, overview
	Of      string // policy.OfDossier, OfOffice or OfRegister
	Dossier string // of OfDossier; "" asks whether any dossier is open to his role alone
	Register,
	Purpose string
	Categories []domain.Category // none: one answer, for no category in particular
	// Own: of a register, the rows of his own dossiers alone; of no dossier in
	// particular, whether those assigned to him are open to him.
	Own    bool
	Matter bool // the purpose's request, complaint, incident or review is open
}

// Authorise answers whether the caller may look at what he asks for, now, by
// the states on the stream of the member of staff, the dossier and the agency,
// and not by what a session remembers: one decision for each category, in their
// order. Errors are those of the store; nothing may be shown then.
func (h *Handler) Authorise(ctx context.Context, c Caller, agencyID string, q Question) ([]policy.Decision, error) {
	h.gate.RLock()
	defer h.gate.RUnlock()
	now := h.store.RecordedNow()
	a := h.ask(c, agencyID, q, now)
	var grants []staff.Grant
	set := h.policies.BuiltIn()
	if c.Staff != domain.Operator && c.Staff != domain.Engine && c.Agency == agencyID {
		var ends int
		var err error
		if grants, ends, set, err = h.describe(ctx, &a, c, now); err != nil {
			return nil, err
		}
		if q.Dossier != "" {
			if err := h.relate(ctx, &a, q.Dossier, now, ends); err != nil {
				return nil, err
			}
		}
	}
	if len(q.Categories) == 0 {
		a.Granted = granted(grants, q, "")
		return []policy.Decision{set.Decide(a)}, nil
	}
	out := make([]policy.Decision, len(q.Categories))
	for i, cat := range q.Categories {
		a.Category, a.Granted = cat, granted(grants, q, cat)
		out[i] = set.Decide(a)
	}
	return out, nil
}

// ask is the question in the policies' terms, as far as the caller says it himself.
func (h *Handler) ask(c Caller, agencyID string, q Question, now time.Time) policy.Ask {
	a := policy.Ask{
		Subject: policy.Subject{Agency: c.Agency, Staff: c.Staff}, Agency: agencyID, Action: q.Action, Of: q.Of, Name: q.Register,
		Purpose: q.Purpose, Own: q.Own, Door: string(c.Door), InScope: inScope(c.Scopes, q.Of, q.Action, ""), FreshFactor: fresh(c, now),
	}
	a.Matter = q.Matter
	if q.Of == policy.OfDossier {
		a.Name, a.Assigned = q.Dossier, q.Own && q.Dossier == ""
	}
	return a
}

// describe fills in what the stream says of the caller and the profile in force;
// it gives the authorisations that hold now, the days after the end of guidance
// on which an assignment still counts, and the agency's policies.
func (h *Handler) describe(ctx context.Context, a *policy.Ask, c Caller, now time.Time) (grants []staff.Grant, ends int, set *policy.Set, err error) {
	err = h.look(ctx, domain.Ref{Agency: a.Agency, Kind: domain.KindStaff, ID: c.Staff}, func(state any) {
		st := staffState(state)
		a.Subject = subjectOf(st, a.Agency, c.Staff, now)
		if st.Exists() {
			grants = st.GrantsAt(now)
		}
	})
	if err != nil {
		return nil, 0, nil, err
	}
	var own []agency.PolicyFile
	err = h.look(ctx, domain.Ref{Agency: a.Agency, Kind: domain.KindAgency, ID: a.Agency}, func(state any) {
		st, _ := state.(*agency.State)
		ends, own = byProfile(a, st, nl.DateOf(now)), st.PoliciesAt(now)
	})
	if err == nil {
		set, err = h.policies.Of(texts(own))
	}
	return grants, ends, set, err
}

// texts are an agency's policies as the policies' package takes them.
func texts(files []agency.PolicyFile) []policy.Text {
	out := make([]policy.Text, len(files))
	for i, f := range files {
		out[i] = policy.Text(f)
	}
	return out
}

// byProfile fills in what the profile in force on a day says; it gives the days
// after the end of guidance on which an assignment still counts (C-0g).
func byProfile(a *policy.Ask, st *agency.State, day nl.Date) int {
	p := st.ProfileAt(day)
	if p == nil {
		return 0
	}
	a.KnownPurpose = p.KnowsPurpose(a.Purpose)
	a.Team = p.Access.Model == "team"
	a.Rule = p.Access.Rule
	return p.Terms.AssignmentEnds.Value
}

// related fills in how the subject stands to a dossier at an instant.
func related(a *policy.Ask, st *dossier.State, at time.Time, ends int) {
	a.Team = a.Team && st.Exists()
	a.Assigned = st.AccessBy(a.Staff, at, ends)
	a.Broken = st.BrokenBy(a.Staff, at)
}

// granted tells whether one of the authorisations covers the question (C-2.7a).
func granted(grants []staff.Grant, q Question, c domain.Category) bool {
	if q.Of != policy.OfDossier || q.Dossier == "" {
		return false
	}
	return slices.ContainsFunc(grants, func(g staff.Grant) bool {
		return g.Opens(q.Dossier) && (g.Purpose == "" || g.Purpose == q.Purpose) && (c == "" || slices.Contains(g.Categories, c))
	})
}

// Grants gives the dossiers that authorisations of a member of staff open now;
// team is true when one opens all of the agency's.
func (h *Handler) Grants(ctx context.Context, agencyID, id string) (dossiers []string, team bool, err error) {
	h.gate.RLock()
	defer h.gate.RUnlock()
	now := h.store.RecordedNow()
	err = h.look(ctx, domain.Ref{Agency: agencyID, Kind: domain.KindStaff, ID: id}, func(state any) {
		for _, g := range staffState(state).GrantsAt(now) {
			if !g.Maintenance {
				team = team || g.Team
				dossiers = append(dossiers, g.Dossiers...)
			}
		}
	})
	slices.Sort(dossiers)
	return slices.Compact(dossiers), team, err
}

// look gives f the state of an aggregate, current to the stream's newest commit.
func (h *Handler) look(ctx context.Context, ref domain.Ref, f func(state any)) error {
	e := h.cache.acquire(ref)
	defer h.cache.release(e)
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := h.load(ctx, e); err != nil {
		e.reset()
		return h.failure(&parsed{spec: accessSpec}, err).Err()
	}
	f(e.state)
	return nil
}

func fresh(c Caller, now time.Time) bool {
	return !c.FactorAt.IsZero() && now.Sub(c.FactorAt) <= FactorFresh
}

// inScope tells whether a token's scopes take in what is asked; no scopes: no limit.
func inScope(scopes []string, of, action, command string) bool {
	if scopes == nil {
		return true
	}
	want := []string{"read"}
	switch {
	case command != "":
		want = []string{"commands", command}
	case action == "overview":
		want = []string{"overviews"}
	case of == policy.OfRegister:
		want = []string{"registers"}
	}
	return slices.ContainsFunc(want, func(s string) bool { return slices.Contains(scopes, s) })
}

// authorise decides whether the actor may give a command: rights are judged
// now, and in an import at `at` (catalogue §2).
//
// The policies are the agency's at that time; those that it adopts now must be
// such as can be used.
func (h *Handler) authorise(p *parsed, s *session, at time.Time) (policy.Decision, error) {
	if c, ok := p.cmd.(*agency.AdoptPolicies); ok {
		if _, err := h.policies.Of(texts(c.Files)); err != nil {
			return policy.Decision{}, err
		}
	}

	a := policy.Ask{
		Subject: s.subject(p, at), Agency: p.req.Agency, Action: p.spec.Name, Of: policy.OfOffice, Self: givesTo(p.cmd) == p.req.Actor,
		Door: string(p.caller.Door), InScope: inScope(p.caller.Scopes, "", "", p.spec.Name), FreshFactor: fresh(p.caller, at), KnownPurpose: true,
	}
	st, _ := s.state(domain.Ref{Agency: p.req.Agency, Kind: domain.KindAgency, ID: p.req.Agency}).(*agency.State)
	ends := byProfile(&a, st, nl.DateOf(at))
	if p.req.Dossier != "" {
		a.Of, a.Name = policy.OfDossier, p.req.Dossier
		d, _ := s.state(domain.Ref{Agency: p.req.Agency, Kind: domain.KindDossier, ID: p.req.Dossier}).(*dossier.State)
		related(&a, d, at, ends)
	}
	if p.req.Actor == domain.Operator || p.req.Actor == domain.Engine {
		return h.policies.BuiltIn().Decide(a), nil
	}
	// What was adopted and can no longer be used may have prohibited this.
	set, err := h.policies.Of(texts(st.PoliciesAt(at)))
	if err != nil {
		return policy.Decision{}, err
	}
	return set.Decide(a), nil
}

// givesTo is the member of staff to whom a command gives rights, "" for any other.
func givesTo(c domain.Command) domain.ID {
	switch c := c.(type) {
	case *staff.GrantRole, *staff.GrantAccess, *staff.GrantMaintenance:
		return staff.Target(c)
	case *dossier.AssignStaff:
		return c.Staff
	}
	return ""
}

// recordDenied puts on record that somebody was kept from giving a command. That
// it could not be recorded changes nothing for him.
func (h *Handler) recordDenied(ctx context.Context, p *parsed, d policy.Decision) {
	if p.caller.Staff == domain.Operator || p.caller.Staff == domain.Engine {
		return
	}
	ev := &access.Recorded{
		Action: access.ActionChange, Outcome: access.Denied, Ground: "none", Policies: d.Policies, Code: d.Err.Code, Rule: d.Err.Rule,
	}
	// The id of a dossier that is not here may be another agency's (C-2.8).
	if there, err := h.Exists(ctx, p.req.Agency, p.req.Dossier); err == nil && there {
		ev.Dossiers = []domain.ID{p.req.Dossier}
	}
	if _, _, err := h.RecordAccess(ctx, p.caller, p.caller.Agency, Basis{Ground: "none", PolicyDigest: d.Digest}, ev); err != nil {
		h.log.Error("a denied command could not be recorded", "code", domain.AsError(err).Code)
	}
}

// deniedError is a refusal by the policies, with the decision for the record.
type deniedError struct{ decision policy.Decision }

// Error is what the policies say.
func (e *deniedError) Error() string { return e.decision.Err.Error() }

// Unwrap gives the refusal.
func (e *deniedError) Unwrap() error { return e.decision.Err }

// AuthoriseEach is Authorise for many dossiers, for the one category of the
// question: one decision for each, in their order.
func (h *Handler) AuthoriseEach(ctx context.Context, c Caller, agencyID string, q Question, dossiers []string) ([]policy.Decision, error) {
	q.Categories = q.Categories[:min(len(q.Categories), 1)]
	table, err := h.AuthoriseTable(ctx, c, agencyID, q, dossiers)
	if err != nil {
		return nil, err
	}
	out := make([]policy.Decision, len(table))
	for i := range table {
		out[i] = table[i][0]
	}
	return out, nil
}

// AuthoriseTable is Authorise for many dossiers: of each, in their order, one
// decision for each category of the question, or one for none in particular.
func (h *Handler) AuthoriseTable(ctx context.Context, c Caller, agencyID string, q Question, dossiers []string) ([][]policy.Decision, error) {
	h.gate.RLock()
	defer h.gate.RUnlock()
	now := h.store.RecordedNow()
	a := h.ask(c, agencyID, q, now)
	categories := q.Categories
	if len(categories) == 0 {
		categories = []domain.Category{""}
	}
	person := c.Staff != domain.Operator && c.Staff != domain.Engine && c.Agency == agencyID
	var grants []staff.Grant
	ends, set, err := 0, h.policies.BuiltIn(), error(nil)
	if person {
		if grants, ends, set, err = h.describe(ctx, &a, c, now); err != nil {
			return nil, err
		}
	}
	out := make([][]policy.Decision, len(dossiers))
	for i, id := range dossiers {
		x := a
		x.Name, q.Dossier = id, id
		if person {
			if err := h.relate(ctx, &x, id, now, ends); err != nil {
				return nil, err
			}
		}
		out[i] = make([]policy.Decision, len(categories))
		for j, category := range categories {
			x.Category = category
			if person {
				x.Granted = granted(grants, q, category)
			}
			out[i][j] = set.Decide(x)
		}
	}
	return out, nil
}

// relate fills in how the subject stands to a dossier, by its state on the stream.
func (h *Handler) relate(ctx context.Context, a *policy.Ask, id string, now time.Time, ends int) error {
	return h.look(ctx, domain.Ref{Agency: a.Agency, Kind: domain.KindDossier, ID: id}, func(state any) {
		st, _ := state.(*dossier.State)
		related(a, st, now, ends)
	})
}

// Matter tells whether a request of the client, a complaint, or a look in an
// emergency that has to be reviewed is open in a dossier, by the purpose that
// belongs to it.
func (h *Handler) Matter(ctx context.Context, agencyID, id, purpose string) (open bool, err error) {
	h.gate.RLock()
	defer h.gate.RUnlock()
	err = h.look(ctx, domain.Ref{Agency: agencyID, Kind: domain.KindDossier, ID: id}, func(state any) {
		if st, ok := state.(*dossier.State); ok {
			open = st.Matter(purpose)
		}
	})
	return open, err
}

// Team tells whether the profile in force lets the whole team into each dossier.
func (h *Handler) Team(ctx context.Context, agencyID string) (team bool, err error) {
	h.gate.RLock()
	defer h.gate.RUnlock()
	var a policy.Ask
	err = h.look(ctx, domain.Ref{Agency: agencyID, Kind: domain.KindAgency, ID: agencyID}, func(state any) {
		st, _ := state.(*agency.State)
		byProfile(&a, st, nl.DateOf(h.store.RecordedNow()))
	})
	return a.Team, err
}

// Exists tells whether an agency has a dossier.
func (h *Handler) Exists(ctx context.Context, agencyID, id string) (there bool, err error) {
	if id == "" {
		return false, nil
	}
	h.gate.RLock()
	defer h.gate.RUnlock()
	err = h.look(ctx, domain.Ref{Agency: agencyID, Kind: domain.KindDossier, ID: id}, func(state any) {
		st, ok := state.(*dossier.State)
		there = ok && st.Exists()
	})
	return there, err
}
