// Package account is the page on which people look after their own account:
// password, second step, recovery codes, tokens for programs, and sessions
// (C-0c, S-Bev2).
package account

import (
	"context"
	"embed"
	"net/http"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/handlers/auth"
	"github.com/casefile-engine/casefile/handlers/web/ui"
)

//go:embed *.html
var files embed.FS

var tmpl = ui.Parse(files)

// Auth is what the page needs of handlers/auth.
type Auth interface {
	Factors(ctx context.Context) ([]auth.Factor, int, error)
	Ways(ctx context.Context, id auth.Identity) ([]string, error)
	AddTOTP(ctx context.Context) (auth.TOTP, error)
	PendingTOTP(ctx context.Context, factor string) (auth.TOTP, error)
	ConfirmTOTP(ctx context.Context, factor, code string) ([]string, error)
	Passkeys() bool
	AddPasskey(ctx context.Context) ([]byte, error)
	ConfirmPasskey(ctx context.Context, answer string) ([]string, error)
	PasskeyChallenge(ctx context.Context) ([]byte, error)
	RemoveFactor(ctx context.Context, factor string) error
	RenewRecovery(ctx context.Context) ([]string, error)
	Reprove(ctx context.Context, p auth.Proof) error
	Tokens(ctx context.Context) ([]auth.Token, error)
	IssueToken(ctx context.Context, name string, scopes []string, until time.Time) (auth.Token, string, error)
	RevokeToken(ctx context.Context, token string) error
	Sessions(ctx context.Context) ([]auth.Session, error)
	EndSession(ctx context.Context, session string) error
	ChangePassword(ctx context.Context, old, fresh, address string) error
}

// Page is the account page and those that lead from it.
type Page struct {
	kit  *ui.Kit
	auth Auth
	// administers tells whether who is signed in may look after other accounts.
	administers func(ctx context.Context, id auth.Identity) (bool, error)
}

// New makes the page.
func New(k *ui.Kit, a Auth, administers func(ctx context.Context, id auth.Identity) (bool, error)) *Page {
	return &Page{k, a, administers}
}

type model struct {
	View          string // "", totp, passkey, codes, token, confirm
	Enrol         bool
	Done          string // what was done just now, in words
	Factors       []factor
	Recovery      int
	CanPasskey    bool
	Tokens        []token
	Sessions      []session
	Others        bool // there are other sessions
	Scopes        []choice
	Terms         []ui.Option
	TokenName     string
	Administrator bool

	Action, Next, Script, Options, Secret, QR string
	QRSize                                    int
	Codes                                     []string
	CanCode                                   bool
}

type factor struct{ ID, Kind, Created, Used string }

type token struct {
	ID, Name, Scopes, Until, Used string
	Open                          bool
}

type session struct {
	ID, Started, Seen string
	Current           bool
}

type choice struct {
	ID, Value, Label string
	Checked          bool
}

// Serve shows the account.
func (p *Page) Serve(w http.ResponseWriter, r *http.Request) {
	m := model{}
	if done := r.URL.Query().Get("done"); doneWords[done] {
		m.Done = p.kit.Printer(r).T("account.done." + done)
	}
	p.overview(w, r, http.StatusOK, m, nil)
}

// doneWords are the things that can have been done.
var doneWords = map[string]bool{"factor": true, "removed": true, "revoked": true, "ended": true, "password": true, "confirmed": true}

func (p *Page) overview(w http.ResponseWriter, r *http.Request, status int, m model, errs []ui.FieldError) {
	if err := p.fill(r, &m); err != nil {
		p.kit.Fail(w, r, err)
		return
	}
	p.render(w, r, status, m, errs)
}

func (p *Page) fill(r *http.Request, m *model) error {
	ctx, words := r.Context(), p.kit.Printer(r)
	id, _ := ui.IdentityOf(r)
	m.Enrol, m.CanPasskey = id.Enrol, p.auth.Passkeys()
	moment := func(t time.Time) string {
		if t.IsZero() {
			return words.T("account.never")
		}
		return nl.LongDateTime(t, words.Lang)
	}
	factors, left, err := p.auth.Factors(ctx)
	if err != nil {
		return err
	}
	m.Recovery = left
	for _, f := range factors {
		m.Factors = append(m.Factors, factor{f.ID, words.Code("factor", f.Kind), moment(f.Created), moment(f.Used)})
	}
	sessions, err := p.auth.Sessions(ctx)
	if err != nil {
		return err
	}
	for _, s := range sessions {
		m.Sessions = append(m.Sessions, session{s.ID, moment(s.Started), moment(s.Seen), s.Current})
	}
	m.Others = len(sessions) > 1
	if err := p.fillTokens(ctx, words, m, moment); err != nil {
		return err
	}
	m.Administrator, err = p.administers(ctx, id)
	return err
}

// refuse shows the account with what went wrong, or the page on which the second
// step is proved again when that is what is needed.
func (p *Page) refuse(w http.ResponseWriter, r *http.Request, m model, err error) {
	e := p.kit.Explain(p.kit.Printer(r), err)
	switch {
	case e.Code == auth.CodeProveAgain:
		http.Redirect(w, r, "/account/confirm", http.StatusSeeOther)
	case e.Status >= 500 || domain.AsError(err).Code == auth.ErrSignedOut.Code:
		p.kit.Fail(w, r, err)
	default:
		p.overview(w, r, e.Status, m, []ui.FieldError{p.field(r, e)})
	}
}

// field says at which field of these pages something is wrong.
func (p *Page) field(r *http.Request, e ui.Message) ui.FieldError {
	f := ui.FieldError{Text: e.Text}
	if id, ok := fieldIDs[e.Field]; ok {
		f.Field = id
	}
	if e.Lang != p.kit.Printer(r).Lang {
		f.Lang = string(e.Lang)
	}
	return f
}

// fieldIDs are the fields of these pages by what an error calls them.
var fieldIDs = map[string]string{"old": "old", "password": "new", "name": "token_name", "until": "token_days"}

func (p *Page) render(w http.ResponseWriter, r *http.Request, status int, m model, errs []ui.FieldError) {
	title := "account.title"
	if m.View != "" {
		title = "account." + m.View + ".title"
	}
	m.Script = p.kit.Assets.URL("passkey.js")
	p.kit.Render(w, r, status, tmpl, ui.Frame{Title: p.kit.Printer(r).T(title), Section: "account", Errors: errs, Data: m})
}

// posted reads the form; when it gives false the answer is written.
func (p *Page) posted(w http.ResponseWriter, r *http.Request) bool {
	if err := ui.ParseForm(w, r); err != nil {
		p.kit.Fail(w, r, err)
		return false
	}
	return true
}

func done(w http.ResponseWriter, r *http.Request, what string) {
	http.Redirect(w, r, "/account?done="+what, http.StatusSeeOther)
}

// ServePassword changes the password.
func (p *Page) ServePassword(w http.ResponseWriter, r *http.Request) {
	if !p.posted(w, r) {
		return
	}
	if err := p.auth.ChangePassword(r.Context(), r.PostForm.Get("old"), r.PostForm.Get("new"), r.RemoteAddr); err != nil {
		p.refuse(w, r, model{}, err)
		return
	}
	done(w, r, "password")
}

// ServeEnd ends one session, or all others.
func (p *Page) ServeEnd(w http.ResponseWriter, r *http.Request) {
	if !p.posted(w, r) {
		return
	}
	if err := p.auth.EndSession(r.Context(), r.PostForm.Get("session")); err != nil {
		p.refuse(w, r, model{}, err)
		return
	}
	done(w, r, "ended")
}
