// Package overview makes management overviews: counts, hours and outcomes over
// dossiers, from which nothing about a person can be worked out (C-1.2d,
// requirements §15).
//
// How it keeps that promise, in four steps. (1) A number of fewer people than
// the threshold is withheld, and so is a sum of hours that one person makes up
// by more than 80 %. (2) All that stays, with all that earlier overviews of the
// agency showed, is written down as linear equations over the groups of dossiers
// that it tells apart. As long as these leave a withheld number, a group, or a
// small difference of two shown numbers, fewer than threshold possible values,
// another number is withheld: secondary suppression, in rows, columns and
// totals, within one table and across all of them. (3) What is shown is rounded,
// each number by itself. (4) A selection of nearly the same people as an earlier
// one is refused outright, so that nobody subtracts one from the other.
package overview

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/casefile-engine/casefile/domain"
)

// The measures of an overview.
const (
	Count    = "count"    // dossiers; one client has one dossier (C-0a), so persons
	Hours    = "hours"    // hours worked for them
	Outcomes = "outcomes" // their number by outcome
)

// Measures lists the measures in the order in which an overview shows them.
var Measures = []string{Count, Hours, Outcomes}

// None is the code of what a dossier does not have: no commissioner, no outcome
// or end yet.
const None = "none"

// All stands in place of a code for a total over the dimension.
const All = "*"

// Limits of one overview.
const (
	MaxBy      = 2   // dimensions that a table is grouped by
	MaxRegions = 600 // cells and totals of a table
	maxCodes   = 50  // codes of one dimension in a selection
)

// The dimensions. All are closed codes and periods: nothing that somebody typed,
// and not the coach, which would make the overview one of staff.
const (
	dimService = iota
	dimReferral
	dimCommissioner
	dimRecipient
	dimStanding
	dimStatus
	dimOutcome
	dimStartYear
	dimStartQuarter
	dimEndYear
	dimEndQuarter
	dimCount
)

// Codes are a dossier's codes, one for each dimension.
type Codes [dimCount]string

// dimension says which codes a dimension has.
type dimension struct {
	name string
	// codes is the closed list; nil where form says what a code looks like.
	codes []string
	form  *regexp.Regexp
	// listed: a table has a row for each code of the list. Other dimensions have
	// rows for those that occur in the agency.
	listed bool
}

var (
	year    = regexp.MustCompile(`^([0-9]{4}|none)$`)
	quarter = regexp.MustCompile(`^([0-9]{4}-Q[1-4]|none)$`)
	id      = regexp.MustCompile(`^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|none)$`)
)

var dimensions = [dimCount]dimension{
	dimService:      {name: "service", codes: domain.Services},
	dimReferral:     {name: "referral", codes: []string{"commissioned", "self"}, listed: true},
	dimCommissioner: {name: "commissioner", codes: append(slices.Clone(domain.RecipientSubtypes["commissioner"]), "other", None)},
	dimRecipient:    {name: "recipient", form: id},
	dimStanding:     {name: "standing", codes: []string{"employee", "benefit", None}, listed: true},
	dimStatus:       {name: "status", codes: []string{"open", "guidance_ended", "declined"}, listed: true},
	dimOutcome:      {name: "outcome", codes: append(slices.Clone(domain.Outcomes), None), listed: true},
	dimStartYear:    {name: "start_year", form: year},
	dimStartQuarter: {name: "start_quarter", form: quarter},
	dimEndYear:      {name: "end_year", form: year},
	dimEndQuarter:   {name: "end_quarter", form: quarter},
}

// Dimensions lists the names of the dimensions.
func Dimensions() []string {
	out := make([]string, dimCount)
	for i, d := range dimensions {
		out[i] = d.name
	}
	return out
}

func dimensionOf(name string) int {
	return slices.IndexFunc(dimensions[:], func(d dimension) bool { return d.name == name })
}

// Query is what somebody asks for.
type Query struct {
	// Where selects: of each dimension named, the dossiers with one of the codes.
	Where map[string][]string `json:"where,omitzero"`
	// By groups, by at most two dimensions.
	By []string `json:"by,omitzero"`
	// Measures are what is shown; none means count.
	Measures []string `json:"measures,omitzero"`
}

// Validate tells what is wrong with the form of a query, and brings it into the
// one form in which equal queries are equal.
func (q *Query) Validate() error {
	where := make(map[string][]string, len(q.Where))
	for _, name := range slices.Sorted(maps.Keys(q.Where)) {
		d := dimensionOf(name)
		if d < 0 {
			return unknownDimension("where")
		}
		codes := slices.Compact(slices.Sorted(slices.Values(q.Where[name])))
		if len(codes) == 0 || len(codes) > maxCodes {
			return domain.Invalid("out_of_range", "where", "select one to fifty codes of a dimension, or leave the dimension out")
		}
		for _, c := range codes {
			if !dimensions[d].has(c) {
				return domain.Invalid("unknown_code", "where."+name, dimensions[d].explain())
			}
		}
		where[name] = codes
	}
	if q.Where = where; len(where) == 0 {
		q.Where = nil
	}
	if len(q.By) > MaxBy {
		return domain.Invalid("too_many", "by", "an overview is grouped by at most two dimensions")
	}
	for i, name := range q.By {
		if dimensionOf(name) < 0 {
			return unknownDimension("by")
		}
		if slices.Contains(q.By[:i], name) {
			return domain.Invalid("repeated", "by", "a dimension stands here twice; name each once")
		}
	}
	for _, m := range q.Measures {
		if !slices.Contains(Measures, m) {
			return domain.Invalid("unknown_code", "measures", "a measure is one of count, hours, outcomes")
		}
	}
	asked := q.Measures
	q.Measures = slices.DeleteFunc(slices.Clone(Measures), func(m string) bool { return m != Count && !slices.Contains(asked, m) })
	return nil
}

func unknownDimension(field string) error {
	return domain.Invalid("unknown_dimension", field, "there is no such dimension; there are "+strings.Join(Dimensions(), ", "))
}

func (d dimension) has(code string) bool {
	if d.form != nil {
		return d.form.MatchString(code)
	}
	return slices.Contains(d.codes, code)
}

func (d dimension) explain() string {
	switch d.form {
	case year:
		return "a year is written as 2024, and none stands for no date"
	case quarter:
		return "a quarter is written as 2024-Q3, and none stands for no date"
	case id:
		return "a recipient is named by its id, and none stands for no recipient"
	}
	return "this is none of the codes that may stand here: " + strings.Join(d.codes, ", ")
}

// Filter is the selection as one text, equal for equal selections.
func (q *Query) Filter() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(q.Where)) {
		b.WriteString(name + "=" + strings.Join(q.Where[name], ",") + ";")
	}
	return b.String()
}

// same tells whether two queries ask for the same table.
func (q *Query) same(o *Query) bool {
	return q.Filter() == o.Filter() && slices.Equal(q.By, o.By) && slices.Equal(q.Measures, o.Measures)
}

// Selects tells whether a dossier belongs to the selection.
func (q *Query) Selects(c *Codes) bool {
	for name, codes := range q.Where {
		if !slices.Contains(codes, c[dimensionOf(name)]) {
			return false
		}
	}
	return true
}
