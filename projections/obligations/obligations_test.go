package obligations_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/agency"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/incident"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/domain/paper"
	"github.com/casefile-engine/casefile/domain/regulation"
	"github.com/casefile-engine/casefile/domain/staff"
	"github.com/casefile-engine/casefile/projections"
	"github.com/casefile-engine/casefile/projections/approvals"
	"github.com/casefile-engine/casefile/projections/complaints"
	"github.com/casefile-engine/casefile/projections/disclosures"
	"github.com/casefile-engine/casefile/projections/dossiers"
	"github.com/casefile-engine/casefile/projections/duties"
	"github.com/casefile-engine/casefile/projections/hours"
	"github.com/casefile-engine/casefile/projections/incidents"
	"github.com/casefile-engine/casefile/projections/obligations"
	paperview "github.com/casefile-engine/casefile/projections/paper"
	"github.com/casefile-engine/casefile/projections/people"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/regulations"
	"github.com/casefile-engine/casefile/projections/requests"
	"github.com/casefile-engine/casefile/projections/retention"
	"github.com/casefile-engine/casefile/projections/reviews"
	"github.com/casefile-engine/casefile/projections/rows"
	"github.com/casefile-engine/casefile/projections/rows/rowstest"
)

// views are what the register is worked out from.
var views = []projections.Projection{
	approvals.Projection{}, complaints.Projection{}, disclosures.Projection{}, dossiers.Projection{}, duties.Projection{}, hours.Projection{}, incidents.Projection{},
	paperview.Projection{}, people.Projection{}, regulations.Projection{}, requests.Projection{}, retention.Projection{}, reviews.Projection{},
}

var day = nl.MustDate

// owed are the rows as of the end of a day: agency, dossier, kind, since, ref.
func owed(s *rowstest.Story, on string, f rows.Filter) []string {
	s.T.Helper()
	out := []string{}
	for _, r := range collect(s, on, f) {
		out = append(out, rowstest.Short(r.Agency, r.Dossier, r.Kind, r.Since, r.Ref))
	}
	return out
}

func collect(s *rowstest.Story, on string, f rows.Filter) (out []obligations.Row) {
	s.T.Helper()
	err := obligations.List(s.T.Context(), s.Fold(on, views...), f, rowstest.At(rowstest.Clock(on+" 23:59")), func(r obligations.Row) error {
		out = append(out, r)
		return nil
	})
	if err != nil {
		s.T.Fatal(err)
	}
	return out
}

// expect compares the rows of some kinds.
func expect(s *rowstest.Story, on, kinds string, want ...string) {
	s.T.Helper()
	got := slices.DeleteFunc(owed(s, on, rows.Filter{}), func(line string) bool {
		return !slices.Contains(strings.Fields(kinds), strings.Fields(line)[2])
	})
	if d := cmp.Diff(want, got); d != "" && len(want)+len(got) > 0 {
		s.T.Errorf("on %s (-want +got):\n%s", on, d)
	}
}

func open(s *rowstest.Story, agency string, n int, on string) {
	s.T.Helper()
	s.Dossier(agency, n, on, &dossier.Opened{Service: "reintegration", Referral: "self", Standing: "none"})
}

func start(s *rowstest.Story, agency string, n int, on string) {
	s.T.Helper()
	s.Dossier(agency, n, on, &dossier.TrajectoryStarted{Trajectory: "T-1", StartedOn: day(on), Service: "reintegration"})
}

// The whole register on 1 June, for both profiles.
func TestRegister(t *testing.T) {
	s := rowstest.Life(t)
	rowstest.OnBoth(t, func(t *testing.T, db *readdb.DB) {
		for _, p := range views {
			rowstest.Rebuild(t, db, p, &s.History)
		}
		rowstest.Golden(t, "obligations", rowstest.Collect(t, func(each func(obligations.Row) error) error {
			return obligations.List(t.Context(), db, rows.Filter{}, rowstest.At("2017-06-01T21:59:59Z"), each)
		}))
	})
}

// Every kind is named in both languages and rests on requirements, and the life
// of rowstest shows most of them.
func TestKindsAreNamed(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range obligations.Kinds {
		if k.NL == "" || k.EN == "" || len(k.Rules) == 0 || seen[k.Code] {
			t.Errorf("%+v is not named, or twice", k)
		}
		seen[k.Code] = true
	}
	for _, line := range owed(rowstest.Life(t), "2017-06-01", rows.Filter{}) {
		if kind := strings.Fields(line)[2]; !seen[kind] {
			t.Errorf("%s has no name", kind)
		}
	}
}

