package rowstest

import (
	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/incident"
	"github.com/casefile-engine/casefile/domain/paper"
	"github.com/casefile-engine/casefile/domain/reminder"
	"github.com/casefile-engine/casefile/domain/review"
)

// upkeep adds an incident about a dossier with all that follows from it, and the
// life of one of its volumes of paper: each of these events once. It begins with
// a record of which the client must be told.
func (s *synthetic) upkeep(d *life) {
	s.add(d.ref, d.sealed(&dossier.RecordAdded{Record: s.id(), Category: domain.CatReferral, Class: domain.ClassDossier, Source: "commissioner",
		Trajectory: d.trajectory, ObtainedOn: s.today(), Unexpected: true, Consent: s.id()}, domain.ClassDossier, domain.CatReferral))
	s.add(d.ref, Plain(&dossier.RegulationHandedOut{Version: 1, Language: "nl", Method: "letter", Sources: []string{"commissioner", "third_party"}}))
	breach := On(d.ref.Agency, domain.KindIncident, s.id())
	about := func(e domain.Event) {
		s.add(breach, Sealed(e, "incident/"+breach.ID, domain.ClassPerson, domain.CatFile))
	}
	about(&incident.Reported{DiscoveredAt: s.at, NotifyBy: s.at.AddDate(0, 0, 3), Kind: "wrong_recipient", Dossiers: []domain.ID{d.ref.ID},
		Categories: []domain.Category{"report"}, People: 1})
	about(&incident.Assessed{Risk: "medium", NotifyAuthority: true})
	about(&incident.AuthorityNotified{NotifiedAt: s.at})
	about(&incident.Closed{ClosedOn: s.today()})

	s.add(On(d.ref.Agency, domain.KindReminder, d.ref.ID), Plain(&reminder.Raised{Dossier: d.ref.ID, Kind: "handout", Ref: d.ref.ID, Due: s.today(),
		Stage: reminder.StageOverdue, For: []domain.ID{ID(1), ID(2)}, Role: "coach"}))
	s.add(On(d.ref.Agency, domain.KindReminder, d.ref.Agency), Plain(&reminder.Raised{Kind: "paper", Ref: "kast-1", Item: "cabinet", Due: s.today(),
		Stage: reminder.StageOverdue, Role: "administration"}))

	looked := On(d.ref.Agency, domain.KindReview, s.id())
	s.add(looked, Sealed(&review.Reviewed{From: s.today(), Until: s.today(), Dossiers: []domain.ID{d.ref.ID}, Sample: 5, Outcome: review.InOrder},
		"review/"+looked.ID, domain.ClassPerson, domain.CatFile))

	office := On(d.ref.Agency, domain.KindPaper, d.ref.Agency)
	at := paper.Place{Volume: s.id(), Dossier: d.ref.ID, Cabinet: "kast-1"}
	s.add(office, Plain(&paper.VolumeRegistered{Place: at}))
	s.add(office, d.sealed(&paper.CheckedOut{Place: at, Purpose: "guidance"}, domain.ClassDossier, domain.CatFile))
	s.add(office, d.sealed(&paper.Attested{Date: s.today(), Cabinet: at.Cabinet, Out: []domain.ID{at.Volume}}, domain.ClassDossier, domain.CatFile))
	s.add(office, Plain(&paper.CheckedIn{Place: at}))
	s.add(office, d.sealed(&paper.Destroyed{Place: at, List: s.id(), Method: "shredded", WitnessedBy: ID(1)}, domain.ClassDossier, domain.CatFile))
}
