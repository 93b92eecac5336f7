package dossier

import (
	"encoding/base64"
	"regexp"
	"slices"
	"strconv"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/regulation"
)

// MaxDocument is the largest content of a document, in bytes once decoded.
const MaxDocument = 5 << 20

// ScopeCodes are the codes by which a representative's scope is judged: all;
// the kinds of request, consent and complaint for what may be done; the data
// categories for what it may be about. A scope without codes of one sort is not
// limited in that way.
var ScopeCodes = func() []string {
	out := slices.Concat([]string{"all", "consent", "complaint"}, domain.RequestKinds)
	for _, c := range domain.Categories {
		out = append(out, string(c))
	}
	return out
}()

// NoticeKinds are what a notice to the client can be about (C-I2, L-13, L-14,
// L-18, L-34); anything else is "other".
var NoticeKinds = []string{"indirect_notice", "unexpected_processing", "new_purpose", "regulation_changed", "restriction", "recipients", "breach", "disclosure", "erasure"}

// noticeKindOf are other words for them: the rule itself.
var noticeKindOf = map[string]string{
	"L-14": "indirect_notice", "C-I3": "indirect_notice", "C-I2": "unexpected_processing", "L-13": "new_purpose", "C-4b": "regulation_changed",
	"L-18": "restriction", "L-19": "recipients", "L-34": "breach", "C-2.6b": "disclosure", "L-17": "erasure",
}

// ComplaintOutcomes are the outcomes of a complaint; anything else is "other".
var ComplaintOutcomes = []string{"upheld", "partly_upheld", "not_upheld", "settled", "withdrawn"}

// MediaTypes are the media types that stand in the clear; any other is filed as
// application/octet-stream, with its own name sealed beside the content.
var MediaTypes = []string{
	"application/pdf", "image/png", "image/jpeg", "image/tiff", "text/plain", "text/csv", "message/rfc822", "application/msword",
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	"application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.spreadsheet",
}

const otherMediaType = "application/octet-stream"

var (
	requestParties = []string{"client", "representative"}
	decisions      = []string{Granted, Partly, Refused}
	requestReasons = []string{"incorrect", "incomplete", "irrelevant", "unlawful"}
	noticeOutcomes = []string{"sent", "impossible", "disproportionate"}
	mediaTypeForm  = regexp.MustCompile(`^[a-z]+/[a-z0-9][a-z0-9.+-]{0,99}$`)
	clauseForm     = regexp.MustCompile(`^(C-[0-9I][0-9a-z.]{0,7}|S-[A-Z][a-z]{2}[0-9]?|L-U?[0-9]{1,2})$`)
	periodForm     = regexp.MustCompile(`^\d{4}(-(\d{2}(-\d{2})?|Q[1-4]|W\d{2}))?(/\d{4}-\d{2}(-\d{2})?)?$`)
)

// oneOfAll are the words of v that stand in the list.
func oneOfAll(v, list []string) (out []string) {
	for _, w := range v {
		if slices.Contains(list, w) {
			out = append(out, w)
		}
	}
	return out
}

// Validate tells what is wrong with the form of the command.
func (c *RecordRepresentative) Validate() error {
	var k domain.Check
	k.ID("representative", &c.Representative)
	k.Code("kind", c.Kind, regulation.RepresentativeKinds)
	k.Text("name", c.Name, domain.MaxShort)
	k.Has("scope", len(c.Scope) > 0)
	for i, w := range c.Scope {
		k.Text("scope."+strconv.Itoa(i), w, domain.MaxText)
	}
	k.Raw("evidence", c.Evidence)
	k.Has("from", !c.From.IsZero())
	if !c.Until.IsZero() && c.Until.Before(c.From) {
		k.Fail(domain.Invalid("out_of_range", "until", "the end lies before the beginning; compare the two"))
	}
	return k.Err()
}

// Validate tells what is wrong with the form of the command.
func (c *EndRepresentative) Validate() error {
	var k domain.Check
	k.ID("representative", &c.Representative)
	k.OptionalText("reason", c.Reason, domain.MaxText)
	return k.Err()
}

