package queries

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/nl"
)

// StateNames are all names that a dossier's clear state can hold, in full, in byte
// order: whoever shows one has words for each.
func StateNames() []string {
	found := map[string]bool{"status": true, "profile": true}
	namesIn(reflect.TypeFor[dossier.State](), stateNames, found)
	return slices.Sorted(maps.Keys(found))
}

// namesIn walks a type as its JSON form has it; w gives the full names of the short ones.
func namesIn(t reflect.Type, w *fullNames, found map[string]bool) {
	switch t.Kind() {
	case reflect.Pointer:
		namesIn(t.Elem(), w, found)
	case reflect.Slice, reflect.Map:
		namesIn(t.Elem(), w.sub(""), found)
	case reflect.Struct:
		if t == reflect.TypeFor[time.Time]() || t == reflect.TypeFor[nl.Date]() {
			return
		}
		for i := range t.NumField() {
			f := t.Field(i)
			short, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if f.Anonymous && short == "" {
				namesIn(f.Type, w, found)
				continue
			}
			name, known := w.name(short)
			if !known {
				name = short
			}
			if name == "" || name == "-" {
				continue
			}
			found[name] = true
			namesIn(f.Type, w.sub(short), found)
		}
	}
}
