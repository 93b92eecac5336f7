package incident

import (
	"slices"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
)

// ReportIncident enters a calamity or a breach in the register, and starts the
// clock at its discovery (C-2.1.2, L-33).
type ReportIncident struct {
	Incident     domain.ID `json:"incident"`
	DiscoveredAt nl.Moment `json:"discovered_at"` // a day counts from its beginning
	// Kind is a code of domain.IncidentKinds, or words, which are sealed and make
	// it "other".
	Kind       string            `json:"kind"`
	Dossiers   []domain.ID       `json:"dossiers,omitzero"`
	Categories []domain.Category `json:"categories,omitzero"`
	People     int               `json:"people,omitzero"` // how many are concerned, as far as is known
	Text       string            `json:"text,omitzero"`   // what happened
}

// AssessIncident judges the risk to the people concerned, with the reason
// (L-33, L-34).
type AssessIncident struct {
	Incident        domain.ID `json:"incident"`
	Risk            string    `json:"risk"`
	NotifyAuthority *bool     `json:"notify_authority"`
	NotifyClients   *bool     `json:"notify_clients"`
	Reason          string    `json:"reason"`
}

// NotifyAuthority records that the authority was notified; it may be repeated,
// since what is not known yet may follow (AVG 33(4)).
type NotifyAuthority struct {
	Incident   domain.ID `json:"incident"`
	NotifiedAt nl.Moment `json:"notified_at"` // a day counts as its end
	Reference  string    `json:"reference"`
}

// CloseIncident ends an incident with its outcome.
type CloseIncident struct {
	Incident domain.ID `json:"incident"`
	ClosedOn nl.Date   `json:"closed_on"`
	Outcome  string    `json:"outcome"`
}

// CommandName is the name in the catalogue.

func (*ReportIncident) CommandName() string  { return "ReportIncident" }
func (*AssessIncident) CommandName() string  { return "AssessIncident" }
func (*NotifyAuthority) CommandName() string { return "NotifyAuthority" }
func (*CloseIncident) CommandName() string   { return "CloseIncident" }

// Validate tells what is wrong with the form of the command.
func (c *ReportIncident) Validate() error {
	var k domain.Check
	k.ID("incident", &c.Incident)
	k.Has("discovered_at", !c.DiscoveredAt.IsZero())
	k.Text("kind", c.Kind, domain.MaxShort)
	k.IDs("dossiers", c.Dossiers)
	k.Categories("categories", c.Categories, true)
	k.Range("people", c.People, 0, 100_000_000)
	k.OptionalText("text", c.Text, domain.MaxText)
	return k.Err()
}

// Validate tells what is wrong with the form of the command.
func (c *AssessIncident) Validate() error {
	var k domain.Check
	k.ID("incident", &c.Incident)
	k.Has("risk", c.Risk != "")
	k.OptionalCode("risk", riskOf(c.Risk), domain.IncidentRisks)
	k.Has("notify_authority", c.NotifyAuthority != nil)
	k.Has("notify_clients", c.NotifyClients != nil)
	k.Text("reason", c.Reason, domain.MaxText)
	return k.Err()
}

// riskOf takes the words of the law as well: no risk, a risk, a high risk.
func riskOf(risk string) string {
	words := []string{"no_risk", "unlikely", "risk", "high_risk"}
	if i := slices.Index(words, risk); i >= 0 {
		return domain.IncidentRisks[i]
	}
	return risk
}

// Validate tells what is wrong with the form of the command.
func (c *NotifyAuthority) Validate() error {
	var k domain.Check
	k.ID("incident", &c.Incident)
	k.Has("notified_at", !c.NotifiedAt.IsZero())
	k.Text("reference", c.Reference, domain.MaxShort)
	return k.Err()
}

// Validate tells what is wrong with the form of the command.
func (c *CloseIncident) Validate() error {
	var k domain.Check
	k.ID("incident", &c.Incident)
	k.Has("closed_on", !c.ClosedOn.IsZero())
	k.Text("outcome", c.Outcome, domain.MaxText)
	return k.Err()
}
