package dossier

import (
	"encoding/json"
	"strings"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
)

// The commands of the client's rights, of notices and of all else that leaves
// the dossier or comes in about it, in the form of catalogue §2. A field without
// a comment means what the catalogue says of it.

// RecordRepresentative records who acts for the client (C-2.9a, L-U5).
type RecordRepresentative struct {
	Representative domain.ID       `json:"representative"`
	Kind           string          `json:"kind"`
	Name           string          `json:"name"`
	Scope          Words           `json:"scope"` // codes of ScopeCodes, or words of one's own
	Evidence       json.RawMessage `json:"evidence"`
	From           nl.Date         `json:"from"`
	Until          nl.Date         `json:"until,omitzero"`
}

// EndRepresentative ends the representation (L-U5).
type EndRepresentative struct {
	Representative domain.ID `json:"representative"`
	Until          nl.Moment `json:"until,omitzero"` // absent: the command's time
	Reason         string    `json:"reason,omitzero"`
}

// ReceiveRequest records a request by which the client uses a right (C-2.9.1 to
// C-2.9.3, L-12). An objection to data going out at all is such a request; what
// stops the contact details is ObjectToContactDisclosure.
type ReceiveRequest struct {
	Request        domain.ID       `json:"request"`
	Kind           string          `json:"kind"`
	By             string          `json:"by"`
	Representative domain.ID       `json:"representative,omitzero"`
	Channel        string          `json:"channel"`
	ReceivedOn     nl.Date         `json:"received_on"`
	Identity       json.RawMessage `json:"identity,omitzero"` // how the identity was made sure of; noted, no condition (L-12)
	Items          []WantedItem    `json:"items,omitzero"`    // absent: everything
	Reason         string          `json:"reason,omitzero"`   // incorrect, incomplete, irrelevant, unlawful (C-2.9.3); never asked
}

// WantedItem is one item of a request.
type WantedItem struct {
	Record   domain.ID       `json:"record,omitzero"`
	Category domain.Category `json:"category,omitzero"` // in place of a record, such as particulars
	Wanted   json.RawMessage `json:"wanted,omitzero"`   // what is to be done with it, or stand there
}

// ExtendRequest puts the answer to a request off (L-12).
type ExtendRequest struct {
	Request domain.ID `json:"request"`
	Until   nl.Date   `json:"until"`
	Reason  string    `json:"reason"`
	ToldOn  nl.Date   `json:"told_on"`
}

// DecideRequest answers a request (C-2.9.3). It changes no data by itself: the
// commands that carry it out do.
type DecideRequest struct {
	Request    domain.ID       `json:"request"`
	Decision   string          `json:"decision"`
	Items      []ItemAnswer    `json:"items,omitzero"` // absent: everything alike
	Reason     string          `json:"reason,omitzero"`
	Remedies   json.RawMessage `json:"remedies,omitzero"` // how to complain and go to court
	Statute    string          `json:"statute,omitzero"`  // the statute that stands in the way of an erasure (S-Bew2)
	AnsweredOn nl.Date         `json:"answered_on,omitzero"`
}

// ItemAnswer is the decision on one item.
type ItemAnswer struct {
	Record   domain.ID       `json:"record,omitzero"`
	Category domain.Category `json:"category,omitzero"`
	Decision string          `json:"decision"`
	Reason   string          `json:"reason,omitzero"`
}

// FulfilRequest records that what was granted was done (S-Inz, C-2.9.1).
type FulfilRequest struct {
	Request     domain.ID       `json:"request"`
	FulfilledOn nl.Date         `json:"fulfilled_on"`
	Method      string          `json:"method"`
	Fee         json.RawMessage `json:"fee,omitzero"` // nothing else than 0 is taken
}

// WithdrawRequest ends a request by the client's own word.
type WithdrawRequest struct {
	Request     domain.ID `json:"request"`
	WithdrawnOn nl.Date   `json:"withdrawn_on"`
}

// NotifyRecipient records the notice to a recipient that what it received was
// rectified, completed, restricted or moved (L-19).
type NotifyRecipient struct {
	Disclosure domain.ID `json:"disclosure"`
	// About is a record, a request that was carried out, a data category, or one
	// of the words rectification, completion, erasure and restriction for all
	// that is pending.
	About   string `json:"about"`
	Outcome string `json:"outcome"`
	Reason  string `json:"reason,omitzero"` // needed but for sent
}

// NotifyClient records what the client was told (C-I2, L-13, L-14).
type NotifyClient struct {
	About      string  `json:"about"`         // one of NoticeKinds, or words of one's own
	Ref        string  `json:"ref,omitzero"`  // an id, or a trajectory number
	Text       string  `json:"text,omitzero"` // what was told
	Method     string  `json:"method"`
	NotifiedOn nl.Date `json:"notified_on"`
}

// RecordUnlawfulDisclosure records what went out wrongly (C-2.6b). No rule
// refuses it: what happened is recorded.
type RecordUnlawfulDisclosure struct {
	Disclosure    domain.ID         `json:"disclosure"`
	Recipient     domain.ID         `json:"recipient,omitzero"`
	RecipientText string            `json:"recipient_text,omitzero"` // where no registered recipient got it
	Categories    []domain.Category `json:"categories"`
	Records       []domain.ID       `json:"records,omitzero"`
	Channel       string            `json:"channel"`
	OccurredOn    nl.Date           `json:"occurred_on"`
	Incident      domain.ID         `json:"incident"`
}

// MoveRecord takes a record that was filed in the wrong client's dossier out of
// this one (C-2.9.3b). The record is shielded here from then on and can neither
// be disclosed, corrected nor shown in the ordinary way; its content is not
// copied by this command, since it is sealed under this dossier's keys. The
// dossier where it belongs gets it by the reaction to record.moved, which opens
// it and files it there under that dossier's keys.
type MoveRecord struct {
	Record    domain.ID `json:"record"`
	ToDossier domain.ID `json:"to_dossier"`
	Incident  domain.ID `json:"incident"`
}

