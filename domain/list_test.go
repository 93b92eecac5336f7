package domain_test

import (
	"slices"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/casefile-engine/casefile/domain"
)

// lists are the fields that an event can have.
type lists struct {
	dossiers []domain.ID
	owners   []string
	other    domain.ID
}

func (l *lists) fields() domain.Lists {
	return domain.Lists{Dossiers: &l.dossiers, Owners: &l.owners, Other: &l.other}
}

// someID draws one of a few ids, so that they come again.
func someID(t *rapid.T) string {
	return uuid.NewSHA1(uuid.Nil, []byte{byte(rapid.IntRange(0, 20).Draw(t, "id"))}).String()
}

// C-2.1.4b, issue 5 part 3: what goes out of the lists of an event comes back as
// it was, but for order and repetitions, which say nothing.
func TestListsComeBackAsTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l lists
		l.dossiers = rapid.SliceOfN(rapid.Custom(someID), 0, 20).Draw(t, "dossiers")
		for _, id := range rapid.SliceOfN(rapid.Custom(someID), 0, 20).Draw(t, "owners") {
			l.owners = append(l.owners, rapid.SampledFrom([]string{"dossier/", "staff/", "recipient/"}).Draw(t, "kind")+id)
		}
		if rapid.Bool().Draw(t, "points") {
			l.other = someID(t)
		}
		want := lists{slices.Clone(l.dossiers), slices.Clone(l.owners), l.other}
		slices.Sort(want.dossiers)
		slices.Sort(want.owners)
		want.dossiers, want.owners = slices.Compact(want.dossiers), slices.Compact(want.owners)
		named := l.fields().Named()
		entries, err := l.fields().Entries()
		if err != nil || !slices.IsSorted(entries) {
			t.Fatal(entries, err)
		}
		l.fields().Empty()
		if len(l.dossiers)+len(l.owners) > 0 || l.other != "" {
			t.Fatalf("%+v is left", l)
		}
		if err := l.fields().Fill(entries); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(l.dossiers, want.dossiers) || !slices.Equal(l.owners, want.owners) || l.other != want.other {
			t.Fatalf("%+v came back, %+v went out as %v", l, want, entries)
		}
		if !slices.Equal(l.fields().Named(), named) {
			t.Fatalf("it names %v, and named %v", l.fields().Named(), named)
		}
		if !slices.Equal(domain.OwnersOf(entries), l.owners) {
			t.Fatalf("the owners are %v", domain.OwnersOf(entries))
		}
	})
}

// What is no id and no owner goes into no list, and comes out of none.
func TestListsTakeNothingElse(t *testing.T) {
	const id = "4f2d1c3b-4a59-4d9e-8a55-0d2f1c3b4a59"
	for _, bad := range []string{"", "Jansen", "+" + id, ">" + id, id[1:], "4F2D1C3B-4A59-4D9E-8A55-0D2F1C3B4A59", "x" + id} {
		l := lists{dossiers: []domain.ID{id, bad}}
		if got, err := l.fields().Entries(); err == nil {
			t.Errorf("a dossier %q went out as %v", bad, got)
		}
	}
	for _, bad := range []string{"", "dossier", "/" + id, "staff/", "+staff/" + id} {
		l := lists{owners: []string{bad}}
		if got, err := l.fields().Entries(); err == nil {
			t.Errorf("an owner %q went out as %v", bad, got)
		}
	}
	for _, bad := range [][]string{{"Jansen"}, {"++" + id}, {">" + id, ">" + id}, {""}} {
		var l lists
		if err := l.fields().Fill(bad); err == nil {
			t.Errorf("%v came in as %+v", bad, l)
		}
	}
	var only []domain.ID
	for _, bad := range []string{">" + id, "+" + id, "staff/" + id} {
		if err := (domain.Lists{Dossiers: &only}).Fill([]string{bad}); err == nil {
			t.Errorf("%s came into an event that has no field for it", bad)
		}
	}
}
