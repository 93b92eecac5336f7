package deadlines_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/incident"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/domain/paper"
	"github.com/casefile-engine/casefile/projections"
	"github.com/casefile-engine/casefile/projections/complaints"
	"github.com/casefile-engine/casefile/projections/deadlines"
	"github.com/casefile-engine/casefile/projections/disclosures"
	"github.com/casefile-engine/casefile/projections/duties"
	"github.com/casefile-engine/casefile/projections/hours"
	"github.com/casefile-engine/casefile/projections/incidents"
	paperview "github.com/casefile-engine/casefile/projections/paper"
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
	complaints.Projection{}, disclosures.Projection{}, duties.Projection{}, hours.Projection{}, incidents.Projection{},
	paperview.Projection{}, regulations.Projection{}, requests.Projection{}, retention.Projection{}, reviews.Projection{},
}

var day = nl.MustDate

// open opens a dossier of click-2017 and hands the regulation out at once.
func open(s *rowstest.Story, agency string, n int, on string) {
	s.T.Helper()
	s.Dossier(agency, n, on, &dossier.Opened{Service: "reintegration", Referral: "self", Standing: "none"})
	s.Dossier(agency, n, on, &dossier.RegulationHandedOut{Version: 1, Language: "nl", Method: "in_person", Acknowledged: true})
}

// lines are the rows of some kinds as of the end of a day: agency, kind, ref,
// started, due, status.
func lines(s *rowstest.Story, on string, kinds ...string) []string {
	s.T.Helper()
	return linesAt(s, s.Fold(on, views...), on+" 23:59", kinds...)
}

func linesAt(s *rowstest.Story, db *readdb.DB, at string, kinds ...string) []string {
	s.T.Helper()
	list, err := deadlines.All(s.T.Context(), db, rows.Filter{}, rowstest.At(rowstest.Clock(at)))
	if err != nil {
		s.T.Fatal(err)
	}
	out := []string{}
	for _, r := range list {
		if len(kinds) == 0 || slices.Contains(kinds, r.Kind) {
			out = append(out, rowstest.Short(r.Agency, r.Kind, r.Ref, r.Started, r.Due, r.Status))
		}
	}
	return out
}

func expect(s *rowstest.Story, on string, kinds string, want ...string) {
	s.T.Helper()
	if d := cmp.Diff(want, lines(s, on, strings.Fields(kinds)...)); d != "" {
		s.T.Errorf("on %s (-want +got):\n%s", on, d)
	}
}

// C-I4, L-13: the regulation is handed out on the day of opening.
func TestHandout(t *testing.T) {
	s := rowstest.Begin(t)
	opened := &dossier.Opened{Service: "reintegration", Referral: "self", Standing: "none"}
	handed := &dossier.RegulationHandedOut{Version: 1, Language: "nl", Method: "letter"}
	s.Dossier("click", 11, "2017-02-01", opened)
	s.Dossier("sol", 12, "2017-02-02 23:30", opened) // still 2 February in Amsterdam
	s.Dossier("click", 13, "2017-02-03", opened)
	s.Dossier("click", 11, "2017-02-01 17:00", handed)
	s.Dossier("sol", 12, "2017-02-06", handed)
	s.Dossier("click", 13, "2017-02-03", &dossier.ReferralDeclined{DeclinedOn: day("2017-02-03"), By: "client"})
	expect(s, "2017-02-02", "handout", "click handout 11 2017-02-01 2017-02-01 met", "sol handout 12 2017-02-02 2017-02-02 open")
	expect(s, "2017-02-03", "handout", "click handout 11 2017-02-01 2017-02-01 met", "sol handout 12 2017-02-02 2017-02-02 overdue",
		"click handout 13 2017-02-03 2017-02-03 withdrawn")
	expect(s, "2017-02-06", "handout", "click handout 11 2017-02-01 2017-02-01 met", "sol handout 12 2017-02-02 2017-02-02 met_late",
		"click handout 13 2017-02-03 2017-02-03 withdrawn")
}

