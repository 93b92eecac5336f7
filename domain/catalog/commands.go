package catalog

import (
	stdjson "encoding/json"
	"errors"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/access"
	"github.com/casefile-engine/casefile/domain/agency"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/incident"
	"github.com/casefile-engine/casefile/domain/paper"
	"github.com/casefile-engine/casefile/domain/reminder"
	"github.com/casefile-engine/casefile/domain/review"
	"github.com/casefile-engine/casefile/domain/staff"
)

// CommandSpec is one command of catalogue §2.
type CommandSpec struct {
	Name string
	// Kind is the kind of aggregate that it is given to.
	Kind string
	// New gives an empty command to decode into: a pointer to its struct.
	New func() domain.Command
	// Dossier tells whether the command names a dossier, MayDossier whether it
	// may do so.
	Dossier, MayDossier bool
	// Responsible tells whether Env.Responsible must be filled in.
	Responsible bool
	// Timing says which general rules of time hold.
	Timing domain.Timing
}

// Commands lists every command.
func Commands() []CommandSpec {
	return []CommandSpec{
		command[agency.AdoptRegulation](domain.KindAgency),
		command[agency.AdoptPolicies](domain.KindAgency),
		command[agency.ConfirmAdoption](domain.KindAgency),
		command[agency.RegisterRecipient](domain.KindAgency),
		command[agency.ChangeRecipient](domain.KindAgency),
		command[agency.EndRecipient](domain.KindAgency),

		command[staff.EnrolStaff](domain.KindStaff),
		command[staff.EndStaff](domain.KindStaff),
		command[staff.SignConfidentiality](domain.KindStaff),
		command[staff.GrantRole](domain.KindStaff),
		command[staff.RevokeRole](domain.KindStaff),
		command[staff.GrantAccess](domain.KindStaff),
		command[staff.RevokeAccess](domain.KindStaff),
		command[staff.GrantMaintenance](domain.KindStaff),
		command[staff.ConfirmGrant](domain.KindStaff),

		command[incident.ReportIncident](domain.KindIncident),
		command[incident.AssessIncident](domain.KindIncident),
		command[incident.NotifyAuthority](domain.KindIncident),
		command[incident.CloseIncident](domain.KindIncident),

		command[paper.RegisterVolume](domain.KindPaper),
		command[paper.CheckOutPaper](domain.KindPaper),
		command[paper.CheckInPaper](domain.KindPaper),
		command[paper.AttestCabinets](domain.KindPaper),
		command[paper.DestroyPaper](domain.KindPaper),

		command[access.RecordAccess](domain.KindAccess),

		command[reminder.RaiseReminder](domain.KindReminder),

		command[review.ReviewAccess](domain.KindReview),

		command[dossier.OpenDossier](domain.KindDossier),
		command[dossier.DeclineReferral](domain.KindDossier),
		command[dossier.ChangeClient](domain.KindDossier),
		command[dossier.HandOutRegulation](domain.KindDossier),
		command[dossier.AssignStaff](domain.KindDossier),
		command[dossier.UnassignStaff](domain.KindDossier),
		command[dossier.StartTrajectory](domain.KindDossier),
		command[dossier.EndTrajectory](domain.KindDossier),
		command[dossier.ReopenTrajectory](domain.KindDossier),
		command[dossier.AddRecord](domain.KindDossier),
		command[dossier.CorrectRecord](domain.KindDossier),
		command[dossier.CompleteRecord](domain.KindDossier),
		command[dossier.RestrictRecord](domain.KindDossier),
		command[dossier.LiftRestriction](domain.KindDossier),
		command[dossier.LogHours](domain.KindDossier),
		command[dossier.CorrectHours](domain.KindDossier),
		command[dossier.GiveConsent](domain.KindDossier),
		command[dossier.RefuseConsent](domain.KindDossier),
		command[dossier.WithdrawConsent](domain.KindDossier),
		command[dossier.ObjectToContactDisclosure](domain.KindDossier),
		command[dossier.WithdrawObjection](domain.KindDossier),
		command[dossier.Disclose](domain.KindDossier),
		command[dossier.PlaceHold](domain.KindDossier),
		command[dossier.LiftHold](domain.KindDossier),
		command[dossier.RedateDossier](domain.KindDossier),
		command[dossier.RecordRepresentative](domain.KindDossier),
		command[dossier.EndRepresentative](domain.KindDossier),
		command[dossier.ReceiveRequest](domain.KindDossier),
		command[dossier.ExtendRequest](domain.KindDossier),
		command[dossier.DecideRequest](domain.KindDossier),
		command[dossier.FulfilRequest](domain.KindDossier),
		command[dossier.WithdrawRequest](domain.KindDossier),
		command[dossier.NotifyRecipient](domain.KindDossier),
		command[dossier.NotifyClient](domain.KindDossier),
		command[dossier.RecordUnlawfulDisclosure](domain.KindDossier),
		command[dossier.MoveRecord](domain.KindDossier),
		command[dossier.GrantThirdPartyView](domain.KindDossier),
		command[dossier.EndThirdPartyView](domain.KindDossier),
		command[dossier.FileComplaint](domain.KindDossier),
		command[dossier.ResolveComplaint](domain.KindDossier),
		command[dossier.TakeOverInvoice](domain.KindDossier),
		command[dossier.AttachDocument](domain.KindDossier),
		command[dossier.AnswerQuestion](domain.KindDossier),
		command[dossier.BreakGlass](domain.KindDossier),
		command[dossier.ReviewBreakGlass](domain.KindDossier),
		command[dossier.ConfirmDisclosure](domain.KindDossier),
	}
}

