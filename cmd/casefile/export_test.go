package main

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/casefile-engine/casefile/handlers/exporting"
	"github.com/casefile-engine/casefile/handlers/queries"
)

// The command line names every register and every form that there is.
func TestExportNamesWhatThereIs(t *testing.T) {
	for field, want := range map[string][]string{"Register": queries.Registers, "Format": exporting.Formats} {
		f, _ := reflect.TypeFor[exportCmd]().FieldByName(field)
		got := strings.Split(f.Tag.Get("enum"), ",")
		for _, name := range want {
			if !slices.Contains(got, name) {
				t.Errorf("the command line does not name %s", name)
			}
		}
	}
}