// C-I4: the regulation that was not handed out is owed from the start of the
// first trajectory until the day of the hand-out.
func TestHandout(t *testing.T) {
	for _, agency := range []string{"click", "sol"} {
		s := rowstest.Begin(t)
		open(s, agency, 11, "2017-02-01")
		expect(s, "2017-02-02", "handout")
		start(s, agency, 11, "2017-02-03")
		expect(s, "2017-02-03", "handout", agency+" 11 handout 2017-02-03 -")
		s.Dossier(agency, 11, "2017-02-06", &dossier.RegulationHandedOut{Version: 1, Language: "nl", Method: "letter"})
		expect(s, "2017-02-05", "handout", agency+" 11 handout 2017-02-03 -")
		expect(s, "2017-02-06", "handout")
	}
}

// C-2.1.5, S-Geh: who has a role has a declaration that holds.
func TestConfidentiality(t *testing.T) {
	s := rowstest.Begin(t)
	person := func(n int) domain.Ref { return rowstest.On("sol", domain.KindStaff, rowstest.ID(n)) }
	for n := 1; n <= 3; n++ {
		s.Event(person(n), "2017-01-20", &staff.Enrolled{})
	}
	s.Event(person(1), "2017-01-20", &staff.ConfidentialitySigned{SignedOn: day("2017-01-20"), Until: day("2017-12-31")})
	s.Event(person(1), "2017-01-20", &staff.RoleGranted{Role: "coach"})
	s.Event(person(2), "2017-01-20", &staff.RoleGranted{Role: "administration"}) // nothing signed
	expect(s, "2017-12-31", "confidentiality", "sol - confidentiality 2017-01-20 2")
	expect(s, "2018-01-01", "confidentiality", "sol - confidentiality 2017-01-20 2", "sol - confidentiality 2018-01-01 1")
	s.Event(person(1), "2018-01-02", &staff.ConfidentialitySigned{SignedOn: day("2018-01-02")})
	s.Event(person(2), "2018-01-02", &staff.Ended{LeftOn: day("2018-01-02")})
	expect(s, "2018-01-02", "confidentiality")
}

// C-2.1.5, C-2.7a, C-2.7f: a grant or a maintenance window in force is access as
// well; as long as it lasts, a declaration has to hold.
func TestConfidentialityOfGrants(t *testing.T) {
	for _, name := range []string{"click", "sol"} {
		s := rowstest.Begin(t)
		person := func(n int) domain.Ref { return rowstest.On(name, domain.KindStaff, rowstest.ID(n)) }
		enrol := func(n int, until string) {
			s.Event(person(n), "2017-01-20", &staff.Enrolled{})
			s.Event(person(n), "2017-01-20", &staff.ConfidentialitySigned{SignedOn: day("2017-01-20"), Until: day(until)})
		}
		reads := func(n, grant int, from, until string) {
			s.Event(person(n), "2017-01-21", &staff.AccessGranted{Grant: rowstest.ID(grant), Team: true, Categories: []domain.Category{"report"}, Purpose: "audit",
				From: day(from).Start(), Until: day(until).End(), AuthorisedBy: rowstest.ID(9)})
		}
		enrol(1, "2017-02-10") // reads until 20 February, and the declaration runs out before
		reads(1, 51, "2017-02-01", "2017-02-20")
		enrol(2, "2017-02-10") // the grant begins after the declaration ran out
		reads(2, 52, "2017-02-15", "2017-03-31")
		enrol(3, "2017-02-10") // a supplier's window
		s.Event(person(3), "2017-02-08", &staff.MaintenanceGranted{Grant: rowstest.ID(53), From: day("2017-02-08").Start(), Until: day("2017-02-14").End(), ApprovedBy: rowstest.ID(9)})
		enrol(4, "2017-02-10") // whose grant is over in time
		reads(4, 54, "2017-02-01", "2017-02-10")
		enrol(5, "2017-02-10") // who leaves
		reads(5, 55, "2017-02-01", "2017-03-31")
		s.Event(person(5), "2017-02-09", &staff.Ended{LeftOn: day("2017-02-12")})
		row := func(n int, since string) string {
			return rowstest.Short(name, "-", "confidentiality", since, rowstest.ID(n))
		}
		expect(s, "2017-02-10", "confidentiality")
		expect(s, "2017-02-11", "confidentiality", row(1, "2017-02-11"), row(3, "2017-02-11"), row(5, "2017-02-11"))
		expect(s, "2017-02-14", "confidentiality", row(1, "2017-02-11"), row(3, "2017-02-11"))
		expect(s, "2017-02-15", "confidentiality", row(1, "2017-02-11"), row(2, "2017-02-15"))
		expect(s, "2017-02-20", "confidentiality", row(1, "2017-02-11"), row(2, "2017-02-15"))
		s.Event(person(2), "2017-02-21", &staff.AccessRevoked{Grant: rowstest.ID(52)})
		reads(2, 56, "2017-02-25", "2017-03-31")
		expect(s, "2017-02-21", "confidentiality")
		expect(s, "2017-02-25", "confidentiality", row(2, "2017-02-25"))
		s.Event(person(2), "2017-02-26", &staff.ConfidentialitySigned{SignedOn: day("2017-02-26")})
		expect(s, "2017-02-26", "confidentiality")
	}
}

