package dossier

import (
	"strings"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/agency"
	"github.com/casefile-engine/casefile/domain/nl"
)

// Break-glass is the way in for somebody who guides the client in an emergency
// without being assigned: with a reason, for a short time, and looked into
// afterwards by the compliance officer (catalogue §2 and §5, C-2.1.4b).

// The types of event of a look in an emergency.
const (
	TypeGlassBroken   = "glass.broken"
	TypeGlassReviewed = "glass.reviewed"
)

// BreakGlass lets whoever gives it read the dossier for so many minutes. It
// opens no more than an assignment does: what has been destroyed has no keys.
type BreakGlass struct {
	Glass   domain.ID `json:"glass"`
	Reason  string    `json:"reason"`
	Minutes int       `json:"minutes"` // at most the regulation's break_glass_max
}

// ReviewBreakGlass is the compliance officer's finding on a look in an emergency.
type ReviewBreakGlass struct {
	Glass    domain.ID `json:"glass"`
	Finding  string    `json:"finding"` // justified, not_justified
	Text     string    `json:"text,omitzero"`
	Incident domain.ID `json:"incident,omitzero"` // the incident that a look without need is
}

// GlassBroken opens the dossier for Staff from From until Until, excluded.
// Section: file {reason}.
type GlassBroken struct {
	Glass domain.ID `json:"glass"`
	Staff string    `json:"staff"` // the actor
	From  time.Time `json:"from"`
	Until time.Time `json:"until"`
}

// GlassReviewed is the finding on a look in an emergency. It takes nothing back:
// what was seen was seen. Section: file {text}.
type GlassReviewed struct {
	Glass    domain.ID `json:"glass"`
	Finding  string    `json:"finding"` // one of GlassFindings
	Incident domain.ID `json:"incident,omitzero"`
}

// The findings on a look in an emergency.
const (
	Justified    = "justified"
	NotJustified = "not_justified"
)

// GlassFindings lists the findings.
var GlassFindings = []string{Justified, NotJustified}

// Warnings of a look in an emergency and of its review.
const (
	// WarnAssigned: who is assigned reads the dossier as it is, and needs no glass.
	WarnAssigned = "already_assigned"
	// WarnIncidentMissing: who looked without a right or a need makes an incident
	// of it (C-2.1.2, L-33), and the finding names none.
	WarnIncidentMissing = "incident_missing"
	// WarnGlassRuns: the time has not run out, so more may be looked at after
	// the review.
	WarnGlassRuns = "glass_runs"
)

// ruleReview is the article on the control of proper use, under both profiles:
// the regulation of solutions-vpr has none of its own.
const ruleReview = "C-2.1.4b"

// CommandName is the name in the catalogue.

func (*BreakGlass) CommandName() string       { return "BreakGlass" }
func (*ReviewBreakGlass) CommandName() string { return "ReviewBreakGlass" }

// EventType names are the constants above.

func (*GlassBroken) EventType() string   { return TypeGlassBroken }
func (*GlassReviewed) EventType() string { return TypeGlassReviewed }

// mostMinutes bounds the form alone; how long is too long the regulation says.
const mostMinutes = 1_000_000

// Validate tells what is wrong with the form of the command.
func (c *BreakGlass) Validate() error {
	var k domain.Check
	k.ID("glass", &c.Glass)
	k.OptionalText("reason", c.Reason, domain.MaxText)
	k.Has("minutes", c.Minutes != 0)
	k.Range("minutes", c.Minutes, 1, mostMinutes)
	return k.Err()
}

// Validate tells what is wrong with the form of the command.
func (c *ReviewBreakGlass) Validate() error {
	var k domain.Check
	k.ID("glass", &c.Glass)
	k.Code("finding", c.Finding, GlassFindings)
	k.OptionalText("text", c.Text, domain.MaxText)
	k.OptionalID("incident", &c.Incident)
	return k.Err()
}

// check is all of a BreakGlass that is judged without the dossier. It comes
// before the question whether there is such a dossier: whoever is not assigned
// learns that from a glass that is on record, and from no refusal.
func (c *BreakGlass) check(office *agency.State, env *domain.Env) *domain.Error {
	if err := env.CheckTime(Timing(c), time.Time{}, time.Time{}); err != nil {
		return err
	}
	p := office.ProfileAt(nl.DateOf(env.At))
	if p == nil {
		return noRegulation()
	}
	most := p.Terms.BreakGlassMax
	switch {
	case strings.TrimSpace(c.Reason) == "":
		return domain.RefusedField("reason", "reason_missing", most.Rule, "nobody looks into a dossier of which he is no part without saying why; give the reason")
	case c.Minutes > most.Value:
		return domain.RefusedField("minutes", "glass_too_long", most.Rule, "this is longer than the regulation allows for an emergency; ask for less, or for an assignment")
	}
	return nil
}

func (d *decision) breakGlass(c *BreakGlass) ([]domain.Fact, error) {
	if d.s.Glasses[c.Glass] != nil {
		return nil, inUse("glass", d.profile.Terms.BreakGlassMax.Rule)
	}
	if d.s.AccessBy(d.env.Actor, d.env.At, d.profile.Terms.AssignmentEnds.Value) {
		d.env.Warn(WarnAssigned)
	}
	e := &GlassBroken{Glass: c.Glass, Staff: d.env.Actor, From: d.env.At, Until: d.env.At.Add(time.Duration(c.Minutes) * time.Minute)}
	return domain.OneFact(e, d.file(map[string]any{"reason": c.Reason})), nil
}

func (d *decision) reviewGlass(c *ReviewBreakGlass) ([]domain.Fact, error) {
	g := d.s.Glasses[c.Glass]
	switch {
	case g == nil:
		return nil, unknown("glass", "unknown_glass", ruleReview, "nobody broke the glass of this dossier under this id; compare it")
	case g.Staff == d.env.Actor:
		return nil, domain.RefusedField("glass", "own_glass", ruleReview, "nobody reviews his own look; have another compliance officer do it")
	case !g.Reviewed.IsZero():
		return nil, domain.RefusedField("glass", "glass_reviewed", ruleReview, "this look has been reviewed; report what is new as an incident")
	}
	if g.Holds(d.env.At) {
		d.env.Warn(WarnGlassRuns)
	}
	if c.Finding == NotJustified && c.Incident == "" {
		d.env.Warn(WarnIncidentMissing)
	}
	return domain.OneFact(&GlassReviewed{Glass: c.Glass, Finding: c.Finding, Incident: c.Incident}, d.file(map[string]any{"text": c.Text})), nil
}
