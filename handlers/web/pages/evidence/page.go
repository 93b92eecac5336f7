// Package evidence is the form with which a compliance officer or an auditor
// makes an evidence bundle of a dossier (architecture §6).
package evidence

import (
	"embed"
	"net/http"
	"slices"
	"strings"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/api"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/evidence"
	"github.com/casefile-engine/casefile/handlers/policy"
	"github.com/casefile-engine/casefile/handlers/queries"
	"github.com/casefile-engine/casefile/handlers/web/ui"
)

//go:embed page.html
var files embed.FS

var tmpl = ui.Parse(files)

// Page is the form.
type Page struct {
	kit   *ui.Kit
	maker api.Evidence
}

// New makes the page; without a maker nobody may.
func New(k *ui.Kit, m api.Evidence) *Page { return &Page{k, m} }

type model struct {
	Dossier, From, Until, Recipient string
	Open                            bool
	Purposes                        []ui.Option
}

// May tells whether who is signed in may make evidence at all.
func (p *Page) May(r *http.Request) bool {
	if p.maker == nil {
		return false
	}
	ask := func(register string) commands.Question {
		return commands.Question{Action: "export", Of: policy.OfRegister, Register: register, Purpose: "audit"}
	}
	return p.kit.May(r, ask("access")) && p.kit.May(r, ask("history"))
}

// Serve shows the form, with the days that the address names.
func (p *Page) Serve(w http.ResponseWriter, r *http.Request) {
	if p.maker == nil {
		p.kit.Fail(w, r, api.NoEvidence())
		return
	}
	q := r.URL.Query()
	p.show(w, r, http.StatusOK, model{Dossier: r.PathValue("dossier"), From: q.Get("from"), Until: q.Get("until")}, "audit", nil)
}

func (p *Page) show(w http.ResponseWriter, r *http.Request, status int, m model, purpose string, errs []ui.FieldError) {
	words := p.kit.Printer(r)
	for _, c := range queries.EvidencePurposes {
		m.Purposes = append(m.Purposes, ui.Option{Value: c, Label: words.Code("purpose", c), Selected: c == purpose})
	}
	p.kit.Render(w, r, status, tmpl, ui.Frame{Title: words.T("evidence.title"), Section: "replay", Errors: errs, Data: m})
}

// ServeMake makes the bundle and hands it out as a file. That it was made is on
// record before anything is read.
func (p *Page) ServeMake(w http.ResponseWriter, r *http.Request) {
	if p.maker == nil {
		p.kit.Fail(w, r, api.NoEvidence())
		return
	}
	if err := ui.ParseForm(w, r); err != nil {
		p.kit.Fail(w, r, err)
		return
	}
	typed := func(name string) string { return strings.TrimSpace(r.PostForm.Get(name)) }
	m := model{Dossier: r.PathValue("dossier"), From: typed("from"), Until: typed("until"), Recipient: typed("recipient"), Open: r.PostForm.Has("open")}
	dates := ui.Dates{Words: p.kit.Printer(r)}
	q := evidence.Request{Dossier: m.Dossier, Open: m.Open, Recipient: m.Recipient, From: dates.Start("from", m.From), Until: dates.After("until", m.Until)}
	if len(dates.Errors) > 0 {
		p.show(w, r, http.StatusUnprocessableEntity, m, typed("purpose"), dates.Errors)
		return
	}
	reader := ui.Reader(r, "export")
	reader.Purpose = typed("purpose")
	b, err := p.maker.Make(r.Context(), reader, q)
	if e := domain.AsError(err); err != nil && slices.Contains([]string{"until", "recipient", "purpose"}, e.Field) {
		said := p.kit.Explain(p.kit.Printer(r), err)
		p.show(w, r, http.StatusUnprocessableEntity, m, typed("purpose"), []ui.FieldError{{Field: e.Field, Text: said.Text, Lang: string(said.Lang)}})
		return
	}
	if err != nil {
		p.kit.Fail(w, r, err)
		return
	}
	if err := api.SendEvidence(w, b); err != nil {
		p.kit.Log.Error("a bundle broke off", "code", domain.AsError(err).Code)
		panic(http.ErrAbortHandler)
	}
}
