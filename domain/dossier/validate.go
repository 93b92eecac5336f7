package dossier

import (
	"encoding/json"
	"regexp"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
)

// Validate looks at the form of a command alone: what is missing, too long or
// none of the codes. The rules are Decide's.

// MaxDayMinutes is the most that one entry of hours may hold.
const MaxDayMinutes = 24 * 60

var (
	capacities      = []string{"responsible", "co", "replacement"}
	referrals       = []string{"self", "commissioned"}
	standings       = []string{"employee", "benefit", "none"}
	consentUses     = []string{"record", "disclose", "view"}
	processingRoles = []string{"controller", "processor", "joint"}
	decliners       = []string{"client", "commissioner", "agency"}
	authors         = []string{"client", "representative", "staff", "third_party"}
	languageForm    = regexp.MustCompile(`^[a-z]{2,3}(-[A-Z]{2})?$`) // longer forms could spell a name, and it stands in the clear
)

// Validate tells what is wrong with the form of the command.
func (c *OpenDossier) Validate() error {
	var k domain.Check
	k.Text("client.family_name", text(c.Client.FamilyName), domain.MaxShort)
	k.Text("client.given_names", text(c.Client.GivenNames), domain.MaxShort)
	c.Client.check(&k, "client")
	k.Code("service", c.Service, domain.Services)
	k.Code("referral", c.Referral, referrals)
	k.Code("standing", c.Standing, standings)
	k.OptionalID("commissioner", &c.Commissioner)
	return k.Err()
}

// Validate tells what is wrong with the form of the command.
func (c *DeclineReferral) Validate() error {
	var k domain.Check
	k.Has("declined_on", !c.DeclinedOn.IsZero())
	k.Text("by", c.By, domain.MaxShort)
	k.Text("reason", c.Reason, domain.MaxText)
	return k.Err()
}

// Validate tells what is wrong with the form of the command.
func (c *ChangeClient) Validate() error {
	var k domain.Check
	k.Has("fields", len(c.Fields.fields()) > 0)
	if c.Fields.FamilyName != nil {
		k.Text("fields.family_name", *c.Fields.FamilyName, domain.MaxShort)
	}
	c.Fields.check(&k, "fields")
	k.Has("valid_from", !c.ValidFrom.IsZero())
	checkSource(&k, "source", c.Source)
	return k.Err()
}

// checkSource: each item says where it comes from (C-1.2c, C-I3).
func checkSource(k *domain.Check, field, source string) {
	if source == "" {
		e := domain.Refused("source_missing", "C-1.2c", "the file holds only what the client has provided or has had provided; say where this comes from")
		e.Field = field
		k.Fail(e)
	}
	k.OptionalCode(field, source, domain.Sources)
}

// Validate tells what is wrong with the form of the command.
func (c *HandOutRegulation) Validate() error {
	var k domain.Check
	k.Has("version", c.Version != 0)
	k.Has("language", c.Language != "")
	if !languageForm.MatchString(c.Language) {
		k.Fail(domain.Invalid("unknown_code", "language", "a language is given by its code, such as nl or en"))
	}
	k.Code("method", c.Method, domain.Methods)
	for _, source := range c.Sources {
		k.Code("sources", source, domain.Sources)
	}
	return k.Err()
}

// Validate tells what is wrong with the form of the command.
func (c *AssignStaff) Validate() error {
	var k domain.Check
	k.ID("staff", &c.Staff)
	k.OptionalCode("capacity", c.Capacity, capacities)
	if !c.Until.IsZero() && !c.From.IsZero() && !c.Until.End().After(c.From.Start()) {
		k.Fail(domain.Invalid("out_of_range", "until", "the end lies before the beginning; compare the two"))
	}
	return k.Err()
}

// Validate tells what is wrong with the form of the command.
func (c *UnassignStaff) Validate() error {
	var k domain.Check
	k.ID("staff", &c.Staff)
	k.OptionalCode("capacity", c.Capacity, capacities)
	return k.Err()
}

