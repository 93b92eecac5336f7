package dossier

import (
	"slices"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/agency"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/domain/regulation"
	"github.com/casefile-engine/casefile/domain/staff"
)

// Timing says which general rules of time hold for a command (catalogue §2):
// what can be written down later, and what takes place now.
func Timing(c domain.Command) domain.Timing {
	switch c.(type) {
	case *AddRecord, *CompleteRecord, *AttachDocument, *LogHours, *Disclose, *RecordUnlawfulDisclosure, *HandOutRegulation,
		*ReceiveRequest, *NotifyClient, *NotifyRecipient:
		return domain.Timing{Late: true}
	case *AssignStaff, *UnassignStaff, *WithdrawConsent, *PlaceHold, *LiftHold, *GrantThirdPartyView, *EndThirdPartyView,
		*BreakGlass:
		return domain.Timing{Now: true}
	}
	return domain.Timing{}
}

// Decide says what a command does to a dossier, judged at env.At. It changes
// nothing. A refused disclosure gives both: the fact that it was refused, which
// is to be recorded, and the error to answer with.
func Decide(s *State, c domain.Command, env *domain.Env) ([]domain.Fact, error) {
	office, _ := env.Known[domain.Ref{Agency: env.Agency, Kind: domain.KindAgency, ID: env.Agency}].(*agency.State)
	if b, ok := c.(*BreakGlass); ok {
		if err := b.check(office, env); err != nil {
			return nil, err
		}
	}
	if _, opens := c.(*OpenDossier); !opens && !s.Exists() {
		return nil, &domain.Error{Kind: domain.KindNotFound, Code: "unknown_dossier", Rule: "C-0a", Field: "dossier",
			Message: "there is no such dossier in this agency; compare its id, or open it first"}
	}
	if err := env.CheckTime(Timing(c), s.Opened, s.Newest); err != nil {
		return nil, err
	}
	d := decision{s: s, env: env, owner: "dossier/" + env.Dossier, day: nl.DateOf(env.At), today: nl.DateOf(env.Now)}
	d.agency = office
	d.profile = d.agency.ProfileAt(d.day)
	if needsProfile(c) && d.profile == nil {
		return nil, noRegulation()
	}
	return d.decide(c)
}

func noRegulation() *domain.Error {
	return domain.Refused("no_regulation", "C-5", "the agency has no regulation in force on that day; adopt one first, with an effective date on or before it")
}

// NeedsAgency tells whether a command is judged by the agency's regulation or
// recipients.
func NeedsAgency(c domain.Command) bool {
	switch c.(type) {
	case *StartTrajectory, *RecordUnlawfulDisclosure:
		return true
	}
	return needsProfile(c)
}

func needsProfile(c domain.Command) bool {
	switch c.(type) {
	case *OpenDossier, *ChangeClient, *HandOutRegulation, *AddRecord, *CorrectRecord, *CompleteRecord, *LogHours, *GiveConsent, *Disclose,
		*RecordRepresentative, *ReceiveRequest, *ExtendRequest, *DecideRequest, *FulfilRequest, *WithdrawRequest,
		*GrantThirdPartyView, *FileComplaint, *ResolveComplaint, *TakeOverInvoice, *AttachDocument, *RedateDossier,
		*BreakGlass:
		return true
	}
	return false
}

// NeedsDossiers are the other dossiers whose states a command is judged by.
func NeedsDossiers(c domain.Command) []domain.ID {
	if c, ok := c.(*MoveRecord); ok {
		return []domain.ID{c.ToDossier}
	}
	return nil
}

// NeedsStaff are the members of staff whose states a command is judged by.
func NeedsStaff(c domain.Command, actor string) []domain.ID {
	switch c := c.(type) {
	case *AssignStaff:
		return []domain.ID{c.Staff}
	case *LogHours:
		if c.WorkedBy != "" && c.WorkedBy != actor && c.WorkedBy != domain.Operator {
			return []domain.ID{c.WorkedBy}
		}
	case *Disclose:
		if by := approverOf(c); by != "" {
			return []domain.ID{by}
		}
	case *AddRecord, *CorrectRecord:
		if actor != domain.Operator && actor != domain.Engine {
			return []domain.ID{actor}
		}
	case *FileComplaint:
		return named(c.AboutStaff)
	case *ResolveComplaint:
		return named(c.Handler)
	case *TakeOverInvoice:
		return named(c.ConfirmedBy)
	}
	return nil
}

