package dossier

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/auth"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/policy"
	"github.com/casefile-engine/casefile/handlers/web/ui"
)

// Factor proves a second step again, and says by which ways that can be done.
type Factor interface {
	Ways(ctx context.Context, id auth.Identity) ([]string, error)
	PasskeyChallenge(ctx context.Context) (options []byte, err error)
	Reprove(ctx context.Context, p auth.Proof) error
}

// Limits says what the regulation in force allows in an emergency.
type Limits interface {
	GlassLimit(ctx context.Context, agency string) (minutes int, err error)
}

// denied is why somebody does not see a dossier, and what he can do about it.
type denied struct {
	ui.Message
	Glass    *glass
	Purposes []ui.Option
	Replay   bool // the facts without contents are open
}

// glass is the form with which somebody looks in an emergency (catalogue §5).
// Its ids come back with it, so that sending it twice breaks the glass once.
type glass struct {
	ID, Command     string
	Reason, Minutes string
	Most            int
	Open            bool // unfolded, because something was typed
	// Factor: the second step has to be proved along with it, by a code or, with
	// Options, a passkey. Without a way there is none: it has to be added first.
	Factor, Code bool
	Options      string
	Script       string
}

// suggested is how many minutes the form proposes: enough to read what an
// emergency asks for.
const suggested = 30

// purposes are those for which people look; the others are the engine's own.
var purposes = []string{"guidance", "absence", "rights_request", "complaint", "incident", "audit", "subsidy", "invoicing"}

// fail explains why the dossier is not shown. Who has nothing to do with it gets
// the ways to it; that answer is the same for a dossier that is not there.
func (p *Page) fail(w http.ResponseWriter, r *http.Request, err error) {
	m := p.kit.Explain(p.kit.Printer(r), err)
	if m.Code != "not_assigned" {
		p.kit.Fail(w, r, err)
		return
	}
	p.deny(w, r, m, m.Status, nil, nil)
}

func (p *Page) deny(w http.ResponseWriter, r *http.Request, m ui.Message, status int, g *glass, errs []ui.FieldError) {
	words := p.kit.Printer(r)
	d := &denied{Message: m, Replay: p.kit.MayReplay(r)}
	for _, c := range purposes {
		d.Purposes = append(d.Purposes, ui.Option{Value: c, Label: sentence(words.Code("purpose", c)), Selected: c == purposeOf(r)})
	}
	most := p.mayBreak(r)
	if most > 0 {
		if g == nil {
			g = &glass{ID: p.newID(), Command: p.newID(), Minutes: strconv.Itoa(min(suggested, most))}
		}
		g.Most, d.Glass = most, g
		if err := p.factor(r, g); err != nil {
			p.kit.Fail(w, r, err)
			return
		}
	}
	for i, e := range errs {
		if e.Field == ui.CodeField && (g == nil || !g.Code) {
			errs[i].Field = "" // there is no field to point to
		}
	}
	p.render(w, r, status, &model{Denied: d}, errs)
}

// mayBreak gives for how many minutes who is signed in may look in an emergency,
// once he has proved his second step; 0 when that is not for him.
func (p *Page) mayBreak(r *http.Request) int {
	id, _ := ui.IdentityOf(r)
	if p.limits == nil || p.kit.Rights == nil {
		return 0
	}
	c := ui.Caller(r)
	c.FactorAt = p.kit.Clock.Now()
	list, err := p.kit.Rights.Authorise(r.Context(), c, id.Agency, commands.Question{Action: "BreakGlass", Of: policy.OfDossier, Dossier: r.PathValue("dossier")})
	if err != nil || !list[0].Allowed {
		return 0
	}
	most, err := p.limits.GlassLimit(r.Context(), id.Agency)
	if err != nil {
		return 0
	}
	return most
}

// factor fills in whether the second step has to be proved along, and how.
func (p *Page) factor(r *http.Request, g *glass) error {
	id, _ := ui.IdentityOf(r)
	// A minute is left for filling in the form.
	if now := p.kit.Clock.Now(); !id.FactorAt.IsZero() && now.Sub(id.FactorAt) < commands.FactorFresh*4/5 {
		return nil
	}
	g.Factor = true
	ways, err := p.factors.Ways(r.Context(), id)
	if err != nil || len(ways) == 0 {
		return err
	}
	g.Code = slices.ContainsFunc(ways, func(w string) bool { return w != "passkey" })
	options, err := p.factors.PasskeyChallenge(r.Context())
	g.Options, g.Script = string(options), p.kit.Assets.URL("passkey.js")
	return err
}