// checkTrajectory: the number is a pseudonym that stays in the clear, so it
// must not be one that says who it is (catalogue §1, L-U46).
func checkTrajectory(k *domain.Check, field, number string, optional bool) {
	if number == "" && optional {
		return
	}
	k.Has(field, number != "")
	if !domain.ValidTrajectoryForm(number) {
		k.Fail(domain.Invalid("invalid_trajectory", field, "a trajectory number begins with a letter or digit and has at most 40 letters, digits, dots, hyphens, slashes and underscores"))
	}
	if nl.LooksLikeBSN(number) {
		k.Fail(&domain.Error{Kind: domain.KindInvalid, Code: "trajectory_is_bsn", Rule: "L-U46", Field: field,
			Message: "this trajectory number could be a citizen service number, and trajectory numbers stand in the clear; choose another number"})
	}
}

// Validate tells what is wrong with the form of the command.
func (c *StartTrajectory) Validate() error {
	var k domain.Check
	checkTrajectory(&k, "trajectory", c.Trajectory, false)
	k.OptionalCode("service", c.Service, domain.Services)
	k.OptionalID("commissioner", &c.Commissioner)
	k.OptionalText("order_number", c.OrderNumber, domain.MaxShort)
	k.Range("budget_minutes", c.BudgetMinutes, 0, 10_000_000)
	k.OptionalCode("processing_role", c.ProcessingRole, processingRoles)
	return k.Err()
}

// Validate tells what is wrong with the form of the command.
func (c *EndTrajectory) Validate() error {
	var k domain.Check
	checkTrajectory(&k, "trajectory", c.Trajectory, false)
	k.Has("ended_on", !c.EndedOn.IsZero())
	k.Code("outcome", c.Outcome, domain.Outcomes)
	return k.Err()
}

// Validate tells what is wrong with the form of the command.
func (c *ReopenTrajectory) Validate() error {
	var k domain.Check
	checkTrajectory(&k, "trajectory", c.Trajectory, false)
	k.Text("reason", c.Reason, domain.MaxText)
	return k.Err()
}

// Validate tells what is wrong with the form of the command.
func (c *AddRecord) Validate() error {
	var k domain.Check
	k.ID("record", &c.Record)
	k.Category("category", c.Category)
	k.Categories("contains", c.Contains, true)
	k.Text("title", c.Title, domain.MaxShort)
	k.OptionalText("text", c.Text, domain.MaxText)
	k.Raw("fields", c.Fields)
	checkSource(&k, "source", c.Source)
	k.OptionalText("provided_by", c.ProvidedBy, domain.MaxShort)
	checkTrajectory(&k, "trajectory", c.Trajectory, true)
	k.OptionalText("necessity", c.Necessity, domain.MaxText)
	return k.Err()
}

// Validate tells what is wrong with the form of the command.
func (c *CorrectRecord) Validate() error {
	var k domain.Check
	r := &c.Replacement
	k.ID("record", &c.Record)
	if r.Category != "" {
		k.Category("replacement.category", r.Category)
	}
	if r.Contains != nil {
		k.Categories("replacement.contains", *r.Contains, true)
	}
	k.OptionalText("replacement.title", r.Title, domain.MaxShort)
	k.OptionalText("replacement.text", r.Text, domain.MaxText)
	k.Raw("replacement.fields", r.Fields)
	k.OptionalCode("replacement.source", r.Source, domain.Sources)
	k.OptionalText("replacement.provided_by", r.ProvidedBy, domain.MaxShort)
	checkTrajectory(&k, "replacement.trajectory", r.Trajectory, true)
	k.OptionalText("replacement.necessity", r.Necessity, domain.MaxText)
	k.Text("reason", c.Reason, domain.MaxText)
	k.OptionalID("request", &c.Request)
	return k.Err()
}

// Validate tells what is wrong with the form of the command.
func (c *CompleteRecord) Validate() error {
	var k domain.Check
	k.ID("record", &c.Record)
	k.Text("statement", c.Statement, domain.MaxText)
	k.Text("by", c.By, domain.MaxShort)
	return k.Err()
}

// Validate tells what is wrong with the form of the command.
func (c *RestrictRecord) Validate() error {
	var k domain.Check
	k.ID("record", &c.Record)
	k.Text("reason", c.Reason, domain.MaxText)
	return k.Err()
}

// Validate tells what is wrong with the form of the command.
func (c *LiftRestriction) Validate() error {
	var k domain.Check
	k.ID("record", &c.Record)
	k.Text("reason", c.Reason, domain.MaxText)
	return k.Err()
}