func received(id int, kind, on, due string) *dossier.RequestReceived {
	return &dossier.RequestReceived{Request: rowstest.ID(id), Kind: kind, By: "client", Channel: "letter", ReceivedOn: day(on), Due: day(due)}
}

func decided(id int, kind, decision, answered string) *dossier.RequestDecided {
	return &dossier.RequestDecided{Request: rowstest.ID(id), Kind: kind, Decision: decision, AnsweredOn: day(answered)}
}

// C-2.9.1, S-Inz, L-12: access is met by its fulfilment, whatever was decided.
func TestAccessRequest(t *testing.T) {
	for _, agency := range []string{"click", "sol"} {
		s := rowstest.Begin(t)
		open(s, agency, 11, "2017-02-01")
		s.Dossier(agency, 11, "2017-02-01", received(51, "access", "2017-02-01", "2017-03-01"))
		s.Dossier(agency, 11, "2017-02-10", decided(51, "access", "granted", "2017-02-10"))
		line := agency + " request 51 2017-02-01 2017-03-01 "
		expect(s, "2017-03-01", "request", line+"open")
		expect(s, "2017-03-02", "request", line+"overdue")
		s.Dossier(agency, 11, "2017-03-03", &dossier.RequestFulfilled{Request: rowstest.ID(51), Kind: "access", FulfilledOn: day("2017-03-01"), Method: "letter"})
		expect(s, "2017-03-02", "request", line+"overdue")
		expect(s, "2017-03-03", "request", line+"met")
	}
}

// C-2.9.2, C-2.9.3, L-12: other kinds are met by their answer, a refusal by its
// decision; an extension moves the last day; what is withdrawn in time is no
// longer owed.
func TestOtherRequests(t *testing.T) {
	s := rowstest.Begin(t)
	open(s, "click", 11, "2017-02-01")
	for id, kind := range map[int]string{51: "rectification", 52: "erasure", 53: "restriction", 54: "objection", 55: "portability"} {
		s.Dossier("click", 11, "2017-02-01", received(id, kind, "2017-02-01", "2017-03-01"))
	}
	s.Dossier("click", 11, "2017-02-15", &dossier.RequestExtended{Request: rowstest.ID(53), Until: day("2017-04-29"), ToldOn: day("2017-02-15")})
	s.Dossier("click", 11, "2017-02-16", &dossier.RequestWithdrawn{Request: rowstest.ID(54), Kind: "objection", WithdrawnOn: day("2017-02-16")})
	s.Dossier("click", 11, "2017-02-27", decided(52, "erasure", "refused", "2017-03-06"))
	s.Dossier("click", 11, "2017-02-28", decided(51, "rectification", "partly", "2017-03-02"))
	s.Dossier("click", 11, "2017-02-28", decided(55, "portability", "granted", "2017-02-28"))
	expect(s, "2017-03-02", "request",
		"click request 51 2017-02-01 2017-03-01 met_late",
		"click request 52 2017-02-01 2017-03-01 met",
		"click request 54 2017-02-01 2017-03-01 withdrawn",
		"click request 55 2017-02-01 2017-03-01 met",
		"click request 53 2017-02-01 2017-04-29 open")
	// A day in the future, with the facts of today.
	db := s.Fold("", views...)
	if got := linesAt(s, db, "2017-04-30 12:00", "request")[4]; got != "click request 53 2017-02-01 2017-04-29 overdue" {
		t.Errorf("in the future: %s", got)
	}
}

func breach(n int) domain.Ref { return rowstest.On("click", domain.KindIncident, rowstest.ID(n)) }

