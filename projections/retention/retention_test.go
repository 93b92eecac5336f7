package retention_test

import (
	"slices"
	"testing"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/agency"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/domain/regulation"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/retention"
	"github.com/casefile-engine/casefile/projections/rows"
	"github.com/casefile-engine/casefile/projections/rows/rowstest"
)

var anna = rowstest.ID(1)

// story is a history with words for what retention is about.
type story struct {
	rowstest.History
	t *testing.T
}

func (s *story) adopt(agencyName, profile, from, at string) {
	s.t.Helper()
	p, _, err := regulation.Adopt(profile, 1, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	s.adoptOwn(agencyName, p, from, at)
}

func (s *story) adoptOwn(agencyName string, p regulation.Profile, from, at string) {
	s.t.Helper()
	s.Add(s.t, rowstest.Commit{Ref: rowstest.On(agencyName, domain.KindAgency, agencyName), Actor: domain.Operator, At: at},
		rowstest.Plain(&agency.RegulationAdopted{Profile: p.Name, Version: p.Version, EffectiveFrom: nl.MustDate(from), Document: p}))
}

// on adds a commit to a dossier; days stand for nine in the morning.
func (s *story) on(agencyName string, n int, day string, e domain.Event) {
	s.t.Helper()
	s.Add(s.t, rowstest.Commit{Ref: rowstest.On(agencyName, domain.KindDossier, rowstest.ID(n)), Actor: anna, At: day + "T09:00:00+01:00"}, rowstest.Plain(e))
}

func (s *story) open(agencyName string, n int, day string) {
	s.t.Helper()
	s.on(agencyName, n, day, &dossier.Opened{Service: "reintegration", Referral: "self", Standing: "none"})
}

func (s *story) start(agencyName string, n int, trajectory, day, agreementUntil string) {
	s.t.Helper()
	e := &dossier.TrajectoryStarted{Trajectory: trajectory, StartedOn: nl.MustDate(day), Service: "reintegration"}
	if agreementUntil != "" {
		e.AgreementUntil = nl.MustDate(agreementUntil)
	}
	s.on(agencyName, n, day, e)
}

func (s *story) end(agencyName string, n int, trajectory, day string) {
	s.t.Helper()
	s.on(agencyName, n, day, &dossier.TrajectoryEnded{Trajectory: trajectory, EndedOn: nl.MustDate(day), Outcome: "work"})
}

func begin(t *testing.T) *story {
	s := &story{t: t}
	s.adopt("click", "click-2017", "2017-01-19", "2017-01-19T08:00:00+01:00")
	s.adopt("sol", "solutions-vpr", "2017-01-01", "2017-01-19T08:00:00+01:00")
	return s
}

func list(t *testing.T, db *readdb.DB, f rows.Filter, day string) []retention.Row {
	t.Helper()
	return rowstest.Collect(t, func(each func(retention.Row) error) error {
		return retention.List(t.Context(), db, f, nl.MustDate(day), each)
	})
}

// one gives the row of one class of the only dossier with that id.
func one(t *testing.T, db *readdb.DB, n int, class domain.Class, day string) retention.Row {
	t.Helper()
	all := list(t, db, rows.Filter{Dossier: rowstest.ID(n)}, day)
	i := slices.IndexFunc(all, func(r retention.Row) bool { return r.Class == string(class) })
	if i < 0 || len(all) != len(domain.Classes) {
		t.Fatalf("there are %d rows, and none of class %s", len(all), class)
	}
	return all[i]
}

func rebuilt(t *testing.T, s *story) *readdb.DB {
	t.Helper()
	db := rowstest.Memory(t)
	rowstest.Rebuild(t, db, retention.Projection{}, &s.History)
	return db
}

// history has a dossier in each state under each profile.
func history(t *testing.T) *story {
	s := begin(t)
	s.open("click", 11, "2017-02-01") // an agreement that outlives the trajectory
	s.start("click", 11, "C-1", "2017-02-02", "2018-06-30")
	s.end("click", 11, "C-1", "2018-02-28")
	s.open("click", 12, "2017-02-01") // still open
	s.start("click", 12, "C-2", "2017-02-02", "")
	s.open("click", 13, "2017-02-01") // declined
	s.on("click", 13, "2017-02-10", &dossier.ReferralDeclined{DeclinedOn: nl.MustDate("2017-02-09"), By: "client"})
	s.open("click", 14, "2017-02-01") // nothing yet
	s.open("sol", 21, "2017-02-01")   // two trajectories, ended on a leap day, held
	s.start("sol", 21, "S-1", "2017-02-02", "2030-01-01")
	s.end("sol", 21, "S-1", "2017-12-31")
	s.start("sol", 21, "S-2", "2018-01-02", "")
	s.end("sol", 21, "S-2", "2020-02-29")
	s.on("sol", 21, "2020-03-01", &dossier.HoldPlaced{Hold: rowstest.ID(71), Classes: []domain.Class{"subsidy", "dossier"}})
	s.open("sol", 22, "2017-02-01") // reopened
	s.start("sol", 22, "S-3", "2017-02-02", "")
	s.end("sol", 22, "S-3", "2018-02-01")
	s.on("sol", 22, "2018-03-01", &dossier.TrajectoryReopened{Trajectory: "S-3", ReopenedOn: nl.MustDate("2018-03-01")})
	return s
}

// C-2.5a, C-2.5b, S-Bew1, S-Bew3: the schedule under both profiles, by due date.
func TestSchedule(t *testing.T) {
	rowstest.OnBoth(t, func(t *testing.T, db *readdb.DB) {
		rowstest.Rebuild(t, db, retention.Projection{}, &history(t).History)
		rowstest.Golden(t, "schedule", list(t, db, rows.Filter{}, "2022-03-01"))
	})
}

func TestScheduleLiveAndRebuilt(t *testing.T) {
	rowstest.SameLiveAndRebuilt(t, retention.Projection{}, &history(t).History)
}

// want is what a row must say.
type want struct {
	starts, due, status string
}

func expect(t *testing.T, name string, r retention.Row, w want) {
	t.Helper()
	if got := (want{r.Starts, r.Due, r.Status}); got != w {
		t.Errorf("%s: got %+v, want %+v", name, got, w)
	}
}

// C-2.5b: under click-2017 the start is the later of the end of the trajectory
// and the end of its agreement, over all trajectories; 29 February and the day
// after the due date are by the calendar.
func TestStartAndDue(t *testing.T) {
	db := rebuilt(t, history(t))
	expect(t, "agreement outlives", one(t, db, 11, "dossier", "2018-03-01"), want{"2018-06-30", "2028-06-30", "running"})
	expect(t, "on the due date", one(t, db, 11, "medical", "2028-06-30"), want{"2018-06-30", "2028-06-30", "running"})
	expect(t, "the day after", one(t, db, 11, "medical", "2028-07-01"), want{"2018-06-30", "2028-06-30", "due"})
	// L: fiscal never ends before 7 years after 31 December; 10 years are longer.
	expect(t, "click fiscal", one(t, db, 11, "fiscal", "2018-03-01"), want{"2018-06-30", "2028-06-30", "running"})
	// S-Bew1: the agreement of S-1 runs to 2030 and does not count.
	expect(t, "leap day", one(t, db, 21, "medical", "2022-02-28"), want{"2020-02-29", "2022-02-28", "running"})
	expect(t, "leap day, after", one(t, db, 21, "medical", "2022-03-01"), want{"2020-02-29", "2022-02-28", "due"})
	// S-Bew3: from 31 December of the year in which guidance ended.
	expect(t, "sol fiscal", one(t, db, 21, "fiscal", "2022-03-01"), want{"2020-12-31", "2027-12-31", "running"})
}

// catalogue §1: a dossier that never got a trajectory starts at the decline,
// 28 days; before that something is missing (C-2.5e).
func TestDeclinedAndUndetermined(t *testing.T) {
	db := rebuilt(t, history(t))
	for _, class := range domain.Classes {
		expect(t, "declined", one(t, db, 13, class, "2017-03-09"), want{"2017-02-09", "2017-03-09", "running"})
		expect(t, "declined, after", one(t, db, 13, class, "2017-03-10"), want{"2017-02-09", "2017-03-09", "due"})
		expect(t, "open", one(t, db, 12, class, "2040-01-01"), want{"", "", "undetermined"})
		expect(t, "no trajectory", one(t, db, 14, class, "2040-01-01"), want{"", "", "undetermined"})
		expect(t, "reopened", one(t, db, 22, class, "2040-01-01"), want{"", "", "undetermined"})
	}
	if got := one(t, db, 12, "dossier", "2018-01-01").Missing; !slices.Equal(got, []string{regulation.MissingTrajectoryEnd}) {
		t.Errorf("open: missing %v", got)
	}
	if got := one(t, db, 14, "dossier", "2018-01-01").Missing; !slices.Equal(got, []string{regulation.MissingTrajectory}) {
		t.Errorf("no trajectory: missing %v", got)
	}
}

// C-2.5f: a new trajectory clears a running term, and the term runs anew from
// its end; a decline counts no more once there is a trajectory.
func TestNewTrajectoryClearsTheTerm(t *testing.T) {
	s := begin(t)
	s.open("sol", 31, "2017-02-01")
	s.on("sol", 31, "2017-02-02", &dossier.ReferralDeclined{DeclinedOn: nl.MustDate("2017-02-02")})
	s.start("sol", 31, "S-9", "2017-02-20", "")
	expect(t, "started after a decline", one(t, rebuilt(t, s), 31, "dossier", "2018-01-01"), want{"", "", "undetermined"})
	s.end("sol", 31, "S-9", "2017-06-01")
	expect(t, "ended", one(t, rebuilt(t, s), 31, "dossier", "2018-01-01"), want{"2017-06-01", "2019-06-01", "running"})
	s.start("sol", 31, "S-10", "2018-02-01", "")
	expect(t, "a second", one(t, rebuilt(t, s), 31, "dossier", "2020-01-01"), want{"", "", "undetermined"})
	s.end("sol", 31, "S-10", "2018-05-01")
	expect(t, "both ended", one(t, rebuilt(t, s), 31, "dossier", "2020-05-02"), want{"2018-05-01", "2020-05-01", "due"})
}

// catalogue §3: a start in the future counts as running once all have ended.
func TestStartInTheFutureIsRunning(t *testing.T) {
	s := begin(t)
	s.open("click", 31, "2017-02-01")
	s.start("click", 31, "C-9", "2017-02-02", "2025-01-01")
	s.end("click", 31, "C-9", "2017-06-01")
	expect(t, "agreement runs on", one(t, rebuilt(t, s), 31, "subsidy", "2017-07-01"), want{"2025-01-01", "2035-01-01", "running"})
}

// A hold keeps the date and goes before the rest, for its classes, until the
// day on which it is lifted.
func TestHeld(t *testing.T) {
	s := history(t)
	held := one(t, rebuilt(t, s), 21, "dossier", "2022-03-01")
	expect(t, "held when due", held, want{"2020-02-29", "2022-02-28", "held"})
	if !slices.Equal(held.Holds, []string{rowstest.ID(71)}) {
		t.Errorf("holds %v", held.Holds)
	}
	s.on("click", 12, "2020-03-01", &dossier.HoldPlaced{Hold: rowstest.ID(72), Classes: []domain.Class{"medical"}})
	s.on("click", 12, "2020-04-01", &dossier.HoldPlaced{Hold: rowstest.ID(70), Classes: []domain.Class{"medical"}})
	db := rebuilt(t, s)
	expect(t, "held while open", one(t, db, 12, "medical", "2021-01-01"), want{"", "", "held"})
	expect(t, "not this class", one(t, db, 12, "dossier", "2021-01-01"), want{"", "", "undetermined"})
	if got := one(t, db, 12, "medical", "2021-01-01").Holds; !slices.Equal(got, []string{rowstest.ID(70), rowstest.ID(72)}) {
		t.Errorf("holds not in byte order: %v", got)
	}
	s.on("sol", 21, "2022-03-10", &dossier.HoldLifted{Hold: rowstest.ID(71)})
	db = rebuilt(t, s)
	expect(t, "the day before it was lifted", one(t, db, 21, "dossier", "2022-03-09"), want{"2020-02-29", "2022-02-28", "held"})
	expect(t, "lifted", one(t, db, 21, "dossier", "2022-03-10"), want{"2020-02-29", "2022-02-28", "due"})
}

// Terms are those of the regulation in force on the day: of those that are
// effective the latest, and of those the last adopted (architecture §1.6).
func TestRegulationInForceOnTheDay(t *testing.T) {
	s := history(t)
	s.adopt("click", "solutions-vpr", "2019-01-01", "2018-12-01T09:00:00+01:00")
	db := rebuilt(t, s)
	before := one(t, db, 11, "dossier", "2018-12-31")
	expect(t, "before", before, want{"2018-06-30", "2028-06-30", "running"})
	after := one(t, db, 11, "dossier", "2019-01-01")
	expect(t, "after", after, want{"2018-02-28", "2020-02-28", "running"})
	if before.Profile != "click-2017" || after.Profile != "solutions-vpr" || after.ProfileVersion != 1 {
		t.Errorf("profiles %s, %s", before.Profile, after.Profile)
	}
}

// An agency's own profile with a short fiscal term: the law's floor holds.
func TestFiscalFloor(t *testing.T) {
	s := begin(t)
	p, _, err := regulation.Adopt("click-2017", 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	p.Name, p.Retention = "own", slices.Clone(p.Retention)
	for i := range p.Retention {
		p.Retention[i].Term = nl.YearsTerm(2)
	}
	s.adoptOwn("own", p, "2017-01-01", "2017-01-20T09:00:00+01:00")
	s.open("own", 41, "2017-02-01")
	s.start("own", 41, "O-1", "2017-02-02", "")
	s.end("own", 41, "O-1", "2018-06-01")
	db := rebuilt(t, s)
	expect(t, "dossier", one(t, db, 41, "dossier", "2019-01-01"), want{"2018-06-01", "2020-06-01", "running"})
	expect(t, "fiscal", one(t, db, 41, "fiscal", "2019-01-01"), want{"2018-06-01", "2025-12-31", "running"})
}

// A row for every dossier opened by the day and every class; without a
// regulation in force the row says so.
func TestRowsOfTheDay(t *testing.T) {
	s := history(t)
	s.open("click", 15, "2018-01-01")
	db := rebuilt(t, s)
	if got := len(list(t, db, rows.Filter{Agency: "click"}, "2017-12-31")); got != 4*len(domain.Classes) {
		t.Errorf("%d rows before the opening", got)
	}
	if got := len(list(t, db, rows.Filter{Agency: "click"}, "2018-01-01")); got != 5*len(domain.Classes) {
		t.Errorf("%d rows on the day of the opening", got)
	}
	if got := list(t, db, rows.Filter{Until: nl.MustDate("2022-02-28").End()}, "2022-03-01"); len(got) != 4+3 {
		t.Errorf("%d rows due until 28 February 2022, want all of dossier 13 and all but fiscal of 21", len(got))
	}
	late := begin(t)
	late.adopt("none", "click-2017", "2030-01-01", "2017-01-19T08:00:00+01:00")
	late.open("none", 51, "2017-02-01")
	r := one(t, rebuilt(t, late), 51, "dossier", "2017-03-01")
	if r.Status != retention.StatusUndetermined || !slices.Equal(r.Missing, []string{retention.MissingRegulation}) {
		t.Errorf("without a regulation: %+v", r)
	}
}
