package catalog_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/catalog"
	sc "github.com/casefile-engine/casefile/domain/catalog/scenario"
	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
)

// full fills every field of an event that can hold ids with ids of its own: a text
// with one, a list with several; Owners are written as such.
func full(e domain.Event) {
	var fill func(v reflect.Value)
	fill = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.String:
			v.SetString(uuid.NewString())
		case reflect.Slice:
			v.Set(reflect.MakeSlice(v.Type(), 4, 4))
			for i := range v.Len() {
				fill(v.Index(i))
			}
		case reflect.Struct:
			for f, x := range v.Fields() {
				if f.IsExported() && !strings.HasPrefix(v.Type().PkgPath(), "time") {
					fill(x)
				}
			}
		case reflect.Pointer:
			if v.Type().Elem().Kind() == reflect.Struct && strings.Contains(v.Type().Elem().PkgPath(), "/domain/") && !strings.Contains(v.Type().Elem().PkgPath(), "regulation") {
				v.Set(reflect.New(v.Type().Elem()))
				fill(v.Elem())
			}
		}
	}
	fill(reflect.ValueOf(e).Elem())
	if o := reflect.ValueOf(e).Elem().FieldByName("Owners"); o.IsValid() {
		for i := range o.Len() {
			o.Index(i).SetString("dossier/" + o.Index(i).String())
		}
	}
}

// Issue 5 part 3: the clear data of an event name one dossier at most, and on a
// dossier no other one; what names more is taken out (domain.Lister). A new event
// with a field of several dossiers fails here until it has Lists.
func TestNoEventNamesAnotherDossierInItsClearData(t *testing.T) {
	var apart []string
	for _, s := range catalog.Events() {
		e := s.New()
		full(e)
		if l, ok := e.(domain.Lister); ok && l.Lists().Dossiers != nil {
			*l.Lists().Dossiers = []domain.ID{uuid.NewString(), uuid.NewString()}
		}
		raw, _, err := catalog.Encode(e)
		if err != nil { // a field that takes no text at all: what the sample has will do
			e = samples(t)[s.Type]
			if raw, _, err = catalog.Encode(e); err != nil {
				t.Fatalf("%s: %v", s.Type, err)
			}
		}
		before := bytes.Clone(raw)
		on, most := domain.Ref{Agency: sc.Agency, Kind: domain.KindStaff, ID: sc.Coach}, 1
		if strings.HasSuffix(reflect.TypeOf(e).Elem().PkgPath(), "/dossier") {
			on, most = domain.Ref{Agency: sc.Agency, Kind: domain.KindDossier, ID: sc.Dossier}, 0
		}
		rest, entries, err := catalog.Apart(on, e)
		if err != nil {
			t.Fatalf("%s: %v", s.Type, err)
		}
		raw, _, err = catalog.Encode(rest)
		if err != nil {
			t.Fatal(err)
		}
		if names := verify.Names(raw); len(names) > most {
			t.Errorf("%s names %d dossiers in its clear data; give it Lists (domain.Lister)", s.Type, len(names))
		}
		if again, _, err := catalog.Encode(e); err != nil || !bytes.Equal(again, before) {
			t.Errorf("%s was changed itself: %v", s.Type, err)
		}
		if entries == nil {
			continue
		}
		apart = append(apart, s.Type)
		if err := catalog.Whole(rest, entries); err != nil {
			t.Fatal(err)
		}
		if want := rest.(domain.Lister).Lists().Named(); !slices.Equal(want, e.(domain.Lister).Lists().Named()) {
			t.Errorf("%s: %v came back", s.Type, want)
		}
	}
	if want := []string{"access.granted", "incident.reported", "access.recorded", "access.reviewed", "record.moved"}; !slices.Equal(apart, want) {
		t.Errorf("apart are stored the lists of %v", apart)
	}
}

// The forms in which events are stored whose lists are apart, and that one which
// names one dossier alone stays as it is.
func TestTheFormWithoutItsLists(t *testing.T) {
	for typ, e := range samples(t) {
		l, ok := e.(domain.Lister)
		if !ok {
			continue
		}
		t.Run(typ, func(t *testing.T) {
			on := domain.Ref{Agency: sc.Agency, Kind: domain.KindStaff, ID: sc.Coach}
			if l.Lists().Other != nil {
				on = domain.Ref{Agency: sc.Agency, Kind: domain.KindDossier, ID: sc.Dossier}
			} else {
				*l.Lists().Dossiers = []domain.ID{sc.Dossier}
				if o := l.Lists().Owners; o != nil {
					*o = []string{"dossier/" + sc.Dossier, "staff/" + sc.Coach}
				}
				if rest, entries, err := catalog.Apart(on, e); err != nil || entries != nil || rest != e {
					t.Errorf("of one dossier alone %v is apart: %v", entries, err)
				}
				*l.Lists().Dossiers = []domain.ID{sc.Dossier, sc.Stranger}
			}
			rest, entries, err := catalog.Apart(on, e)
			if err != nil {
				t.Fatal(err)
			}
			raw, _, err := catalog.Encode(rest)
			if err != nil {
				t.Fatal(err)
			}
			both, err := json.Marshal(map[string]any{"data": json.RawMessage(raw), "entries": entries})
			if err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join("testdata", "apart", typ+".v1.json"), both)
		})
	}
}

// Entries come back into an event that has lists, and into no other.
func TestListsBelongToTheirEvent(t *testing.T) {
	if err := catalog.Whole(samples(t)["hours.logged"], []string{sc.Dossier}); err == nil {
		t.Error("hours got a list")
	}
	if err := catalog.Whole(samples(t)["access.granted"], []string{"staff/" + sc.Coach}); err == nil {
		t.Error("a grant got owners")
	}
}