// C-2.6.2, C-2.6.3, L-28: partners and training institutes have secrecy on file,
// commissioning parties an agreement; employers are asked for neither.
func TestAgreementsOfRecipients(t *testing.T) {
	for _, name := range []string{"click", "sol"} {
		s := rowstest.Begin(t)
		office := rowstest.On(name, domain.KindAgency, name)
		register := func(n int, terms agency.RecipientTerms) {
			s.Event(office, "2017-01-20", &agency.RecipientRegistered{Recipient: rowstest.ID(n), RecipientTerms: terms})
		}
		register(31, agency.RecipientTerms{Class: "commissioner", Subtype: "uwv", Agreement: true, AgreementUntil: day("2017-04-30")})
		register(32, agency.RecipientTerms{Class: "partner"})
		register(33, agency.RecipientTerms{Class: "training", Secrecy: true, AgreementUntil: day("2017-03-31")})
		register(34, agency.RecipientTerms{Class: "employer", Subtype: "current"})
		register(35, agency.RecipientTerms{Class: "subsidy_provider"})
		register(36, agency.RecipientTerms{Class: "partner", Agreement: true, AgreementUntil: day("2017-03-31"), Secrecy: true})
		kinds := "recipient_secrecy commissioner_agreement"
		partner, training, uwv := name+" - recipient_secrecy 2017-01-20 32", name+" - recipient_secrecy 2017-04-01 33", name+" - commissioner_agreement 2017-05-01 31"
		expect(s, "2017-03-31", kinds, partner)
		expect(s, "2017-04-30", kinds, partner, training)
		expect(s, "2017-05-01", kinds, partner, training, uwv)
		s.Event(office, "2017-05-02", &agency.RecipientChanged{Recipient: rowstest.ID(31), RecipientTerms: agency.RecipientTerms{Class: "commissioner", Subtype: "uwv", Agreement: true}})
		s.Event(office, "2017-05-02", &agency.RecipientEnded{Recipient: rowstest.ID(32)})
		expect(s, "2017-05-02", kinds, training)
	}
}

// C-2.5e: no trajectory after 60 days, or nothing done for 180.
func TestDormant(t *testing.T) {
	for _, agency := range []string{"click", "sol"} {
		s := rowstest.Begin(t)
		open(s, agency, 11, "2017-02-01") // never started: 60 days are 2 April
		open(s, agency, 12, "2017-02-01") // started, and forgotten: 180 days after 1 March are 28 August
		open(s, agency, 13, "2017-02-01") // declined
		open(s, agency, 14, "2017-02-01") // ended
		start(s, agency, 12, "2017-03-01")
		s.Dossier(agency, 13, "2017-02-10", &dossier.ReferralDeclined{DeclinedOn: day("2017-02-10")})
		start(s, agency, 14, "2017-02-10")
		s.Dossier(agency, 14, "2017-02-20", &dossier.TrajectoryEnded{Trajectory: "T-1", EndedOn: day("2017-02-20"), Outcome: "work"})
		expect(s, "2017-04-02", "dormant")
		expect(s, "2017-04-03", "dormant", agency+" 11 dormant 2017-04-03 -")
		expect(s, "2017-08-28", "dormant", agency+" 11 dormant 2017-04-03 -")
		expect(s, "2017-08-29", "dormant", agency+" 11 dormant 2017-04-03 -", agency+" 12 dormant 2017-08-29 -")
		s.Dossier(agency, 12, "2017-08-30", &dossier.HoursLogged{Entry: rowstest.ID(21), Trajectory: "T-1", Date: day("2017-08-30"), Minutes: 30, Activity: "administration", WorkedBy: rowstest.ID(1)})
		expect(s, "2017-08-30", "dormant", agency+" 11 dormant 2017-04-03 -")
	}
}