// ServeGlass breaks the glass: a look in an emergency, with a reason, for a short
// time, on record, and reviewed afterwards. What was typed comes back when
// something is wrong with it.
func (p *Page) ServeGlass(w http.ResponseWriter, r *http.Request) {
	if err := ui.ParseForm(w, r); err != nil {
		p.kit.Fail(w, r, err)
		return
	}
	get := func(name string) string { return strings.TrimSpace(r.PostForm.Get(name)) }
	g := &glass{ID: get("glass"), Command: get("command"), Reason: strings.ReplaceAll(get("reason"), "\r\n", "\n"), Minutes: get("minutes"), Open: true}
	if errs := p.checkGlass(r, g); errs != nil {
		p.denyAgain(w, r, g, http.StatusBadRequest, errs)
		return
	}
	caller := ui.Caller(r)
	if proof, ok := ui.ProofOf(r); ok {
		at, err := p.prove(r, proof)
		if err != nil {
			m := p.kit.Explain(p.kit.Printer(r), err)
			p.denyAgain(w, r, g, m.Status, []ui.FieldError{{Field: ui.CodeField, Text: m.Text}})
			return
		}
		caller = at
	}
	minutes, _ := strconv.Atoi(g.Minutes) // checked
	raw, err := json.Marshal(map[string]any{"glass": g.ID, "reason": g.Reason, "minutes": minutes})
	if err != nil {
		p.kit.Fail(w, r, err)
		return
	}
	dossier := r.PathValue("dossier")
	out := p.commands.Execute(r.Context(), caller, commands.Request{ID: g.Command, Agency: caller.Agency, Command: "BreakGlass", Dossier: dossier, Data: raw})
	if out.Outcome != commands.Refused {
		http.Redirect(w, r, "/dossiers/"+dossier+"?after="+strconv.FormatUint(out.Position, 10), http.StatusSeeOther)
		return
	}
	m := p.kit.ExplainOutcome(p.kit.Printer(r), out)
	field := map[string]string{"second_factor_needed": ui.CodeField, "reason_missing": "reason", "glass_too_long": "minutes"}[m.Code]
	p.denyAgain(w, r, g, m.Status, []ui.FieldError{{Field: field, Text: m.Text, Rule: m.Rule}})
}

// prove proves the second step and gives the caller with its new time.
func (p *Page) prove(r *http.Request, proof auth.Proof) (commands.Caller, error) {
	c := ui.Caller(r)
	if err := p.factors.Reprove(r.Context(), proof); err != nil {
		return c, err
	}
	id, ok, err := p.kit.SignIn.Current(r.Context())
	if err == nil && !ok {
		err = auth.ErrSignedOut
	}
	c.FactorAt = id.FactorAt
	return c, err
}

func (p *Page) checkGlass(r *http.Request, g *glass) (errs []ui.FieldError) {
	words := p.kit.Printer(r)
	switch {
	case g.Reason == "":
		errs = append(errs, ui.FieldError{Field: "reason", Text: words.T("code.reason_missing")})
	case !utf8.ValidString(g.Reason):
		errs = append(errs, ui.FieldError{Field: "reason", Text: words.T("form.text.invalid")})
	}
	if n, ok := whole(g.Minutes); !ok || n < 1 {
		errs = append(errs, ui.FieldError{Field: "minutes", Text: words.T("glass.minutes.wrong")})
	}
	return errs
}

// denyAgain shows the form with what was typed and what is wrong with it.
func (p *Page) denyAgain(w http.ResponseWriter, r *http.Request, g *glass, status int, errs []ui.FieldError) {
	var why error = &domain.Error{Kind: domain.KindForbidden, Code: "not_assigned", Rule: "C-0d", Message: "this dossier is not assigned to you"}
	id, _ := ui.IdentityOf(r)
	list, err := p.kit.Rights.Authorise(r.Context(), ui.Caller(r), id.Agency, commands.Question{
		Action: "view", Of: policy.OfDossier, Dossier: r.PathValue("dossier"), Purpose: "guidance", Categories: []domain.Category{domain.CatContact}})
	if err == nil && !list[0].Allowed {
		why = list[0].Err // by the agency's own article
	}
	p.deny(w, r, p.kit.Explain(p.kit.Printer(r), why), status, g, errs)
}