// named is a member of staff whom a command names.
func named(staff string) []domain.ID {
	if staff == "" || staff == domain.Operator {
		return nil
	}
	return []domain.ID{staff}
}

// Purpose is the purpose for which a command processes data: its own where it
// names one, else that of the dossier's service (C-I1, S-Doel).
func Purpose(s *State, c domain.Command) string {
	service := s.Service
	switch c := c.(type) {
	case *Disclose:
		return c.Purpose
	case *GiveConsent:
		return c.Purpose
	case *GrantThirdPartyView:
		return c.Purpose
	case *ReceiveRequest, *ExtendRequest, *DecideRequest, *FulfilRequest, *WithdrawRequest, *NotifyRecipient:
		return "rights_request"
	case *FileComplaint, *ResolveComplaint:
		return "complaint"
	case *RecordUnlawfulDisclosure, *MoveRecord:
		return "incident"
	case *TakeOverInvoice:
		return "invoicing"
	case *ReviewBreakGlass:
		return "audit"
	case *OpenDossier:
		service = c.Service
	}
	if service == "absence" {
		return "absence"
	}
	return "guidance"
}

// decision is one call of Decide.
type decision struct {
	s       *State
	env     *domain.Env
	agency  *agency.State
	profile *regulation.Profile // in force on day; nil for commands that need none
	owner   string
	day     nl.Date // of env.At
	today   nl.Date // of env.Now
}

func (d *decision) decide(c domain.Command) ([]domain.Fact, error) {
	switch c := c.(type) {
	case *OpenDossier:
		return d.open(c)
	case *DeclineReferral:
		return d.decline(c)
	case *ChangeClient:
		return d.changeClient(c)
	case *HandOutRegulation:
		return d.handOut(c)
	case *AssignStaff:
		return d.assign(c)
	case *UnassignStaff:
		return d.unassign(c)
	case *StartTrajectory:
		return d.startTrajectory(c)
	case *EndTrajectory:
		return d.endTrajectory(c)
	case *ReopenTrajectory:
		return d.reopenTrajectory(c)
	case *AddRecord:
		return d.addRecord(c)
	case *CorrectRecord:
		return d.correctRecord(c)
	case *CompleteRecord:
		return d.completeRecord(c)
	case *RestrictRecord:
		return d.restrictRecord(c)
	case *LiftRestriction:
		return d.liftRestriction(c)
	case *LogHours:
		return d.logHours(c)
	case *CorrectHours:
		return d.correctHours(c)
	case *GiveConsent:
		return d.giveConsent(c)
	case *RefuseConsent:
		return d.refuseConsent(c)
	case *WithdrawConsent:
		return d.withdrawConsent(c)
	case *ObjectToContactDisclosure:
		return d.object(c)
	case *WithdrawObjection:
		return d.withdrawObjection(c)
	case *Disclose:
		return d.disclose(c)
	case *PlaceHold:
		return d.placeHold(c)
	case *LiftHold:
		return d.liftHold(c)
	case *RedateDossier:
		return d.redate(c)
	}
	return d.decideRights(c)
}

