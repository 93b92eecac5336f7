// Package dossier is the page of one dossier: a fixed head, an overview of
// what is on file, the timeline, and the form for a conversation report with
// its hours.
package dossier

import (
	"context"
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"slices"
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
	StillOpen(ctx context.Context, r queries.Reader, dossier string) error
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
	factors  Factor
	limits   Limits
	newID    func() domain.ID
}

// New makes the page; newID gives ids for the forms on it. Without limits nobody
// is offered a look in an emergency.
func New(k *ui.Kit, q Queries, c Commands, f Factor, l Limits, newID func() domain.ID) *Page {
	return &Page{kit: k, queries: q, commands: c, factors: f, limits: l, newID: newID}
}

// Serve shows the dossier, now or as of a date.
func (p *Page) Serve(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	words := p.kit.Printer(r)
	choice, errs := readAsOf(words, q.Get("on"), q.Get("as"))
	view, err := p.view(r, "view", choice.options(), q.Get("after"))
	if err != nil {
		p.fail(w, r, err)
		return
	}
	m := build(words, view, choice)
	m.aim(words, r)
	if choice.day.IsZero() && m.Purpose == "" && !view.Partial {
		m.Talk = p.newTalk(words, view)
		m.Saved = saved(words, q.Get("saved"))
	}
	p.render(w, r, http.StatusOK, m, errs)
}

// ServeOpen tells an open page whether it is still open to whoever has it on his
// screen: with nothing at all when it is, else with the status of a refusal.
func (p *Page) ServeOpen(w http.ResponseWriter, r *http.Request) {
	reader := ui.Reader(r, "view")
	reader.Purpose = purposeOf(r)
	status := http.StatusNoContent
	if err := p.queries.StillOpen(r.Context(), reader, r.PathValue("dossier")); err != nil {
		status = http.StatusServiceUnavailable
		switch domain.AsError(err).Kind {
		case domain.KindForbidden, domain.KindNotFound, domain.KindRefused, domain.KindInvalid:
			status = http.StatusForbidden
		}
	}
	w.WriteHeader(status)
}

// ServePrint shows the dossier as it is printed, whole and without forms. To print
// is an act of its own and stands so in the register.
func (p *Page) ServePrint(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	words := p.kit.Printer(r)
	choice, errs := readAsOf(words, q.Get("on"), q.Get("as"))
	if errs != nil {
		p.kit.Fail(w, r, domain.Invalid("invalid_date", "on", "a date is written as 2026-04-14"))
		return
	}
	view, err := p.view(r, "print", choice.options(), "")
	if err != nil {
		p.fail(w, r, err)
		return
	}
	m := build(words, view, choice)
	m.aim(words, r)
	m.Print = true
	p.render(w, r, http.StatusOK, m, nil)
}

// purposeOf is what the reader looks for, as he says; for guidance if he says nothing.
func purposeOf(r *http.Request) string {
	if c := r.URL.Query().Get("purpose"); slices.Contains(purposes, c) {
		return c
	}
	return "guidance"
}

// aim puts the purpose on the page, and the links that keep it.
func (m *model) aim(p *i18n.Printer, r *http.Request) {
	keep := url.Values{}
	if c := purposeOf(r); c != "guidance" {
		m.Purpose, m.PurposeCode = p.T("dossier.purpose", "purpose", p.Code("purpose", c)), c
		keep.Set("purpose", c)
	}
	for _, name := range []string{"on", "as"} {
		if v := r.URL.Query().Get(name); v != "" {
			keep.Set(name, v)
		}
	}
	m.Query = template.URL(keep.Encode()) //nolint:gosec // encoded just before
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
func (p *Page) view(r *http.Request, action string, o queries.DossierOptions, after string) (*queries.DossierView, error) {
	reader := ui.Reader(r, action)
	reader.Purpose = purposeOf(r)
	if n, err := strconv.ParseUint(after, 10, 63); err == nil {
		reader.After = n
	}
	return p.queries.Dossier(r.Context(), reader, r.PathValue("dossier"), o)
}

func (p *Page) render(w http.ResponseWriter, r *http.Request, status int, m *model, errs []ui.FieldError) {
	m.URL = "/dossiers/" + r.PathValue("dossier")
	title := m.Title
	switch {
	case m.Denied != nil:
		title = p.kit.Printer(r).T("denied.title")
	case title == "":
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
	d, ok := ui.ParseDate(on)
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
