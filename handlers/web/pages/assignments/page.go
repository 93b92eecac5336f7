// Package assignments is the page on which an administrator says who guides whom,
// one dossier or a whole caseload at a time (C-0d, X-9). It shows trajectory
// numbers and members of staff: whoever grants does not read (C-2.7e).
package assignments

import (
	"context"
	"embed"
	"net/http"
	"slices"
	"strings"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
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

// Page is the page of assignments.
type Page struct {
	kit      *ui.Kit
	queries  ui.Registers
	commands Commands
	newID    func() domain.ID
}

// New makes the page; newID gives an id to each form, from which those of its
// commands follow.
func New(k *ui.Kit, q ui.Registers, c Commands, newID func() domain.ID) *Page {
	return &Page{kit: k, queries: q, commands: c, newID: newID}
}

// most is how many dossiers the page shows; a choice narrows them.
const most = 300

// nobody chooses the dossiers that are assigned to no one.
const nobody = "none"

type model struct {
	Query              string
	Staff, Status      []ui.Option // of the choice
	Batch              string
	Do, From, To, Caps []ui.Option // of the change
	All                bool        // all dossiers of From, in place of those ticked
	Rows               []row
	Count, More        string
	Results            []result
	Done               string
}

type row struct {
	Dossier, Number, Status, Class, Assigned string
	Nobody, Ticked                           bool
}

// dossierRow is a row of the register of dossiers, as far as it matters here.
type dossierRow struct {
	Dossier      string `json:"dossier"`
	Status       string `json:"status"`
	Trajectories []struct {
		Trajectory string `json:"trajectory"`
	} `json:"trajectories"`
	Assigned []string `json:"assigned"`
}

// number is what people call the dossier by: its trajectories, or the end of its id.
func (d *dossierRow) number() string {
	var out []string
	for _, t := range d.Trajectories {
		out = append(out, t.Trajectory)
	}
	if len(out) == 0 {
		return "…" + d.Dossier[max(0, len(d.Dossier)-8):]
	}
	return strings.Join(out, ", ")
}

// choice is which dossiers are shown.
type choice struct{ query, staff, status string }

func (c choice) takes(d *dossierRow) bool {
	switch {
	case c.status != "" && d.Status != c.status:
		return false
	case c.staff == nobody && len(d.Assigned) > 0:
		return false
	case c.staff != "" && c.staff != nobody && !slices.Contains(d.Assigned, c.staff):
		return false
	}
	return c.query == "" || strings.Contains(strings.ToLower(d.number()), strings.ToLower(c.query))
}

// Serve lists the dossiers. The choice is posted and not put in the address: a
// trajectory number points to a client.
func (p *Page) Serve(w http.ResponseWriter, r *http.Request) {
	if !p.allowed(w, r) {
		return
	}
	p.show(w, r, http.StatusOK, chosen(r), &change{do: "assign"}, nil, 0, nil)
}

// allowed reads the form, and refuses whoever may assign nobody; when it gives
// false the answer is written. Each command is decided on for itself as well.
func (p *Page) allowed(w http.ResponseWriter, r *http.Request) bool {
	err := ui.ParseForm(w, r)
	if err == nil && !p.kit.May(r, commands.Question{Action: "AssignStaff", Of: policy.OfDossier}) {
		err = &domain.Error{Kind: domain.KindForbidden, Code: "not_permitted", Rule: "C-2.7e", Message: "assignments are looked after by an administrator; ask one of your agency"}
	}
	if err != nil {
		p.kit.Refuse(w, r, err)
	}
	return err == nil
}

func chosen(r *http.Request) choice {
	if r.Method != http.MethodPost {
		return choice{status: "open"}
	}
	return choice{query: strings.TrimSpace(r.PostForm.Get("q")), staff: r.PostForm.Get("staff"), status: r.PostForm.Get("status")}
}

// reader looks in order to look after the assignments.
func reader(r *http.Request, after uint64) queries.Reader {
	reader := ui.Reader(r, "list")
	reader.Purpose, reader.After = "maintenance", after
	return reader
}

// dossiers are all of the agency's, in the order in which they were opened.
func (p *Page) dossiers(r *http.Request, after uint64) ([]dossierRow, error) {
	return ui.Rows[dossierRow](r.Context(), p.queries, reader(r, after), "dossiers")
}

// show writes the page: the results of a change if there were any, and the list.
func (p *Page) show(w http.ResponseWriter, r *http.Request, status int, c choice, ch *change, results []result, after uint64, errs []ui.FieldError) {
	words := p.kit.Printer(r)
	list, err := p.dossiers(r, after)
	var people []queries.StaffName
	if err == nil {
		people, _, err = p.queries.People(r.Context(), reader(r, 0))
	}
	if err != nil {
		p.kit.Fail(w, r, err)
		return
	}
	m := model{Query: c.query, Batch: p.newID(), All: ch.all, Results: results}
	names := map[string]string{}
	for _, s := range people {
		names[s.Staff] = s.Name
	}
	m.options(words, people, c, ch)
	n := 0
	for i := range list {
		d := &list[i]
		if !c.takes(d) {
			continue
		}
		if n++; n <= most {
			m.Rows = append(m.Rows, newRow(words, d, names, ch))
		}
	}
	m.Count = words.N("caseload.count", n)
	if n > most {
		m.More = words.T("assignments.more", "n", nl.Count(most, words.Lang))
	}
	if len(results) > 0 {
		m.Done = words.N("assignments.done", done(results))
	}
	p.kit.Render(w, r, status, tmpl, ui.Frame{Title: words.T("menu.assignments"), Section: "assignments", Errors: errs, Data: m})
}

func newRow(p *i18n.Printer, d *dossierRow, names map[string]string, ch *change) row {
	x := row{Dossier: d.Dossier, Number: d.number(), Status: p.Code("status", d.Status), Nobody: len(d.Assigned) == 0, Ticked: slices.Contains(ch.dossiers, d.Dossier)}
	if d.Status == "open" {
		x.Class = "open"
	}
	var who []string
	for _, id := range d.Assigned {
		name := names[id]
		if name == "" {
			name = p.T("actor.someone")
		}
		who = append(who, name)
	}
	x.Assigned = p.Join(who)
	return x
}

// workers are the roles that can guide or work with a dossier (catalogue §5).
var workers = []string{"coach", "administration"}

func (m *model) options(p *i18n.Printer, people []queries.StaffName, c choice, ch *change) {
	m.Staff = []ui.Option{{Label: p.T("seen.everybody")}, {Value: nobody, Label: p.T("caseload.none.assigned"), Selected: c.staff == nobody}}
	m.From, m.To = []ui.Option{{Label: p.T("assignments.choose")}}, []ui.Option{{Label: p.T("assignments.choose")}}
	for _, s := range people {
		m.Staff = append(m.Staff, ui.Option{Value: s.Staff, Label: s.Name, Selected: c.staff == s.Staff})
		m.From = append(m.From, ui.Option{Value: s.Staff, Label: s.Name, Selected: ch.from == s.Staff})
		if slices.ContainsFunc(s.Roles, func(role string) bool { return slices.Contains(workers, role) }) {
			m.To = append(m.To, ui.Option{Value: s.Staff, Label: s.Name, Selected: ch.to == s.Staff})
		}
	}
	m.Status = []ui.Option{{Label: p.T("seen.all")}}
	for _, code := range []string{"open", "guidance_ended", "declined", "partly_destroyed"} {
		m.Status = append(m.Status, ui.Option{Value: code, Label: p.Code("status", code), Selected: c.status == code})
	}
	for _, do := range []string{"assign", "unassign", "handover"} {
		m.Do = append(m.Do, ui.Option{Value: do, Label: p.T("assignments.do." + do), Selected: ch.do == do})
	}
	for _, code := range []string{"responsible", "co", "replacement"} {
		m.Caps = append(m.Caps, ui.Option{Value: code, Label: p.Code("capacity", code), Selected: ch.capacity == code})
	}
}
