// Package ui is what all pages share: the frame around them, the words, the
// form fields with their errors, and who is signed in.
package ui

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/handlers/api"
	"github.com/casefile-engine/casefile/handlers/auth"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/queries"
	"github.com/casefile-engine/casefile/handlers/web/i18n"
	"github.com/casefile-engine/casefile/handlers/web/static"
	"github.com/casefile-engine/casefile/internal/clock"
)

//go:embed *.html
var shared embed.FS

// SignIn is what all pages need of handlers/auth.
type SignIn interface {
	Current(ctx context.Context) (auth.Identity, bool, error)
	Begin(ctx context.Context, name, password, address string) (id auth.Identity, second bool, err error)
	Confirm(ctx context.Context, p auth.Proof) (auth.Identity, error)
	End(ctx context.Context) error
}

// Kit renders pages. It is made once and only read afterwards.
type Kit struct {
	Words  i18n.Bundle
	Assets *static.Assets
	SignIn SignIn
	Rights Rights // nil: nobody may do anything but what each page lets him
	// Refusals puts on record what a page itself keeps somebody from; nil: nothing
	// does, in tests.
	Refusals Refusals
	Clock    clock.Clock
	Log      *slog.Logger
	HTTPS    bool // cookies travel by https alone
	// Integrity tells what the guard knows of the stream; nil: nobody guards it.
	Integrity func(ctx context.Context) Integrity
	// Fail renders an error page; Ask renders the sign-in page in place of the
	// page that was asked for, keeping what was posted, and AskSecond the page for
	// its second step. They are pages of their own and are put in when the pages
	// are assembled.
	Fail      func(w http.ResponseWriter, r *http.Request, err error)
	Ask       func(w http.ResponseWriter, r *http.Request, status int, err error)
	AskSecond func(w http.ResponseWriter, r *http.Request, status int, err error)
}

// Frame is what every page shows around its own content, and its words.
type Frame struct {
	*i18n.Printer
	Title    string
	Agency   string
	SignedIn bool
	Section  string // which entry of the menu this is
	Menu     []Entry
	Roles    string // in words; "" when there are none
	Finds    bool   // there is something to search
	Langs    []LangLink
	CSS, JS  string
	Icon     string
	Alarm    *alarm       // above all else while something is wrong with the stream
	Errors   []FieldError // shown above the form
	Data     any
}

// LangLink switches the language.
type LangLink struct {
	Lang    nl.Lang
	Name    string
	URL     string
	Current bool
}

// Parse makes a page's template of the frame and the page's own files.
func Parse(files fs.FS) *template.Template {
	t := template.Must(template.New("frame").Funcs(template.FuncMap{"field": newField, "icon": iconPath, "args": func(v ...any) []any { return v }}).ParseFS(shared, "*.html"))
	return template.Must(t.ParseFS(files, "*.html"))
}

