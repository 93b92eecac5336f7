// Package overviews asks for management overviews and shows them, with small
// numbers withheld so that no person can be worked out (C-1.2d).
package overviews

import (
	"context"
	"embed"
	"maps"
	"net/http"
	"slices"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/domain/overview"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/policy"
	"github.com/casefile-engine/casefile/handlers/queries"
	"github.com/casefile-engine/casefile/handlers/web/i18n"
	"github.com/casefile-engine/casefile/handlers/web/ui"
)

//go:embed page.html
var files embed.FS

var tmpl = ui.Parse(files)

// Queries answers overviews; the question is on record before its answer.
type Queries interface {
	Overview(ctx context.Context, r queries.Reader, q overview.Query) (*queries.Overview, error)
}

// Page is the page of overviews.
type Page struct {
	kit     *ui.Kit
	queries Queries
}

// New makes the page.
func New(k *ui.Kit, q Queries) *Page { return &Page{k, q} }

type model struct {
	By, Then []ui.Option
	Measures []measure
	Where    []where
	Periods  []period
	Answer   *answer
}

type measure struct {
	Code, Label string
	Checked     bool
}

// where narrows to one code of a dimension.
type where struct {
	Name, Label string
	Options     []ui.Option
}

// period narrows to a year.
type period struct{ Name, Label, Value string }

type answer struct {
	Columns                          []column
	Rows                             [][]cell
	Legend, Rounded, Counted, Record string
}

type column struct {
	Label  string
	Number bool
}

type cell struct {
	Label, Text             string
	Number, Total, Withheld bool
}

// dimensions are those that the page offers, with the list that names their
// codes. A commissioner is chosen by its kind here and not by its name.
var dimensions = []struct {
	name, list string
	codes      []string
}{
	{"service", "service", domain.Services},
	{"referral", "referral", []string{"commissioned", "self"}},
	{"commissioner", "recipient_subtype", append(slices.Clone(domain.RecipientSubtypes["commissioner"]), "other", overview.None)},
	{"standing", "standing", []string{"employee", "benefit", overview.None}},
	{"status", "status", []string{"open", "guidance_ended", "declined"}},
	{"outcome", "outcome", append(slices.Clone(domain.Outcomes), overview.None)},
	{"start_year", "", nil}, {"end_year", "", nil}, {"start_quarter", "", nil}, {"end_quarter", "", nil},
}

// Serve shows the form, and the answer once something was asked.
func (p *Page) Serve(w http.ResponseWriter, r *http.Request) {
	words := p.kit.Printer(r)
	if !p.kit.May(r, commands.Question{Action: "overview", Of: policy.OfOffice, Purpose: queries.OverviewPurpose}) && !r.URL.Query().Has("ask") {
		p.kit.Refuse(w, r, &domain.Error{Kind: domain.KindForbidden, Code: "not_permitted", Rule: "C-1.2d", Message: "overviews are for a director and a compliance officer; ask one of them"})
		return
	}
	q, m := read(r, words)
	status, errs := http.StatusOK, []ui.FieldError(nil)
	if r.URL.Query().Has("ask") {
		o, err := p.queries.Overview(r.Context(), ui.Reader(r, "view"), q)
		if err != nil {
			e := p.kit.Explain(words, err)
			if e.Status >= 500 || e.Status == http.StatusForbidden || e.Status == http.StatusNotFound {
				p.kit.Fail(w, r, err)
				return
			}
			status, errs = e.Status, []ui.FieldError{{Field: fieldOf(e), Text: e.Text, Rule: e.Rule}}
			if e.Lang != words.Lang {
				errs[0].Lang = string(e.Lang)
			}
		} else {
			m.Answer = newAnswer(words, o)
		}
	}
	p.kit.Render(w, r, status, tmpl, ui.Frame{Title: words.T("menu.overviews"), Section: "overviews", Errors: errs, Data: m})
}

// fieldOf points to the field of the form that an error is about, if there is one.
func fieldOf(m ui.Message) string {
	switch m.Field {
	case "where.start_year", "where.end_year":
		return m.Field[len("where."):]
	case "by":
		return "by"
	}
	return ""
}

