package account

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/handlers/auth"
	"github.com/casefile-engine/casefile/handlers/web/i18n"
	"github.com/casefile-engine/casefile/handlers/web/ui"
)

// terms are for how many days a token can be given here.
var terms = []int{30, 90, 365}

func (p *Page) fillTokens(ctx context.Context, words *i18n.Printer, m *model, moment func(time.Time) string) error {
	tokens, err := p.auth.Tokens(ctx)
	if err != nil {
		return err
	}
	now := p.kit.Clock.Now()
	for _, t := range tokens {
		names := make([]string, len(t.Scopes))
		for i, s := range t.Scopes {
			names[i] = s // a command's name is a code of the catalogue, for programs
			if slices.Contains(auth.Scopes, s) {
				names[i] = words.Code("scope", s)
			}
		}
		m.Tokens = append(m.Tokens, token{t.ID, t.Name, words.Join(names), nl.LongDateTime(t.Expires, words.Lang), moment(t.Used), !t.Revoked && now.Before(t.Expires)})
	}
	if m.Scopes == nil {
		m.Scopes = scopes(words, []string{auth.ScopeRead})
	}
	if m.Terms == nil {
		m.Terms = options(words, 90)
	}
	return nil
}

func scopes(words *i18n.Printer, chosen []string) (out []choice) {
	for _, s := range auth.Scopes {
		out = append(out, choice{"scope_" + s, s, words.Code("scope", s), slices.Contains(chosen, s)})
	}
	return out
}

func options(words *i18n.Printer, chosen int) (out []ui.Option) {
	for _, d := range terms {
		out = append(out, ui.Option{Value: strconv.Itoa(d), Label: words.N("account.token.days", d), Selected: d == chosen})
	}
	return out
}

// ServeToken gives a token, which is shown this once.
func (p *Page) ServeToken(w http.ResponseWriter, r *http.Request) {
	if !p.posted(w, r) {
		return
	}
	words := p.kit.Printer(r)
	days, _ := strconv.Atoi(r.PostForm.Get("token_days"))
	name, chosen := r.PostForm.Get("token_name"), r.PostForm["scope"]
	if more := strings.Fields(r.PostForm.Get("token_commands")); len(more) > 0 {
		chosen = append(slices.Clone(chosen), more...)
	}
	var until time.Time
	if slices.Contains(terms, days) {
		until = p.kit.Clock.Now().AddDate(0, 0, days)
	}
	_, secret, err := p.auth.IssueToken(r.Context(), name, chosen, until)
	if err != nil {
		p.refuse(w, r, model{TokenName: name, Scopes: scopes(words, chosen), Terms: options(words, days)}, err)
		return
	}
	p.render(w, r, http.StatusOK, model{View: "token", Secret: secret}, nil)
}

// ServeRevoke ends a token.
func (p *Page) ServeRevoke(w http.ResponseWriter, r *http.Request) {
	if err := p.auth.RevokeToken(r.Context(), r.PathValue("token")); err != nil {
		p.refuse(w, r, model{}, err)
		return
	}
	done(w, r, "revoked")
}