// C-I2, C-I3, L-14, L-19: notices are owed from the day on which their cause
// arose, and no longer once given.
func TestNotices(t *testing.T) {
	s := rowstest.Begin(t)
	open(s, "sol", 11, "2017-02-01")
	s.Dossier("sol", 11, "2017-02-01", &dossier.RecordAdded{Record: rowstest.ID(41), Category: "referral", Class: domain.ClassDossier, Source: "commissioner", Unexpected: true})
	s.Dossier("sol", 11, "2017-02-02", &dossier.DisclosureMade{Disclosure: rowstest.ID(71), Recipient: rowstest.ID(31), RecipientClass: "commissioner",
		Categories: []domain.Category{"referral"}, Records: []domain.ID{rowstest.ID(41)}, Ground: domain.GroundLegalObligation, Purpose: "guidance", Channel: "letter"})
	s.Dossier("sol", 11, "2017-02-03", &dossier.RecordRestricted{Record: rowstest.ID(41)})
	kinds := "client_notice indirect_notice recipient_notice"
	expect(s, "2017-02-03", kinds, "sol 11 client_notice 2017-02-01 41", "sol 11 indirect_notice 2017-02-01 41", "sol 11 recipient_notice 2017-02-03 71")
	tell := func(about string) {
		s.Dossier("sol", 11, "2017-02-04", &dossier.ClientNotified{About: about, Ref: rowstest.ID(41), Method: "letter", NotifiedOn: day("2017-02-04")})
	}
	tell("unexpected_processing")
	expect(s, "2017-02-04", kinds, "sol 11 indirect_notice 2017-02-01 41", "sol 11 recipient_notice 2017-02-03 71")
	tell("indirect_notice")
	s.Dossier("sol", 11, "2017-02-05", &dossier.RecipientNotified{Disclosure: rowstest.ID(71), Recipient: rowstest.ID(31), Items: []string{rowstest.ID(41)}, Outcome: "disproportionate"})
	expect(s, "2017-02-05", kinds)
}

// L-7: what rests on a consent that was withdrawn is erased or shielded; C-2.7b:
// a third party's view ends with its consent and with guidance.
func TestWithdrawnConsent(t *testing.T) {
	s := rowstest.Begin(t)
	open(s, "click", 11, "2017-02-01")
	start(s, "click", 11, "2017-02-01")
	for n := 61; n <= 64; n++ {
		s.Dossier("click", 11, "2017-02-01", &dossier.ConsentGiven{Consent: rowstest.ID(n), For: "record", Categories: []domain.Category{"medical"}, Purpose: "guidance", Explicit: true})
	}
	for n, consent := range map[int]int{41: 61, 42: 62} {
		s.Dossier("click", 11, "2017-02-02", &dossier.RecordAdded{Record: rowstest.ID(n), Category: "medical", Class: domain.ClassMedical, Source: "client", Consent: rowstest.ID(consent)})
	}
	view := func(n, consent int) {
		s.Dossier("click", 11, "2017-02-02", &dossier.ViewGranted{View: rowstest.ID(n), Recipient: rowstest.ID(32), RecipientClass: "partner", Categories: []domain.Category{"report"},
			Records: []domain.ID{rowstest.ID(41)}, Purpose: "guidance", Consent: rowstest.ID(consent), Until: rowstest.At("2017-06-30T22:00:00Z")})
	}
	view(65, 63)
	view(66, 64)
	kinds := "consent_withdrawn view_to_end"
	expect(s, "2017-02-02", kinds)
	s.Dossier("click", 11, "2017-03-02", &dossier.ConsentWithdrawn{Consent: rowstest.ID(61), ReceivedOn: day("2017-03-01")})
	s.Dossier("click", 11, "2017-03-03", &dossier.ConsentWithdrawn{Consent: rowstest.ID(63)})
	expect(s, "2017-03-03", kinds, "click 11 consent_withdrawn 2017-03-01 41", "click 11 view_to_end 2017-03-03 65")
	s.Dossier("click", 11, "2017-03-04", &dossier.RecordRestricted{Record: rowstest.ID(41)})
	s.Dossier("click", 11, "2017-03-04", &dossier.ViewEnded{View: rowstest.ID(65), Until: rowstest.At("2017-03-04T08:00:00Z")})
	expect(s, "2017-03-04", kinds)
	s.Dossier("click", 11, "2017-05-01", &dossier.TrajectoryEnded{Trajectory: "T-1", EndedOn: day("2017-04-30"), Outcome: "work"})
	expect(s, "2017-05-01", kinds, "click 11 view_to_end 2017-04-30 66")
	expect(s, "2017-07-01", kinds) // it has ended by itself
}

