package rowstest

import (
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/dossier"
)

// rights adds what a client asks, is told and complains of, and what goes out
// or comes in about the dossier: each of these events once.
func (s *synthetic) rights(d *life) {
	if len(d.records) == 0 {
		s.record(d)
	}
	record, disclosure, day := d.records[s.rng.IntN(len(d.records))], s.id(), s.today()
	request, view, complaint, person := s.id(), s.id(), s.id(), s.id()
	file := func(e domain.Event) { s.add(d.ref, d.sealed(e, domain.ClassDossier, domain.CatFile)) }
	plain := func(e domain.Event) { s.add(d.ref, Plain(e)) }

	file(&dossier.RepresentativeRecorded{Representative: person, Kind: "mentor", Scope: []string{"access"}, From: day})
	file(&dossier.RequestReceived{Request: request, Kind: "rectification", By: "representative", Representative: person, Channel: "oral",
		ReceivedOn: day, Due: day.AddDays(28), Items: []dossier.RequestItem{{Record: record}}})
	file(&dossier.RequestExtended{Request: request, Until: day.AddDays(56), ToldOn: day})
	file(&dossier.RequestDecided{Request: request, Kind: "rectification", Decision: "granted", AnsweredOn: day})
	plain(&dossier.RequestFulfilled{Request: request, Kind: "rectification", FulfilledOn: day, Method: "letter"})
	withdrawn := s.id()
	file(&dossier.RequestReceived{Request: withdrawn, Kind: "access", By: "client", Channel: "letter", ReceivedOn: day, Due: day.AddDays(28)})
	plain(&dossier.RequestWithdrawn{Request: withdrawn, Kind: "access", WithdrawnOn: day})
	plain(&dossier.RepresentativeEnded{Representative: person, Until: s.at})
	file(&dossier.QuestionAnswered{Question: s.id(), ReceivedOn: day, AnsweredOn: day})

	file(&dossier.UnlawfulDisclosure{Disclosure: disclosure, Recipient: ID(31), Categories: []domain.Category{"report"}, Records: []domain.ID{record},
		Channel: "email", OccurredOn: day, Incident: s.id(), RecipientClass: "commissioner", RecipientSubtype: "uwv", Profile: "click-2017", ProfileVersion: 1})
	s.add(d.ref, d.sealed(&dossier.DocumentAttached{Document: s.id(), Record: record, Class: domain.ClassDossier, MediaType: "application/pdf", Size: 3},
		domain.ClassDossier, domain.CatReport))
	if s.rng.IntN(2) == 0 {
		plain(&dossier.RecordMoved{Record: record, ToDossier: s.open[0].ref.ID, Incident: s.id()})
		file(&dossier.RecipientNotified{Disclosure: disclosure, Recipient: ID(31), About: record, Items: []string{record}, Outcome: "sent"})
	}
	file(&dossier.ClientNotified{About: "indirect_notice", Ref: record, Method: "letter", NotifiedOn: day})

	s.add(d.ref, Sealed(&dossier.ViewGranted{View: view, Recipient: ID(31), RecipientClass: "commissioner", Categories: []domain.Category{"report"},
		Records: []domain.ID{record}, Purpose: "guidance", Consent: s.id(), Until: s.at.AddDate(0, 0, 7), Profile: "click-2017", ProfileVersion: 1},
		"recipient/"+ID(31), domain.ClassPerson, domain.CatRecipient))
	plain(&dossier.ViewRefused{View: s.id(), Code: "consent_missing", Rule: "C-2.7b", Recipient: ID(31), Records: []domain.ID{record}, Purpose: "guidance", Consent: s.id()})
	plain(&dossier.ViewEnded{View: view, Until: s.at})
	file(&dossier.ComplaintFiled{Complaint: complaint, ReceivedOn: day, Due: day.AddDays(42), Channel: "letter", AboutStaff: ID(1), Clause: "C-2.7c"})
	file(&dossier.ComplaintResolved{Complaint: complaint, Handler: ID(2), AnsweredOn: day, Outcome: "upheld"})
	glass := s.id()
	file(&dossier.GlassBroken{Glass: glass, Staff: ID(2), From: s.at, Until: s.at.Add(time.Hour)})
	file(&dossier.GlassReviewed{Glass: glass, Finding: dossier.NotJustified, Incident: s.id()})
	plain(&dossier.InvoiceTakenOver{Trajectory: d.trajectory, ConfirmedBy: ID(1), Fields: []string{"name", "trajectory"}})
}
