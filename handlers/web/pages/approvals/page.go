// Package approvals is where whoever is named as approving something says so
// himself, or denies it (C-2.1.5b).
package approvals

import (
	"context"
	"embed"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/queries"
	"github.com/casefile-engine/casefile/handlers/web/i18n"
	"github.com/casefile-engine/casefile/handlers/web/ui"
	view "github.com/casefile-engine/casefile/projections/approvals"
)

//go:embed page.html
var files embed.FS

var tmpl = ui.Parse(files)

// Commands carries out one command.
type Commands interface {
	Execute(ctx context.Context, c commands.Caller, r commands.Request) commands.Outcome
}

// Page is the page of approvals.
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
	Pending []item
	Done    []item
}

// item is one act that names whoever reads the page. Two ids of commands, one for
// each answer.
type item struct {
	Kind, Ref, Dossier, Staff, Position string
	Confirm, Deny                       string
	What, Who, When, By, To             string
	Categories, Ground, Answer          string
}

// answer is one of the two that can be given.
type answer struct{ Code, Command, Label string }

// Answers are those that an act can be given, the one that agrees first.
func (model) Answers(i item) []answer {
	return []answer{{domain.ApprovalConfirmed, i.Confirm, "approvals.confirm"}, {domain.ApprovalDenied, i.Deny, "approvals.deny"}}
}

// mostDone is how many of one's own answers the page shows.
const mostDone = 20

// Serve shows what waits for an answer of whoever is signed in, and what he answered.
func (p *Page) Serve(w http.ResponseWriter, r *http.Request) {
	m := model{}
	if r.URL.Query().Has("saved") {
		m.Saved = p.kit.Printer(r).T("approvals.saved")
	}
	p.show(w, r, http.StatusOK, m, r.URL.Query().Get("after"), nil)
}

func (p *Page) show(w http.ResponseWriter, r *http.Request, status int, m model, after string, errs []ui.FieldError) {
	list, err := p.mine(r, after)
	names := map[string]string{}
	if err == nil && len(list) > 0 {
		var staff []queries.StaffName
		var recipients []queries.Recipient
		staff, recipients, err = p.queries.People(r.Context(), ui.Reader(r, "list"))
		for _, s := range staff {
			names[s.Staff] = s.Name
		}
		for _, x := range recipients {
			names[x.Recipient] = x.Name
		}
	}
	if err != nil {
		p.kit.Fail(w, r, err)
		return
	}
	words := p.kit.Printer(r)
	for _, x := range slices.Backward(list) {
		one := p.item(words, names, x)
		if x.State == view.StatePending {
			m.Pending = append(m.Pending, one)
		} else if len(m.Done) < mostDone {
			m.Done = append(m.Done, one)
		}
	}
	slices.Reverse(m.Pending) // what has waited longest first
	p.kit.Render(w, r, status, tmpl, ui.Frame{Title: words.T("menu.approvals"), Section: "approvals", Errors: errs, Data: m})
}

// mine are the rows of the register that name whoever is signed in.
func (p *Page) mine(r *http.Request, after string) ([]view.Row, error) {
	me, _ := ui.IdentityOf(r)
	list, err := ui.Rows[view.Row](r.Context(), p.queries, ui.After(ui.Reader(r, "list"), after), "approvals")
	return slices.DeleteFunc(list, func(x view.Row) bool { return x.Approver != me.Staff }), err
}

func (p *Page) item(words *i18n.Printer, names map[string]string, x view.Row) item {
	name := func(id string) string {
		if n := names[id]; n != "" || id == "" {
			return n
		}
		return words.T("actor.someone")
	}
	i := item{Kind: x.Kind, Ref: x.Ref, Dossier: x.Dossier, Staff: x.Staff, Position: strconv.FormatUint(x.Position, 10), Confirm: p.newID(), Deny: p.newID(),
		What: words.Code("approval_kind", x.Kind), Who: name(x.Actor), When: nl.DateTime(x.OccurredAt, words.Lang), By: name(x.Staff), To: name(x.Recipient),
		Answer: words.Code("approval_state", x.State)}
	if x.Actor == domain.Operator {
		i.Who = words.T("actor.operator")
	}
	var categories []string
	for _, c := range x.Categories {
		categories = append(categories, words.Code("category", string(c)))
	}
	i.Categories = words.Join(categories)
	if x.Ground != "" {
		i.Ground = words.Code("ground", x.Ground)
	}
	return i
}

// ServeAnswer records the answer to one of them.
func (p *Page) ServeAnswer(w http.ResponseWriter, r *http.Request) {
	if err := ui.ParseForm(w, r); err != nil {
		p.kit.Fail(w, r, err)
		return
	}
	get := func(name string) string { return strings.TrimSpace(r.PostForm.Get(name)) }
	data, name := map[string]any{"answer": get("answer")}, ""
	switch get("kind") {
	case view.KindDisclosure:
		name, data["disclosure"] = "ConfirmDisclosure", get("ref")
	case view.KindGrant:
		name, data["grant"], data["staff"] = "ConfirmGrant", get("ref"), get("staff")
	default:
		name, data["adoption"] = "ConfirmAdoption", get("ref")
	}
	raw, err := json.Marshal(data)
	if err != nil {
		p.kit.Fail(w, r, err)
		return
	}
	who, _ := ui.IdentityOf(r)
	out := p.commands.Execute(r.Context(), ui.Caller(r), commands.Request{ID: get("command"), Agency: who.Agency, Command: name, Dossier: get("dossier"), Data: raw})
	if out.Outcome == commands.Refused {
		words := p.kit.Printer(r)
		m := p.kit.ExplainOutcome(words, out)
		e := ui.FieldError{Text: m.Text, Rule: m.Rule}
		if m.Lang != words.Lang {
			e.Lang = string(m.Lang)
		}
		p.show(w, r, m.Status, model{}, "", []ui.FieldError{e})
		return
	}
	http.Redirect(w, r, "/approvals?"+url.Values{"saved": {"1"}, "after": {strconv.FormatUint(out.Position, 10)}}.Encode(), http.StatusSeeOther)
}