// L-33: 72 hours, counted through the night in which the clock goes forward.
func TestBreach(t *testing.T) {
	s := rowstest.Begin(t)
	report := func(n int) {
		s.Event(breach(n), "2017-03-24 12:00", &incident.Reported{DiscoveredAt: rowstest.At("2017-03-24T10:00:00Z"), NotifyBy: rowstest.At("2017-03-27T10:00:00Z"),
			Kind: "wrong_recipient", Dossiers: []domain.ID{rowstest.ID(11)}})
	}
	for n := 61; n <= 64; n++ {
		report(n)
	}
	s.Event(breach(62), "2017-03-25", &incident.AuthorityNotified{NotifiedAt: rowstest.At("2017-03-25T08:00:00Z")})
	s.Event(breach(63), "2017-03-26", &incident.Assessed{Risk: "low"}) // a reasoned "no risk"
	s.Event(breach(64), "2017-03-26", &incident.Assessed{Risk: "none"})
	s.Event(breach(64), "2017-03-28", &incident.Assessed{Risk: "medium", NotifyAuthority: true}) // there is a risk after all
	line := func(n, status string) string {
		return "click breach " + n + " 2017-03-24T10:00:00Z 2017-03-27T10:00:00Z " + status
	}
	db := s.Fold("2017-03-27", views...)
	for at, want := range map[string]string{"2017-03-27 12:00": "open", "2017-03-27 12:01": "overdue"} { // 10:00 UTC is noon in summer time
		if got := linesAt(s, db, at, "breach"); !slices.Equal(got, []string{line("61", want), line("62", "met"), line("63", "met"), line("64", "met")}) {
			t.Errorf("at %s: %v", at, got)
		}
	}
	expect(s, "2017-03-28", "breach", line("61", "overdue"), line("62", "met"), line("63", "met"), line("64", "overdue"))
	s.Event(breach(61), "2017-03-28 10:00", &incident.AuthorityNotified{NotifiedAt: rowstest.At("2017-03-28T08:00:00Z")})
	s.Event(breach(64), "2017-03-28 11:00", &incident.AuthorityNotified{NotifiedAt: rowstest.At("2017-03-28T09:00:00Z")})
	expect(s, "2017-03-28", "breach", line("61", "met_late"), line("62", "met"), line("63", "met"), line("64", "met_late"))
}

func record(id int, source, obtained, trajectory string, contains ...domain.Category) *dossier.RecordAdded {
	return &dossier.RecordAdded{Record: rowstest.ID(id), Category: "referral", Contains: contains, Class: domain.ClassDossier, Source: source,
		ObtainedOn: day(obtained), Trajectory: trajectory}
}

func talked(id int, on string) *dossier.HoursLogged {
	return &dossier.HoursLogged{Entry: rowstest.ID(id), Trajectory: "T-1", Date: day(on), Minutes: 60, Activity: "conversation", WorkedBy: rowstest.ID(1)}
}

// C-I3, L-14: one notice for each source, set of categories and trajectory, 28
// days after the first was obtained, or at the first contact or disclosure.
func TestIndirectNotice(t *testing.T) {
	for _, agency := range []string{"click", "sol"} {
		s := rowstest.Begin(t)
		open(s, agency, 11, "2017-02-01")
		s.Dossier(agency, 11, "2017-02-06", record(41, "commissioner", "2017-02-01", "T-1"))
		s.Dossier(agency, 11, "2017-02-07", record(42, "commissioner", "2017-02-07", "T-1")) // the same source, set and trajectory
		s.Dossier(agency, 11, "2017-02-07", record(43, "third_party", "2017-02-07", "T-1"))  // another source
		s.Dossier(agency, 11, "2017-02-07", record(44, "commissioner", "2017-02-07", "T-1", "capacity"))
		s.Dossier(agency, 11, "2017-02-07", record(45, "commissioner", "2017-02-08", "T-2"))
		s.Dossier(agency, 11, "2017-02-07", record(46, "client", "2017-02-07", "T-1")) // his own
		s.Dossier(agency, 11, "2017-02-07", record(47, "on_behalf_of_client", "2017-02-07", "T-1"))
		line := func(ref, started, due, status string) string {
			return agency + " indirect_notice " + ref + " " + started + " " + due + " " + status
		}
		expect(s, "2017-03-01", "indirect_notice",
			line("41", "2017-02-01", "2017-03-01", "open"), line("43", "2017-02-07", "2017-03-07", "open"),
			line("44", "2017-02-07", "2017-03-07", "open"), line("45", "2017-02-08", "2017-03-08", "open"))
		// A notice that names a record settles its group; a conversation on the 20th
		// brings the rest forward; one that went before counts for nothing.
		s.Dossier(agency, 11, "2017-02-10", &dossier.ClientNotified{About: "indirect_notice", Ref: rowstest.ID(42), Method: "letter", NotifiedOn: day("2017-02-10")})
		s.Dossier(agency, 11, "2017-02-20", talked(21, "2017-01-31"))
		s.Dossier(agency, 11, "2017-02-20", talked(22, "2017-02-20"))
		expect(s, "2017-02-21", "indirect_notice",
			line("41", "2017-02-01", "2017-02-20", "met"), line("43", "2017-02-07", "2017-02-20", "overdue"),
			line("44", "2017-02-07", "2017-02-20", "overdue"), line("45", "2017-02-08", "2017-02-20", "overdue"))
		// One that names a trajectory settles what had been obtained for it.
		s.Dossier(agency, 11, "2017-02-22", &dossier.ClientNotified{About: "indirect_notice", Trajectory: "T-1", Method: "letter", NotifiedOn: day("2017-02-22")})
		expect(s, "2017-02-22", "indirect_notice",
			line("41", "2017-02-01", "2017-02-20", "met"), line("43", "2017-02-07", "2017-02-20", "met_late"),
			line("44", "2017-02-07", "2017-02-20", "met_late"), line("45", "2017-02-08", "2017-02-20", "overdue"))
	}
}

