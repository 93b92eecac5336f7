package rowstest

import (
	"testing"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/agency"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/incident"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/domain/paper"
	"github.com/casefile-engine/casefile/domain/staff"
)

// Life is a story in which each agency has one dossier (ID(11) in click, ID(12)
// in sol) with a request of every kind of end, a complaint, a breach, a wrong
// e-mail, notices given and owed, paper, and people with and without what they
// need. It runs from 1 February to 1 June 2017.
func Life(t testing.TB) *Story {
	t.Helper()
	s := Begin(t)
	for i, name := range []string{"click", "sol"} {
		l := life1{s, name, 11 + i}
		l.office()
		l.guidance()
		l.rights()
		l.wrong()
		l.paper()
	}
	return s
}

// life1 is the part of one agency.
type life1 struct {
	*Story
	agency string
	n      int
}

func (l life1) on(at string, e domain.Event, categories ...domain.Category) {
	l.T.Helper()
	l.Dossier(l.agency, l.n, at, e, categories...)
}

func (l life1) office() {
	office := On(l.agency, domain.KindAgency, l.agency)
	register := func(n int, terms agency.RecipientTerms) {
		l.Event(office, "2017-01-20", &agency.RecipientRegistered{Recipient: ID(n), RecipientTerms: terms})
	}
	register(31, agency.RecipientTerms{Class: "commissioner", Subtype: "uwv", Agreement: true, AgreementUntil: nl.MustDate("2017-04-30")})
	register(32, agency.RecipientTerms{Class: "partner"})
	register(33, agency.RecipientTerms{Class: "training", Secrecy: true})
	register(34, agency.RecipientTerms{Class: "employer", Subtype: "current"})
	register(35, agency.RecipientTerms{Class: "partner", Agreement: true, AgreementUntil: nl.MustDate("2017-03-31")})
	l.Event(office, "2017-05-01", &agency.RecipientEnded{Recipient: ID(35)})
	for n, until := range []string{1: "", 2: "2017-05-15"} {
		if n == 0 {
			continue
		}
		person := On(l.agency, domain.KindStaff, ID(n))
		l.Event(person, "2017-01-20", &staff.Enrolled{})
		signed := &staff.ConfidentialitySigned{SignedOn: nl.MustDate("2017-01-20")}
		if until != "" {
			signed.Until = nl.MustDate(until)
		}
		l.Event(person, "2017-01-20", signed)
		l.Event(person, "2017-01-20", &staff.RoleGranted{Role: "coach"})
	}
}

func (l life1) guidance() {
	l.on("2017-02-01", &dossier.Opened{Service: "reintegration", Referral: "commissioned", Commissioner: ID(31), Standing: "benefit"}, "contact")
	l.on("2017-02-01", &dossier.RecordAdded{Record: ID(41), Category: "referral", Class: domain.ClassDossier, Source: "commissioner", ObtainedOn: nl.MustDate("2017-01-30")})
	l.on("2017-02-03", &dossier.TrajectoryStarted{Trajectory: "T-1", StartedOn: nl.MustDate("2017-02-03"), Service: "reintegration"})
	l.on("2017-02-03", &dossier.ConsentGiven{Consent: ID(61), For: "record", Categories: []domain.Category{"medical"}, Purpose: "guidance", Explicit: true})
	l.on("2017-02-03", &dossier.RecordAdded{Record: ID(42), Category: "medical", Class: domain.ClassMedical, Source: "client", Consent: ID(61)})
	l.on("2017-02-06", &dossier.RegulationHandedOut{Version: 1, Language: "nl", Method: "letter"})
	l.on("2017-02-10", &dossier.ClientNotified{About: "indirect_notice", Ref: ID(41), Method: "letter", NotifiedOn: nl.MustDate("2017-02-10")})
	l.on("2017-02-13", &dossier.RecordAdded{Record: ID(43), Category: "report", Class: domain.ClassDossier, Source: "third_party", Unexpected: true, Trajectory: "T-1"})
	l.on("2017-02-14", &dossier.DisclosureMade{Disclosure: ID(71), Recipient: ID(31), RecipientClass: "commissioner", RecipientSubtype: "uwv",
		Categories: []domain.Category{"contact", "report"}, Records: []domain.ID{ID(43)}, Ground: domain.GroundLegalObligation, Purpose: "guidance",
		Channel: "secure_mail", Profile: "click-2017", ProfileVersion: 1})
	l.on("2017-02-15", &dossier.ConsentGiven{Consent: ID(62), For: "view", Categories: []domain.Category{"report"}, Purpose: "guidance", Explicit: true})
	l.on("2017-02-15", &dossier.ViewGranted{View: ID(65), Recipient: ID(32), RecipientClass: "partner", Categories: []domain.Category{"report"},
		Records: []domain.ID{ID(43)}, Purpose: "guidance", Consent: ID(62), Until: At("2017-12-31T23:00:00Z"), Profile: "click-2017", ProfileVersion: 1})
	l.on("2017-03-01", &dossier.ConsentWithdrawn{Consent: ID(62)})
	l.on("2017-03-02", &dossier.ConsentWithdrawn{Consent: ID(61), ReceivedOn: nl.MustDate("2017-03-01")})
}

