package dossiers_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/catalog"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/projections/commits"
	"github.com/casefile-engine/casefile/projections/dossiers"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
	"github.com/casefile-engine/casefile/projections/rows/rowstest"
)

var (
	anna   = rowstest.ID(1)
	bram   = rowstest.ID(2)
	jan    = rowstest.On("click", domain.KindDossier, rowstest.ID(11))
	piet   = rowstest.On("click", domain.KindDossier, rowstest.ID(12))
	kees   = rowstest.On("sol", domain.KindDossier, rowstest.ID(13))
	report = rowstest.ID(41)
	scan   = rowstest.ID(42)
)

func own(ref domain.Ref) string { return "dossier/" + ref.ID }

func opened(ref domain.Ref) domain.Fact {
	e := &dossier.Opened{Service: "reintegration", Referral: "commissioned", Commissioner: rowstest.ID(31), Standing: "benefit",
		Fields: []string{"family_name", "given_names"}}
	f := rowstest.Sealed(e, own(ref), domain.ClassDossier, domain.CatContact, domain.CatPersonal)
	return domain.Fact{Event: e, Sections: append(f.Sections,
		domain.Section{Owner: own(ref), Class: domain.ClassFiscal, Category: domain.CatInvoiceName})}
}

// history is the life of one dossier, a declined one, and one in another agency.
func history(t *testing.T) *rowstest.History {
	h := &rowstest.History{}
	add := func(ref domain.Ref, at string, facts ...domain.Fact) {
		h.Add(t, rowstest.Commit{Ref: ref, Actor: anna, At: at}, facts...)
	}
	plain := rowstest.Plain
	day := nl.MustDate
	// Given two dossiers in one agency and one in another.
	add(jan, "2017-02-01T09:00:00Z", opened(jan))
	add(piet, "2017-02-01T10:00:00Z", opened(piet))
	add(kees, "2017-02-01T11:00:00Z", opened(kees))
	add(piet, "2017-02-08T10:00:00Z", plain(&dossier.ReferralDeclined{DeclinedOn: day("2017-02-08"), By: "client"}))
	// Assigned, handed over, and for a week to both.
	add(jan, "2017-02-02T09:00:00Z", plain(&dossier.StaffAssigned{Staff: anna, Capacity: "responsible", From: rowstest.At("2017-02-02T09:00:00Z")}))
	add(jan, "2017-02-03T09:00:00Z", plain(&dossier.StaffAssigned{Staff: bram, Capacity: "replacement",
		From: rowstest.At("2017-03-01T00:00:00Z"), Until: rowstest.At("2017-03-08T00:00:00Z")}))
	add(kees, "2017-02-03T10:00:00Z", plain(&dossier.StaffAssigned{Staff: anna, Capacity: "co", From: rowstest.At("2017-02-03T10:00:00Z")}))
	add(jan, "2017-02-03T11:00:00Z", rowstest.Sealed(&dossier.TrajectoryStarted{Trajectory: "TR-1", StartedOn: day("2017-02-03"),
		Service: "reintegration", BudgetMinutes: 2460, AgreementUntil: day("2018-01-31")}, own(jan), domain.ClassDossier, domain.CatFile))
	add(jan, "2017-02-03T12:00:00Z", plain(&dossier.RegulationHandedOut{Version: 1, Language: "nl", Method: "in_person", Acknowledged: true}))
	// Two records; one corrected into another category and completed, one shielded.
	add(jan, "2017-02-04T09:00:00Z",
		rowstest.Sealed(&dossier.RecordAdded{Record: report, Category: "report", Class: domain.ClassDossier, Source: "staff_report", Trajectory: "TR-1"},
			own(jan), domain.ClassDossier, "report"),
		rowstest.Sealed(&dossier.HoursLogged{Entry: rowstest.ID(51), Trajectory: "TR-1", Date: day("2017-02-04"), Minutes: 60, Activity: "conversation", WorkedBy: anna},
			own(jan), domain.ClassDossier, domain.CatFile))
	add(jan, "2017-02-05T09:00:00Z", rowstest.Sealed(&dossier.RecordAdded{Record: scan, Category: "medical", Contains: []domain.Category{"disability", "capacity"},
		Class: domain.ClassMedical, Source: "client", Necessity: true}, own(jan), domain.ClassMedical, "medical"))
	corrected := rowstest.Sealed(&dossier.RecordCorrected{Record: report, Category: "plan", Class: domain.ClassDossier, Source: "staff_report"},
		own(jan), domain.ClassDossier, "plan", domain.CatFile)
	add(jan, "2017-02-06T09:00:00Z", corrected)
	add(jan, "2017-02-07T09:00:00Z", rowstest.Sealed(&dossier.RecordCompleted{Record: report, Class: domain.ClassDossier, By: "client"},
		own(jan), domain.ClassDossier, "plan"))
	add(jan, "2017-02-07T10:00:00Z", rowstest.Sealed(&dossier.RecordRestricted{Record: scan}, own(jan), domain.ClassDossier, domain.CatFile))
	add(jan, "2017-02-07T11:00:00Z", plain(&dossier.HoursCorrected{Entry: rowstest.ID(51), Previous: 60, Minutes: 45}))
	add(jan, "2017-02-07T12:00:00Z", plain(&dossier.HoldPlaced{Hold: rowstest.ID(61), Classes: []domain.Class{domain.ClassMedical}}))
	// A change of address, a conversation written down later, and the end.
	add(jan, "2017-02-09T09:00:00Z", rowstest.Sealed(&dossier.ClientChanged{Fields: []string{"address"}, ValidFrom: day("2017-02-09"), Source: "client"},
		own(jan), domain.ClassDossier, domain.CatContact))
	add(jan, "2017-02-08T16:00:00Z", plain(&dossier.HoursLogged{Entry: rowstest.ID(52), Trajectory: "TR-1", Date: day("2017-02-03"), Minutes: 30, Activity: "conversation", WorkedBy: anna}))
	add(jan, "2017-06-01T09:00:00Z", plain(&dossier.TrajectoryEnded{Trajectory: "TR-1", EndedOn: day("2017-05-31"), Outcome: "work"}))
	add(jan, "2017-06-01T10:00:00Z", plain(&dossier.StaffUnassigned{Staff: anna, Until: rowstest.At("2017-06-01T10:00:00Z")}))
	return h
}

