// Package dossier is the page of one dossier: a fixed head, an overview of
// what is on file, the timeline, and the form for a conversation report with
// its hours.
package dossier

import (
	"context"
	"embed"
	"net/http"
	"strconv"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/queries"
	"github.com/casefile-engine/casefile/handlers/web/i18n"
	"github.com/casefile-engine/casefile/handlers/web/ui"
)

//go:embed *.html
var files embed.FS

var tmpl = ui.Parse(files)

// Queries is the part of the query service that this page uses.
type Queries interface {
	Dossier(ctx context.Context, r queries.Reader, dossier string, o queries.DossierOptions) (*queries.DossierView, error)
}

// Commands carries out one command.
type Commands interface {
	Execute(ctx context.Context, c commands.Caller, r commands.Request) commands.Outcome
}

// Page is the dossier page.
type Page struct {
	kit      *ui.Kit
	queries  Queries
	commands Commands
	newID    func() domain.ID
}

// New makes the page; newID gives ids for the forms on it.
func New(k *ui.Kit, q Queries, c Commands, newID func() domain.ID) *Page {
	return &Page{kit: k, queries: q, commands: c, newID: newID}
}

// Serve shows the dossier, now or as of a date.
func (p *Page) Serve(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	words := p.kit.Printer(r)
	choice, errs := readAsOf(words, q.Get("on"), q.Get("as"))
	view, err := p.view(r, choice.options(), q.Get("after"))
	if err != nil {
		p.kit.Fail(w, r, err)
		return
	}
	m := build(words, view, choice)
	if choice.day.IsZero() {
		m.Talk = p.newTalk(words, view)
		m.Saved = saved(words, q.Get("saved"))
	}
	p.render(w, r, http.StatusOK, m, errs)
}

func saved(p *i18n.Printer, which string) string {
	switch which {
	case "report":
		return p.T("dossier.saved")
	case "hours":
		return p.T("dossier.saved.hours")
	}
	return ""
}

// view asks for the dossier; after is a position that it must show (an unread
// one counts as none: the page is the newest there is either way).
func (p *Page) view(r *http.Request, o queries.DossierOptions, after string) (*queries.DossierView, error) {
	reader := ui.Reader(r, "view")
	if n, err := strconv.ParseUint(after, 10, 63); err == nil {
		reader.After = n
	}
	return p.queries.Dossier(r.Context(), reader, r.PathValue("dossier"), o)
}

func (p *Page) render(w http.ResponseWriter, r *http.Request, status int, m *model, errs []ui.FieldError) {
	m.URL = "/dossiers/" + r.PathValue("dossier")
	title := m.Title
	if title == "" {
		title = p.kit.Printer(r).T("talk.title")
	}
	p.kit.Render(w, r, status, tmpl, ui.Frame{Title: title, Section: "dossier", Errors: errs, Data: m})
}

// asOf is the choice of a date, and of whether to see it as recorded then.
type asOf struct {
	day  nl.Date
	then bool
	text string // as typed, for the form
}

func readAsOf(p *i18n.Printer, on, as string) (asOf, []ui.FieldError) {
	a := asOf{text: on, then: as == "then"}
	if on == "" {
		return a, nil
	}
	d, ok := parseDate(on)
	if !ok {
		return a, []ui.FieldError{{Field: "on", Text: p.T("form.invalid.date")}}
	}
	a.day = d
	return a, nil
}

// options takes the day whole: what occurred up to its end (catalogue §3).
func (a asOf) options() queries.DossierOptions {
	o := queries.DossierOptions{Open: true}
	if a.day.IsZero() {
		return o
	}
	end := a.day.AddDays(1).Start().Add(-time.Nanosecond).UTC()
	o.AsOf = &end
	if a.then {
		o.KnownAt = &end
	}
	return o
}

// parseDate reads a date as browsers send it and as people type it.
func parseDate(s string) (nl.Date, bool) {
	if d, err := nl.ParseDate(s); err == nil {
		return d, true
	}
	for _, form := range []string{"2-1-2006", "2/1/2006", "2.1.2006"} {
		if t, err := time.Parse(form, s); err == nil {
			return nl.NewDate(t.Year(), t.Month(), t.Day())
		}
	}
	return nl.Date{}, false
}