// Validate tells what is wrong with the form of the command.
func (c *ReceiveRequest) Validate() error {
	var k domain.Check
	k.ID("request", &c.Request)
	k.Code("kind", c.Kind, domain.RequestKinds)
	k.Code("by", c.By, requestParties)
	k.OptionalID("representative", &c.Representative)
	if c.By == "client" && c.Representative != "" {
		k.Fail(domain.Invalid("unknown_field", "representative", "the client asks this himself; leave the representative out, or say that the representative asks"))
	}
	k.Code("channel", c.Channel, domain.Methods)
	k.Has("received_on", !c.ReceivedOn.IsZero())
	k.Raw("identity", c.Identity)
	k.OptionalCode("reason", c.Reason, requestReasons)
	if len(c.Items) > domain.MaxList {
		k.Fail(domain.Invalid("too_many", "items", "this list has too many elements; ask for everything instead"))
		return k.Err()
	}
	seen := map[RequestItem]bool{}
	for i := range c.Items {
		item, path := &c.Items[i], "items."+strconv.Itoa(i)
		checkItem(&k, path, &item.Record, item.Category, domain.Filled(item.Wanted))
		k.Raw(path+".wanted", item.Wanted)
		if e := (RequestItem{item.Record, item.Category}); e != (RequestItem{}) && seen[e] {
			k.Fail(domain.Invalid("repeated", path, "this stands among the items twice; name it once"))
		} else {
			seen[e] = true
		}
	}
	return k.Err()
}

// checkItem: an item says what it is about: a record, a category, or words.
func checkItem(k *domain.Check, path string, record *domain.ID, category domain.Category, words bool) {
	k.OptionalID(path+".record", record)
	if category != "" {
		k.Category(path+".category", category)
	}
	k.Has(path+".record", *record != "" || category != "" || words)
	if *record != "" && category != "" {
		k.Fail(domain.Invalid("unknown_field", path+".category", "an item is about a record or about a category; leave one out"))
	}
}

// Validate tells what is wrong with the form of the command.
func (c *ExtendRequest) Validate() error {
	var k domain.Check
	k.ID("request", &c.Request)
	k.Has("until", !c.Until.IsZero())
	k.Text("reason", c.Reason, domain.MaxText)
	k.Has("told_on", !c.ToldOn.IsZero())
	return k.Err()
}

// Validate tells what is wrong with the form of the command.
func (c *DecideRequest) Validate() error {
	var k domain.Check
	k.ID("request", &c.Request)
	k.Code("decision", c.Decision, decisions)
	if len(c.Items) > domain.MaxList {
		k.Fail(domain.Invalid("too_many", "items", "this list has too many elements; decide on everything alike instead"))
		return k.Err()
	}
	for i := range c.Items {
		item, path := &c.Items[i], "items."+strconv.Itoa(i)
		checkItem(&k, path, &item.Record, item.Category, false)
		k.Code(path+".decision", item.Decision, decisions)
		k.OptionalText(path+".reason", item.Reason, domain.MaxText)
	}
	k.OptionalText("reason", c.Reason, domain.MaxText)
	k.Raw("remedies", c.Remedies)
	k.OptionalText("statute", c.Statute, domain.MaxShort)
	return k.Err()
}

// Validate tells what is wrong with the form of the command.
func (c *FulfilRequest) Validate() error {
	var k domain.Check
	k.ID("request", &c.Request)
	k.Has("fulfilled_on", !c.FulfilledOn.IsZero())
	k.Code("method", c.Method, domain.Methods)
	k.Raw("fee", c.Fee)
	return k.Err()
}

// Validate tells what is wrong with the form of the command.
func (c *WithdrawRequest) Validate() error {
	var k domain.Check
	k.ID("request", &c.Request)
	k.Has("withdrawn_on", !c.WithdrawnOn.IsZero())
	return k.Err()
}

// Validate tells what is wrong with the form of the command.
func (c *NotifyRecipient) Validate() error {
	var k domain.Check
	k.ID("disclosure", &c.Disclosure)
	k.Text("about", c.About, domain.MaxShort)
	k.Code("outcome", c.Outcome, noticeOutcomes)
	k.OptionalText("reason", c.Reason, domain.MaxText)
	return k.Err()
}

// Validate tells what is wrong with the form of the command.
func (c *NotifyClient) Validate() error {
	var k domain.Check
	k.Text("about", c.About, domain.MaxShort)
	k.OptionalText("text", c.Text, domain.MaxText)
	k.Code("method", c.Method, domain.Methods)
	k.Has("notified_on", !c.NotifiedOn.IsZero())
	if id, err := domain.ParseID("ref", c.Ref); err == nil {
		c.Ref = id
	} else {
		checkTrajectory(&k, "ref", c.Ref, true)
	}
	return k.Err()
}

// Validate tells what is wrong with the form of the command.
func (c *RecordUnlawfulDisclosure) Validate() error {
	var k domain.Check
	k.ID("disclosure", &c.Disclosure)
	k.OptionalID("recipient", &c.Recipient)
	k.OptionalText("recipient_text", c.RecipientText, domain.MaxText)
	k.Categories("categories", c.Categories, false)
	k.IDs("records", c.Records)
	k.Code("channel", c.Channel, domain.Methods)
	k.Has("occurred_on", !c.OccurredOn.IsZero())
	k.ID("incident", &c.Incident)
	return k.Err()
}