// L-14: a hand-out that names the source meets the notice; one that names
// another, or came before the data, does not.
func TestIndirectNoticeByHandout(t *testing.T) {
	s := rowstest.Begin(t)
	hand := func(on string, sources ...string) {
		s.Dossier("click", 11, on, &dossier.RegulationHandedOut{Version: 1, Language: "nl", Method: "letter", Sources: sources})
	}
	s.Dossier("click", 11, "2017-02-01", &dossier.Opened{Service: "reintegration", Referral: "self", Standing: "none"})
	hand("2017-02-01", "commissioner")
	s.Dossier("click", 11, "2017-02-06", record(41, "commissioner", "2017-02-06", ""))
	hand("2017-02-07")
	hand("2017-02-08", "third_party")
	expect(s, "2017-02-08", "indirect_notice", "click indirect_notice 41 2017-02-06 2017-03-06 open")
	hand("2017-02-09", "commissioner", "third_party")
	expect(s, "2017-02-09", "indirect_notice", "click indirect_notice 41 2017-02-06 2017-03-06 met")
}

func disclosed(id int, records ...domain.ID) *dossier.DisclosureMade {
	return &dossier.DisclosureMade{Disclosure: rowstest.ID(id), Recipient: rowstest.ID(31), RecipientClass: "commissioner", Categories: []domain.Category{"contact", "referral"},
		Records: records, Ground: domain.GroundLegalObligation, Purpose: "guidance", Channel: "secure_mail", Profile: "click-2017", ProfileVersion: 1}
}

// L-14: the first disclosure of one of the items, not of others.
func TestIndirectNoticeAtFirstDisclosure(t *testing.T) {
	s := rowstest.Begin(t)
	open(s, "sol", 11, "2017-02-01")
	s.Dossier("sol", 11, "2017-02-01", record(41, "commissioner", "2017-02-01", ""))
	s.Dossier("sol", 11, "2017-02-03", disclosed(71, rowstest.ID(49)))
	expect(s, "2017-02-09", "indirect_notice", "sol indirect_notice 41 2017-02-01 2017-03-01 open")
	s.Dossier("sol", 11, "2017-02-10", disclosed(72, rowstest.ID(41)))
	expect(s, "2017-02-10", "indirect_notice", "sol indirect_notice 41 2017-02-01 2017-02-10 open")
}