// command lists the command whose struct is T.
func command[T any, P interface {
	*T
	domain.Command
	Validate() error
}](kind string) CommandSpec {
	c := P(new(T))
	s := CommandSpec{Name: c.CommandName(), Kind: kind, New: func() domain.Command { return P(new(T)) }}
	switch kind {
	case domain.KindDossier:
		s.Dossier, s.Timing = true, dossier.Timing(c)
	case domain.KindAccess:
		s.Dossier, s.Timing = true, access.Timing()
	case domain.KindStaff:
		s.Timing, s.Responsible = staff.Timing(c), staff.NeedsResponsible(c)
	case domain.KindPaper:
		_, s.Dossier = domain.Command(c).(*paper.RegisterVolume)
		_, whole := domain.Command(c).(*paper.AttestCabinets)
		s.MayDossier = !whole // a volume is its dossier's, a cabinet nobody's
	case domain.KindReminder:
		s.MayDossier, s.Timing = true, domain.Timing{Now: true}
	case domain.KindIncident:
		_, s.MayDossier = domain.Command(c).(*incident.ReportIncident)
	}
	return s
}

var commandTable = sync.OnceValue(func() map[string]CommandSpec {
	m := map[string]CommandSpec{}
	for _, s := range Commands() {
		m[s.Name] = s
	}
	return m
})

// CommandOf finds a command by its name.
func CommandOf(name string) (s CommandSpec, ok bool) {
	s, ok = commandTable()[name]
	return s, ok
}

// DecodeCommand reads the data of a command strictly and checks its form.
// Absent data is an empty object. A command that has a rule of its own on fields
// that it does not have (UnknownField) refuses them by that. Every error is a *domain.Error that repeats
// nothing of the input but names of fields that are some command's.
func DecodeCommand(s CommandSpec, raw stdjson.RawMessage) (domain.Command, error) {
	c := s.New()
	if len(raw) == 0 {
		raw = stdjson.RawMessage("{}")
	}
	if err := json.Unmarshal(raw, c, json.RejectUnknownMembers(true)); err != nil {
		if own, ok := c.(interface{ UnknownField() *domain.Error }); ok && errors.Is(err, json.ErrUnknownName) {
			return nil, own.UnknownField()
		}
		return nil, formError(err)
	}
	if v, ok := c.(interface{ Validate() error }); ok {
		if err := v.Validate(); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// formError says what is wrong with the data of a command.
func formError(err error) *domain.Error {
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		e := domain.Invalid("invalid_json", "data", "this is no JSON, or not UTF-8, from byte "+strconv.FormatInt(syntax.ByteOffset, 10)+" of the data on; correct it")
		if errors.Is(err, jsontext.ErrDuplicateName) {
			e = domain.Invalid("repeated_field", "data", "a field stands there twice; leave one out")
		}
		return e
	}
	var semantic *json.SemanticError
	if !errors.As(err, &semantic) {
		return domain.Invalid("invalid_json", "data", "the data cannot be read; compare it with the catalogue of commands")
	}
	field, known := fieldPath(string(semantic.JSONPointer))
	if errors.Is(err, json.ErrUnknownName) {
		if known {
			return domain.Invalid("unknown_field", field, "this command has no such field; leave it out")
		}
		return domain.Invalid("unknown_field", "data", "the command has an unknown field at position "+strconv.FormatInt(semantic.ByteOffset, 10)+" of the data; leave it out")
	}
	var own *domain.Error
	if errors.As(semantic.Err, &own) {
		e := *own
		e.Field = field
		return &e
	}
	return domain.Invalid("invalid_type", field, "a value of another kind stands here; compare it with the catalogue of commands")
}

// fieldPath turns a JSON pointer into a path with dots. A step that is no
// field of any command could be anything, a name even, so it becomes "?".
func fieldPath(pointer string) (path string, known bool) {
	if pointer == "" {
		return "data", true
	}
	steps := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	known = true
	for i, s := range steps {
		if _, err := strconv.Atoi(s); err != nil && !fieldNames()[s] {
			steps[i], known = "?", false
		}
	}
	return strings.Join(steps, "."), known
}

// fieldNames are the names of the fields of all commands.
var fieldNames = sync.OnceValue(func() map[string]bool {
	names := map[string]bool{}
	for _, s := range Commands() {
		addNames(names, reflect.TypeOf(s.New()))
	}
	return names
})

func addNames(names map[string]bool, t reflect.Type) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return
	}
	for f := range t.Fields() {
		if f.Anonymous {
			addNames(names, f.Type)
		} else if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
			names[name] = true
			addNames(names, f.Type)
		}
	}
}
