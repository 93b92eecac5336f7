package main

import (
	"reflect"
	"strings"
	"testing"

	"github.com/casefile-engine/casefile/handlers/exporting"
	"github.com/casefile-engine/casefile/handlers/queries"
)

// The command line names every register and every form that there is.
func TestExportNamesWhatThereIs(t *testing.T) {
	for field, want := range map[string][]string{"Register": queries.Registers, "Format": exporting.Formats} {
		f, _ := reflect.TypeFor[exportCmd]().FieldByName(field)
		if got := f.Tag.Get("enum"); got != strings.Join(want, ",") {
			t.Errorf("the command line names %s", got)
		}
	}
}