// Validate tells what is wrong with the form of the command.
func (c *MoveRecord) Validate() error {
	var k domain.Check
	k.ID("record", &c.Record)
	k.ID("to_dossier", &c.ToDossier)
	k.ID("incident", &c.Incident)
	return k.Err()
}

// Validate tells what is wrong with the form of the command.
func (c *GrantThirdPartyView) Validate() error {
	var k domain.Check
	k.ID("view", &c.View)
	k.ID("recipient", &c.Recipient)
	k.Text("viewer", c.Viewer, domain.MaxShort)
	k.Has("records", len(c.Records) > 0)
	k.IDs("records", c.Records)
	k.Code("purpose", c.Purpose, domain.Purposes)
	k.OptionalID("consent", &c.Consent)
	k.Has("until", !c.Until.IsZero())
	return k.Err()
}

// Validate tells what is wrong with the form of the command.
func (c *EndThirdPartyView) Validate() error {
	var k domain.Check
	k.ID("view", &c.View)
	return k.Err()
}

// Validate tells what is wrong with the form of the command.
func (c *FileComplaint) Validate() error {
	var k domain.Check
	k.ID("complaint", &c.Complaint)
	k.Has("received_on", !c.ReceivedOn.IsZero())
	k.Code("channel", c.Channel, domain.Methods)
	k.Text("text", c.Text, domain.MaxText)
	k.OptionalID("about_staff", &c.AboutStaff)
	k.OptionalText("clause", c.Clause, domain.MaxShort)
	return k.Err()
}

// Validate tells what is wrong with the form of the command.
func (c *ResolveComplaint) Validate() error {
	var k domain.Check
	k.ID("complaint", &c.Complaint)
	k.ID("handler", &c.Handler)
	k.Has("answered_on", !c.AnsweredOn.IsZero())
	k.Text("outcome", c.Outcome, domain.MaxText)
	k.Raw("remedies", c.Remedies)
	return k.Err()
}

// Validate tells what is wrong with the form of the command.
func (c *TakeOverInvoice) Validate() error {
	var k domain.Check
	checkTrajectory(&k, "trajectory", c.Trajectory, false)
	if c.Period != "" && !periodForm.MatchString(c.Period) {
		k.Fail(domain.Invalid("invalid_period", "period", "a period is a year, a month, a quarter, a week or two of these days, such as 2017-02, 2017-Q1 or 2017-02-01/2017-02-28"))
	}
	k.Has("confirmed_by", c.ConfirmedBy != "")
	if c.ConfirmedBy != domain.Operator {
		k.OptionalID("confirmed_by", &c.ConfirmedBy)
	}
	return k.Err()
}

// Validate tells what is wrong with the form of the command.
func (c *AttachDocument) Validate() error {
	var k domain.Check
	k.ID("document", &c.Document)
	k.ID("record", &c.Record)
	k.Text("name", c.Name, domain.MaxShort)
	k.Has("media_type", c.MediaType != "")
	if !mediaTypeForm.MatchString(c.MediaType) {
		k.Fail(domain.Invalid("invalid_media_type", "media_type", "a media type is two words with a slash between, such as application/pdf"))
	}
	k.Has("content", c.Content != "")
	if base64.StdEncoding.DecodedLen(len(c.Content)) > MaxDocument+2 {
		k.Fail(tooLarge())
		return k.Err()
	}
	if size, err := documentSize(c.Content); err != nil {
		k.Fail(domain.Invalid("invalid_content", "content", "the content is given in base64, in one piece"))
	} else if size > MaxDocument {
		k.Fail(tooLarge())
	}
	return k.Err()
}

func tooLarge() *domain.Error {
	return domain.Invalid("too_large", "content", "a document holds at most 5 MiB; make it smaller or split it")
}

// documentSize is the length of content given in base64.
func documentSize(content string) (int, error) {
	b, err := base64.StdEncoding.Strict().DecodeString(content)
	return len(b), err
}

// Validate tells what is wrong with the form of the command.
func (c *AnswerQuestion) Validate() error {
	var k domain.Check
	k.ID("question", &c.Question)
	k.Has("received_on", !c.ReceivedOn.IsZero())
	k.Text("text", c.Text, domain.MaxText)
	k.Text("answer", c.Answer, domain.MaxText)
	return k.Err()
}