// decideRights decides the commands of the client's rights and of all else that
// leaves the dossier or comes in about it.
func (d *decision) decideRights(c domain.Command) ([]domain.Fact, error) {
	switch c := c.(type) {
	case *RecordRepresentative:
		return d.recordRepresentative(c)
	case *EndRepresentative:
		return d.endRepresentative(c)
	case *ReceiveRequest:
		return d.receiveRequest(c)
	case *ExtendRequest:
		return d.extendRequest(c)
	case *DecideRequest:
		return d.decideRequest(c)
	case *FulfilRequest:
		return d.fulfilRequest(c)
	case *WithdrawRequest:
		return d.withdrawRequest(c)
	case *NotifyRecipient:
		return d.notifyRecipient(c)
	case *NotifyClient:
		return d.notifyClient(c)
	case *RecordUnlawfulDisclosure:
		return d.unlawful(c)
	case *MoveRecord:
		return d.moveRecord(c)
	case *GrantThirdPartyView:
		return d.grantView(c)
	case *EndThirdPartyView:
		return d.endView(c)
	case *FileComplaint:
		return d.fileComplaint(c)
	case *ResolveComplaint:
		return d.resolveComplaint(c)
	case *TakeOverInvoice:
		return d.takeOverInvoice(c)
	case *AttachDocument:
		return d.attachDocument(c)
	case *AnswerQuestion:
		return d.answerQuestion(c)
	case *BreakGlass:
		return d.breakGlass(c)
	case *ReviewBreakGlass:
		return d.reviewGlass(c)
	case *ConfirmDisclosure:
		return d.confirmDisclosure(c)
	}
	return nil, domain.NotHandled(c)
}

// unknown is the answer for a thing that the dossier does not have.
func unknown(field, code, rule, message string) *domain.Error {
	e := domain.RefusedField(field, code, rule, message)
	e.Kind = domain.KindNotFound
	return e
}

// inUse is the refusal of an id that belongs to something already.
func inUse(field, rule string) *domain.Error {
	return domain.RefusedField(field, "id_in_use", rule, "this id belongs to something in this dossier already; choose another id")
}

// notFuture asks that a day on which something happened is not to come yet.
func (d *decision) notFuture(field string, day nl.Date, rule string) *domain.Error {
	if day.After(d.today) {
		return domain.RefusedField(field, "in_future", rule, "this day lies in the future; give the day on which it happened")
	}
	return nil
}

// file seals free text without a category of its own.
func (d *decision) file(fields map[string]any) []domain.Section {
	return domain.Seal(d.owner, domain.ClassDossier, domain.CatFile, fields)
}

// seal seals under the class that the profile in force gives the category.
func (d *decision) seal(k domain.Category, fields map[string]any) []domain.Section {
	return domain.Seal(d.owner, d.profile.ClassOf(k), k, fields)
}

func sorted[T ~string](v []T) []T { return slices.Sorted(slices.Values(v)) }

// oneOf is v where it is a word of the list: closed codes may stand in the clear.
func oneOf(v string, list []string) string {
	if slices.Contains(list, v) {
		return v
	}
	return ""
}

// staffAt is the state of a member of staff that the command names.
func (d *decision) staffAt(id domain.ID, field string) (*staff.State, *domain.Error) {
	s, _ := d.env.Known[domain.Ref{Agency: d.env.Agency, Kind: domain.KindStaff, ID: id}].(*staff.State)
	if !s.Exists() {
		return nil, unknown(field, "unknown_staff", "C-2.7e", "there is no such member of staff in this agency; enrol the person first")
	}
	return s, nil
}

// commissioner asks that a recipient is a commissioner at env.At (C-2.6.3).
func (d *decision) commissioner(id domain.ID) *domain.Error {
	terms, known, ended := d.agency.RecipientAt(id, d.env.At)
	switch {
	case !known || ended:
		return domain.RefusedField("commissioner", "commissioner_unknown", "C-2.6.3", "there is no such commissioner at that time; register the party with its agreement first")
	case terms.Class != "commissioner":
		return domain.RefusedField("commissioner", "not_a_commissioner", "C-2.6.3", "this party is registered, but not as a commissioner; register it as one, with its agreement")
	}
	return nil
}

// consentFact is how a consent stands at an instant.
func consentFact(c *Consent, t time.Time) regulation.ConsentFact {
	f := regulation.ConsentFact{State: regulation.ConsentValid, For: c.For, Explicit: c.Explicit, Categories: c.Categories, Recipient: c.Recipient, Purpose: c.Purpose}
	switch {
	case c.Refused:
		f.State = regulation.ConsentRefused
	case t.Before(c.Given):
		f.State = regulation.ConsentNotYet
	case !c.Withdrawn.IsZero() && !t.Before(c.Withdrawn):
		f.State = regulation.ConsentWithdrawn
	case !c.ValidAt(t):
		f.State = regulation.ConsentExpired
	}
	return f
}
