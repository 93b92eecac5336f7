package dossier

import (
	"slices"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/regulation"
)

func (d *decision) fileComplaint(c *FileComplaint) ([]domain.Fact, error) {
	rule := d.profile.Complaint.Rule
	if d.s.Complaints[c.Complaint] != nil {
		return nil, inUse("complaint", rule)
	}
	if err := d.notFuture("received_on", c.ReceivedOn, rule); err != nil {
		return nil, err
	}
	if c.AboutStaff != "" {
		if _, err := d.staffAt(c.AboutStaff, "about_staff"); err != nil {
			return nil, err
		}
	}
	e := &ComplaintFiled{
		Complaint: c.Complaint, ReceivedOn: c.ReceivedOn, Due: c.ReceivedOn.AddDays(d.profile.Terms.Complaint.Value),
		Channel: c.Channel, AboutStaff: c.AboutStaff,
	}
	if clauseForm.MatchString(c.Clause) {
		e.Clause = c.Clause
	}
	return domain.OneFact(e, d.file(map[string]any{"text": c.Text, "clause": c.Clause})), nil
}

func (d *decision) resolveComplaint(c *ResolveComplaint) ([]domain.Fact, error) {
	rule := d.profile.Complaint.Rule
	have := d.s.Complaints[c.Complaint]
	switch {
	case have == nil:
		return nil, unknown("complaint", "unknown_complaint", rule, "this dossier has no such complaint; compare its id, or record its receipt first")
	case !have.Answered.IsZero():
		return nil, domain.RefusedField("complaint", "complaint_resolved", rule, "this complaint has been answered already; what the client adds is a new one")
	case have.AboutStaff != "" && c.Handler == have.AboutStaff:
		return nil, domain.RefusedField("handler", "handler_concerned", rule, "nobody handles a complaint about himself; name somebody else")
	case !domain.Filled(c.Remedies):
		return nil, domain.RefusedField("remedies", "remedies_missing", rule, "the answer says where the client can go with it: the Autoriteit Persoonsgegevens, the court; add it")
	case c.AnsweredOn.Before(have.Received):
		return nil, domain.RefusedField("answered_on", "before_complaint", rule, "it lies before the complaint was received; compare the days")
	}
	if err := d.notFuture("answered_on", c.AnsweredOn, rule); err != nil {
		return nil, err
	}
	if _, err := d.staffAt(c.Handler, "handler"); err != nil {
		return nil, err
	}
	e := &ComplaintResolved{Complaint: c.Complaint, Handler: c.Handler, AnsweredOn: c.AnsweredOn, Outcome: oneOf(c.Outcome, ComplaintOutcomes)}
	if e.Outcome == "" {
		e.Outcome = "other"
	}
	return domain.OneFact(e, d.file(map[string]any{"outcome": c.Outcome, "remedies": c.Remedies})), nil
}

// invoiceTakeover is the code of the one flow to another system that the
// regulations allow.
const invoiceTakeover = "invoice"

func (d *decision) takeOverInvoice(c *TakeOverInvoice) ([]domain.Fact, error) {
	i := slices.IndexFunc(d.profile.Coupling.Whitelist, func(t regulation.Takeover) bool { return t.Code == invoiceTakeover })
	if i < 0 {
		return nil, domain.RefusedField("trajectory", "takeover_not_allowed", d.profile.Coupling.Rule, "the regulation allows no data to be taken over by another system")
	}
	if _, err := d.find(c.Trajectory); err != nil {
		return nil, err
	}
	if c.ConfirmedBy != domain.Operator {
		if _, err := d.staffAt(c.ConfirmedBy, "confirmed_by"); err != nil {
			return nil, err
		}
	}
	return domain.OneFact(&InvoiceTakenOver{Trajectory: c.Trajectory, Period: c.Period, ConfirmedBy: c.ConfirmedBy, Fields: sorted(d.profile.Coupling.Whitelist[i].Fields)}), nil
}

// attachDocument seals a file under the category and the class of its record, so
// that it is shown, restricted and destroyed together with it.
func (d *decision) attachDocument(c *AttachDocument) ([]domain.Fact, error) {
	if d.s.Used[c.Document] {
		return nil, inUse("document", "C-2.4")
	}
	r, err := d.record(c.Record)
	if err != nil {
		return nil, err
	}
	size, bad := documentSize(c.Content)
	if bad != nil { // Validate has seen that it is base64
		return nil, domain.AsError(bad)
	}
	k := d.profile.Strictest(r.Categories())
	e := &DocumentAttached{Document: c.Document, Record: c.Record, Class: d.profile.ClassOf(k), MediaType: oneOf(c.MediaType, MediaTypes), Size: size}
	if e.MediaType == "" {
		e.MediaType = otherMediaType
	}
	return domain.OneFact(e, d.seal(k, map[string]any{"name": c.Name, "media_type": c.MediaType, "content": c.Content})), nil
}

func (d *decision) answerQuestion(c *AnswerQuestion) ([]domain.Fact, error) {
	if d.s.Used[c.Question] {
		return nil, inUse("question", "C-0f")
	}
	e := &QuestionAnswered{Question: c.Question, ReceivedOn: c.ReceivedOn, AnsweredOn: c.AnsweredOn}
	if e.AnsweredOn.IsZero() {
		e.AnsweredOn = d.day
	}
	if e.AnsweredOn.Before(e.ReceivedOn) {
		return nil, domain.RefusedField("answered_on", "before_question", "C-0f", "it lies before the question was received; compare the days")
	}
	if err := d.notFuture("answered_on", e.AnsweredOn, "C-0f"); err != nil {
		return nil, err
	}
	return domain.OneFact(e, d.file(map[string]any{"text": c.Text, "answer": c.Answer})), nil
}