// C-2.9.1, C-2.9.2, C-2.1.3, L-33, L-34, C-2.5f: what is late, granted and not
// done, or known to a breach's clients by nobody.
func TestLate(t *testing.T) {
	s := rowstest.Begin(t)
	open(s, "sol", 11, "2017-02-01")
	start(s, "sol", 11, "2017-02-01")
	s.Dossier("sol", 11, "2017-02-01", &dossier.RequestReceived{Request: rowstest.ID(51), Kind: "access", By: "client", Channel: "letter", ReceivedOn: day("2017-02-01"), Due: day("2017-03-01")})
	s.Dossier("sol", 11, "2017-02-01", &dossier.RequestReceived{Request: rowstest.ID(52), Kind: "rectification", By: "client", Channel: "letter", ReceivedOn: day("2017-02-01"), Due: day("2017-03-01")})
	s.Dossier("sol", 11, "2017-02-10", &dossier.RequestDecided{Request: rowstest.ID(52), Kind: "rectification", Decision: "granted", AnsweredOn: day("2017-02-10")})
	s.Dossier("sol", 11, "2017-02-10", &dossier.ComplaintFiled{Complaint: rowstest.ID(81), ReceivedOn: day("2017-02-01"), Due: day("2017-03-15"), Channel: "letter"})
	breach := rowstest.On("sol", domain.KindIncident, rowstest.ID(67))
	s.Event(breach, "2017-02-10", &incident.Reported{DiscoveredAt: rowstest.At("2017-02-10T08:00:00Z"), NotifyBy: rowstest.At("2017-02-13T08:00:00Z"), Kind: "attack", Dossiers: []domain.ID{rowstest.ID(11)}})
	kinds := "request_overdue request_unfulfilled complaint_overdue breach_overdue breach_notice destruction_overdue"
	expect(s, "2017-02-12", kinds, "sol 11 request_unfulfilled 2017-02-10 52")
	expect(s, "2017-02-13", kinds, "sol 11 request_unfulfilled 2017-02-10 52", "sol 11 breach_overdue 2017-02-13 67")
	s.Event(breach, "2017-02-14", &incident.Assessed{Risk: "high", NotifyAuthority: true, NotifyClients: true})
	s.Event(breach, "2017-02-14", &incident.AuthorityNotified{NotifiedAt: rowstest.At("2017-02-14T08:00:00Z")})
	expect(s, "2017-03-01", kinds, "sol 11 request_unfulfilled 2017-02-10 52", "sol 11 breach_notice 2017-02-14 67")
	expect(s, "2017-03-16", kinds, "sol 11 request_unfulfilled 2017-02-10 52", "sol 11 breach_notice 2017-02-14 67",
		"sol 11 request_overdue 2017-03-02 51", "sol 11 complaint_overdue 2017-03-16 81")
	s.Dossier("sol", 11, "2017-03-17", &dossier.ClientNotified{About: "breach", Ref: rowstest.ID(67), Method: "letter", NotifiedOn: day("2017-03-17")})
	s.Dossier("sol", 11, "2017-03-17", &dossier.ComplaintResolved{Complaint: rowstest.ID(81), Handler: rowstest.ID(2), AnsweredOn: day("2017-03-17"), Outcome: "upheld"})
	for n, kind := range map[int]string{51: "access", 52: "rectification"} {
		s.Dossier("sol", 11, "2017-03-17", &dossier.RequestFulfilled{Request: rowstest.ID(n), Kind: kind, FulfilledOn: day("2017-03-17"), Method: "letter"})
	}
	expect(s, "2017-03-17", kinds)
	// Two years after the end, and thirty days (S-Bew1, C-2.5f).
	s.Dossier("sol", 11, "2017-05-31", &dossier.TrajectoryEnded{Trajectory: "T-1", EndedOn: day("2017-05-31"), Outcome: "work"})
	expect(s, "2019-06-30", kinds)
	expect(s, "2019-07-01", kinds, "sol 11 destruction_overdue 2019-07-01 dossier", "sol 11 destruction_overdue 2019-07-01 medical", "sol 11 destruction_overdue 2019-07-01 subsidy")
}

