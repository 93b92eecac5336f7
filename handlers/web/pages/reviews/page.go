// Package reviews is where the compliance officer reviews looks in an emergency,
// and records the samples of access that he held against who guided whom
// (C-2.1.4b, C-2.1.4c).
package reviews

import (
	"context"
	"embed"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/domain/review"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/policy"
	"github.com/casefile-engine/casefile/handlers/queries"
	"github.com/casefile-engine/casefile/handlers/web/i18n"
	"github.com/casefile-engine/casefile/handlers/web/ui"
)

//go:embed page.html
var files embed.FS

var tmpl = ui.Parse(files)

// Commands carries out one command.
type Commands interface {
	Execute(ctx context.Context, c commands.Caller, r commands.Request) commands.Outcome
}

// Page is the page of reviews.
type Page struct {
	kit      *ui.Kit
	queries  ui.Registers
	commands Commands
	newID    func() domain.ID
}

// New makes the page; newID gives ids for the forms on it.
func New(k *ui.Kit, q ui.Registers, c Commands, newID func() domain.ID) *Page {
	return &Page{kit: k, queries: q, commands: c, newID: newID}
}

type model struct {
	Saved   string
	May     bool // review, and not only read what was reviewed
	Pending []glass
	Done    []done
	Sample  sample
}

// glass is a look in an emergency that is to be reviewed, with its form. The ids
// of its fields end in its own, so that several stand on one page.
type glass struct {
	ID, Command, Dossier, Short string
	Who, When, Due              string
	Overdue, Own, Open          bool
	Finding, Incident           []ui.Option
	Text                        string
}

// done is a review that was done.
type done struct{ What, Who, When, By, On, Outcome string }

// sample is the form for a review of access.
type sample struct {
	Review, Command, From, Until, Number, Findings string
	Outcome, Staff, Incident                       []ui.Option
	Open                                           bool
}

// row is a row of the register of reviews, as far as it matters here.
type row struct {
	Kind, Glass, Dossier, From, Until, Outcome, State, Actor string
	Staff                                                    []string
	Due                                                      string
	ReviewedAt                                               time.Time `json:"reviewed_at"`
}

type incident struct {
	Incident, Kind, State string
	ReportedAt            time.Time `json:"reported_at"`
}

// period is how many days back the form for a review of access proposes: since
// about the last one, when there is one a month.
const period = 31

// mostDone is how many reviews that were done the page shows.
const mostDone = 20

// Serve shows what is to be reviewed, and what was.
func (p *Page) Serve(w http.ResponseWriter, r *http.Request) {
	m := model{}
	if key := "reviews.saved." + r.URL.Query().Get("saved"); p.kit.Printer(r).Has(key) {
		m.Saved = p.kit.Printer(r).T(key)
	}
	p.show(w, r, http.StatusOK, m, r.URL.Query().Get("after"), nil)
}

// reader looks in order to control the proper use.
func reader(r *http.Request, after string) queries.Reader {
	reader := ui.Reader(r, "list")
	reader.Purpose = "audit"
	return ui.After(reader, after)
}

// show writes the page; what was typed is taken from the posted form.
func (p *Page) show(w http.ResponseWriter, r *http.Request, status int, m model, after string, errs []ui.FieldError) {
	words := p.kit.Printer(r)
	list, err := ui.Rows[row](r.Context(), p.queries, reader(r, after), "reviews")
	var incidents []incident
	if err == nil {
		incidents, err = ui.Rows[incident](r.Context(), p.queries, reader(r, ""), "incidents")
	}
	var people []queries.StaffName
	if err == nil {
		people, _, err = p.queries.People(r.Context(), reader(r, ""))
	}
	if err != nil {
		p.kit.Fail(w, r, err)
		return
	}
	m.May = p.kit.May(r, commands.Question{Action: "ReviewAccess", Of: policy.OfOffice})
	f := filler{p: words, names: map[string]string{}, form: r, incidents: incidents}
	for _, s := range people {
		f.names[s.Staff] = s.Name
	}
	me, _ := ui.IdentityOf(r)
	for _, x := range slices.Backward(list) {
		if x.Kind == "break_glass" && x.State != "done" {
			m.Pending = append(m.Pending, f.glass(x, me.Staff, p.newID()))
		} else if len(m.Done) < mostDone {
			m.Done = append(m.Done, f.done(x))
		}
	}
	slices.Reverse(m.Pending) // what has waited longest first
	m.Sample = f.sample(people, p.kit.Clock.Now(), p.newID)
	p.kit.Render(w, r, status, tmpl, ui.Frame{Title: words.T("menu.reviews"), Section: "reviews", Errors: errs, Data: m})
}

