package catalog_test

import (
	"strings"
	"testing"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/access"
	"github.com/casefile-engine/casefile/domain/agency"
	sc "github.com/casefile-engine/casefile/domain/catalog/scenario"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/incident"
	"github.com/casefile-engine/casefile/domain/ledger"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/domain/overview"
	"github.com/casefile-engine/casefile/domain/paper"
	"github.com/casefile-engine/casefile/domain/regulation"
	"github.com/casefile-engine/casefile/domain/reminder"
	"github.com/casefile-engine/casefile/domain/review"
	"github.com/casefile-engine/casefile/domain/staff"
	"github.com/casefile-engine/casefile/domain/unique"
)

// samples has one event of each type with every field filled in.
func samples(t *testing.T) map[string]domain.Event {
	t.Helper()
	// A small document: what the built-in profiles say is tested where they are.
	adopted := &agency.RegulationAdopted{
		Profile: "own", Version: 2, EffectiveFrom: nl.MustDate("2017-01-01"), ApprovedBy: sc.Admin, Findings: []string{"law_adds"}, ImpactAssessedOn: nl.MustDate("2016-12-01"),
		Document: regulation.Profile{Name: "own", Version: 2, Title: regulation.Text{NL: "Eigen", EN: "Own"}, Law: 1},
	}
	day, later, at := nl.MustDate("2017-02-01"), nl.MustDate("2018-02-01"), sc.Time("2017-02-01")
	health := []domain.Category{domain.CatDisability, domain.CatMedical}
	terms := agency.RecipientTerms{Class: "commissioner", Subtype: "uwv", Agreement: true, AgreementUntil: later, Secrecy: true, AuthorisedForSubsidies: true}
	place := paper.Place{Volume: sc.Record, Dossier: sc.Dossier, Cabinet: "K-1"}
	list := []domain.Event{
		adopted,
		&agency.RecipientRegistered{Recipient: sc.UWV, RecipientTerms: terms},
		&agency.RecipientChanged{Recipient: sc.UWV, RecipientTerms: terms},
		&agency.RecipientEnded{Recipient: sc.UWV},
		&staff.Enrolled{},
		&staff.Ended{LeftOn: day},
		&staff.ConfidentialitySigned{SignedOn: day, Until: later},
		&agency.AdoptionConfirmed{Adoption: sc.Hold, By: sc.Record, Answer: "confirmed"},
		&agency.PoliciesAdopted{Files: []agency.PolicyFile{{Name: "own.cedar", Text: "permit (principal, action, resource);"}}, ApprovedBy: sc.Admin},
		&staff.RoleGranted{Role: "coach"},
		&staff.RoleRevoked{Role: "coach"},
		&staff.AccessGranted{Grant: sc.Hold, Dossiers: []string{sc.Dossier}, Team: true, Categories: health, Purpose: "complaint", From: at, Until: at.AddDate(0, 1, 0), AuthorisedBy: sc.Admin},
		&staff.AccessRevoked{Grant: sc.Hold},
		&staff.GrantConfirmed{Grant: sc.Hold, By: sc.Record, Answer: "denied"},
		&staff.MaintenanceGranted{Grant: sc.Hold, From: at, Until: at.AddDate(0, 0, 1), ApprovedBy: sc.Admin},
		&incident.Reported{DiscoveredAt: at, NotifyBy: at.AddDate(0, 0, 3), Kind: "wrong_recipient", Dossiers: []string{sc.Dossier}, Categories: health, People: 2},
		&incident.Assessed{Risk: "high", NotifyAuthority: true, NotifyClients: true},
		&incident.AuthorityNotified{NotifiedAt: at},
		&incident.Closed{ClosedOn: later},
		&paper.VolumeRegistered{Place: place},
		&paper.CheckedOut{Place: place, Purpose: "guidance"},
		&paper.CheckedIn{Place: place},
		&paper.Attested{Date: day, Cabinet: "K-1", Out: []string{sc.Record}},
		&paper.Destroyed{Place: place, List: sc.Hold, Method: "shredded", WitnessedBy: sc.Admin},
		&access.Recorded{Action: "view", Outcome: access.Denied, Dossiers: []string{sc.Dossier}, Owners: []string{"dossier/" + sc.Dossier}, Categories: health,
			Purpose: "guidance", Ground: "assignment", Role: "coach", OnBehalfOf: sc.Admin, Code: "not_assigned", Rule: "C-0d", Imported: true, Policies: []string{"coach-reads-assigned"}},
		&access.SignIn{Outcome: access.Denied, Method: "password", Code: "wrong_password", Token: sc.Hold},
		&access.SessionStarted{Session: sc.Hold, Factor: true},
		&access.SessionEnded{Session: sc.Hold, Reason: "signed_out"},
		&access.FactorAdded{Staff: sc.Coach, Factor: sc.Hold, Kind: "totp"},
		&access.FactorRemoved{Staff: sc.Coach, Factor: sc.Hold, Kind: "passkey"},
		&access.RecoveryCodesRenewed{Staff: sc.Coach, Count: 10},
		&access.PasswordChanged{Staff: sc.Coach},
		&access.AccountInvited{Staff: sc.Coach, Until: at},
		&access.AccountLinked{Staff: sc.Coach},
		&access.TokenIssued{Staff: sc.Coach, Token: sc.Hold, Scopes: []string{"read", "registers"}, Until: at.AddDate(1, 0, 0)},
		&access.TokenRevoked{Staff: sc.Coach, Token: sc.Hold},
		&access.OverviewAsked{Query: overview.Query{Where: map[string][]string{"status": {"open"}}, By: []string{"service"}, Measures: []string{"count", "hours"}}, Outcome: access.Allowed,
			Code: "differencing", Rule: "C-1.2d", Role: "director", Threshold: 10, Population: 42, Shown: []string{"*", "reintegration"}, ShownHours: []string{"*"}},
		&unique.Reserved{Use: unique.UseTrajectory, Kind: domain.KindDossier, Holder: sc.Dossier},
		&ledger.Anchored{Size: 4711, Root: strings.Repeat("0a", 32), MapRoot: strings.Repeat("b1", 32)},
		&dossier.Opened{Service: "reintegration", Referral: "commissioned", Commissioner: sc.UWV, Standing: "employee", Fields: []string{"bsn", "family_name"}},
		&dossier.ReferralDeclined{DeclinedOn: day, By: "client"},
		&dossier.ClientChanged{Fields: []string{"address"}, ValidFrom: day, Source: "client", Correction: true},
		&dossier.RegulationHandedOut{Version: 1, Language: "nl", Method: "in_person", Acknowledged: true, Sources: []string{"commissioner", "third_party"}},
		&dossier.StaffAssigned{Staff: sc.Coach, Capacity: "responsible", From: at, Until: at.AddDate(1, 0, 0)},
		&dossier.StaffUnassigned{Staff: sc.Coach, Capacity: "responsible", Until: at},
		&dossier.TrajectoryStarted{Trajectory: "T-1", StartedOn: day, Service: "reintegration", Commissioner: sc.UWV, AgreementUntil: later, PlannedEnd: later, BudgetMinutes: 600, ProcessingRole: "processor"},
		&dossier.TrajectoryEnded{Trajectory: "T-1", EndedOn: later, Outcome: "work"},
		&dossier.TrajectoryReopened{Trajectory: "T-1", ReopenedOn: later},
		&dossier.RecordAdded{Record: sc.Record, Category: domain.CatReport, Contains: health, Class: domain.ClassMedical, Source: "client", ObtainedOn: day,
			Trajectory: "T-1", Judgement: true, Unexpected: true, Necessity: true, Consent: sc.Consent},
		&dossier.RecordCorrected{Record: sc.Record, Category: domain.CatReport, Contains: health, Class: domain.ClassMedical, Source: "client", ObtainedOn: day,
			Trajectory: "T-1", Necessity: true, Consent: sc.Consent, Request: sc.Hold},
		&dossier.RecordCompleted{Record: sc.Record, Class: domain.ClassDossier, By: "client"},
		&dossier.RecordRestricted{Record: sc.Record, ClientInformedOn: day},
		&dossier.RestrictionLifted{Record: sc.Record, ClientInformedOn: day},
		&dossier.HoursLogged{Entry: sc.Entry, Trajectory: "T-1", Date: day, Minutes: 45, Activity: "conversation", WorkedBy: sc.Coach},
		&dossier.HoursCorrected{Entry: sc.Entry, Minutes: 30, Previous: 45},
		&dossier.ConsentGiven{Consent: sc.Consent, For: "disclose", Categories: health, Recipient: sc.UWV, Purpose: "guidance", Explicit: true, Until: later},
		&dossier.ConsentRefused{Consent: sc.Consent, ReceivedOn: day, Channel: "letter"},
		&dossier.ConsentWithdrawn{Consent: sc.Consent, ReceivedOn: day, Channel: "oral"},
		&dossier.ObjectionReceived{ReceivedOn: day},
		&dossier.ObjectionWithdrawn{ReceivedOn: day},
		&dossier.DisclosureMade{Disclosure: sc.Disclosed, Recipient: sc.UWV, RecipientClass: "commissioner", RecipientSubtype: "uwv", Categories: health, Records: []string{sc.Record},
			Ground: domain.GroundConsent, Purpose: "guidance", Channel: "secure_mail", Consent: sc.Consent, ApprovedBy: sc.Admin, ConfidentialUntil: later, Profile: "click-2017", ProfileVersion: 1},
		&dossier.DisclosureRefused{Disclosure: sc.Disclosed, Code: "consent_withdrawn", Rule: "C-2.6.1", Recipient: sc.UWV, Categories: health, Records: []string{sc.Record},
			Ground: domain.GroundConsent, Purpose: "guidance", Channel: "secure_mail", Consent: sc.Consent},
		&dossier.HoldPlaced{Hold: sc.Hold, Classes: []domain.Class{domain.ClassDossier}, Records: []string{sc.Record}, ReviewOn: later},
		&dossier.HoldLifted{Hold: sc.Hold},
		&dossier.Redated{Reason: "new_version", Profile: "click-2017", Version: 2, EffectiveFrom: later, PreviousProfile: "click-2017", PreviousVersion: 1,
			Dates: []dossier.RedatedClass{{Class: domain.ClassDossier, Due: later, Previous: day}}},
		&dossier.RepresentativeRecorded{Representative: sc.Hold, Kind: "mentor", Scope: []string{"access", "rectification"}, From: day, Until: later},
		&dossier.RepresentativeEnded{Representative: sc.Hold, Until: at},
		&dossier.RequestReceived{Request: sc.Entry, Kind: "rectification", By: "representative", Representative: sc.Hold, Channel: "oral", ReceivedOn: day, Due: later,
			Items: []dossier.RequestItem{{Record: sc.Record}, {Category: domain.CatContact}}, Earlier: 1, Reason: "incorrect"},
		&dossier.RequestExtended{Request: sc.Entry, Until: later, ToldOn: day},
		&dossier.RequestDecided{Request: sc.Entry, Kind: "erasure", Decision: "partly", Items: []dossier.DecidedItem{{Record: sc.Record, Decision: "granted"}, {Category: domain.CatContact, Decision: "refused"}}, AnsweredOn: day},
		&dossier.RequestFulfilled{Request: sc.Entry, Kind: "access", FulfilledOn: day, Method: "in_person"},
		&dossier.RequestWithdrawn{Request: sc.Entry, Kind: "access", WithdrawnOn: day},
		&dossier.RecipientNotified{Disclosure: sc.Disclosed, Recipient: sc.UWV, About: sc.Record, Items: []string{sc.Record, "contact"}, Outcome: "sent"},
		&dossier.ClientNotified{About: "indirect_notice", Ref: sc.Record, Trajectory: "T-1", Method: "letter", NotifiedOn: day},
		&dossier.UnlawfulDisclosure{Disclosure: sc.Disclosed, Recipient: sc.UWV, Categories: health, Records: []string{sc.Record}, Channel: "email", OccurredOn: day, Incident: sc.Hold,
			RecipientClass: "commissioner", RecipientSubtype: "uwv", Registered: true, Profile: "click-2017", ProfileVersion: 1},
		&dossier.RecordMoved{Record: sc.Record, ToDossier: sc.Hold, Incident: sc.Entry},
		&dossier.ViewGranted{View: sc.Hold, Recipient: sc.UWV, RecipientClass: "commissioner", RecipientSubtype: "uwv", Categories: health, Records: []string{sc.Record},
			Purpose: "guidance", Consent: sc.Consent, Until: at, Profile: "click-2017", ProfileVersion: 1},
		&dossier.ViewRefused{View: sc.Hold, Code: "consent_missing", Rule: "C-2.7b", Recipient: sc.UWV, Records: []string{sc.Record}, Purpose: "guidance", Consent: sc.Consent},
		&dossier.ViewEnded{View: sc.Hold, Until: at},
		&dossier.ComplaintFiled{Complaint: sc.Hold, ReceivedOn: day, Due: later, Channel: "letter", AboutStaff: sc.Coach, Clause: "C-2.7c"},
		&dossier.ComplaintResolved{Complaint: sc.Hold, Handler: sc.Admin, AnsweredOn: day, Outcome: "upheld"},
		&dossier.InvoiceTakenOver{Trajectory: "T-1", Period: "2017-02", ConfirmedBy: sc.Admin, Fields: []string{"name", "trajectory"}},
		&dossier.DocumentAttached{Document: sc.Hold, Record: sc.Record, Class: domain.ClassMedical, MediaType: "application/pdf", Size: 12},
		&reminder.Raised{Dossier: sc.Dossier, Kind: "recipient_notice", Ref: sc.Disclosed, Item: sc.Record, Due: later, Stage: "coming", For: []string{sc.Coach}, Role: "coach"},
		&review.Reviewed{From: day, Until: later, Dossiers: []string{sc.Dossier}, Staff: []string{sc.Coach}, Sample: 25, Outcome: "irregular", Incident: sc.Hold},
		&dossier.GlassBroken{Glass: sc.Hold, Staff: sc.Coach, From: at, Until: at.Add(time.Hour)},
		&dossier.GlassReviewed{Glass: sc.Hold, Finding: "not_justified", Incident: sc.Record},
		&dossier.DisclosureConfirmed{Disclosure: sc.Hold, By: sc.Record, Answer: "confirmed"},
		&dossier.QuestionAnswered{Question: sc.Hold, ReceivedOn: day, AnsweredOn: day},
	}
	out := map[string]domain.Event{}
	for _, e := range list {
		out[e.EventType()] = e
	}
	return out
}