func (l life1) rights() {
	receive := func(n int, kind, by string) {
		e := &dossier.RequestReceived{Request: ID(n), Kind: kind, By: by, Channel: "letter", ReceivedOn: nl.MustDate("2017-03-01"), Due: nl.MustDate("2017-03-29")}
		if by == "representative" {
			e.Representative = ID(66)
		}
		l.on("2017-03-02", e)
	}
	decide := func(n int, kind, decision, on string, items ...dossier.DecidedItem) {
		l.on(on, &dossier.RequestDecided{Request: ID(n), Kind: kind, Decision: decision, Items: items, AnsweredOn: nl.MustDate(on)})
	}
	receive(51, "access", "representative")
	receive(52, "rectification", "client")
	receive(53, "erasure", "client")
	receive(54, "access", "client")
	receive(55, "restriction", "client")
	receive(56, "objection", "client")
	decide(51, "access", "granted", "2017-03-10")
	l.on("2017-03-20", &dossier.RequestFulfilled{Request: ID(51), Kind: "access", FulfilledOn: nl.MustDate("2017-03-20"), Method: "letter"})
	decide(52, "rectification", "partly", "2017-03-21", dossier.DecidedItem{Record: ID(43), Decision: "granted"}, dossier.DecidedItem{Record: ID(41), Decision: "refused"})
	l.on("2017-03-22", &dossier.RecordCorrected{Record: ID(43), Category: "report", Class: domain.ClassDossier, Source: "third_party", Trajectory: "T-1", Request: ID(52)})
	decide(53, "erasure", "refused", "2017-03-23")
	l.on("2017-03-24", &dossier.RequestExtended{Request: ID(55), Until: nl.MustDate("2017-05-27"), ToldOn: nl.MustDate("2017-03-24")})
	l.on("2017-03-24", &dossier.RequestWithdrawn{Request: ID(56), Kind: "objection", WithdrawnOn: nl.MustDate("2017-03-24")})
	l.on("2017-03-25", &dossier.ClientNotified{About: "other", Ref: ID(52), Method: "letter", NotifiedOn: nl.MustDate("2017-03-25")})
	l.on("2017-03-27", &dossier.ComplaintFiled{Complaint: ID(81), ReceivedOn: nl.MustDate("2017-03-26"), Due: nl.MustDate("2017-05-07"), Channel: "letter", AboutStaff: ID(1), Clause: "C-2.7c"})
	l.on("2017-03-28", &dossier.ComplaintFiled{Complaint: ID(82), ReceivedOn: nl.MustDate("2017-03-28"), Due: nl.MustDate("2017-05-09"), Channel: "oral"})
	l.on("2017-04-20", &dossier.ComplaintResolved{Complaint: ID(81), Handler: ID(2), AnsweredOn: nl.MustDate("2017-04-20"), Outcome: "upheld"})
}

func (l life1) wrong() {
	breach := On(l.agency, domain.KindIncident, ID(67))
	l.Event(breach, "2017-05-02", &incident.Reported{DiscoveredAt: At("2017-05-02T06:30:00Z"), NotifyBy: At("2017-05-05T06:30:00Z"), Kind: "wrong_recipient",
		Dossiers: []domain.ID{ID(l.n)}, Categories: []domain.Category{"report"}, People: 1})
	l.on("2017-05-02 10:00", &dossier.UnlawfulDisclosure{Disclosure: ID(72), Categories: []domain.Category{"report"}, Records: []domain.ID{ID(43)}, Channel: "email",
		OccurredOn: nl.MustDate("2017-05-01"), Incident: ID(67)})
	l.Event(breach, "2017-05-03", &incident.Assessed{Risk: "high", NotifyAuthority: true, NotifyClients: true})
	l.Event(breach, "2017-05-03 11:00", &incident.AuthorityNotified{NotifiedAt: At("2017-05-03T08:45:00Z")})
	l.on("2017-05-04", &dossier.RecordRestricted{Record: ID(43)}, "file")
	l.on("2017-05-05", &dossier.RecipientNotified{Disclosure: ID(71), Recipient: ID(31), About: ID(43), Items: []string{ID(43)}, Outcome: "sent"})
	second := On(l.agency, domain.KindIncident, ID(68))
	l.Event(second, "2017-05-08", &incident.Reported{DiscoveredAt: At("2017-05-08T06:30:00Z"), NotifyBy: At("2017-05-11T06:30:00Z"), Kind: "calamity"})
	l.Event(second, "2017-05-09", &incident.Assessed{Risk: "none"})
	l.Event(second, "2017-05-10", &incident.Closed{ClosedOn: nl.MustDate("2017-05-10")})
}

func (l life1) paper() {
	office := On(l.agency, domain.KindPaper, l.agency)
	place := func(n int) paper.Place { return paper.Place{Volume: ID(n), Dossier: ID(l.n), Cabinet: "K-1"} }
	for n := 91; n <= 93; n++ {
		l.Event(office, "2017-05-23 10:00", &paper.VolumeRegistered{Place: place(n)})
	}
	l.Event(office, "2017-05-23 11:00", &paper.CheckedOut{Place: place(91), Purpose: "guidance"})
	l.Event(office, "2017-05-23 15:00", &paper.CheckedIn{Place: place(91)})
	l.Event(office, "2017-05-23 17:00", &paper.Attested{Date: nl.MustDate("2017-05-23"), Cabinet: "K-1"})
	l.Event(office, "2017-05-24 11:00", &paper.CheckedOut{Place: place(92), Purpose: "rights_request"})
	l.Event(office, "2017-05-24 17:00", &paper.Attested{Date: nl.MustDate("2017-05-24"), Cabinet: "K-1", Out: []domain.ID{ID(92)}})
	l.Event(office, "2017-05-29", &paper.Destroyed{Place: place(93), List: ID(69), Method: "shredded", WitnessedBy: ID(2)})
}