func list(t *testing.T, db *readdb.DB, f dossiers.Filter) []dossiers.Dossier {
	t.Helper()
	return rowstest.Collect(t, func(each func(dossiers.Dossier) error) error { return dossiers.List(t.Context(), db, f, each) })
}

func ids(list []dossiers.Dossier) (out []string) {
	for _, d := range list {
		out = append(out, d.Dossier)
	}
	return out
}

// C-0a: the current view of every dossier, in the form of the export.
func TestDossiers(t *testing.T) {
	rowstest.OnBoth(t, func(t *testing.T, db *readdb.DB) {
		rowstest.Rebuild(t, db, dossiers.Projection{}, history(t))
		all := list(t, db, dossiers.Filter{})
		rowstest.Golden(t, "view", all)
		at := rowstest.At("2017-03-02T12:00:00Z")
		var export []dossiers.Row
		for i := range all {
			export = append(export, all[i].Row(at))
		}
		rowstest.Golden(t, "export", export)
	})
}

// C-2.9.3b: a record that was moved to the dossier where it belongs is counted
// here no longer; that somebody has a medical record would be said of the wrong client.
func TestAMovedRecordIsCountedNoLonger_C_2_9_3b(t *testing.T) {
	rowstest.OnBoth(t, func(t *testing.T, db *readdb.DB) {
		h := history(t)
		h.Add(t, rowstest.Commit{Ref: jan, Actor: anna, At: "2017-06-02T09:00:00Z"}, rowstest.Plain(&dossier.RecordMoved{Record: scan, ToDossier: rowstest.ID(99), Incident: rowstest.ID(98)}))
		rowstest.Rebuild(t, db, dossiers.Projection{}, h)
		got := list(t, db, dossiers.Filter{Filter: rows.Filter{Dossier: jan.ID}})
		if len(got) != 1 || len(got[0].Records) != 1 || got[0].Records["plan"] != 1 || got[0].RecordTotal != 1 || got[0].Restricted != 1 {
			t.Errorf("%+v", got)
		}
	})
}