// filler fills in the page's parts, with what was typed.
type filler struct {
	p         *i18n.Printer
	names     map[string]string
	form      *http.Request
	incidents []incident
}

func (f filler) typed(name string) string {
	return strings.ReplaceAll(f.form.PostForm.Get(name), "\r\n", "\n")
}

func (f filler) name(id string) string {
	if n := f.names[id]; n != "" {
		return n
	}
	return f.p.T("actor.someone")
}

func (f filler) people(ids []string) string {
	var out []string
	for _, id := range ids {
		out = append(out, f.name(id))
	}
	return f.p.Join(out)
}

func (f filler) codes(list string, codes []string, chosen, first string) []ui.Option {
	out := []ui.Option{{Label: f.p.T(first)}}
	for _, c := range codes {
		out = append(out, ui.Option{Value: c, Label: f.p.Code(list, c), Selected: c == chosen})
	}
	return out
}

// which are the incidents that a review can name: those that are not closed.
func (f filler) which(chosen string) []ui.Option {
	out := []ui.Option{{Label: f.p.T("reviews.incident.none")}}
	for _, i := range f.incidents {
		if i.State != "closed" && i.Incident != "" {
			out = append(out, ui.Option{Value: i.Incident, Label: f.p.Code("incident_kind", i.Kind) + ", " + nl.DateOf(i.ReportedAt).Short(), Selected: i.Incident == chosen})
		}
	}
	return out
}

func (f filler) glass(x row, me, command string) glass {
	g := glass{ID: x.Glass, Command: command, Dossier: x.Dossier, Short: short(x.Dossier), Who: f.people(x.Staff), When: f.span(x), Overdue: x.State == "overdue",
		Own: slices.Contains(x.Staff, me), Text: f.typed("text_" + x.Glass), Finding: f.codes("glass_finding", dossier.GlassFindings, f.typed("finding_"+x.Glass), "assignments.choose"),
		Incident: f.which(f.typed("incident_" + x.Glass))}
	if c := f.typed("command"); f.form.PathValue("glass") == x.Glass && c != "" {
		g.Open, g.Command = true, c
	}
	if d, err := nl.ParseDate(x.Due); err == nil {
		g.Due = d.Long(f.p.Lang)
	}
	return g
}

// span is from when until when, of instants or of days.
func (f filler) span(x row) string {
	from, errFrom := time.Parse(time.RFC3339, x.From)
	until, errUntil := time.Parse(time.RFC3339, x.Until)
	if errFrom == nil && errUntil == nil {
		return f.p.T("patterns.when", "from", nl.DateTime(from, f.p.Lang), "until", nl.DateTime(until, f.p.Lang))
	}
	a, errFrom := nl.ParseDate(x.From)
	b, errUntil := nl.ParseDate(x.Until)
	if errFrom != nil || errUntil != nil {
		return ""
	}
	return f.p.T("patterns.when", "from", a.Short(), "until", b.Short())
}

func (f filler) done(x row) done {
	d := done{What: f.p.Code("review_kind", x.Kind), Who: f.people(x.Staff), When: f.span(x), By: f.name(x.Actor), Outcome: f.p.Code("review_or_finding", x.Outcome)}
	if !x.ReviewedAt.IsZero() {
		d.On = nl.DateOf(x.ReviewedAt).Short()
	}
	return d
}

func (f filler) sample(people []queries.StaffName, now time.Time, newID func() domain.ID) sample {
	s := sample{Review: f.typed("review"), Command: f.typed("command"), From: f.typed("from"), Until: f.typed("until"), Number: f.typed("sample"), Findings: f.typed("findings"),
		Open: f.typed("review") != "", Outcome: f.codes("review_outcome", review.Outcomes, f.typed("outcome"), "assignments.choose"), Incident: f.which(f.typed("incident"))}
	if !s.Open {
		today := nl.DateOf(now)
		s.Review, s.Command, s.From, s.Until = newID(), newID(), today.AddDays(-period).Short(), today.Short()
	}
	s.Staff = []ui.Option{{Label: f.p.T("seen.everybody")}}
	for _, x := range people {
		s.Staff = append(s.Staff, ui.Option{Value: x.Staff, Label: x.Name, Selected: x.Staff == f.typed("staff")})
	}
	return s
}

func short(id string) string { return "…" + id[max(0, len(id)-8):] }
