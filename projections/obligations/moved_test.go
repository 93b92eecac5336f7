package obligations_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/projections/deadlines"
	"github.com/casefile-engine/casefile/projections/notices"
	"github.com/casefile-engine/casefile/projections/rows"
	"github.com/casefile-engine/casefile/projections/rows/rowstest"
)

// told are the notices to clients that three registers show as owed at the end
// of a day, which must agree: agency, dossier, kind, since, due, ref.
func told(s *rowstest.Story, on string, f rows.Filter) []string {
	s.T.Helper()
	db, at := s.Fold(on, views...), rowstest.At(rowstest.Clock(on+" 23:59"))
	kinds := []string{deadlines.KindIndirectNotice, deadlines.KindClientNotice}
	var due, pending, owes []string
	list, err := deadlines.All(s.T.Context(), db, f, at)
	if err != nil {
		s.T.Fatal(err)
	}
	for _, r := range list {
		if slices.Contains(kinds, r.Kind) && r.Owed() {
			due = append(due, rowstest.Short(r.Agency, r.Dossier, r.Kind, r.Started, r.Due, r.Ref))
			owes = append(owes, rowstest.Short(r.Agency, r.Dossier, r.Kind, r.Started, "-", r.Ref))
		}
	}
	err = notices.List(s.T.Context(), db, f, func(r notices.Row) error {
		if slices.Contains(kinds, r.Kind) && r.State == notices.StatePending {
			pending = append(pending, rowstest.Short(r.Agency, r.Dossier, r.Kind, r.Since.String(), r.Due.String(), r.Ref))
		}
		return nil
	})
	if err != nil {
		s.T.Fatal(err)
	}
	slices.Sort(due)
	slices.Sort(pending)
	slices.Sort(owes)
	if d := cmp.Diff(due, pending); d != "" {
		s.T.Errorf("on %s the deadlines and the notices differ:\n%s", on, d)
	}
	var shown []string
	for _, r := range collect(s, on, f) {
		if slices.Contains(kinds, r.Kind) {
			shown = append(shown, rowstest.Short(r.Agency, r.Dossier, r.Kind, r.Since, "-", r.Ref))
		}
	}
	slices.Sort(shown)
	if d := cmp.Diff(owes, shown); d != "" {
		s.T.Errorf("on %s the deadlines and the obligations differ:\n%s", on, d)
	}
	return due
}