// read takes the question out of the address: it holds codes alone.
func read(r *http.Request, p *i18n.Printer) (q overview.Query, m model) {
	v := r.URL.Query()
	q.Where = map[string][]string{}
	for _, name := range []string{v.Get("by"), v.Get("then")} {
		if name != "" && !slices.Contains(q.By, name) {
			q.By = append(q.By, name)
		}
	}
	m.By, m.Then = []ui.Option{{Label: p.T("overviews.nothing")}}, []ui.Option{{Label: p.T("overviews.nothing")}}
	for _, d := range dimensions {
		label := p.T("dimension." + d.name)
		m.By = append(m.By, ui.Option{Value: d.name, Label: label, Selected: v.Get("by") == d.name})
		m.Then = append(m.Then, ui.Option{Value: d.name, Label: label, Selected: v.Get("then") == d.name})
		chosen := v.Get(d.name)
		if chosen != "" {
			q.Where[d.name] = []string{chosen}
		}
		if d.codes == nil {
			if d.name == "start_year" || d.name == "end_year" {
				m.Periods = append(m.Periods, period{d.name, label, chosen})
			}
			continue
		}
		one := where{Name: d.name, Label: label, Options: []ui.Option{{Label: p.T("seen.all")}}}
		for _, c := range d.codes {
			one.Options = append(one.Options, ui.Option{Value: c, Label: code(p, d.name, c), Selected: c == chosen})
		}
		m.Where = append(m.Where, one)
	}
	for _, c := range overview.Measures {
		on := c == overview.Count || slices.Contains(v["measures"], c)
		if on {
			q.Measures = append(q.Measures, c)
		}
		if c != overview.Count {
			m.Measures = append(m.Measures, measure{c, p.T("measure." + c), on})
		}
	}
	return q, m
}

// code is a code of a dimension in words; years and quarters are as they are.
func code(p *i18n.Printer, dimension, c string) string {
	switch c {
	case overview.All:
		return p.T("overviews.total")
	case overview.None:
		return p.T("overviews.none")
	}
	for _, d := range dimensions {
		if d.name == dimension && d.list != "" {
			if c == "other" && !p.Has(d.list+".other") {
				return p.T("overviews.other")
			}
			return p.Code(d.list, c)
		}
	}
	return c
}

func newAnswer(p *i18n.Printer, o *queries.Overview) *answer {
	a := &answer{
		Legend:  p.T("overviews.legend", "mark", o.Mark, "threshold", o.Threshold),
		Rounded: p.T("overviews.rounded", "n", o.Rounded),
		Counted: p.T("overviews.counted", "time", nl.LongDateTime(o.CountedAt, p.Lang)),
		Record:  p.T("overviews.recorded", "position", i18n.Position(o.Position)),
	}
	for _, d := range o.By {
		a.Columns = append(a.Columns, column{Label: p.T("dimension." + d)})
	}
	a.Columns = append(a.Columns, column{p.T("measure." + overview.Count), true})
	hours := slices.Contains(o.Measures, overview.Hours)
	if hours {
		a.Columns = append(a.Columns, column{p.T("measure." + overview.Hours), true})
	}
	seen := map[string]bool{}
	for _, r := range o.Rows {
		for c := range r.Outcomes {
			seen[c] = true
		}
	}
	outcomes := slices.Sorted(maps.Keys(seen))
	for _, c := range outcomes {
		a.Columns = append(a.Columns, column{code(p, "outcome", c), true})
	}
	for _, r := range o.Rows {
		a.Rows = append(a.Rows, newRow(p, o, r, hours, outcomes, a.Columns))
	}
	return a
}

func newRow(p *i18n.Printer, o *queries.Overview, r overview.Row, hours bool, outcomes []string, columns []column) (out []cell) {
	for i, d := range o.By {
		out = append(out, cell{Text: code(p, d, r.Codes[i])})
	}
	number := func(v *overview.Value) {
		switch {
		case v == nil:
			out = append(out, cell{Number: true})
		case v.Mark != "":
			out = append(out, cell{Number: true, Text: v.Mark, Withheld: true})
		default:
			out = append(out, cell{Number: true, Text: nl.Count(v.Number, p.Lang)})
		}
	}
	number(&r.Count)
	if hours {
		number(r.Hours)
	}
	for _, c := range outcomes {
		v, ok := r.Outcomes[c]
		if !ok {
			number(nil)
			continue
		}
		number(&v)
	}
	for i := range out {
		out[i].Total, out[i].Label = r.Total, columns[i].Label
	}
	return out
}