// Render writes a page. It is built whole before the first byte is sent, so
// that a failing template never leaves half a page.
func (k *Kit) Render(w http.ResponseWriter, r *http.Request, status int, t *template.Template, f Frame) {
	id, _ := IdentityOf(r)
	f.Printer = k.Printer(r)
	f.Agency, f.SignedIn = id.Agency, id.Staff != ""
	if f.Menu == nil {
		f.Menu = k.Menu(r, f.Printer, f.Section)
	}
	f.Finds = k.May(r, places[0].ask...)
	f.Roles = f.Codes("role", k.Roles(r))
	if f.SignedIn {
		f.Alarm = k.alarm(r, id.Agency)
	}
	f.CSS, f.JS, f.Icon = k.Assets.URL("casefile.css"), k.Assets.URL("casefile.js"), k.Assets.URL("icon.svg")
	for _, l := range i18n.Langs {
		f.Langs = append(f.Langs, LangLink{Lang: l, Name: l.Pick("Nederlands", "English"), URL: k.langURL(r, l), Current: l == f.Lang})
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "frame.html", f); err != nil {
		k.Log.Error("a page could not be rendered", "err", err)
		http.Error(w, "the page could not be made; look in the log", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	w.Write(b.Bytes()) //nolint:errcheck // nobody is left to tell
}

// langCookie is the name of the cookie that keeps the language.
func (k *Kit) langCookie() string {
	if k.HTTPS {
		return "__Host-casefile-lang"
	}
	return "casefile-lang"
}

// Printer has the words in the language of the cookie; Dutch first.
func (k *Kit) Printer(r *http.Request) *i18n.Printer {
	if c, err := r.Cookie(k.langCookie()); err == nil {
		return k.Words.For(c.Value)
	}
	return k.Words.For("")
}

// langURL switches the language and comes back to the page that can be got by
// address; a page that followed a post comes back to the page around its form.
func (k *Kit) langURL(r *http.Request, l nl.Lang) string {
	path := r.URL.Path
	switch {
	case r.Method != http.MethodGet:
		path = around(path)
	case strings.HasPrefix(path, "/registers/") || path == "/overviews" || path == "/replay" || strings.HasPrefix(path, "/replay/") || strings.HasPrefix(path, "/dossiers/"):
		path = r.URL.RequestURI() // what was chosen is kept; it holds codes, dates and ids
	}
	return "/language?" + url.Values{"to": {string(l)}, "back": {path}}.Encode()
}

// around is the page around the form that is sent to path.
func around(path string) string {
	switch {
	case strings.HasPrefix(path, "/accounts/"):
		return "/accounts"
	case strings.HasPrefix(path, "/reviews/"):
		return "/reviews"
	case path == "/assignments/change":
		return "/assignments"
	case path == "/approvals/answer":
		return "/approvals"
	case strings.HasPrefix(path, "/account/") && path != "/account/passkey" && path != "/account/confirm" && !strings.HasPrefix(path, "/account/totp/"):
		return "/account"
	}
	return strings.TrimSuffix(strings.TrimSuffix(path, "/conversation"), "/glass")
}

// ServeLanguage keeps the language chosen and goes back.
func (k *Kit) ServeLanguage(w http.ResponseWriter, r *http.Request) {
	p := k.Words.For(r.URL.Query().Get("to"))
	http.SetCookie(w, &http.Cookie{Name: k.langCookie(), Value: string(p.Lang), Path: "/", MaxAge: 365 * 24 * 3600, Secure: k.HTTPS, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	http.Redirect(w, r, LocalPath(r.URL.Query().Get("back")), http.StatusSeeOther)
}

// LocalPath gives path when it is a path of this site, and the start otherwise,
// so that no link can send people elsewhere.
func LocalPath(path string) string {
	u, err := url.Parse(path)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n\t") {
		return "/"
	}
	return path
}

// Message is an error in the reader's language, with what it rests on. Text is
// in English when there is no Dutch for the code yet, and Lang says so.
type Message struct {
	Status int
	Code   string
	Text   string
	Lang   nl.Lang
	Rule   string // in words
	Field  string
	Retry  bool
}

// Explain makes words of an error. What is no *domain.Error is an internal one.
func (k *Kit) Explain(p *i18n.Printer, err error) Message {
	problem := api.FromError(err)
	m := explain(p, problem.Code, problem.Rule, problem.Field, problem.Detail)
	m.Status = problem.Status
	m.Retry = m.Status == http.StatusServiceUnavailable || m.Status == http.StatusConflict
	return m
}

// ExplainOutcome makes words of a refused command.
func (k *Kit) ExplainOutcome(p *i18n.Printer, o commands.Outcome) Message {
	m := explain(p, o.Code, o.Rule, o.Field, o.Message)
	m.Status, m.Retry = api.StatusOf(o.Kind), o.Retry
	return m
}

func explain(p *i18n.Printer, code, rule, field, english string) Message {
	m := Message{Code: code, Field: field, Text: english, Lang: nl.English}
	if rule != "" {
		m.Rule = p.Rule(rule)
	}
	if key := "code." + code; p.Has(key) {
		m.Text, m.Lang = p.T(key), p.Lang
	}
	return m
}

// Reader is the signed-in person looking, for the guidance of clients.
func Reader(r *http.Request, action string) queries.Reader {
	id, _ := IdentityOf(r)
	return queries.Reader{Caller: Caller(r), Agency: id.Agency, Purpose: "guidance", Action: action}
}

// Caller is the signed-in person acting.
func Caller(r *http.Request) commands.Caller {
	id, _ := IdentityOf(r)
	return commands.Caller{Door: commands.DoorWeb, Agency: id.Agency, Staff: id.Staff, TraceParent: r.Header.Get("traceparent"), FactorAt: id.FactorAt}
}

// MaxForm is the most bytes of a posted form.
const MaxForm = 1 << 20

// ParseForm reads a posted form within MaxForm.
func ParseForm(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, MaxForm)
	if err := r.ParseForm(); err != nil {
		var big *http.MaxBytesError
		if errors.As(err, &big) {
			return &domain.Error{Kind: domain.KindInvalid, Code: "too_large", Rule: domain.RuleForm, Message: "what was sent is over the limit of 1 MiB; shorten it"}
		}
		return domain.Invalid("invalid_form", "", "the form could not be read; open the page again")
	}
	return nil
}
