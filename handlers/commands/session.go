package commands

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/catalog"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/domain/staff"
	"github.com/casefile-engine/casefile/handlers/policy"
)

// session holds the locks of one command: the target's for writing, those of
// the aggregates it looks at for reading.
type session struct {
	h      *Handler
	target *entry
	others []*entry
}

// open loads and locks what a command needs, in the order of the subjects.
func (h *Handler) open(ctx context.Context, p *parsed) (*session, error) {
	s := &session{h: h, target: h.cache.acquire(p.target)}
	for _, ref := range refsOf(p) {
		s.others = append(s.others, h.cache.acquire(ref))
	}
	for {
		if err := s.load(ctx); err != nil {
			s.releaseAll()
			return nil, err
		}
		s.lock()
		if s.current() {
			if err := h.load(ctx, s.target); err != nil {
				s.close()
				return nil, err
			}
			return s, nil
		}
		s.unlockOthers()
		s.target.mu.Unlock()
	}
}

// refsOf lists the aggregates that the decision looks at beside its target.
func refsOf(p *parsed) []domain.Ref {
	refs := append([]domain.Ref{{Agency: p.req.Agency, Kind: domain.KindAgency, ID: p.req.Agency}}, catalog.Needs(p.req.Agency, p.req.Dossier, p.req.Actor, p.cmd)...)
	if a := p.req.Actor; a != domain.Operator && a != domain.Engine {
		refs = append(refs, domain.Ref{Agency: p.req.Agency, Kind: domain.KindStaff, ID: a})
	}
	slices.SortFunc(refs, func(a, b domain.Ref) int { return strings.Compare(a.Subject(), b.Subject()) })
	refs = slices.Compact(refs)
	return slices.DeleteFunc(refs, func(r domain.Ref) bool { return r == p.target })
}

func (s *session) load(ctx context.Context) error {
	for _, e := range s.others {
		e.mu.RLock()
		ok := e.loaded && s.h.exclusive
		e.mu.RUnlock()
		if ok {
			continue
		}
		e.mu.Lock()
		err := s.h.load(ctx, e)
		e.mu.Unlock()
		if err != nil {
			return err
		}
	}
	return nil
}

// lock takes all locks in the order of the subjects; others is sorted already.
func (s *session) lock() {
	done := false
	for _, e := range s.others {
		if !done && s.target.ref.Subject() < e.ref.Subject() {
			s.target.mu.Lock()
			done = true
		}
		e.mu.RLock()
	}
	if !done {
		s.target.mu.Lock()
	}
}

// current tells whether nobody reset one of the others between load and lock.
func (s *session) current() bool {
	for _, e := range s.others {
		if !e.loaded {
			return false
		}
	}
	return true
}

func (s *session) unlockOthers() {
	for _, e := range s.others {
		e.mu.RUnlock()
	}
}

// releaseOthers lets go of all but the target, once the decision is made.
func (s *session) releaseOthers() {
	s.unlockOthers()
	for _, e := range s.others {
		s.h.cache.release(e)
	}
	s.others = nil
}

// close lets go of everything that is still held.
func (s *session) close() {
	s.releaseOthers()
	s.target.mu.Unlock()
	s.h.cache.release(s.target)
}

// releaseAll gives the entries back without any lock held.
func (s *session) releaseAll() {
	for _, e := range slices.Concat(s.others, []*entry{s.target}) {
		s.h.cache.release(e)
	}
}

// env is what Decide may know beside the target's state: the clock, who acts,
// and the states of the aggregates that the command names.
func (s *session) env(ctx context.Context, p *parsed, now time.Time) (*catalog.Env, error) {
	env := &catalog.Env{Env: domain.Env{
		Now: now, At: p.at, Agency: p.req.Agency, Dossier: p.req.Dossier, Actor: p.req.Actor,
		Door: string(p.caller.Door), Known: make(map[domain.Ref]any, len(s.others)),
	}}
	if env.At.IsZero() {
		env.At = now
	}
	env.Purpose = p.caller.Purpose
	for _, e := range s.others {
		if e.version > 0 {
			env.Known[e.ref] = e.state
		}
	}
	if st := s.staff(p.req.Agency, p.req.Actor); st != nil {
		env.ActorRoles = st.RolesAt(env.At)
	}
	if p.spec.Responsible && s.h.responsible != nil {
		var err error
		if env.Responsible, err = s.h.responsible(ctx, p.req.Agency, p.target.ID, env.At); err != nil {
			return nil, err
		}
	}
	return env, nil
}

// staff gives the state of a member of staff among the loaded aggregates, nil
// when it is not there or was never enrolled.
func (s *session) staff(agencyName, id string) *staff.State {
	ref := domain.Ref{Agency: agencyName, Kind: domain.KindStaff, ID: id}
	for _, e := range slices.Concat(s.others, []*entry{s.target}) {
		if e.ref == ref && e.version > 0 {
			return staffState(e.state)
		}
	}
	return nil
}

func staffState(state any) *staff.State {
	st, _ := state.(*staff.State)
	return st
}

// judged is the instant for which rights are judged: now, and in an import the
// time of the command (catalogue §2).
func (s *session) judged(env *catalog.Env, now time.Time) time.Time {
	if env.Backdated() {
		return env.At
	}
	return now
}

// unknown tells whether an import names a dossier that is not there, or was not
// at that time, which is then said as it is: whoever brings an older system over
// may know. Anybody else gets the answer that a dossier of others gives.
func (s *session) unknown(p *parsed, env *catalog.Env, d policy.Decision) bool {
	if !env.Backdated() || d.Err.Code != "not_assigned" || p.req.Dossier == "" {
		return false
	}
	st, ok := s.state(domain.Ref{Agency: p.req.Agency, Kind: domain.KindDossier, ID: p.req.Dossier}).(*dossier.State)
	return !ok || !st.Exists() || env.At.Before(st.Opened)
}

// subject describes the actor as he stood at the moment that counts.
func (s *session) subject(p *parsed, at time.Time) policy.Subject {
	if a := p.req.Actor; a == domain.Operator || a == domain.Engine {
		return policy.Subject{Staff: a}
	}
	return subjectOf(s.staff(p.req.Agency, p.req.Actor), p.req.Agency, p.req.Actor, at)
}

// state gives the state of an aggregate among the loaded ones; nil when it is
// not among them or has no event yet.
func (s *session) state(ref domain.Ref) any {
	if s.target.ref == ref && s.target.version > 0 {
		return s.target.state
	}
	for _, e := range s.others {
		if e.ref == ref && e.version > 0 {
			return e.state
		}
	}
	return nil
}

func subjectOf(st *staff.State, agencyName, id string, at time.Time) policy.Subject {
	sub := policy.Subject{Agency: agencyName, Staff: id}
	if st != nil {
		sub.Active = st.ActiveAt(at)
		sub.Roles = st.RolesAt(at)
		sub.Bound = st.BoundOn(nl.DateOf(at))
	}
	return sub
}
