package dossier

import (
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
)

// The types of event of the client's rights, of notices, complaints and of all
// else that leaves the dossier or comes in about it.
const (
	TypeRepresentativeRecorded = "representative.recorded"
	TypeRepresentativeEnded    = "representative.ended"
	TypeRequestReceived        = "request.received"
	TypeRequestExtended        = "request.extended"
	TypeRequestDecided         = "request.decided"
	TypeRequestFulfilled       = "request.fulfilled"
	TypeRequestWithdrawn       = "request.withdrawn"
	TypeRecipientNotified      = "recipient.notified"
	TypeClientNotified         = "client.notified"
	TypeUnlawfulDisclosure     = "unlawful_disclosure.recorded"
	TypeRecordMoved            = "record.moved"
	TypeViewGranted            = "view.granted"
	TypeViewRefused            = "view.refused"
	TypeViewEnded              = "view.ended"
	TypeComplaintFiled         = "complaint.filed"
	TypeComplaintResolved      = "complaint.resolved"
	TypeInvoiceTakenOver       = "invoice.taken_over"
	TypeDocumentAttached       = "document.attached"
	TypeQuestionAnswered       = "question.answered"
)

// RepresentativeRecorded is somebody who acts for the client from the start of
// From until the end of Until; a zero Until has no end (C-2.9a, L-U5).
// Section: file {name, scope, evidence}.
type RepresentativeRecorded struct {
	Representative domain.ID `json:"representative"`
	Kind           string    `json:"kind"` // parent, curator, administrator, mentor, mandated
	// Scope are the codes of what the representative may do, in byte order: all,
	// request kinds, data categories, consent, complaint (ScopeCodes). None means
	// that the scope was given in words alone, which stand in the section.
	Scope []string `json:"scope,omitzero"`
	From  nl.Date  `json:"from"`
	Until nl.Date  `json:"until,omitzero"`
}

// RepresentativeEnded ends the representation at Until. Section: file {reason}.
type RepresentativeEnded struct {
	Representative domain.ID `json:"representative"`
	Until          time.Time `json:"until"`
}

// RequestReceived is a request by which the client uses a right (C-2.9.1 to
// C-2.9.3, L-15 to L-21). No item means everything. Section: file {identity,
// items [{record, category, wanted}]}, the items in the order of Items.
type RequestReceived struct {
	Request        domain.ID     `json:"request"`
	Kind           string        `json:"kind"` // domain.RequestKinds
	By             string        `json:"by"`   // client, representative
	Representative domain.ID     `json:"representative,omitzero"`
	Channel        string        `json:"channel"`
	ReceivedOn     nl.Date       `json:"received_on"`
	Due            nl.Date       `json:"due"` // the last day, by the profile in force on the day of the event
	Items          []RequestItem `json:"items,omitzero"`
	// Earlier counts the requests of this kind received before (C-2.9.1: at
	// reasonable intervals).
	Earlier int `json:"earlier,omitzero"`
	// Reason is why data are to be erased, shielded or changed, where it was
	// given as a code: incorrect, incomplete, irrelevant, unlawful (C-2.9.3).
	Reason string `json:"reason,omitzero"`
}

// RequestItem is what one item of a request is about: a record, a category, or
// neither where words alone say it.
type RequestItem struct {
	Record   domain.ID       `json:"record,omitzero"`
	Category domain.Category `json:"category,omitzero"`
}

// RequestExtended puts the last day off to Until, told to the client on ToldOn
// (L-12). Section: file {reason}.
type RequestExtended struct {
	Request domain.ID `json:"request"`
	Until   nl.Date   `json:"until"`
	ToldOn  nl.Date   `json:"told_on"`
}

// RequestDecided is the answer to a request (C-2.9.3). It changes no data.
// Section: file {reason, remedies, statute, items [{record, category, decision, reason}]}.
type RequestDecided struct {
	Request  domain.ID `json:"request"`
	Kind     string    `json:"kind"`     // the request's
	Decision string    `json:"decision"` // granted, partly, refused
	// Items are the decisions for each item that was decided by itself; the rest
	// of the request follows Decision.
	Items []DecidedItem `json:"items,omitzero"`
	// AnsweredOn is the day on which the client had the answer: the one given,
	// else the day of the event.
	AnsweredOn nl.Date `json:"answered_on"`
}

