package readdb

import (
	"strconv"
	"strings"
)

// Dollars turns the placeholders ? of a query into $1, $2, … as PostgreSQL has
// them. A ? inside quotes or a comment is left alone.
func Dollars(query string) string {
	if !strings.Contains(query, "?") {
		return query
	}
	var b strings.Builder
	b.Grow(len(query) + 16)
	n := 0
	for i := 0; i < len(query); {
		end := quoted(query, i)
		switch {
		case end > i:
			b.WriteString(query[i:end])
			i = end
		case query[i] == '?':
			n++
			b.WriteByte('$')
			b.WriteString(strconv.Itoa(n))
			i++
		default:
			b.WriteByte(query[i])
			i++
		}
	}
	return b.String()
}

// quoted gives the end of the quoted text or comment that starts at i, or i.
func quoted(q string, i int) int {
	find := func(from int, s string) int {
		if j := strings.Index(q[from:], s); j >= 0 {
			return from + j + len(s)
		}
		return len(q)
	}
	switch {
	case q[i] == '\'' || q[i] == '"':
		return find(i+1, q[i:i+1])
	case strings.HasPrefix(q[i:], "--"):
		return find(i, "\n")
	case strings.HasPrefix(q[i:], "/*"):
		return find(i+2, "*/")
	}
	return i
}