// C-I2: what the client need not expect is told before it is done.
func TestClientNotice(t *testing.T) {
	s := rowstest.Begin(t)
	open(s, "click", 11, "2017-02-01")
	odd := func(id int, on string) {
		s.Dossier("click", 11, on, &dossier.RecordAdded{Record: rowstest.ID(id), Category: "report", Class: domain.ClassDossier, Source: "staff_report", Unexpected: true})
	}
	tell := func(ref int, on string) {
		e := &dossier.ClientNotified{About: "unexpected_processing", Method: "letter", NotifiedOn: day(on)}
		if ref > 0 {
			e.Ref = rowstest.ID(ref)
		}
		s.Dossier("click", 11, on, e)
	}
	tell(0, "2017-02-01") // for the next
	odd(41, "2017-02-02")
	odd(42, "2017-02-03")
	odd(43, "2017-02-03")
	tell(43, "2017-02-06")
	expect(s, "2017-02-03", "client_notice",
		"click client_notice 41 2017-02-02 2017-02-02 met", "click client_notice 42 2017-02-03 2017-02-03 open", "click client_notice 43 2017-02-03 2017-02-03 open")
	expect(s, "2017-02-06", "client_notice",
		"click client_notice 41 2017-02-02 2017-02-02 met", "click client_notice 42 2017-02-03 2017-02-03 overdue", "click client_notice 43 2017-02-03 2017-02-03 met_late")
}

// L-19: the recipients of what was rectified, completed or restricted hear of it
// within 28 days; nobody else does, and a change of circumstances is no reason.
func TestRecipientNotice(t *testing.T) {
	for _, agency := range []string{"click", "sol"} {
		s := rowstest.Begin(t)
		open(s, agency, 11, "2017-02-01")
		s.Dossier(agency, 11, "2017-02-02", disclosed(71, rowstest.ID(41)))
		s.Dossier(agency, 11, "2017-02-02", disclosed(72, rowstest.ID(42)))
		s.Dossier(agency, 11, "2017-02-03", &dossier.RecordCorrected{Record: rowstest.ID(41), Category: "referral", Class: domain.ClassDossier, Source: "client"})
		s.Dossier(agency, 11, "2017-02-04", disclosed(73, rowstest.ID(41))) // has the new content
		s.Dossier(agency, 11, "2017-02-05", &dossier.ClientChanged{Fields: []string{"address"}, ValidFrom: day("2017-02-05"), Source: "client"}, "contact")
		s.Dossier(agency, 11, "2017-02-06", &dossier.RecordRestricted{Record: rowstest.ID(42)})
		line := func(ref, started, due, status string) string {
			return agency + " recipient_notice " + ref + " " + started + " " + due + " " + status
		}
		expect(s, "2017-03-04", "recipient_notice", line("71", "2017-02-03", "2017-03-03", "overdue"), line("72", "2017-02-06", "2017-03-06", "open"))
		s.Dossier(agency, 11, "2017-03-05", &dossier.RecipientNotified{Disclosure: rowstest.ID(71), Recipient: rowstest.ID(31), Items: []string{rowstest.ID(41)}, Outcome: "sent"})
		s.Dossier(agency, 11, "2017-03-06", &dossier.RecipientNotified{Disclosure: rowstest.ID(72), Recipient: rowstest.ID(31), Items: []string{rowstest.ID(42)}, Outcome: "impossible"})
		expect(s, "2017-03-06", "recipient_notice", line("71", "2017-02-03", "2017-03-03", "met_late"), line("72", "2017-02-06", "2017-03-06", "met"))
		// A later correction is owed anew.
		s.Dossier(agency, 11, "2017-03-07", &dossier.RecordCorrected{Record: rowstest.ID(42), Category: "referral", Class: domain.ClassDossier, Source: "client"})
		expect(s, "2017-03-07", "recipient_notice", line("71", "2017-02-03", "2017-03-03", "met_late"), line("72", "2017-02-06", "2017-03-06", "met"),
			line("72", "2017-03-07", "2017-04-04", "open"))
	}
}

