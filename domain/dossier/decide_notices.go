package dossier

import (
	"slices"
	"strings"

	"github.com/casefile-engine/casefile/domain"
)

// changeWords are the words for all that is pending of a disclosure (L-16 to L-18).
var changeWords = []string{"rectification", "correction", "completion", "erasure", "restriction"}

// WarnRecordElsewhere is the warning that what went out wrongly names a record
// that this dossier does not have.
const WarnRecordElsewhere = "record_unknown"

// notifyRecipient records a notice about what the recipient did receive and what
// was changed since (L-19). One that was given up as impossible can still be
// sent later, and one that was sent can be sent again.
func (d *decision) notifyRecipient(c *NotifyRecipient) ([]domain.Fact, error) {
	made := d.s.Disclosures[c.Disclosure]
	if made == nil {
		return nil, unknown("disclosure", "unknown_disclosure", "L-19", "this dossier has no such disclosure in its register; compare its id")
	}
	if c.Outcome != "sent" && strings.TrimSpace(c.Reason) == "" {
		return nil, domain.RefusedField("reason", "reason_missing", "L-19", "a notice is left out only where it is impossible or asks a disproportionate effort; say why")
	}
	items, about, err := d.noticeItems(c, made)
	if err != nil {
		return nil, err
	}
	items = slices.DeleteFunc(items, func(i string) bool { return !slices.Contains(made.Items, i) })
	if len(items) == 0 {
		return nil, domain.RefusedField("about", "not_disclosed", "L-19", "this recipient did not receive that in this disclosure, so there is nothing to tell; compare the two")
	}
	items = slices.DeleteFunc(items, func(i string) bool { return !d.s.changedAt(i).After(made.Made) })
	if len(items) == 0 {
		return nil, domain.RefusedField("about", "nothing_to_notify", "L-19", "what this recipient received has not been rectified, completed or restricted since; record that first")
	}
	e := &RecipientNotified{Disclosure: c.Disclosure, Recipient: made.Recipient, About: about, Items: distinct(items), Outcome: c.Outcome}
	return domain.OneFact(e, d.file(map[string]any{"reason": c.Reason})), nil
}

// noticeItems are the items that a notice is said to be about, and its id where
// it is one.
func (d *decision) noticeItems(c *NotifyRecipient, made *Disclosure) (items []string, about domain.ID, err *domain.Error) {
	id, bad := domain.ParseID("about", c.About)
	switch {
	case bad == nil && d.s.Records[id] != nil:
		return []string{id}, id, nil
	case bad == nil && d.s.Requests[id] != nil:
		return d.requestItems(d.s.Requests[id], made), id, nil
	case bad == nil:
		return nil, "", unknown("about", "unknown_record", "L-19", "this dossier has no such record or request; compare its id")
	case slices.Contains(changeWords, c.About):
		return slices.Clone(made.Items), "", nil
	case slices.Contains(domain.Categories, domain.Category(c.About)):
		return d.ofCategory(domain.Category(c.About), made), "", nil
	}
	return nil, "", domain.Invalid("unknown_code", "about", "a notice is about a record or a request, by its id, a data category, or one of: "+strings.Join(changeWords, ", "))
}

// requestItems are the items of a disclosure that a request was about.
func (d *decision) requestItems(r *Request, made *Disclosure) (out []string) {
	if len(r.Items) == 0 {
		return slices.Clone(made.Items)
	}
	for _, i := range r.Items {
		switch {
		case i.Record != "":
			out = append(out, i.Record)
		case i.Category != "":
			out = append(out, d.ofCategory(i.Category, made)...)
		default: // words alone
			return slices.Clone(made.Items)
		}
	}
	return out
}

// ofCategory are the items of a disclosure that hold a category.
func (d *decision) ofCategory(k domain.Category, made *Disclosure) (out []string) {
	for _, item := range made.Items {
		r := d.s.Records[item]
		if item == string(k) || r != nil && slices.Contains(r.Categories(), k) {
			out = append(out, item)
		}
	}
	return out
}

// notifyClient records what the client was told. Nothing forbids telling.
func (d *decision) notifyClient(c *NotifyClient) ([]domain.Fact, error) {
	if err := d.notFuture("notified_on", c.NotifiedOn, "L-13"); err != nil {
		return nil, err
	}
	e := &ClientNotified{About: oneOf(c.About, NoticeKinds), Method: c.Method, NotifiedOn: c.NotifiedOn}
	if e.About == "" {
		e.About = noticeKindOf[c.About]
	}
	if e.About == "" {
		e.About = "other"
	}
	ref := c.Ref
	if ref == "" { // what it is about may be said by the id alone
		if id, err := domain.ParseID("about", c.About); err == nil {
			ref = id
		}
	}
	if id, err := domain.ParseID("ref", ref); err == nil {
		e.Ref = id
	} else if ref != "" {
		if _, err := d.find(ref); err != nil {
			return nil, at(err, "ref")
		}
		e.Trajectory = ref
	}
	return domain.OneFact(e, d.file(map[string]any{"about": c.About, "text": c.Text})), nil
}

// unlawful records what went out wrongly, whatever else it was (C-2.6b).
func (d *decision) unlawful(c *RecordUnlawfulDisclosure) ([]domain.Fact, error) {
	if c.OccurredOn.After(d.day) {
		return nil, domain.Invalid("in_future", "occurred_on", "it lies after the time of the command; give the day on which it happened")
	}
	e := &UnlawfulDisclosure{
		Disclosure: c.Disclosure, Recipient: c.Recipient, Categories: sorted(c.Categories), Records: sorted(c.Records), Channel: c.Channel,
		OccurredOn: c.OccurredOn, Incident: c.Incident, Registered: d.s.Disclosures[c.Disclosure] != nil,
	}
	if d.profile != nil {
		e.Profile, e.ProfileVersion = d.profile.Name, d.profile.Version
	}
	if terms, known, _ := d.agency.RecipientAt(c.Recipient, d.env.At); known {
		e.RecipientClass, e.RecipientSubtype = terms.Class, terms.Subtype
	}
	if slices.ContainsFunc(c.Records, func(id domain.ID) bool { return d.s.Records[id] == nil }) {
		d.env.Warn(WarnRecordElsewhere)
	}
	return domain.OneFact(e, d.file(map[string]any{"recipient_text": c.RecipientText})), nil
}

// moveRecord takes a record out that was filed in the wrong client's dossier. The
// target belongs to the same agency: no other can be named (C-2.8).
func (d *decision) moveRecord(c *MoveRecord) ([]domain.Fact, error) {
	if _, err := d.record(c.Record); err != nil {
		return nil, err
	}
	if c.ToDossier == d.env.Dossier {
		return nil, domain.RefusedField("to_dossier", "same_dossier", "C-2.9.3b", "the record is in this dossier already; name the dossier in which it belongs")
	}
	to, _ := d.env.Known[domain.Ref{Agency: d.env.Agency, Kind: domain.KindDossier, ID: c.ToDossier}].(*State)
	if !to.Exists() {
		return nil, unknown("to_dossier", "unknown_dossier", "C-2.9.3b", "there is no such dossier in this agency, and a record never moves to another one; compare its id, or open it first")
	}
	return domain.OneFact(&RecordMoved{Record: c.Record, ToDossier: c.ToDossier, Incident: c.Incident}), nil
}
