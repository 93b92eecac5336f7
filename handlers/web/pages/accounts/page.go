// Package accounts is the page on which an administrator lets members of staff
// in: who has an account, and one-time links with which people open theirs. He
// grants and cannot read; nobody grants to himself (C-2.7e).
package accounts

import (
	"context"
	"embed"
	"net/http"
	"slices"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/handlers/auth"
	"github.com/casefile-engine/casefile/handlers/queries"
	"github.com/casefile-engine/casefile/handlers/web/ui"
)

//go:embed page.html
var files embed.FS

var tmpl = ui.Parse(files)

// Staff says what the stream knows of members of staff; *commands.Handler does.
type Staff interface {
	RolesOf(ctx context.Context, agency, staff string) ([]string, error)
	ActiveStaff(ctx context.Context, agency, staff string) (bool, error)
}

// Queries opens the names of an agency's staff, once the look is on record.
type Queries interface {
	People(ctx context.Context, r queries.Reader) ([]queries.StaffName, []queries.Recipient, error)
}

// Auth is what the page needs of handlers/auth.
type Auth interface {
	Accounts(ctx context.Context, agency string) (map[string]auth.Account, error)
	Invite(ctx context.Context, actor, agency, staff string) (secret string, until time.Time, err error)
	LinkSubject(ctx context.Context, actor, agency, staff, subject string) error
	ProviderAgencies() []string
	URL() string
}

// Page is the page of accounts.
type Page struct {
	kit     *ui.Kit
	auth    Auth
	queries Queries
	staff   Staff
}

// New makes the page.
func New(k *ui.Kit, a Auth, q Queries, s Staff) *Page { return &Page{k, a, q, s} }

// Administers tells whether somebody may look after the accounts of his agency.
func (p *Page) Administers(ctx context.Context, id auth.Identity) (bool, error) {
	if p.staff == nil {
		return false, nil
	}
	roles, err := p.staff.RolesOf(ctx, id.Agency, id.Staff)
	return slices.Contains(roles, "administrator"), err
}

var errNotAdministrator = &domain.Error{Kind: domain.KindForbidden, Code: "not_administrator", Rule: "C-2.7e",
	Message: "accounts are looked after by an administrator; ask one of your agency"}

// allowed tells whether who is signed in may be here; when it gives false the
// answer is written.
func (p *Page) allowed(w http.ResponseWriter, r *http.Request) (auth.Identity, bool) {
	id, _ := ui.IdentityOf(r)
	ok, err := p.Administers(r.Context(), id)
	if err == nil && !ok {
		err = errNotAdministrator
	}
	if err != nil {
		p.kit.Refuse(w, r, err)
		return id, false
	}
	return id, true
}

type model struct {
	Link, Until string // of an invitation made just now
	For         string // whose it is
	Done        string
	Provider    bool
	Rows        []row
}

type row struct {
	Staff, Name, Roles, State, Class string
	Factor, Linked                   string
	Mine, Invitable, Open            bool
}

// Serve lists the accounts.
func (p *Page) Serve(w http.ResponseWriter, r *http.Request) {
	id, ok := p.allowed(w, r)
	if !ok {
		return
	}
	m := model{}
	if r.URL.Query().Has("linked") {
		m.Done = p.kit.Printer(r).T("accounts.linked.done")
	}
	p.list(w, r, id, http.StatusOK, m, nil)
}

func (p *Page) list(w http.ResponseWriter, r *http.Request, id auth.Identity, status int, m model, errs []ui.FieldError) {
	words := p.kit.Printer(r)
	reader := ui.Reader(r, "list")
	reader.Purpose = "maintenance"
	people, _, err := p.queries.People(r.Context(), reader)
	if err != nil {
		p.kit.Fail(w, r, err)
		return
	}
	accounts, err := p.auth.Accounts(r.Context(), id.Agency)
	if err != nil {
		p.kit.Fail(w, r, err)
		return
	}
	m.Provider = slices.Contains(p.auth.ProviderAgencies(), id.Agency)
	yes := map[bool]string{true: words.T("accounts.yes"), false: words.T("accounts.no")}
	for _, x := range people {
		active, err := p.staff.ActiveStaff(r.Context(), id.Agency, x.Staff)
		if err != nil {
			p.kit.Fail(w, r, err)
			return
		}
		a := accounts[x.Staff]
		t := row{Staff: x.Staff, Name: x.Name, Roles: words.Codes("role", x.Roles), Factor: yes[a.Factor], Linked: yes[a.Linked], Mine: x.Staff == id.Staff, Open: a.Open}
		t.Invitable = active && !t.Mine
		state := "none"
		switch {
		case !active:
			state = "ended"
		case !a.Invited.IsZero():
			state, t.Class = "invited", "warn"
		case a.Open:
			state, t.Class = "active", "open"
		}
		t.State = words.T("accounts.state." + state)
		if m.For == x.Staff {
			m.For = x.Name
		}
		m.Rows = append(m.Rows, t)
	}
	p.kit.Render(w, r, status, tmpl, ui.Frame{Title: words.T("accounts.title"), Section: "account", Errors: errs, Data: m})
}

// ServeInvite makes a link and shows it, this once.
func (p *Page) ServeInvite(w http.ResponseWriter, r *http.Request) {
	id, staff, ok := p.posted(w, r)
	if !ok {
		return
	}
	secret, until, err := p.auth.Invite(r.Context(), id.Staff, id.Agency, staff)
	if err != nil {
		p.refuse(w, r, id, err)
		return
	}
	p.list(w, r, id, http.StatusOK, model{Link: p.auth.URL() + "/invite/" + secret, Until: nl.LongDateTime(until, p.kit.Printer(r).Lang), For: staff}, nil)
}

// ServeLink ties an account to a subject at the agency's identity provider.
func (p *Page) ServeLink(w http.ResponseWriter, r *http.Request) {
	id, staff, ok := p.posted(w, r)
	if !ok {
		return
	}
	if err := p.auth.LinkSubject(r.Context(), id.Staff, id.Agency, staff, r.PostForm.Get("subject_"+staff)); err != nil {
		p.refuse(w, r, id, err)
		return
	}
	http.Redirect(w, r, "/accounts?linked", http.StatusSeeOther)
}

// posted is who acts on which member of staff of his own agency.
func (p *Page) posted(w http.ResponseWriter, r *http.Request) (id auth.Identity, staff string, ok bool) {
	if id, ok = p.allowed(w, r); !ok {
		return id, "", false
	}
	if err := ui.ParseForm(w, r); err != nil {
		p.kit.Fail(w, r, err)
		return id, "", false
	}
	staff, err := domain.ParseID("staff", r.PathValue("staff"))
	var active bool
	if err == nil {
		active, err = p.staff.ActiveStaff(r.Context(), id.Agency, staff)
	}
	if err == nil && !active {
		err = &domain.Error{Kind: domain.KindNotFound, Code: "unknown_staff", Rule: "C-2.7e", Message: "there is no such member of staff here, or he has left; compare the list"}
	}
	if err != nil {
		p.kit.Fail(w, r, err)
		return id, "", false
	}
	return id, staff, true
}

func (p *Page) refuse(w http.ResponseWriter, r *http.Request, id auth.Identity, err error) {
	e := p.kit.Explain(p.kit.Printer(r), err)
	if e.Status >= 500 {
		p.kit.Fail(w, r, err)
		return
	}
	p.kit.RecordRefusal(r, err)
	p.list(w, r, id, e.Status, model{}, []ui.FieldError{{Text: e.Text, Rule: e.Rule}})
}