// C-2.1.3, S-Kla: six weeks for the answer to a complaint.
func TestComplaint(t *testing.T) {
	for _, agency := range []string{"click", "sol"} {
		s := rowstest.Begin(t)
		open(s, agency, 11, "2017-02-01")
		s.Dossier(agency, 11, "2017-02-02", &dossier.ComplaintFiled{Complaint: rowstest.ID(81), ReceivedOn: day("2017-02-01"), Due: day("2017-03-15"), Channel: "letter"})
		line := agency + " complaint 81 2017-02-01 2017-03-15 "
		expect(s, "2017-03-15", "complaint", line+"open")
		expect(s, "2017-03-16", "complaint", line+"overdue")
		s.Dossier(agency, 11, "2017-03-17", &dossier.ComplaintResolved{Complaint: rowstest.ID(81), Handler: rowstest.ID(2), AnsweredOn: day("2017-03-16"), Outcome: "upheld"})
		expect(s, "2017-03-17", "complaint", line+"met_late")
	}
}

func office(agency string) domain.Ref { return rowstest.On(agency, domain.KindPaper, agency) }

func volume(n int) paper.Place {
	return paper.Place{Volume: rowstest.ID(n), Dossier: rowstest.ID(11), Cabinet: "K-1"}
}

// C-2.7d, S-Bev1: what was taken is back by the end of the day, or explained;
// under solutions-vpr each cabinet is attested each working day.
func TestPaper(t *testing.T) {
	s := rowstest.Begin(t)
	for _, agency := range []string{"click", "sol"} {
		s.Event(office(agency), "2017-02-02", &paper.VolumeRegistered{Place: volume(91)})
		s.Event(office(agency), "2017-02-02", &paper.VolumeRegistered{Place: volume(92)}) // a Thursday
		s.Event(office(agency), "2017-02-02 10:00", &paper.CheckedOut{Place: volume(91), Purpose: "guidance"})
		s.Event(office(agency), "2017-02-02 16:00", &paper.CheckedIn{Place: volume(91)})
	}
	s.Event(office("sol"), "2017-02-02 17:30", &paper.Attested{Date: day("2017-02-02"), Cabinet: "K-1"})
	s.Event(office("sol"), "2017-02-03 14:00", &paper.CheckedOut{Place: volume(92), Purpose: "guidance"})
	s.Event(office("click"), "2017-02-03 14:00", &paper.CheckedOut{Place: volume(92), Purpose: "guidance"})
	expect(s, "2017-02-03", "paper",
		"click paper 91 2017-02-02 2017-02-02 met", "sol paper 91 2017-02-02 2017-02-02 met",
		"sol paper K-1 2017-02-03 2017-02-03 open",
		"click paper 92 2017-02-03 2017-02-03 open", "sol paper 92 2017-02-03 2017-02-03 open")
	// On Friday it is explained that the volume stays out over the weekend.
	s.Event(office("sol"), "2017-02-03 17:30", &paper.Attested{Date: day("2017-02-03"), Cabinet: "K-1", Out: []domain.ID{rowstest.ID(92)}})
	s.Event(office("sol"), "2017-02-07 08:00", &paper.CheckedIn{Place: volume(92)})
	expect(s, "2017-02-05", "paper", // a Sunday: no attestation is asked for
		"click paper 91 2017-02-02 2017-02-02 met", "sol paper 91 2017-02-02 2017-02-02 met",
		"click paper 92 2017-02-03 2017-02-03 overdue", "sol paper 92 2017-02-03 2017-02-06 open")
	s.Event(office("sol"), "2017-02-07 17:30", &paper.Attested{Date: day("2017-02-06"), Cabinet: "K-1"})
	expect(s, "2017-02-07", "paper",
		"click paper 91 2017-02-02 2017-02-02 met", "sol paper 91 2017-02-02 2017-02-02 met",
		"click paper 92 2017-02-03 2017-02-03 overdue",
		"sol paper K-1 2017-02-06 2017-02-06 met_late",
		"sol paper 92 2017-02-03 2017-02-06 met_late",
		"sol paper K-1 2017-02-07 2017-02-07 open")
}

