package incident

import (
	"slices"
	"strings"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/agency"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/domain/regulation"
)

// clockHours is the time that the law leaves for the notification (L-33); a
// profile may leave less.
const clockHours = 72

// Warnings of an incident.
const (
	// WarnOverdue: the time to notify had run out when the incident was reported.
	WarnOverdue = "clock_overdue"
	// WarnCommissioner: the agency works as processor, so its commissioner hears
	// of the breach without delay (AVG 33(2)).
	WarnCommissioner = "notify_commissioner"
	// WarnClients: a high risk, and yet the clients are not told; the reason has
	// to be one of AVG 34(3).
	WarnClients = "clients_not_notified"
)

// Target is the incident that a command is about.
func Target(c domain.Command) domain.ID {
	switch c := c.(type) {
	case *ReportIncident:
		return c.Incident
	case *AssessIncident:
		return c.Incident
	case *NotifyAuthority:
		return c.Incident
	case *CloseIncident:
		return c.Incident
	}
	return ""
}

// Decide says what a command does to an incident. It changes nothing but
// env.Warnings.
func Decide(s *State, c domain.Command, env *domain.Env) ([]domain.Fact, error) {
	office, _ := env.Known[domain.Ref{Agency: env.Agency, Kind: domain.KindAgency, ID: env.Agency}].(*agency.State)
	if !office.Exists() {
		return nil, agency.Unknown()
	}
	if err := env.CheckTime(domain.Timing{}, time.Time{}, s.Newest); err != nil {
		return nil, err
	}
	if r, reports := c.(*ReportIncident); reports {
		return report(s, r, env, office.ProfileAt(nl.DateOf(env.At)))
	}
	switch {
	case !s.Exists():
		return nil, &domain.Error{Kind: domain.KindNotFound, Code: "unknown_incident", Rule: "C-2.1.2", Field: "incident",
			Message: "there is no such incident in this agency; compare its id, or report it first"}
	case !s.ClosedOn.IsZero():
		return nil, domain.RefusedField("incident", "incident_closed", "C-2.1.2", "this incident has been closed; report what is new as an incident of its own")
	}
	switch c := c.(type) {
	case *AssessIncident:
		return assess(c, env)
	case *NotifyAuthority:
		return notify(s, c, env)
	case *CloseIncident:
		return closeIt(s, c, env)
	}
	return nil, domain.NotHandled(c)
}

// report starts the clock. It is refused for nothing that the report says of
// dossiers or people: a clock that does not run for a slip of the pen would
// hide a breach.
func report(s *State, c *ReportIncident, env *domain.Env, p *regulation.Profile) ([]domain.Fact, error) {
	discovered := c.DiscoveredAt.Start().UTC()
	switch {
	case s.Exists():
		return nil, domain.RefusedField("incident", "id_in_use", "C-2.1.2", "this id belongs to an incident already; choose another id")
	case discovered.After(env.At):
		return nil, domain.RefusedField("discovered_at", "in_future", "L-33", "it was discovered after it is reported; compare the two times")
	}
	hours := clockHours
	if p != nil && p.Terms.BreachHours.Value > 0 {
		hours = min(hours, p.Terms.BreachHours.Value)
	}
	// Hours are counted in UTC, so that a change of the clock lengthens nothing.
	e := &Reported{
		DiscoveredAt: discovered, NotifyBy: discovered.Add(time.Duration(hours) * time.Hour), Kind: "other",
		Dossiers: dossiersOf(c, env), Categories: slices.Sorted(slices.Values(c.Categories)), People: c.People,
	}
	words := map[string]any{"text": c.Text}
	if slices.Contains(domain.IncidentKinds, c.Kind) {
		e.Kind = c.Kind
	} else {
		words["kind"] = strings.TrimSpace(c.Kind)
	}
	if env.At.After(e.NotifyBy) {
		env.Warn(WarnOverdue)
	}
	if p != nil && p.Role.Default == "processor" {
		env.Warn(WarnCommissioner)
	}
	return domain.OneFact(e, seal(c.Incident, words)), nil
}

// dossiersOf are the dossiers of the report, with the one that the command
// itself names, in byte order.
func dossiersOf(c *ReportIncident, env *domain.Env) []domain.ID {
	ids := slices.Clone(c.Dossiers)
	if env.Dossier != "" {
		ids = append(ids, env.Dossier)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

func assess(c *AssessIncident, env *domain.Env) ([]domain.Fact, error) {
	e := &Assessed{Risk: riskOf(c.Risk), NotifyAuthority: *c.NotifyAuthority, NotifyClients: *c.NotifyClients}
	switch {
	case !e.NotifyAuthority && (e.Risk == "medium" || e.Risk == "high"):
		return nil, domain.RefusedField("notify_authority", "notification_due", "L-33",
			"where people run a risk the authority hears of it; notify it, or give a risk of none or low with the reason")
	case !e.NotifyClients && e.Risk == "high":
		env.Warn(WarnClients)
	}
	return domain.OneFact(e, seal(c.Incident, map[string]any{"reason": c.Reason})), nil
}

func notify(s *State, c *NotifyAuthority, env *domain.Env) ([]domain.Fact, error) {
	at := c.NotifiedAt.End().UTC()
	if !c.NotifiedAt.Day.IsZero() && at.After(env.At) && !c.NotifiedAt.Start().After(env.At) {
		at = env.At // the day itself, which is not over
	}
	switch {
	case at.After(env.At):
		return nil, domain.RefusedField("notified_at", "in_future", "L-33", "this lies after the time at which it is recorded; give the time at which the authority was notified")
	case at.Before(s.DiscoveredAt):
		return nil, domain.RefusedField("notified_at", "before_discovery", "L-33", "this lies before the discovery of the incident; compare the two times")
	}
	return domain.OneFact(&AuthorityNotified{NotifiedAt: at}, seal(c.Incident, map[string]any{"reference": c.Reference})), nil
}

func closeIt(s *State, c *CloseIncident, env *domain.Env) ([]domain.Fact, error) {
	switch {
	case c.ClosedOn.After(nl.DateOf(env.Now)):
		return nil, domain.RefusedField("closed_on", "in_future", "C-2.1.2", "this day lies in the future; give the day on which it was closed")
	case c.ClosedOn.Before(nl.DateOf(s.DiscoveredAt)):
		return nil, domain.RefusedField("closed_on", "before_discovery", "C-2.1.2", "this lies before the discovery of the incident; compare the two dates")
	case s.Risk == "" && s.NotifiedAt.IsZero():
		return nil, domain.RefusedField("incident", "not_assessed", "L-33", "the risk of this incident has not been assessed; assess it, with the reason, before closing it")
	case s.NotifyAuthority && s.NotifiedAt.IsZero():
		return nil, domain.RefusedField("incident", "authority_not_notified", "L-33", "the authority has not been notified yet, as the assessment says it must be; notify it, or assess the incident anew")
	}
	return domain.OneFact(&Closed{ClosedOn: c.ClosedOn}, seal(c.Incident, map[string]any{"outcome": c.Outcome})), nil
}

func seal(incident domain.ID, fields map[string]any) []domain.Section {
	return domain.Seal("incident/"+incident, domain.ClassPerson, domain.CatFile, fields)
}