// C-2.6b, L-33: what went out wrongly names an incident; until that one is
// reported no clock runs for it, so that is owed, from the day on which it was
// recorded and not from that on which it went out.
func TestIncidentNeverReported(t *testing.T) {
	s := rowstest.Begin(t)
	open(s, "click", 11, "2017-02-01")
	open(s, "sol", 12, "2017-02-01")
	wrong := func(name string, n, id, names int, at, on string) {
		s.Dossier(name, n, at, &dossier.UnlawfulDisclosure{Disclosure: rowstest.ID(id), Categories: []domain.Category{"report"},
			Channel: "email", OccurredOn: day(on), Incident: rowstest.ID(names)})
	}
	report := func(name string, id int, at string) {
		s.Event(rowstest.On(name, domain.KindIncident, rowstest.ID(id)), at, &incident.Reported{
			DiscoveredAt: rowstest.At("2017-02-10T08:00:00Z"), NotifyBy: rowstest.At("2017-02-13T08:00:00Z"), Kind: "wrong_recipient"})
	}
	report("click", 68, "2017-02-09") // before its disclosure is recorded
	wrong("click", 11, 71, 67, "2017-02-10", "2017-02-08")
	wrong("click", 11, 72, 67, "2017-02-11", "2017-02-11") // the same incident once more
	wrong("click", 11, 73, 68, "2017-02-11", "2017-02-11")
	wrong("sol", 12, 71, 67, "2017-02-12", "2017-02-12") // another agency's: its own incident
	kind := "incident_unreported"
	first := "click 11 incident_unreported 2017-02-10 67"
	expect(s, "2017-02-09", kind)
	expect(s, "2017-02-10", kind, first)
	report("click", 67, "2017-02-14") // and names no dossier
	expect(s, "2017-02-13", kind, first, "sol 12 incident_unreported 2017-02-12 67")
	expect(s, "2017-02-14", kind, "sol 12 incident_unreported 2017-02-12 67")
	got := slices.DeleteFunc(owed(s, "2017-02-13", rows.Filter{Agency: "click", Dossier: rowstest.ID(11)}), func(l string) bool { return !strings.Contains(l, kind) })
	if !slices.Equal(got, []string{first}) {
		t.Errorf("of one dossier: %v", got)
	}
}

