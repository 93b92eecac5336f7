package reviews

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/web/ui"
)

// ServeGlass records the finding on a look in an emergency.
func (p *Page) ServeGlass(w http.ResponseWriter, r *http.Request) {
	if err := ui.ParseForm(w, r); err != nil {
		p.kit.Fail(w, r, err)
		return
	}
	id := r.PathValue("glass")
	get := func(name string) string { return strings.TrimSpace(r.PostForm.Get(name)) }
	finding, text := "finding_"+id, "text_"+id
	if get(finding) == "" {
		p.show(w, r, http.StatusBadRequest, model{}, "", []ui.FieldError{{Field: finding, Text: p.kit.Printer(r).T("reviews.finding.missing")}})
		return
	}
	data := map[string]any{"glass": id, "finding": get(finding)}
	optional(data, "text", get(text))
	optional(data, "incident", get("incident_"+id))
	p.execute(w, r, "ReviewBreakGlass", get("dossier"), data, "glass", map[string]string{"finding": finding, "text": text, "incident": "incident_" + id})
}

// ServeSample records a review of access.
func (p *Page) ServeSample(w http.ResponseWriter, r *http.Request) {
	if err := ui.ParseForm(w, r); err != nil {
		p.kit.Fail(w, r, err)
		return
	}
	words := p.kit.Printer(r)
	get := func(name string) string { return strings.TrimSpace(r.PostForm.Get(name)) }
	var errs []ui.FieldError
	wrong := func(field, key string) {
		errs = append(errs, ui.FieldError{Field: field, Text: words.T(key)})
	}
	day := func(field string) nl.Date {
		d, ok := ui.ParseDate(get(field))
		if !ok {
			wrong(field, "form.invalid.date")
		}
		return d
	}
	from, until := day("from"), day("until")
	number, err := strconv.Atoi(get("sample"))
	if err != nil || number < 0 {
		wrong("sample", "reviews.sample.wrong")
	}
	if get("findings") == "" {
		wrong("findings", "reviews.findings.missing")
	}
	if get("outcome") == "" {
		wrong("outcome", "reviews.outcome.missing")
	}
	if errs != nil {
		p.show(w, r, http.StatusBadRequest, model{}, "", errs)
		return
	}
	data := map[string]any{"review": get("review"), "from": from.String(), "until": until.String(), "sample": number, "findings": get("findings"), "outcome": get("outcome")}
	if staff := get("staff"); staff != "" {
		data["staff"] = []string{staff}
	}
	optional(data, "incident", get("incident"))
	p.execute(w, r, "ReviewAccess", "", data, "sample", map[string]string{"from": "from", "until": "until", "sample": "sample", "findings": "findings", "outcome": "outcome", "staff": "staff", "incident": "incident"})
}

func optional(data map[string]any, name, value string) {
	if value != "" {
		data[name] = value
	}
}

// execute gives the command; refused, the form comes back with what was typed.
func (p *Page) execute(w http.ResponseWriter, r *http.Request, name, dossier string, data map[string]any, saved string, fields map[string]string) {
	raw, err := json.Marshal(data)
	if err != nil {
		p.kit.Fail(w, r, err)
		return
	}
	who, _ := ui.IdentityOf(r)
	out := p.commands.Execute(r.Context(), ui.Caller(r), commands.Request{ID: strings.TrimSpace(r.PostForm.Get("command")), Agency: who.Agency, Command: name, Dossier: dossier, Data: raw})
	if out.Outcome == commands.Refused {
		words := p.kit.Printer(r)
		m := p.kit.ExplainOutcome(words, out)
		e := ui.FieldError{Field: fields[strings.TrimPrefix(strings.TrimPrefix(m.Field, "/"), "data.")], Text: m.Text, Rule: m.Rule}
		if m.Lang != words.Lang {
			e.Lang = string(m.Lang)
		}
		p.show(w, r, m.Status, model{}, "", []ui.FieldError{e})
		return
	}
	http.Redirect(w, r, "/reviews?"+url.Values{"saved": {saved}, "after": {strconv.FormatUint(out.Position, 10)}}.Encode(), http.StatusSeeOther)
}