// An as-of view has the status, the assignment and the counts of that day.
func TestDossiersAsOf(t *testing.T) {
	db := rowstest.Memory(t)
	end := nl.MustDate("2017-02-05").End()
	rowstest.Rebuild(t, db, dossiers.Projection{}, history(t).Until(end))
	var export []dossiers.Row
	for _, d := range list(t, db, dossiers.Filter{Filter: rows.Filter{Agency: "click"}}) {
		export = append(export, d.Row(end))
	}
	rowstest.Golden(t, "as_of", export)
}

// C-0d: a caseload is chosen in the query, by who is assigned at that instant;
// another agency's dossier is never in it (C-2.8).
func TestCaseload(t *testing.T) {
	rowstest.OnBoth(t, func(t *testing.T, db *readdb.DB) {
		rowstest.Rebuild(t, db, dossiers.Projection{}, history(t))
		for _, c := range []struct {
			agency, staff, at string
			want              []string
		}{
			{"click", anna, "2017-02-02T08:59:59Z", nil},
			{"click", anna, "2017-02-02T09:00:00Z", []string{jan.ID}},
			{"click", anna, "2017-06-01T09:59:59Z", []string{jan.ID}},
			{"click", anna, "2017-06-01T10:00:00Z", nil},
			{"click", bram, "2017-02-28T12:00:00Z", nil},
			{"click", bram, "2017-03-07T12:00:00Z", []string{jan.ID}},
			{"click", bram, "2017-03-08T00:00:00Z", nil},
			{"sol", anna, "2019-01-01T00:00:00Z", []string{kees.ID}},
			{"sol", bram, "2017-03-07T12:00:00Z", nil},
		} {
			f := dossiers.Filter{Filter: rows.Filter{Agency: c.agency}, Staff: c.staff, At: rowstest.At(c.at)}
			if got := ids(list(t, db, f)); !slices.Equal(got, c.want) {
				t.Errorf("%s of %s at %s: %v, want %v", c.staff, c.agency, c.at, got, c.want)
			}
		}
		for at, want := range map[string]int{"2017-03-02T00:00:00Z": 1, "2017-07-01T00:00:00Z": 0} {
			n, err := dossiers.Responsible(t.Context(), db, "click", anna, rowstest.At(at))
			if err != nil || n != want {
				t.Errorf("responsible for %d at %s, want %d (%v)", n, at, want, err)
			}
		}
	})
}

// C-2.9.2, C-2.9.3: what a correction replaced is marked and kept, a completion
// stands beside it, a shielded record is marked; particulars lie over each other.
func TestSections(t *testing.T) {
	rowstest.OnBoth(t, func(t *testing.T, db *readdb.DB) {
		rowstest.Rebuild(t, db, dossiers.Projection{}, history(t))
		rowstest.Rebuild(t, db, commits.Projection{}, history(t))
		all, err := dossiers.Sections(t.Context(), db, "click", jan.ID)
		if err != nil {
			t.Fatal(err)
		}
		rowstest.Golden(t, "sections", all)
		for _, s := range all {
			old := s.Record == report && s.Sealed.Type == dossier.TypeRecordAdded
			if s.Superseded != old || s.Restricted != (s.Record == scan) {
				t.Errorf("section at %d: superseded %v, restricted %v", s.Position, s.Superseded, s.Restricted)
			}
		}
		contact, err := dossiers.Sections(t.Context(), db, "click", jan.ID, domain.CatContact, domain.CatBSN)
		if err != nil || len(contact) != 2 || contact[0].Position > contact[1].Position {
			t.Errorf("contact: %+v, %v", contact, err)
		}
		// The view's own copy and the commits say the same.
		for _, s := range contact {
			if !slices.ContainsFunc(all, func(o dossiers.Section) bool { return reflect.DeepEqual(s, o) }) {
				t.Errorf("the section at %d differs from that of its commit", s.Position)
			}
		}
		health, err := dossiers.Sections(t.Context(), db, "click", jan.ID, domain.CatMedical)
		if err != nil || len(health) != 1 || health[0].Record != scan || !health[0].Restricted {
			t.Errorf("medical: %+v, %v", health, err)
		}
		if none, err := dossiers.Sections(t.Context(), db, "sol", jan.ID); err != nil || len(none) != 0 {
			t.Errorf("another agency sees %d sections (%v)", len(none), err)
		}
	})
}