// DecidedItem is the decision on one item.
type DecidedItem struct {
	Record   domain.ID       `json:"record,omitzero"`
	Category domain.Category `json:"category,omitzero"`
	Decision string          `json:"decision"` // granted, partly, refused
}

// RequestFulfilled records that what was granted was done (S-Inz). No sections.
type RequestFulfilled struct {
	Request     domain.ID `json:"request"`
	Kind        string    `json:"kind"`
	FulfilledOn nl.Date   `json:"fulfilled_on"`
	Method      string    `json:"method"`
}

// RequestWithdrawn ends a request by the client's own word. No sections.
type RequestWithdrawn struct {
	Request     domain.ID `json:"request"`
	Kind        string    `json:"kind"`
	WithdrawnOn nl.Date   `json:"withdrawn_on"`
}

// RecipientNotified records the notice to the recipient of a disclosure that
// what it received was rectified, completed, restricted or moved (L-19). It
// settles every change of Items that happened up to its occurred_at. Section:
// file {reason}.
type RecipientNotified struct {
	Disclosure domain.ID `json:"disclosure"`
	Recipient  domain.ID `json:"recipient,omitzero"` // absent where the unlawful disclosure names none
	// About is what the notice was said to be about where that is an id: a
	// record, or the request that was carried out.
	About domain.ID `json:"about,omitzero"`
	// Items are what the notice settles, in byte order: ids of records, and
	// codes of categories of particulars.
	Items   []string `json:"items"`
	Outcome string   `json:"outcome"` // sent, impossible, disproportionate
}

// ClientNotified records what the client was told (C-I2, L-13, L-14, L-18,
// L-34). Section: file {about, text}.
type ClientNotified struct {
	// About is one of NoticeKinds, or other.
	About      string    `json:"about"`
	Ref        domain.ID `json:"ref,omitzero"` // the record, request, disclosure or incident it is about
	Trajectory string    `json:"trajectory,omitzero"`
	Method     string    `json:"method"`
	NotifiedOn nl.Date   `json:"notified_on"`
}

// UnlawfulDisclosure is what went out wrongly, linked to its incident (C-2.6b).
// It stands in the register beside the others. Where Registered is true, the
// disclosure had been registered as lawful under the same id. Sections: file
// {recipient_text}.
type UnlawfulDisclosure struct {
	Disclosure domain.ID         `json:"disclosure"`
	Recipient  domain.ID         `json:"recipient,omitzero"`
	Categories []domain.Category `json:"categories"`
	Records    []domain.ID       `json:"records,omitzero"`
	Channel    string            `json:"channel"`
	OccurredOn nl.Date           `json:"occurred_on"`
	Incident   domain.ID         `json:"incident"`
	// RecipientClass and RecipientSubtype are the recipient's, where it is registered.
	RecipientClass   string `json:"recipient_class,omitzero"`
	RecipientSubtype string `json:"recipient_subtype,omitzero"`
	Registered       bool   `json:"registered,omitzero"`
	Profile          string `json:"profile,omitzero"`
	ProfileVersion   int    `json:"profile_version,omitzero"`
}

// RecordMoved takes a record that was filed in the wrong client's dossier out of
// this one (C-2.9.3b): from its occurred_at on it is shielded here for ever.
// The event says where it belongs; its content is neither copied nor destroyed
// by it. No sections.
type RecordMoved struct {
	Record    domain.ID `json:"record"`
	ToDossier domain.ID `json:"to_dossier"`
	Incident  domain.ID `json:"incident"`
}

// ViewGranted lets somebody of a registered recipient look at records of the
// running dossier until Until, excluded (C-2.7b). It holds only as long as the
// consent does. Section: of the recipient {viewer}.
type ViewGranted struct {
	View             domain.ID         `json:"view"`
	Recipient        domain.ID         `json:"recipient"`
	RecipientClass   string            `json:"recipient_class"`
	RecipientSubtype string            `json:"recipient_subtype,omitzero"`
	Categories       []domain.Category `json:"categories"` // of the records, in byte order
	Records          []domain.ID       `json:"records"`
	Purpose          string            `json:"purpose"`
	Consent          domain.ID         `json:"consent"`
	Until            time.Time         `json:"until"`
	Profile          string            `json:"profile"`
	ProfileVersion   int               `json:"profile_version"`
}