// C-2.5f, S-Bew1: 30 days after the end of a term, only once that is over, and
// not while a hold covers the class.
func TestDestruction(t *testing.T) {
	s := rowstest.Begin(t)
	for _, agency := range []string{"click", "sol"} {
		open(s, agency, 11, "2017-02-01")
		s.Dossier(agency, 11, "2017-02-02", &dossier.TrajectoryStarted{Trajectory: "T-1", StartedOn: day("2017-02-02"), Service: "reintegration"})
		s.Dossier(agency, 11, "2018-02-28", &dossier.TrajectoryEnded{Trajectory: "T-1", EndedOn: day("2018-02-28"), Outcome: "work"})
	}
	expect(s, "2020-02-28", "destruction", []string{}...)
	sol := func(class, status string) string {
		return "sol destruction " + class + " 2020-02-28 2020-03-29 " + status
	}
	// fiscal runs to 31 December 2025 (S-Bew3), click-2017 to 28 February 2028.
	expect(s, "2020-02-29", "destruction", sol("dossier", "open"), sol("medical", "open"), sol("subsidy", "open"))
	s.Dossier("sol", 11, "2020-03-01", &dossier.HoldPlaced{Hold: rowstest.ID(95), Classes: []domain.Class{"medical"}})
	expect(s, "2020-03-30", "destruction", sol("dossier", "overdue"), sol("subsidy", "overdue"))
	expect(s, "2028-02-29", "destruction", sol("dossier", "overdue"), sol("subsidy", "overdue"),
		"sol destruction fiscal 2025-12-31 2026-01-30 overdue",
		"click destruction dossier 2028-02-28 2028-03-29 open", "click destruction fiscal 2028-02-28 2028-03-29 open",
		"click destruction medical 2028-02-28 2028-03-29 open", "click destruction subsidy 2028-02-28 2028-03-29 open")
}

// C-2.5e: a declined referral's term is 28 days, and it is destroyed within 30
// more.
func TestDestructionAfterDecline(t *testing.T) {
	s := rowstest.Begin(t)
	open(s, "click", 11, "2017-02-01")
	s.Dossier("click", 11, "2017-02-09", &dossier.ReferralDeclined{DeclinedOn: day("2017-02-09")})
	expect(s, "2017-03-09", "destruction", []string{}...)
	expect(s, "2017-03-10", "destruction",
		"click destruction dossier 2017-03-09 2017-04-08 open", "click destruction fiscal 2017-03-09 2017-04-08 open",
		"click destruction medical 2017-03-09 2017-04-08 open", "click destruction subsidy 2017-03-09 2017-04-08 open")
}

// The rows of a dossier, and of due dates within bounds.
func TestFilter(t *testing.T) {
	s := rowstest.Begin(t)
	open(s, "click", 11, "2017-02-01")
	open(s, "sol", 12, "2017-02-01")
	s.Dossier("click", 11, "2017-02-01", received(51, "access", "2017-02-01", "2017-03-01"))
	s.Dossier("sol", 12, "2017-02-02", received(52, "access", "2017-02-02", "2017-03-02"))
	s.Event(breach(61), "2017-02-02", &incident.Reported{DiscoveredAt: rowstest.At("2017-02-02T08:00:00Z"), NotifyBy: rowstest.At("2017-02-05T08:00:00Z"),
		Kind: "attack", Dossiers: []domain.ID{rowstest.ID(11), rowstest.ID(13)}})
	db := s.Fold("", views...)
	for name, c := range map[string]struct {
		filter rows.Filter
		want   string
	}{
		"agency":  {rows.Filter{Agency: "sol"}, "handout request"},
		"dossier": {rows.Filter{Dossier: rowstest.ID(11)}, "handout breach request"},
		"other":   {rows.Filter{Agency: "click", Dossier: rowstest.ID(12)}, ""},
		"from":    {rows.Filter{From: day("2017-03-01").Start()}, "request request"},
		"until":   {rows.Filter{Until: day("2017-03-02").Start()}, "handout handout breach request"},
	} {
		var kinds []string
		for _, r := range rowstest.Collect(t, func(f func(deadlines.Row) error) error {
			return deadlines.List(t.Context(), db, c.filter, rowstest.At("2017-02-02T12:00:00Z"), f)
		}) {
			kinds = append(kinds, r.Kind)
		}
		if got := strings.Join(kinds, " "); got != c.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}
