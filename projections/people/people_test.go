package people_test

import (
	"slices"
	"testing"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/agency"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/domain/regulation"
	"github.com/casefile-engine/casefile/domain/staff"
	"github.com/casefile-engine/casefile/projections/people"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows/rowstest"
)

var (
	anna = rowstest.ID(1)
	bram = rowstest.ID(2)
	uwv  = rowstest.ID(31)
)

func history(t *testing.T) *rowstest.History {
	h := &rowstest.History{}
	day := nl.MustDate
	office := func(name, at string, f domain.Fact) {
		h.Add(t, rowstest.Commit{Ref: rowstest.On(name, domain.KindAgency, name), Actor: domain.Operator, At: at}, f)
	}
	adopt := func(name, profile string, version int, from, at string) {
		office(name, at, rowstest.Plain(&agency.RegulationAdopted{Profile: profile, Version: version, EffectiveFrom: day(from),
			Document: regulation.Profile{Name: profile, Version: version}}))
	}
	person := func(name, id, at string, f domain.Fact) {
		h.Add(t, rowstest.Commit{Ref: rowstest.On(name, domain.KindStaff, id), Actor: domain.Operator, At: at}, f)
	}
	enrol := func(id string) domain.Fact {
		return rowstest.Sealed(&staff.Enrolled{}, "staff/"+id, domain.ClassPerson, domain.CatStaff)
	}
	recipient := func(e domain.Event) domain.Fact {
		return rowstest.Sealed(e, "recipient/"+uwv, domain.ClassPerson, domain.CatRecipient)
	}
	adopt("click", "click-2017", 1, "2017-01-19", "2017-01-19T09:00:00Z")
	adopt("sol", "solutions-vpr", 1, "2017-01-01", "2017-01-19T09:30:00Z")
	person("click", anna, "2017-01-20T09:00:00Z", enrol(anna))
	person("click", anna, "2017-01-20T09:01:00Z", rowstest.Sealed(&staff.ConfidentialitySigned{SignedOn: day("2017-01-20")}, "staff/"+anna, domain.ClassPerson, domain.CatStaff))
	person("click", anna, "2017-01-20T09:02:00Z", rowstest.Plain(&staff.RoleGranted{Role: "director"}))
	person("click", anna, "2017-01-20T09:03:00Z", rowstest.Plain(&staff.RoleGranted{Role: "coach"}))
	person("click", anna, "2017-01-20T09:04:00Z", rowstest.Plain(&staff.RoleRevoked{Role: "director"}))
	person("click", bram, "2017-01-21T09:00:00Z", enrol(bram))
	person("click", bram, "2017-01-21T09:02:00Z", rowstest.Plain(&staff.RoleGranted{Role: "administration"}))
	person("click", bram, "2017-03-21T09:02:00Z", rowstest.Plain(&staff.Ended{LeftOn: day("2017-03-31")}))
	person("sol", anna, "2017-01-21T10:00:00Z", enrol(anna))
	terms := agency.RecipientTerms{Class: "commissioner", Subtype: "uwv", Agreement: true, AgreementUntil: day("2018-12-31")}
	office("click", "2017-01-22T09:00:00Z", recipient(&agency.RecipientRegistered{Recipient: uwv, RecipientTerms: terms}))
	terms.Secrecy, terms.AuthorisedForSubsidies = true, true
	office("click", "2017-01-23T09:00:00Z", recipient(&agency.RecipientChanged{Recipient: uwv, RecipientTerms: terms}))
	office("click", "2017-09-01T09:00:00Z", rowstest.Plain(&agency.RecipientEnded{Recipient: uwv}))
	adopt("click", "click-2017", 2, "2018-01-01", "2017-10-01T09:00:00Z")
	adopt("click", "click-2017", 3, "2018-01-01", "2017-10-02T09:00:00Z")
	return h
}

// C-2.1.5, C-2.7e, C-2.6.3: staff, recipients and regulations of an agency, and
// nothing of another's (C-2.8).
func TestPeople(t *testing.T) {
	rowstest.OnBoth(t, func(t *testing.T, db *readdb.DB) {
		rowstest.Rebuild(t, db, people.Projection{}, history(t))
		ctx := t.Context()
		rowstest.Golden(t, "staff", rowstest.Collect(t, func(f func(people.Staff) error) error { return people.ListStaff(ctx, db, "click", nil, f) }))
		rowstest.Golden(t, "recipients", rowstest.Collect(t, func(f func(people.Recipient) error) error { return people.ListRecipients(ctx, db, "click", nil, f) }))
		rowstest.Golden(t, "regulations", rowstest.Collect(t, func(f func(people.Regulation) error) error { return people.Regulations(ctx, db, "", f) }))
		agencies, err := people.Agencies(ctx, db)
		if err != nil || !slices.Equal(agencies, []string{"click", "sol"}) {
			t.Errorf("agencies %v, %v", agencies, err)
		}
	})
}

// The name of each is sealed for its own owner and can be opened nowhere else.
func TestNamesAreSealedForTheirOwner(t *testing.T) {
	db := rowstest.Memory(t)
	rowstest.Rebuild(t, db, people.Projection{}, history(t))
	s, ok, err := people.GetStaff(t.Context(), db, "sol", anna)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if p := s.Name.Place; p.Agency != "sol" || p.Owner != "staff/"+anna || p.Class != domain.ClassPerson || p.Category != domain.CatStaff ||
		p.Type != staff.TypeEnrolled || p.Version != 1 || p.Index != 0 || len(s.Name.Ciphertext) == 0 {
		t.Errorf("the name stands at %+v", p)
	}
	if _, ok, err := people.GetStaff(t.Context(), db, "sol", bram); ok || err != nil {
		t.Errorf("another agency finds him: %v, %v", ok, err)
	}
}

// C-4b: the regulation in force on a day is the one with the latest effective
// day, and of those the last adopted.
func TestInForce(t *testing.T) {
	db := rowstest.Memory(t)
	rowstest.Rebuild(t, db, people.Projection{}, history(t))
	for day, want := range map[string]int{"2017-01-18": 0, "2017-01-19": 1, "2017-12-31": 1, "2018-01-01": 3} {
		r, ok, err := people.InForce(t.Context(), db, "click", nl.MustDate(day))
		if err != nil || ok != (want > 0) || r.Version != want {
			t.Errorf("on %s: version %d, %v, %v; want %d", day, r.Version, ok, err, want)
		}
	}
}

func TestPeopleLiveAndRebuilt(t *testing.T) {
	rowstest.SameLiveAndRebuilt(t, people.Projection{}, history(t))
}
