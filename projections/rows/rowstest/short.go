package rowstest

import (
	"regexp"
	"strings"
)

var ownID = regexp.MustCompile(`00000000-0000-4000-8000-0*([0-9]+)`)

// Short writes fields as one line, with ID(7) as 7 and what is absent as "-", so
// that rows can be compared with what a person works out.
func Short(fields ...string) string {
	out := make([]string, len(fields))
	for i, f := range fields {
		if out[i] = ownID.ReplaceAllString(f, "$1"); f == "" {
			out[i] = "-"
		}
	}
	return strings.Join(out, " ")
}