// Validate tells what is wrong with the form of the command.
func (c *LogHours) Validate() error {
	var k domain.Check
	k.ID("entry", &c.Entry)
	checkTrajectory(&k, "trajectory", c.Trajectory, false)
	k.Has("date", !c.Date.IsZero())
	k.Range("minutes", c.Minutes, 1, MaxDayMinutes)
	k.Code("activity", c.Activity, domain.Activities)
	k.OptionalText("note", c.Note, domain.MaxText)
	if c.WorkedBy != domain.Operator {
		k.OptionalID("worked_by", &c.WorkedBy)
	}
	return k.Err()
}

// Validate tells what is wrong with the form of the command.
func (c *CorrectHours) Validate() error {
	var k domain.Check
	k.ID("entry", &c.Entry)
	k.Has("minutes", c.Minutes != nil)
	if c.Minutes != nil {
		k.Range("minutes", *c.Minutes, 0, MaxDayMinutes)
	}
	k.Text("reason", c.Reason, domain.MaxText)
	return k.Err()
}

// Validate tells what is wrong with the form of the command.
func (c *GiveConsent) Validate() error {
	var k domain.Check
	k.ID("consent", &c.Consent)
	k.Code("for", c.For, consentUses)
	k.Categories("categories", c.Categories, false)
	k.OptionalID("recipient", &c.Recipient)
	k.Code("purpose", c.Purpose, domain.Purposes)
	if !domain.Filled(c.Evidence) {
		e := domain.Refused("evidence_missing", "L-7", "a consent must be demonstrable; say how it was given: a signed form, a recorded statement")
		e.Field = "evidence"
		k.Fail(e)
	}
	for field, v := range map[string]json.RawMessage{"evidence": c.Evidence, "given_by": c.GivenBy, "notice_version": c.NoticeVersion} {
		k.Raw(field, v)
	}
	return k.Err()
}

// Validate tells what is wrong with the form of the command.
func (c *RefuseConsent) Validate() error { return checkAnswer(&c.Consent, c.Channel) }

// Validate tells what is wrong with the form of the command.
func (c *WithdrawConsent) Validate() error { return checkAnswer(&c.Consent, c.Channel) }

func checkAnswer(consent *domain.ID, channel string) error {
	var k domain.Check
	k.ID("consent", consent)
	k.OptionalCode("channel", channel, domain.Methods)
	return k.Err()
}

// Validate tells what is wrong with the form of the command.
func (c *ObjectToContactDisclosure) Validate() error {
	return checkObjection(c.ReceivedOn, c.Reference)
}

// Validate tells what is wrong with the form of the command.
func (c *WithdrawObjection) Validate() error { return checkObjection(c.ReceivedOn, c.Reference) }

func checkObjection(on nl.Date, reference string) error {
	var k domain.Check
	k.Has("received_on", !on.IsZero())
	k.Text("reference", reference, domain.MaxShort)
	return k.Err()
}

// Validate tells what is wrong with the form of the command.
func (c *Disclose) Validate() error {
	var k domain.Check
	k.ID("disclosure", &c.Disclosure)
	k.ID("recipient", &c.Recipient)
	k.Text("recipient_person", c.RecipientPerson, domain.MaxShort)
	k.Text("address_used", c.AddressUsed, domain.MaxShort)
	k.Categories("categories", c.Categories, false)
	k.IDs("records", c.Records)
	k.Code("ground", string(c.Ground), grounds)
	k.Code("purpose", c.Purpose, domain.Purposes)
	k.Code("channel", c.Channel, domain.Channels)
	k.OptionalID("approved_by", &c.ApprovedBy)
	for _, v := range c.Evidence {
		k.Raw("evidence", v)
	}
	return k.Err()
}

var grounds = func() (out []string) {
	for _, g := range domain.Grounds {
		out = append(out, string(g))
	}
	return out
}()

var classes = func() (out []string) {
	for _, c := range domain.Classes {
		out = append(out, string(c))
	}
	return out
}()

// Validate tells what is wrong with the form of the command.
func (c *PlaceHold) Validate() error {
	var k domain.Check
	k.ID("hold", &c.Hold)
	k.Has("classes", len(c.Classes) > 0)
	for _, v := range c.Classes {
		k.Code("classes", string(v), classes)
	}
	k.Text("reason", c.Reason, domain.MaxText)
	k.IDs("records", c.Records)
	return k.Err()
}

// Validate tells what is wrong with the form of the command.
func (c *LiftHold) Validate() error {
	var k domain.Check
	k.ID("hold", &c.Hold)
	k.Text("reason", c.Reason, domain.MaxText)
	return k.Err()
}
