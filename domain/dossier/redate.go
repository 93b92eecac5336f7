package dossier

import (
	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/domain/regulation"
)

// TypeRedated is the type of the event by which a dossier's terms are worked
// out anew.
const TypeRedated = "retention.redated"

// Redated says that the dossier's terms are those of another version of the
// regulation, why, and what that changes (C-4b; requirements §6: never
// silently). It moves no date by itself: on any day a term is judged by the
// profile that is in force on that day (catalogue §1), which is the one that
// the event names from EffectiveFrom on. Events that were judged by the version
// before keep it. No section.
type Redated struct {
	Reason        string  `json:"reason"` // domain.RedateReasons
	Profile       string  `json:"profile"`
	Version       int     `json:"version"`
	EffectiveFrom nl.Date `json:"effective_from"`
	// PreviousProfile and PreviousVersion are those by which it was dated before.
	PreviousProfile string `json:"previous_profile,omitzero"`
	PreviousVersion int    `json:"previous_version,omitzero"`
	// Dates has the classes whose term has started, in byte order.
	Dates []RedatedClass `json:"dates,omitzero"`
}

// RedatedClass is the due date of a class by the new version and by the one
// before, as things stood when the event was decided.
type RedatedClass struct {
	Class    domain.Class `json:"class"`
	Due      nl.Date      `json:"due"`
	Previous nl.Date      `json:"previous,omitzero"`
}

// EventType is the constant above.
func (*Redated) EventType() string { return TypeRedated }

// Dating is the version of a regulation by which a dossier is dated.
type Dating struct {
	Profile string  `json:"profile"`
	Version int     `json:"version"`
	From    nl.Date `json:"from"`
}

// RedateDossier dates a dossier by the version of the regulation that has come
// into force. The engine alone gives it, for every dossier of an agency, when a
// version takes effect; people change terms by adopting a regulation.
type RedateDossier struct {
	Reason  string `json:"reason"`
	Profile string `json:"profile"`
	Version int    `json:"version"`
}

// CommandName is the constant name of the command.
func (*RedateDossier) CommandName() string { return "RedateDossier" }

// Validate tells what is wrong with the form of the command.
func (c *RedateDossier) Validate() error {
	var k domain.Check
	k.Code("reason", c.Reason, domain.RedateReasons)
	k.Text("profile", c.Profile, domain.MaxShort)
	k.Range("version", c.Version, 1, 1_000_000)
	return k.Err()
}

// redate compares the version in force with the one by which the dossier was
// dated: that of its last re-dating, or else the one in force at its opening.
func (d *decision) redate(c *RedateDossier) ([]domain.Fact, error) {
	now, _ := d.agency.AdoptionAt(d.day)
	switch {
	case d.env.Actor != domain.Engine || d.env.Door != "engine":
		return nil, &domain.Error{Kind: domain.KindForbidden, Code: "engine_only", Rule: domain.RuleForm,
			Message: "terms are worked out anew by the engine when a regulation takes effect; adopt a regulation instead"}
	case d.profile.Name != c.Profile || d.profile.Version != c.Version:
		return nil, domain.RefusedField("version", "not_in_force", "C-4b", "this version of the regulation is not in force on that day; name the one that is")
	}
	before := d.agency.ProfileAt(dayOf(d.s.Opened))
	if at := d.s.Dating; at.Profile != "" {
		before = d.agency.Adopted(at.Profile, at.Version)
	}
	if before != nil && before.Name == c.Profile && before.Version == c.Version {
		return nil, domain.RefusedField("version", "already_dated", "C-4b", "the dossier is dated by this version already")
	}
	e := &Redated{Reason: c.Reason, Profile: c.Profile, Version: c.Version, EffectiveFrom: now.From}
	if before != nil {
		e.PreviousProfile, e.PreviousVersion = before.Name, before.Version
	}
	f := d.s.retentionFacts()
	for _, class := range domain.Classes {
		s := d.profile.Schedule(class, f)
		if len(s.Missing) > 0 {
			continue
		}
		x := RedatedClass{Class: class, Due: s.Due}
		if before != nil {
			x.Previous = before.Schedule(class, f).Due
		}
		e.Dates = append(e.Dates, x)
	}
	return domain.OneFact(e), nil
}

// retentionFacts are the facts on which the dossier's terms depend.
func (s *State) retentionFacts() regulation.RetentionFacts {
	f := regulation.RetentionFacts{Declined: s.DeclinedOn}
	for _, t := range s.Trajectories {
		f.Trajectories = append(f.Trajectories, regulation.TrajectoryFact{Started: t.Started(), Ended: t.Ended(), AgreementUntil: t.AgreementUntil})
	}
	return f
}