// GrantThirdPartyView lets somebody of a registered recipient look into the
// running dossier (C-2.7b).
type GrantThirdPartyView struct {
	View      domain.ID   `json:"view"`
	Recipient domain.ID   `json:"recipient"`
	Viewer    string      `json:"viewer"` // the person
	Records   []domain.ID `json:"records"`
	Purpose   string      `json:"purpose"`
	Consent   domain.ID   `json:"consent"`
	Until     nl.Moment   `json:"until"`
}

// EndThirdPartyView ends a third party's view (C-2.7b).
type EndThirdPartyView struct {
	View  domain.ID `json:"view"`
	Until nl.Moment `json:"until,omitzero"` // absent: the command's time
}

// FileComplaint records a complaint (C-2.1.3, S-Kla).
type FileComplaint struct {
	Complaint  domain.ID `json:"complaint"`
	ReceivedOn nl.Date   `json:"received_on"`
	Channel    string    `json:"channel"`
	Text       string    `json:"text"`
	AboutStaff domain.ID `json:"about_staff,omitzero"`
	Clause     string    `json:"clause,omitzero"` // the article that it is about
}

// ResolveComplaint answers a complaint (C-2.1.3, S-Kla).
type ResolveComplaint struct {
	Complaint  domain.ID       `json:"complaint"`
	Handler    domain.ID       `json:"handler"`
	AnsweredOn nl.Date         `json:"answered_on"`
	Outcome    string          `json:"outcome"` // one of ComplaintOutcomes, or words of one's own
	Remedies   json.RawMessage `json:"remedies"`
}

// TakeOverInvoice takes name and trajectory number over for an invoice, and
// nothing else of the client (C-1.2e).
type TakeOverInvoice struct {
	Trajectory  string `json:"trajectory"`
	Period      string `json:"period,omitzero"` // 2017, 2017-02, 2017-Q1, or from/until
	ConfirmedBy string `json:"confirmed_by"`    // who looked at it: a member of staff, or operator
}

// UnknownField is the refusal of a field that the command does not have: what
// flows to invoicing has exactly two personal fields.
func (*TakeOverInvoice) UnknownField() *domain.Error {
	return domain.Refused("field_not_taken_over", "C-1.2e", "name and trajectory number alone are taken over for an invoice; leave every other field out")
}

// AttachDocument puts a file beside a record. The content is sealed as a section
// of the commit, hence the limit MaxDocument: a commit is at most 8 MiB. Larger
// files, kept apart from the commits, come later.
type AttachDocument struct {
	Document  domain.ID `json:"document"`
	Record    domain.ID `json:"record"`
	Name      string    `json:"name"`
	MediaType string    `json:"media_type"`
	Content   string    `json:"content"` // base64, as in RFC 4648 §4
}

// AnswerQuestion records a question of the client about privacy with its answer
// (C-0f).
type AnswerQuestion struct {
	Question   domain.ID `json:"question"`
	ReceivedOn nl.Date   `json:"received_on"`
	Text       string    `json:"text"`
	Answer     string    `json:"answer"`
	AnsweredOn nl.Date   `json:"answered_on,omitzero"` // absent: the command's day
}

// Words are codes or texts: in JSON one string or a list of them.
type Words []string

// UnmarshalJSON reads a string or a list of strings; a string whose parts, set
// apart by commas or blanks, are codes all of them is a list of codes.
func (w *Words) UnmarshalJSON(b []byte) error {
	*w = nil
	var one string
	if json.Unmarshal(b, &one) == nil {
		if strings.TrimSpace(one) == "" {
			return nil
		}
		*w = Words{one}
		parts := strings.FieldsFunc(one, func(r rune) bool { return r == ',' || r == ' ' || r == ';' })
		if len(oneOfAll(parts, ScopeCodes)) == len(parts) {
			*w = parts
		}
		return nil
	}
	var list []string
	if err := json.Unmarshal(b, &list); err != nil {
		return domain.Invalid("invalid_type", "", "this is a text or a list of texts")
	}
	*w = list
	return nil
}

// CommandName is the name in the catalogue.

func (*RecordRepresentative) CommandName() string     { return "RecordRepresentative" }
func (*EndRepresentative) CommandName() string        { return "EndRepresentative" }
func (*ReceiveRequest) CommandName() string           { return "ReceiveRequest" }
func (*ExtendRequest) CommandName() string            { return "ExtendRequest" }
func (*DecideRequest) CommandName() string            { return "DecideRequest" }
func (*FulfilRequest) CommandName() string            { return "FulfilRequest" }
func (*WithdrawRequest) CommandName() string          { return "WithdrawRequest" }
func (*NotifyRecipient) CommandName() string          { return "NotifyRecipient" }
func (*NotifyClient) CommandName() string             { return "NotifyClient" }
func (*RecordUnlawfulDisclosure) CommandName() string { return "RecordUnlawfulDisclosure" }
func (*MoveRecord) CommandName() string               { return "MoveRecord" }
func (*GrantThirdPartyView) CommandName() string      { return "GrantThirdPartyView" }
func (*EndThirdPartyView) CommandName() string        { return "EndThirdPartyView" }
func (*FileComplaint) CommandName() string            { return "FileComplaint" }
func (*ResolveComplaint) CommandName() string         { return "ResolveComplaint" }
func (*TakeOverInvoice) CommandName() string          { return "TakeOverInvoice" }
func (*AttachDocument) CommandName() string           { return "AttachDocument" }
func (*AnswerQuestion) CommandName() string           { return "AnswerQuestion" }
