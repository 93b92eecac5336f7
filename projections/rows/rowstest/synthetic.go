package rowstest

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/access"
	"github.com/casefile-engine/casefile/domain/agency"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/domain/overview"
	"github.com/casefile-engine/casefile/domain/regulation"
	"github.com/casefile-engine/casefile/domain/staff"
)

// synthetic makes a long history out of every type of event that there is.
type synthetic struct {
	*History
	t    testing.TB
	rng  *rand.Rand
	at   time.Time
	ids  int
	open []*life

	looks int
}

// life is what the generator must know of one dossier, so that what it writes
// could have been decided.
type life struct {
	ref        domain.Ref
	trajectory string
	ended      bool
	records    []string
	entries    []entry
	hold       string // the one in force, "" for none
}

type entry struct {
	id      string
	minutes int
}

// Synthetic gives a history of about so many commits over so many dossiers of
// two agencies, the same for the same seed: opened and assigned in turn, then
// records, hours, looks and all the rest interleaved.
func Synthetic(t testing.TB, seed uint64, dossiers, commits int) *History {
	t.Helper()
	s := &synthetic{History: &History{}, t: t, rng: rand.New(rand.NewPCG(seed, 1)), at: At("2017-02-01T08:00:00Z")}
	for _, a := range []string{"click", "sol"} {
		s.office(a)
	}
	for i := range dossiers {
		s.begin([]string{"click", "sol"}[i%2], i)
	}
	for len(s.Deliveries) < commits {
		s.step(s.open[s.rng.IntN(len(s.open))])
	}
	return s.History
}

func (s *synthetic) id() domain.ID {
	s.ids++
	return fmt.Sprintf("0000000a-0000-4000-8000-%012d", s.ids)
}

func (s *synthetic) today() nl.Date { return nl.DateOf(s.at) }

func (s *synthetic) add(ref domain.Ref, facts ...domain.Fact) {
	s.t.Helper()
	s.at = s.at.Add(time.Duration(1+s.rng.IntN(120)) * time.Second)
	s.Add(s.t, Commit{Ref: ref, Actor: ID(1 + s.rng.IntN(2)), At: s.at.Format(time.RFC3339Nano)}, facts...)
}

