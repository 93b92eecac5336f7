package account

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/boombuler/barcode/qr"

	"github.com/casefile-engine/casefile/handlers/web/ui"
)

// ServeAddTOTP makes a secret for an app.
func (p *Page) ServeAddTOTP(w http.ResponseWriter, r *http.Request) {
	t, err := p.auth.AddTOTP(r.Context())
	if err != nil {
		p.refuse(w, r, model{}, err)
		return
	}
	http.Redirect(w, r, "/account/totp/"+t.Factor, http.StatusSeeOther)
}

// ServeTOTP shows the secret as a picture and in letters, and asks for a code.
func (p *Page) ServeTOTP(w http.ResponseWriter, r *http.Request) {
	p.totp(w, r, http.StatusOK, nil)
}

func (p *Page) totp(w http.ResponseWriter, r *http.Request, status int, errs []ui.FieldError) {
	t, err := p.auth.PendingTOTP(r.Context(), r.PathValue("factor"))
	if err != nil {
		p.refuse(w, r, model{}, err)
		return
	}
	m := model{View: "totp", Action: r.URL.Path}
	if m.QR, m.QRSize, err = picture(t.URL); err != nil {
		p.kit.Fail(w, r, err)
		return
	}
	for part := range slices.Chunk([]byte(t.Secret), 4) {
		m.Secret += string(part) + " "
	}
	m.Secret = strings.TrimSpace(m.Secret)
	p.render(w, r, status, m, errs)
}

// ServeConfirmTOTP takes the first code.
func (p *Page) ServeConfirmTOTP(w http.ResponseWriter, r *http.Request) {
	if !p.posted(w, r) {
		return
	}
	codes, err := p.auth.ConfirmTOTP(r.Context(), r.PathValue("factor"), r.PostForm.Get("code"))
	if err != nil {
		e := p.kit.Explain(p.kit.Printer(r), err)
		if e.Code != "wrong_code" && e.Code != "too_many_attempts" {
			p.refuse(w, r, model{}, err)
			return
		}
		p.totp(w, r, e.Status, []ui.FieldError{{Field: "code", Text: e.Text}})
		return
	}
	p.added(w, r, codes)
}

// added shows the recovery codes that come with the first factor.
func (p *Page) added(w http.ResponseWriter, r *http.Request, codes []string) {
	if len(codes) == 0 {
		done(w, r, "factor")
		return
	}
	p.render(w, r, http.StatusOK, model{View: "codes", Codes: codes}, nil)
}

// picture draws a QR code as one path of squares, with the white edge that
// readers want, on a grid of size by size.
func picture(text string) (path string, size int, err error) {
	c, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return "", 0, err
	}
	const edge = 4
	var b strings.Builder
	n := c.Bounds().Dx()
	for y := range n {
		for x := range n {
			if red, _, _, _ := c.At(x, y).RGBA(); red == 0 {
				fmt.Fprintf(&b, "M%d %dh1v1h-1z", x+edge, y+edge)
			}
		}
	}
	return b.String(), n + 2*edge, nil
}

// ServePasskey shows the page on which a passkey is made.
func (p *Page) ServePasskey(w http.ResponseWriter, r *http.Request) {
	p.passkey(w, r, http.StatusOK, nil)
}

func (p *Page) passkey(w http.ResponseWriter, r *http.Request, status int, errs []ui.FieldError) {
	options, err := p.auth.AddPasskey(r.Context())
	if err != nil {
		p.refuse(w, r, model{}, err)
		return
	}
	p.render(w, r, status, model{View: "passkey", Action: "/account/passkey", Options: string(options)}, errs)
}

// ServeAddPasskey takes what the browser made.
func (p *Page) ServeAddPasskey(w http.ResponseWriter, r *http.Request) {
	if !p.posted(w, r) {
		return
	}
	codes, err := p.auth.ConfirmPasskey(r.Context(), r.PostForm.Get(ui.PasskeyField))
	if err != nil {
		e := p.kit.Explain(p.kit.Printer(r), err)
		if e.Code != "wrong_passkey" && e.Code != "start_again" {
			p.refuse(w, r, model{}, err)
			return
		}
		p.passkey(w, r, e.Status, []ui.FieldError{{Text: e.Text}})
		return
	}
	p.added(w, r, codes)
}

// ServeRemove removes a factor.
func (p *Page) ServeRemove(w http.ResponseWriter, r *http.Request) {
	if err := p.auth.RemoveFactor(r.Context(), r.PathValue("factor")); err != nil {
		p.refuse(w, r, model{}, err)
		return
	}
	done(w, r, "removed")
}

// ServeRecovery gives new recovery codes.
func (p *Page) ServeRecovery(w http.ResponseWriter, r *http.Request) {
	codes, err := p.auth.RenewRecovery(r.Context())
	if err != nil {
		p.refuse(w, r, model{}, err)
		return
	}
	p.render(w, r, http.StatusOK, model{View: "codes", Codes: codes}, nil)
}

// ServeConfirm shows the page on which the second step is proved again. Any page
// may send somebody here, with where to go on in next.
func (p *Page) ServeConfirm(w http.ResponseWriter, r *http.Request) {
	next := "/account?done=confirmed"
	if q := r.URL.Query(); q.Has("next") {
		next = ui.LocalPath(q.Get("next"))
	}
	p.confirm(w, r, next, http.StatusOK, nil)
}

func (p *Page) confirm(w http.ResponseWriter, r *http.Request, next string, status int, errs []ui.FieldError) {
	id, _ := ui.IdentityOf(r)
	ways, err := p.auth.Ways(r.Context(), id)
	if err != nil {
		p.kit.Fail(w, r, err)
		return
	}
	if len(ways) == 0 { // nothing to prove: it has to be added first
		http.Redirect(w, r, "/account", http.StatusSeeOther)
		return
	}
	m := model{View: "confirm", Action: "/account/confirm", Next: next, CanCode: slices.ContainsFunc(ways, func(w string) bool { return w != "passkey" })}
	options, err := p.auth.PasskeyChallenge(r.Context())
	if err != nil {
		p.kit.Fail(w, r, err)
		return
	}
	m.Options = string(options)
	p.render(w, r, status, m, errs)
}

// ServeProve takes the second step.
func (p *Page) ServeProve(w http.ResponseWriter, r *http.Request) {
	if !p.posted(w, r) {
		return
	}
	next := ui.LocalPath(r.PostForm.Get("next"))
	proof, _ := ui.ProofOf(r)
	if err := p.auth.Reprove(r.Context(), proof); err != nil {
		e := p.kit.Explain(p.kit.Printer(r), err)
		if e.Status >= 500 {
			p.kit.Fail(w, r, err)
			return
		}
		f := p.field(r, e)
		f.Field = ui.CodeField
		if proof.Kind == "passkey" {
			f.Field = ""
		}
		p.confirm(w, r, next, e.Status, []ui.FieldError{f})
		return
	}
	http.Redirect(w, r, next, http.StatusSeeOther)
}
