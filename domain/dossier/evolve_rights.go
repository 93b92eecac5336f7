package dossier

import (
	"slices"
	"time"

	"github.com/casefile-engine/casefile/domain"
)

func (s *State) evolveRights(event domain.Event, m domain.Meta) {
	switch e := event.(type) {
	case *RepresentativeRecorded:
		r := &Representative{Kind: e.Kind, Scope: e.Scope, Span: Span{From: e.From.Start()}}
		if !e.Until.IsZero() {
			r.Until = e.Until.End()
		}
		put(&s.Representatives, e.Representative, r)
	case *RepresentativeEnded:
		if r := s.Representatives[e.Representative]; r != nil {
			r.end(e.Until)
		}
	case *RequestReceived, *RequestExtended, *RequestDecided, *RequestFulfilled, *RequestWithdrawn:
		s.evolveRequest(event)
	case *ViewGranted:
		put(&s.Views, e.View, &View{Recipient: e.Recipient, Records: e.Records, Consent: e.Consent, Span: Span{m.Occurred, e.Until}})
	case *ViewEnded:
		if v := s.Views[e.View]; v != nil {
			v.end(e.Until)
		}
	case *ComplaintFiled:
		put(&s.Complaints, e.Complaint, &Complaint{Received: e.ReceivedOn, Due: e.Due, AboutStaff: e.AboutStaff})
	case *ComplaintResolved:
		if c := s.Complaints[e.Complaint]; c != nil {
			c.Answered = e.AnsweredOn
		}
	case *GlassBroken:
		put(&s.Glasses, e.Glass, &Glass{Staff: e.Staff, Span: Span{e.From, e.Until}})
	case *GlassReviewed:
		if g := s.Glasses[e.Glass]; g != nil {
			g.Reviewed = m.Occurred
		}
	case *DocumentAttached:
		put(&s.Used, e.Document, true)
	case *QuestionAnswered:
		put(&s.Used, e.Question, true)
	case *UnlawfulDisclosure, *RecipientNotified, *DisclosureConfirmed:
		s.evolveNotices(event, m)
	case *ClientNotified, *ViewRefused, *InvoiceTakenOver:
		// facts that no later decision asks for
	}
}

// end makes an interval end at an instant, unless it ended before.
func (s *Span) end(t time.Time) {
	if s.Until.IsZero() || t.Before(s.Until) {
		s.Until = t
	}
	if s.Until.Before(s.From) {
		s.Until = s.From
	}
}

func (s *State) evolveRequest(event domain.Event) {
	switch e := event.(type) {
	case *RequestReceived:
		put(&s.Requests, e.Request, &Request{Kind: e.Kind, Received: e.ReceivedOn, Due: e.Due, Items: e.Items})
	case *RequestExtended:
		if r := s.Requests[e.Request]; r != nil {
			r.Due, r.Extended = e.Until, true
		}
	case *RequestDecided:
		if r := s.Requests[e.Request]; r != nil {
			r.Decision, r.Decided, r.Answered = e.Decision, e.Items, e.AnsweredOn
		}
	case *RequestFulfilled:
		if r := s.Requests[e.Request]; r != nil {
			r.Fulfilled = e.FulfilledOn
		}
	case *RequestWithdrawn:
		if r := s.Requests[e.Request]; r != nil {
			r.Withdrawn = e.WithdrawnOn
		}
	}
}

// evolveNotices keeps what went out and what its recipients were told (L-19).
func (s *State) evolveNotices(event domain.Event, m domain.Meta) {
	switch e := event.(type) {
	case *DisclosureMade:
		put(&s.Disclosures, e.Disclosure, &Disclosure{Recipient: e.Recipient, Made: pointOf(m), Items: itemsOf(e.Categories, e.Records), Approval: domain.Named(e.ApprovedBy, m.Actor)})
	case *DisclosureConfirmed:
		if d := s.Disclosures[e.Disclosure]; d != nil {
			d.Approval.Answer = e.Answer
		}
	case *UnlawfulDisclosure:
		d := &Disclosure{Recipient: e.Recipient, Unlawful: true, Items: itemsOf(e.Categories, e.Records),
			Made: Point{effective(e.OccurredOn, m.Occurred), m.Version}}
		if old := s.Disclosures[e.Disclosure]; old != nil { // it was taken for a lawful one, and still went out then
			d.Items = distinct(append(d.Items, old.Items...))
			d.Made, d.Told, d.Approval = old.Made, old.Told, old.Approval
			if d.Recipient == "" {
				d.Recipient = old.Recipient
			}
		}
		put(&s.Disclosures, e.Disclosure, d)
	case *RecipientNotified:
		if d := s.Disclosures[e.Disclosure]; d != nil {
			for _, item := range e.Items {
				put(&d.Told, item, d.Told[item].later(pointOf(m)))
			}
		}
	}
}

// itemsOf are what a later change can be about: records, and particulars by
// their category.
func itemsOf(categories []domain.Category, records []domain.ID) []string {
	out := slices.Clone(records)
	for _, c := range categories {
		if c.Particular() {
			out = append(out, string(c))
		}
	}
	return distinct(out)
}

func distinct(v []string) []string {
	slices.Sort(v)
	return slices.Compact(v)
}

// particularsOf are the categories that fields of the particulars belong to, in
// byte order, each once.
func particularsOf(fields []string) []domain.Category {
	var out []domain.Category
	for _, f := range fields {
		switch f {
		case "family_name", "given_names", "address":
			out = append(out, domain.CatContact)
		case "bank":
			out = append(out, domain.CatBank)
		case "bsn", "bsn_statute":
			out = append(out, domain.CatBSN)
		default:
			out = append(out, domain.CatPersonal)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// changed notes that recipients of a record must hear of a change.
func (s *State) changed(record domain.ID, m domain.Meta) {
	if r := s.Records[record]; r != nil {
		r.Changed = r.Changed.later(pointOf(m))
	}
}