// office adopts a regulation, enrols two members of staff and registers a recipient.
func (s *synthetic) office(name string) {
	s.t.Helper()
	profile := map[string]string{"click": "click-2017", "sol": "solutions-vpr"}[name]
	p, _, err := regulation.Adopt(profile, 1, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	office := On(name, domain.KindAgency, name)
	s.add(office, Plain(&agency.RegulationAdopted{Profile: p.Name, Version: 1, EffectiveFrom: nl.MustDate("2017-01-19"), Document: p}))
	s.add(office, Plain(&agency.PoliciesAdopted{ApprovedBy: ID(9)}))
	s.add(office, Plain(&agency.AdoptionConfirmed{Adoption: CommandAt(uint64(len(s.Deliveries))), By: ID(9), Answer: "confirmed"}))
	recipient := func(e domain.Event) domain.Fact {
		return Sealed(e, "recipient/"+ID(31), domain.ClassPerson, domain.CatRecipient)
	}
	terms := agency.RecipientTerms{Class: "commissioner", Subtype: "uwv", Agreement: true, AgreementUntil: nl.MustDate("2030-01-01")}
	s.add(office, recipient(&agency.RecipientRegistered{Recipient: ID(31), RecipientTerms: terms}))
	s.add(office, recipient(&agency.RecipientChanged{Recipient: ID(31), RecipientTerms: terms}))
	s.add(office, Plain(&agency.RecipientEnded{Recipient: ID(31)}))
	for n := 1; n <= 2; n++ {
		person, sealed := On(name, domain.KindStaff, ID(n)), func(e domain.Event) domain.Fact {
			return Sealed(e, "staff/"+ID(n), domain.ClassPerson, domain.CatStaff)
		}
		s.add(person, sealed(&staff.Enrolled{}))
		s.add(person, sealed(&staff.ConfidentialitySigned{SignedOn: s.today(), Until: nl.MustDate("2030-01-01")}))
		s.add(person, Plain(&staff.RoleGranted{Role: "coach"}))
		s.add(person, Plain(&staff.RoleRevoked{Role: "coach"}))
		grant, window := s.id(), s.id()
		s.add(person, sealed(&staff.AccessGranted{Grant: grant, Team: true, Categories: []domain.Category{domain.CatReport}, Purpose: "audit",
			From: s.at, Until: s.at.AddDate(0, 1, 0), AuthorisedBy: ID(9)}))
		s.add(person, sealed(&staff.MaintenanceGranted{Grant: window, From: s.at, Until: s.at.AddDate(0, 0, 7), ApprovedBy: ID(9)}))
		s.add(person, sealed(&staff.AccessRevoked{Grant: grant}))
		s.add(person, Plain(&staff.GrantConfirmed{Grant: window, By: ID(9), Answer: "denied"}))
	}
	s.add(On(name, domain.KindStaff, ID(2)), Plain(&staff.Ended{LeftOn: s.today()}))
}

func (s *synthetic) begin(agencyName string, n int) {
	d := &life{ref: On(agencyName, domain.KindDossier, fmt.Sprintf("0000000d-0000-4000-8000-%012d", n)), trajectory: fmt.Sprintf("TR-%d", n)}
	s.open = append(s.open, d)
	s.add(d.ref, d.sealed(&dossier.Opened{Service: "reintegration", Referral: "self", Standing: "none", Fields: []string{"family_name"}},
		domain.ClassDossier, domain.CatContact, domain.CatPersonal))
	s.add(d.ref, Plain(&dossier.StaffAssigned{Staff: ID(1 + s.rng.IntN(2)), Capacity: "responsible", From: s.at}))
	s.add(d.ref, Plain(&dossier.TrajectoryStarted{Trajectory: d.trajectory, StartedOn: s.today(), Service: "reintegration", BudgetMinutes: 2460}))
}

func (d *life) sealed(e domain.Event, class domain.Class, categories ...domain.Category) domain.Fact {
	return Sealed(e, "dossier/"+d.ref.ID, class, categories...)
}

// step adds one commit to a dossier's life, or a look at it.
func (s *synthetic) step(d *life) {
	switch n := s.rng.IntN(100); {
	case n < 40:
		s.record(d)
	case n < 65:
		e := entry{s.id(), 15 * (1 + s.rng.IntN(8))}
		d.entries = append(d.entries, e)
		s.add(d.ref, d.sealed(&dossier.HoursLogged{Entry: e.id, Trajectory: d.trajectory, Date: s.today(), Minutes: e.minutes, Activity: "conversation", WorkedBy: ID(1)},
			domain.ClassDossier, domain.CatFile))
	case n < 82:
		s.look(d)
	case n < 90:
		s.aboutRecord(d)
	case n < 95:
		s.disclose(d)
	default:
		s.seldom(d)
	}
}

func (s *synthetic) record(d *life) {
	category, class := domain.CatReport, domain.ClassDossier
	if s.rng.IntN(4) == 0 {
		category, class = domain.CatMedical, domain.ClassMedical
	}
	id := s.id()
	d.records = append(d.records, id)
	s.add(d.ref, d.sealed(&dossier.RecordAdded{Record: id, Category: category, Class: class, Source: "staff_report", Trajectory: d.trajectory, Necessity: true}, class, category))
}

func (s *synthetic) look(d *life) {
	e := &access.Recorded{Action: "view", Outcome: access.Allowed, Dossiers: []string{d.ref.ID}, Owners: []string{"dossier/" + d.ref.ID},
		Categories: []domain.Category{"contact", "report"}, Purpose: "guidance", Ground: "assignment", Role: "coach"}
	if s.rng.IntN(20) == 0 {
		e.Action = "list"
		for range 20 {
			e.Dossiers = append(e.Dossiers, s.open[s.rng.IntN(len(s.open))].ref.ID)
		}
	}
	actor := ID(1 + s.rng.IntN(2))
	s.at = s.at.Add(time.Second)
	ref := On(d.ref.Agency, domain.KindAccess, actor)
	s.Add(s.t, Commit{Ref: ref, Actor: actor, At: s.at.Format(time.RFC3339Nano)}, Plain(e))
	if s.looks++; s.looks%40 == 1 {
		q := overview.Query{Where: map[string][]string{"start_quarter": {"2017-Q1"}}, By: []string{"service"}, Measures: []string{"count", "hours"}}
		s.at = s.at.Add(time.Second)
		s.Add(s.t, Commit{Ref: ref, Actor: actor, At: s.at.Format(time.RFC3339Nano)}, Plain(&access.OverviewAsked{Query: q, Outcome: access.Allowed,
			Role: "director", Threshold: 10, Population: uint64(s.looks), Shown: []string{"reintegration", "*"}}))
	}
}

func (s *synthetic) aboutRecord(d *life) {
	if len(d.records) == 0 {
		s.record(d)
		return
	}
	id := d.records[s.rng.IntN(len(d.records))]
	switch s.rng.IntN(4) {
	case 0:
		s.add(d.ref, d.sealed(&dossier.RecordCorrected{Record: id, Category: domain.CatPlan, Class: domain.ClassDossier, Source: "client"}, domain.ClassDossier, domain.CatPlan, domain.CatFile))
	case 1:
		s.add(d.ref, d.sealed(&dossier.RecordCompleted{Record: id, Class: domain.ClassDossier, By: "client"}, domain.ClassDossier, domain.CatReport))
	case 2:
		s.add(d.ref, d.sealed(&dossier.RecordRestricted{Record: id}, domain.ClassDossier, domain.CatFile))
	default:
		s.add(d.ref, d.sealed(&dossier.RestrictionLifted{Record: id, ClientInformedOn: s.today()}, domain.ClassDossier, domain.CatFile))
	}
}

func (s *synthetic) disclose(d *life) {
	id := s.id()
	if s.rng.IntN(5) == 0 {
		s.add(d.ref, Plain(&dossier.DisclosureRefused{Disclosure: id, Code: "no_consent", Rule: "C-2.6.1", Recipient: ID(31), Categories: []domain.Category{"report"},
			Ground: domain.GroundConsent, Purpose: "guidance", Channel: "letter"}))
		return
	}
	s.add(d.ref, Sealed(&dossier.DisclosureMade{Disclosure: id, Recipient: ID(31), RecipientClass: "commissioner", RecipientSubtype: "uwv",
		Categories: []domain.Category{"contact", "report"}, Records: d.records[:min(2, len(d.records))], Ground: domain.GroundGuidance, Purpose: "guidance",
		Channel: "secure_mail", ApprovedBy: ID(9), Profile: "click-2017", ProfileVersion: 1}, "recipient/"+ID(31), domain.ClassPerson, domain.CatRecipient))
	if s.rng.IntN(2) == 0 {
		s.add(d.ref, Plain(&dossier.DisclosureConfirmed{Disclosure: id, By: ID(9), Answer: "confirmed"}))
	}
}

// seldom adds one of the events that a dossier has few of.
func (s *synthetic) seldom(d *life) {
	switch s.rng.IntN(14) {
	case 0:
		if d.ended = !d.ended; d.ended {
			s.add(d.ref, Plain(&dossier.TrajectoryEnded{Trajectory: d.trajectory, EndedOn: s.today(), Outcome: "work"}))
		} else {
			s.add(d.ref, d.sealed(&dossier.TrajectoryReopened{Trajectory: d.trajectory, ReopenedOn: s.today()}, domain.ClassDossier, domain.CatFile))
		}
	case 1:
		if d.hold == "" {
			d.hold = s.id()
			s.add(d.ref, Plain(&dossier.HoldPlaced{Hold: d.hold, Classes: []domain.Class{domain.ClassDossier, domain.ClassMedical}}))
		} else {
			s.add(d.ref, Plain(&dossier.HoldLifted{Hold: d.hold}))
			d.hold = ""
		}
	case 2:
		s.add(d.ref, Plain(&dossier.StaffAssigned{Staff: ID(1 + s.rng.IntN(2)), Capacity: "co", From: s.at, Until: s.at.AddDate(0, 1, 0)}))
	case 3:
		s.add(d.ref, Plain(&dossier.StaffUnassigned{Staff: ID(1 + s.rng.IntN(2)), Until: s.at}))
	case 4:
		s.add(d.ref, Plain(&dossier.RegulationHandedOut{Version: 1, Language: "nl", Method: "in_person", Acknowledged: true}))
		s.add(d.ref, Plain(&dossier.Redated{Reason: "new_version", Profile: "click-2017", Version: 2, EffectiveFrom: s.today(), PreviousProfile: "click-2017", PreviousVersion: 1}))
	case 5:
		s.add(d.ref, d.sealed(&dossier.ClientChanged{Fields: []string{"address"}, ValidFrom: s.today(), Source: "client", Correction: s.rng.IntN(2) == 0},
			domain.ClassDossier, domain.CatContact))
	case 6:
		if n := len(d.entries); n > 0 {
			e := &d.entries[s.rng.IntN(n)]
			s.add(d.ref, d.sealed(&dossier.HoursCorrected{Entry: e.id, Previous: e.minutes, Minutes: e.minutes + 5}, domain.ClassDossier, domain.CatFile))
			e.minutes += 5
		}
	case 7:
		s.add(d.ref, d.sealed(&dossier.ConsentGiven{Consent: s.id(), For: "disclose", Categories: []domain.Category{"report"}, Purpose: "guidance", Explicit: true}, domain.ClassDossier, domain.CatFile))
	case 8:
		s.add(d.ref, Plain(&dossier.ConsentWithdrawn{Consent: s.id()}))
	case 9:
		s.add(d.ref, Plain(&dossier.ConsentRefused{Consent: s.id()}))
	case 10:
		s.add(d.ref, d.sealed(&dossier.ObjectionReceived{ReceivedOn: s.today()}, domain.ClassDossier, domain.CatFile))
	case 11:
		s.add(d.ref, d.sealed(&dossier.ObjectionWithdrawn{ReceivedOn: s.today()}, domain.ClassDossier, domain.CatFile))
	case 12:
		s.rights(d)
		s.upkeep(d)
	default:
		s.add(d.ref, Plain(&dossier.ReferralDeclined{DeclinedOn: s.today(), By: "client"}))
	}
}
