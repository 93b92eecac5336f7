package assignments

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/web/i18n"
	"github.com/casefile-engine/casefile/handlers/web/ui"
)

// change is what is to be done: to assign, to end an assignment, or to hand over
// from one member of staff to another.
type change struct {
	batch, do, from, to, capacity string
	all                           bool // all dossiers of from
	dossiers                      []string
}

// result is what became of one dossier.
type result struct {
	Number, Text, Rule string
	Lang               string // when it differs from the page's
	OK                 bool
}

func done(list []result) (n int) {
	for _, x := range list {
		if x.OK {
			n++
		}
	}
	return n
}

// ServeChange carries out a change, dossier by dossier, and lists what became of
// each. Sent twice it does nothing twice: the commands' ids follow from the
// form's.
func (p *Page) ServeChange(w http.ResponseWriter, r *http.Request) {
	if !p.allowed(w, r) {
		return
	}
	words := p.kit.Printer(r)
	f := r.PostForm
	c := &change{batch: f.Get("batch"), do: f.Get("do"), from: f.Get("from"), to: f.Get("to"), capacity: f.Get("capacity"), all: f.Get("which") == "all", dossiers: f["dossier"]}
	shown := choice{query: f.Get("shown_q"), staff: f.Get("shown_staff"), status: f.Get("shown_status")}
	if errs := c.check(words); errs != nil {
		p.show(w, r, http.StatusBadRequest, shown, c, nil, 0, errs)
		return
	}
	list, err := p.dossiers(r, 0)
	if err != nil {
		p.kit.Fail(w, r, err)
		return
	}
	var results []result
	var after uint64
	for i := range list {
		d := &list[i]
		if c.all && !slices.Contains(d.Assigned, c.from) || !c.all && !slices.Contains(c.dossiers, d.Dossier) {
			continue
		}
		out := p.one(r, c, d)
		after = max(after, out.Position)
		results = append(results, p.tell(words, c, d, out))
	}
	if len(results) == 0 {
		p.show(w, r, http.StatusBadRequest, shown, c, nil, 0, []ui.FieldError{{Text: words.T("assignments.nothing")}})
		return
	}
	p.show(w, r, http.StatusOK, shown, &change{do: c.do, from: c.from, to: c.to, capacity: c.capacity}, results, after, nil)
}

func (c *change) check(p *i18n.Printer) (errs []ui.FieldError) {
	wrong := func(field, key string) { errs = append(errs, ui.FieldError{Field: field, Text: p.T(key)}) }
	if _, err := domain.ParseID("batch", c.batch); err != nil {
		wrong("", "code.invalid_form")
	}
	if c.do != "assign" && c.do != "unassign" && c.do != "handover" {
		wrong("do", "assignments.do.missing")
	}
	if c.do != "assign" && c.from == "" {
		wrong("from", "assignments.from.missing")
	}
	if c.do != "unassign" && c.to == "" {
		wrong("to", "assignments.to.missing")
	}
	switch {
	case c.all && c.from == "":
		wrong("from", "assignments.from.missing")
	case !c.all && len(c.dossiers) == 0:
		wrong("", "assignments.nothing")
	}
	return errs
}

// one carries out the change of one dossier. A hand-over assigns first, so that
// there is no moment at which nobody guides the client.
func (p *Page) one(r *http.Request, c *change, d *dossierRow) (out commands.Outcome) {
	if c.do != "unassign" {
		out = p.execute(r, c, d, "AssignStaff", map[string]string{"staff": c.to, "capacity": c.capacity})
		if c.do == "assign" || out.Outcome == commands.Refused && out.Code != "already_assigned" {
			return out
		}
	}
	return p.execute(r, c, d, "UnassignStaff", map[string]string{"staff": c.from})
}

func (p *Page) execute(r *http.Request, c *change, d *dossierRow, name string, data map[string]string) commands.Outcome {
	if data["capacity"] == "" {
		delete(data, "capacity")
	}
	raw, err := json.Marshal(data)
	if err != nil {
		panic(err) // texts always have a JSON form
	}
	who, _ := ui.IdentityOf(r)
	id := uuid.NewSHA1(uuid.MustParse(c.batch), []byte(name+"/"+d.Dossier)).String()
	return p.commands.Execute(r.Context(), ui.Caller(r), commands.Request{ID: id, Agency: who.Agency, Command: name, Dossier: d.Dossier, Data: raw})
}

func (p *Page) tell(words *i18n.Printer, c *change, d *dossierRow, out commands.Outcome) result {
	x := result{Number: d.number(), OK: out.Outcome != commands.Refused, Text: words.T("assignments.did." + c.do)}
	if x.OK {
		return x
	}
	m := p.kit.ExplainOutcome(words, out)
	x.Text, x.Rule = m.Text, m.Rule
	if key := "assignments.code." + m.Code; words.Has(key) {
		x.Text = words.T(key)
	} else if m.Lang != words.Lang {
		x.Lang = string(m.Lang)
	}
	return x
}