// C-2.7d, S-Bev1: volumes that did not come back, and cabinets that nobody
// attested, as long as they still can be.
func TestPaper(t *testing.T) {
	s := rowstest.Begin(t)
	for _, agency := range []string{"click", "sol"} {
		at := paper.Place{Volume: rowstest.ID(91), Dossier: rowstest.ID(11), Cabinet: "K-1"}
		s.Event(rowstest.On(agency, domain.KindPaper, agency), "2017-02-02", &paper.VolumeRegistered{Place: at})
		s.Event(rowstest.On(agency, domain.KindPaper, agency), "2017-02-02", &paper.CheckedOut{Place: at, Purpose: "guidance"})
	}
	kinds := "volume_out attestation"
	expect(s, "2017-02-02", kinds)
	out := []string{"click 11 volume_out 2017-02-03 91", "sol 11 volume_out 2017-02-03 91"}
	expect(s, "2017-02-03", kinds, append([]string{"sol - attestation 2017-02-03 K-1"}, out...)...)
	s.Event(rowstest.On("sol", domain.KindPaper, "sol"), "2017-02-03", &paper.Attested{Date: day("2017-02-02"), Cabinet: "K-1", Out: []domain.ID{rowstest.ID(91)}})
	s.Event(rowstest.On("sol", domain.KindPaper, "sol"), "2017-02-03 17:00", &paper.CheckedIn{Place: paper.Place{Volume: rowstest.ID(91), Dossier: rowstest.ID(11), Cabinet: "K-1"}})
	expect(s, "2017-02-03", kinds, "click 11 volume_out 2017-02-03 91")
	// The oldest day of which an attestation is still owed is 31 days ago.
	got := slices.DeleteFunc(owed(s, "2017-04-03", rows.Filter{Agency: "sol"}), func(l string) bool { return !strings.Contains(l, "attestation") })
	if len(got) != 21 || got[0] != "sol - attestation 2017-03-04 K-1" { // Friday 3 March to Friday 31 March, working days
		t.Errorf("attestations: %d, %v", len(got), got)
	}
}

// L-35: an impact assessment is on file for each version that is in force; the
// same version can be adopted again to add it.
func TestImpactAssessment(t *testing.T) {
	s := rowstest.Begin(t)
	both := []string{"click - impact_assessment 2017-01-19 -", "sol - impact_assessment 2017-01-19 -"}
	expect(s, "2017-01-19", "impact_assessment", both...)
	p, _, err := regulation.Adopt("solutions-vpr", 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.Event(rowstest.On("sol", domain.KindAgency, "sol"), "2017-02-02", &agency.RegulationAdopted{
		Profile: p.Name, Version: p.Version, EffectiveFrom: day("2017-01-19"), Document: p, ImpactAssessedOn: day("2017-02-01")})
	expect(s, "2017-02-01", "impact_assessment", both...)
	expect(s, "2017-02-02", "impact_assessment", both[:1]...)
}

// C-4b, L-13: a new purpose is told to the clients of open dossiers before it is
// used, even where the regulation may change without notice.
func TestNewPurpose(t *testing.T) {
	s := rowstest.Begin(t)
	for n := 11; n <= 14; n++ {
		open(s, "click", n, "2017-02-01")
		s.Dossier("click", n, "2017-02-01", &dossier.RegulationHandedOut{Version: 1, Language: "nl", Method: "letter"})
		start(s, "click", n, "2017-02-01")
	}
	s.Dossier("click", 14, "2017-03-01", &dossier.TrajectoryEnded{Trajectory: "T-1", EndedOn: day("2017-03-01"), Outcome: "work"})
	s.Adopt("click", "click-2017", "2017-04-01") // the same again: nothing new
	expect(s, "2017-04-02", "regulation_notice")
	s.Adopt("click", "solutions-vpr", "2017-05-01") // knows absence
	open(s, "click", 15, "2017-05-02")
	expect(s, "2017-05-02", "regulation_notice", "click 11 regulation_notice 2017-05-01 -", "click 12 regulation_notice 2017-05-01 -", "click 13 regulation_notice 2017-05-01 -")
	s.Dossier("click", 11, "2017-05-03", &dossier.ClientNotified{About: "new_purpose", Method: "letter", NotifiedOn: day("2017-05-03")})
	s.Dossier("click", 12, "2017-05-03", &dossier.RegulationHandedOut{Version: 1, Language: "nl", Method: "letter"})
	expect(s, "2017-05-03", "regulation_notice", "click 13 regulation_notice 2017-05-01 -")
}

// The registers of one dossier leave out what is of the agency.
func TestFilter(t *testing.T) {
	s := rowstest.Life(t)
	for _, line := range owed(s, "2017-06-01", rows.Filter{Dossier: rowstest.ID(12)}) {
		if f := strings.Fields(line); f[0] != "sol" || f[1] != "12" && f[2] != obligations.BreachOverdue {
			t.Errorf("%s", line)
		}
	}
	for _, line := range owed(s, "2017-06-01", rows.Filter{From: day("2017-05-01").Start(), Until: day("2017-05-15").End()}) {
		if since := strings.Fields(line)[3]; since < "2017-05-01" || since > "2017-05-15" {
			t.Errorf("%s", line)
		}
	}
}