// ViewRefused records that a third party's view was asked for and refused
// (architecture §1.3). No sections.
type ViewRefused struct {
	View      domain.ID   `json:"view"`
	Code      string      `json:"code"`
	Rule      string      `json:"rule"`
	Recipient domain.ID   `json:"recipient"`
	Records   []domain.ID `json:"records"`
	Purpose   string      `json:"purpose"`
	Consent   domain.ID   `json:"consent"`
}

// ViewEnded ends a third party's view at Until.
type ViewEnded struct {
	View  domain.ID `json:"view"`
	Until time.Time `json:"until"`
}

// ComplaintFiled is a complaint (C-2.1.3, S-Kla). Section: file {text, clause}.
type ComplaintFiled struct {
	Complaint  domain.ID `json:"complaint"`
	ReceivedOn nl.Date   `json:"received_on"`
	Due        nl.Date   `json:"due"` // the last day for the answer
	Channel    string    `json:"channel"`
	AboutStaff domain.ID `json:"about_staff,omitzero"`
	Clause     string    `json:"clause,omitzero"` // the id of the article, where it is one: C-2.7c
}

// ComplaintResolved is the answer to a complaint. Section: file {outcome, remedies}.
type ComplaintResolved struct {
	Complaint  domain.ID `json:"complaint"`
	Handler    domain.ID `json:"handler"`
	AnsweredOn nl.Date   `json:"answered_on"`
	// Outcome is one of ComplaintOutcomes, or other.
	Outcome string `json:"outcome"`
}

// InvoiceTakenOver records that name and trajectory number, and nothing else of
// the client, were taken over for an invoice (C-1.2e). No sections: the name
// stands where the particulars put it.
type InvoiceTakenOver struct {
	Trajectory  string `json:"trajectory"`
	Period      string `json:"period,omitzero"`
	ConfirmedBy string `json:"confirmed_by"` // staff id, or operator
	// Fields are the personal fields taken over: name, trajectory.
	Fields []string `json:"fields"`
}

// DocumentAttached puts a file beside a record. Section: of the record's
// strictest category {name, media_type, content}, content in base64.
type DocumentAttached struct {
	Document domain.ID    `json:"document"`
	Record   domain.ID    `json:"record"`
	Class    domain.Class `json:"class"`
	// MediaType is one of MediaTypes, or application/octet-stream.
	MediaType string `json:"media_type"`
	Size      int    `json:"size"` // bytes of the content, decoded
}

// QuestionAnswered is a question of the client with its answer (C-0f).
// Section: file {text, answer}.
type QuestionAnswered struct {
	Question   domain.ID `json:"question"`
	ReceivedOn nl.Date   `json:"received_on"`
	AnsweredOn nl.Date   `json:"answered_on"`
}

// EventType names are the constants above.

func (*RepresentativeRecorded) EventType() string { return TypeRepresentativeRecorded }
func (*RepresentativeEnded) EventType() string    { return TypeRepresentativeEnded }
func (*RequestReceived) EventType() string        { return TypeRequestReceived }
func (*RequestExtended) EventType() string        { return TypeRequestExtended }
func (*RequestDecided) EventType() string         { return TypeRequestDecided }
func (*RequestFulfilled) EventType() string       { return TypeRequestFulfilled }
func (*RequestWithdrawn) EventType() string       { return TypeRequestWithdrawn }
func (*RecipientNotified) EventType() string      { return TypeRecipientNotified }
func (*ClientNotified) EventType() string         { return TypeClientNotified }
func (*UnlawfulDisclosure) EventType() string     { return TypeUnlawfulDisclosure }
func (*RecordMoved) EventType() string            { return TypeRecordMoved }
func (*ViewGranted) EventType() string            { return TypeViewGranted }
func (*ViewRefused) EventType() string            { return TypeViewRefused }
func (*ViewEnded) EventType() string              { return TypeViewEnded }
func (*ComplaintFiled) EventType() string         { return TypeComplaintFiled }
func (*ComplaintResolved) EventType() string      { return TypeComplaintResolved }
func (*InvoiceTakenOver) EventType() string       { return TypeInvoiceTakenOver }
func (*DocumentAttached) EventType() string       { return TypeDocumentAttached }
func (*QuestionAnswered) EventType() string       { return TypeQuestionAnswered }

// Lists is the dossier that the record was moved to: another client's, whose
// history begins with what is added there.
func (e *RecordMoved) Lists() domain.Lists { return domain.Lists{Other: &e.ToDossier} }