// A list of clients reads the names of each and nothing else.
func TestParticulars(t *testing.T) {
	rowstest.OnBoth(t, func(t *testing.T, db *readdb.DB) {
		rowstest.Rebuild(t, db, dossiers.Projection{}, history(t))
		got, err := dossiers.Particulars(t.Context(), db, "click", domain.CatContact, []string{jan.ID, piet.ID, kees.ID})
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != 2 || len(got[jan.ID]) != 2 || len(got[piet.ID]) != 1 {
			t.Errorf("got %+v", got)
		}
		for id, list := range got {
			for _, s := range list {
				if s.Sealed.Owner != "dossier/"+id || s.Sealed.Category != domain.CatContact || s.Dossier != id {
					t.Errorf("under %s stands %+v", id, s.Sealed.Place)
				}
			}
		}
	})
}

// C-2.5b: a reopened trajectory opens the dossier again.
func TestReopened(t *testing.T) {
	h := history(t)
	h.Add(t, rowstest.Commit{Ref: jan, Actor: anna, At: "2017-07-01T09:00:00Z"},
		rowstest.Plain(&dossier.TrajectoryReopened{Trajectory: "TR-1", ReopenedOn: nl.MustDate("2017-07-01")}))
	db := rowstest.Memory(t)
	rowstest.Rebuild(t, db, dossiers.Projection{}, h)
	d, ok, err := dossiers.Get(t.Context(), db, "click", jan.ID)
	if err != nil || !ok || d.Status != dossiers.StatusOpen || d.GuidanceEnded != "" || !d.Trajectories[0].Ended.IsZero() {
		t.Errorf("got %+v, %v, %v", d, ok, err)
	}
	if _, ok, err := dossiers.Get(t.Context(), db, "sol", jan.ID); ok || err != nil {
		t.Errorf("another agency finds it: %v, %v", ok, err)
	}
}

// C-2.5e: what the engine does of itself moves the newest event and keeps no
// dossier awake.
func TestTheEngineIsNoActivity(t *testing.T) {
	h := history(t)
	get := func() dossiers.Dossier {
		db := rowstest.Memory(t)
		rowstest.Rebuild(t, db, dossiers.Projection{}, h)
		d, ok, err := dossiers.Get(t.Context(), db, "click", jan.ID)
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		return d
	}
	before := get()
	h.Add(t, rowstest.Commit{Ref: jan, Actor: domain.Engine, At: "2018-07-01T09:00:00Z"}, rowstest.Plain(&dossier.StaffUnassigned{Staff: anna, Until: rowstest.At("2018-07-01T09:00:00Z")}))
	if d := get(); !d.LastActivity.Equal(before.LastActivity) || !d.LastEventAt.Equal(rowstest.At("2018-07-01T09:00:00Z")) {
		t.Errorf("active %s, newest event %s", d.LastActivity, d.LastEventAt)
	}
}

func TestDossiersLiveAndRebuilt(t *testing.T) {
	rowstest.SameLiveAndRebuilt(t, dossiers.Projection{}, history(t))
}

// Every event of a dossier is read: a new one that were left out would leave
// the view behind its dossier and lose its sections.
func TestReadsEveryEventOfADossier(t *testing.T) {
	pkg := reflect.TypeFor[dossier.Opened]().PkgPath()
	for _, s := range catalog.Events() {
		of := reflect.TypeOf(s.New()).Elem().PkgPath() == pkg
		if reads := slices.Contains(dossiers.Projection{}.Reads(), s.Type); of != reads {
			t.Errorf("%s: event of a dossier %v, read %v", s.Type, of, reads)
		}
	}
}
