package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"
)

// storyID is an id of a story, which people know by its last digits.
var storyID = regexp.MustCompile(`^00000000-0000-4000-8000-0*([0-9a-f]+)$`)

// rows FILE WANT [field=value…] field…: the JSON lines of FILE (or stdout),
// those alone whose field has that value, have these fields in this order, one
// row a line as WANT has them. What is absent is -, a list has commas.
func cmdRows(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: rows FILE WANT [field=value…] field…")
	}
	var got strings.Builder
	lines := bufio.NewScanner(strings.NewReader(ts.ReadFile(args[0])))
	for lines.Scan() {
		var object map[string]any
		ts.Check(json.Unmarshal(lines.Bytes(), &object))
		if cells, ok := storyRow(object, args[2:]); ok {
			fmt.Fprintln(&got, strings.Join(cells, " "))
		}
	}
	if d := cmp.Diff(strings.Split(ts.ReadFile(args[1]), "\n"), strings.Split(got.String(), "\n")); d != "" {
		ts.Fatalf("%s differs (-worked out by hand +got):\n%s", args[1], d)
	}
}

func storyRow(object map[string]any, fields []string) (cells []string, ok bool) {
	for _, f := range fields {
		if name, value, is := strings.Cut(f, "="); is {
			if storyCell(object[name]) != value {
				return nil, false
			}
			continue
		}
		cells = append(cells, storyCell(object[f]))
	}
	return cells, true
}

func storyCell(v any) string {
	switch v := v.(type) {
	case nil:
		return "-"
	case string:
		if m := storyID.FindStringSubmatch(v); m != nil {
			return m[1]
		}
		return v
	case []any:
		list := make([]string, len(v))
		for i := range v {
			list[i] = storyCell(v[i])
		}
		return strings.Join(list, ",")
	}
	return fmt.Sprint(v)
}