// C-2.9.3b, C-I2, C-I3, L-14: what came from others and was filed in the wrong
// client's dossier is told to the client whose it is, by the day on which it was
// obtained, and no longer to the other one; until it was moved nobody knew better.
func TestNoticesOfAMovedRecord(t *testing.T) {
	s := rowstest.Begin(t)
	for n := 11; n <= 13; n++ {
		open(s, "click", n, "2017-02-01")
		start(s, "click", n, "2017-02-01")
	}
	add := func(n, record int, at string, unexpected bool) {
		s.Dossier("click", n, at, &dossier.RecordAdded{Record: rowstest.ID(record), Category: "referral", Class: domain.ClassDossier, Source: "commissioner",
			Trajectory: "T-1", ObtainedOn: day("2017-02-02"), Unexpected: unexpected})
	}
	move := func(from, record, to int, at string) string {
		p := s.Dossier("click", from, at, &dossier.RecordMoved{Record: rowstest.ID(record), ToDossier: rowstest.ID(to), Incident: rowstest.ID(67)})
		return s.Deliveries[p-1].Commit.Envelope.Data.Events[0].ID
	}
	arrive := func(n, record int, at, cause string) {
		s.Add(t, rowstest.Commit{Ref: rowstest.On("click", domain.KindDossier, rowstest.ID(n)), Actor: domain.Engine, At: rowstest.Clock(at), Cause: cause},
			rowstest.Plain(&dossier.RecordAdded{Record: rowstest.ID(record), Category: "referral", Class: domain.ClassDossier, Source: "commissioner", ObtainedOn: day("2017-02-02"), Unexpected: true}))
	}
	tell := func(n, ref int, at string) {
		s.Dossier("click", n, at, &dossier.ClientNotified{About: "indirect_notice", Ref: rowstest.ID(ref), Method: "letter", NotifiedOn: day(at)})
	}
	add(11, 41, "2017-02-03", true)
	add(11, 42, "2017-02-04", false) // this one is of client 11
	first := move(11, 41, 12, "2017-02-20")
	arrive(12, 43, "2017-02-21", first)
	second := move(12, 43, 13, "2017-02-24") // wrong again
	tell(13, 43, "2017-02-25")               // by the name that it had, before it is brought
	arrive(13, 44, "2017-02-26", second)
	s.Dossier("click", 13, "2017-02-27", &dossier.RecordCorrected{Record: rowstest.ID(44), Category: "referral", Class: domain.ClassDossier, Source: "client"})

	ours := "click 11 indirect_notice 2017-02-02 2017-03-02 "
	for _, c := range []struct {
		on   string
		want []string
	}{
		{"2017-02-19", []string{"click 11 client_notice 2017-02-03 2017-02-03 41", ours + "41"}},
		{"2017-02-20", []string{ours + "42", "click 12 client_notice 2017-02-20 2017-02-20 41", "click 12 indirect_notice 2017-02-02 2017-03-02 41"}},
		{"2017-02-21", []string{ours + "42", "click 12 client_notice 2017-02-21 2017-02-21 43", "click 12 indirect_notice 2017-02-02 2017-03-02 43"}},
		{"2017-02-24", []string{ours + "42", "click 13 client_notice 2017-02-24 2017-02-24 43", "click 13 indirect_notice 2017-02-02 2017-03-02 43"}},
		{"2017-02-25", []string{ours + "42", "click 13 client_notice 2017-02-24 2017-02-24 43"}},
		{"2017-02-26", []string{ours + "42", "click 13 client_notice 2017-02-26 2017-02-26 44"}},
		{"2017-02-27", []string{ours + "42", "click 13 client_notice 2017-02-26 2017-02-26 44"}},
	} {
		if d := cmp.Diff(c.want, told(s, c.on, rows.Filter{})); d != "" {
			t.Errorf("on %s (-want +got):\n%s", c.on, d)
		}
	}
	if got := told(s, "2017-02-22", rows.Filter{Agency: "click", Dossier: rowstest.ID(12)}); len(got) != 2 {
		t.Errorf("the registers of the right dossier: %v", got)
	}
}

// L-14: a notice that was given before an item of it was moved is given; an id
// that only looks like an arrival brings nothing.
func TestNoticesBeforeAMove(t *testing.T) {
	s := rowstest.Begin(t)
	for n := 11; n <= 12; n++ {
		open(s, "click", n, "2017-02-01")
	}
	for record := 41; record <= 42; record++ {
		s.Dossier("click", 11, "2017-02-03", &dossier.RecordAdded{Record: rowstest.ID(record), Category: "referral", Class: domain.ClassDossier, Source: "third_party"})
	}
	s.Dossier("click", 11, "2017-02-04", &dossier.ClientNotified{About: "indirect_notice", Ref: rowstest.ID(41), Method: "letter", NotifiedOn: day("2017-02-04")})
	p := s.Dossier("click", 11, "2017-02-05", &dossier.RecordMoved{Record: rowstest.ID(41), ToDossier: rowstest.ID(12), Incident: rowstest.ID(67)})
	s.Add(t, rowstest.Commit{Ref: rowstest.On("click", domain.KindDossier, rowstest.ID(12)), Actor: rowstest.ID(1), At: rowstest.Clock("2017-02-06"), Cause: s.Deliveries[p-1].Commit.Envelope.Data.Events[0].ID},
		rowstest.Plain(&dossier.RecordAdded{Record: rowstest.ID(43), Category: "referral", Class: domain.ClassDossier, Source: "client"}))
	want := []string{"click 12 indirect_notice 2017-02-03 2017-03-03 41"} // the other client still has to hear of it
	if d := cmp.Diff(want, told(s, "2017-02-06", rows.Filter{})); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
