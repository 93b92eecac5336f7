// Package errorpage says what went wrong, on what it rests, and what to do next.
package errorpage

import (
	"embed"
	"net/http"
	"strconv"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/auth"
	"github.com/casefile-engine/casefile/handlers/web/ui"
)

//go:embed page.html
var files embed.FS

// Page renders errors.
type Page struct {
	kit *ui.Kit
}

var tmpl = ui.Parse(files)

// New makes the page.
func New(k *ui.Kit) *Page { return &Page{kit: k} }

type model struct {
	ui.Message
	Again string // where to try again; "" when that makes no sense
	// Nothing is said when a look could not be recorded: nothing was shown.
	Nothing bool
	// Else is said when this is not for who is signed in: where he may go.
	Else bool
}

// Serve writes the page for err. Who is signed in is asked for the frame's
// sake where no page has done so before.
func (p *Page) Serve(w http.ResponseWriter, r *http.Request, err error) {
	words := p.kit.Printer(r)
	m := model{Message: p.kit.Explain(words, err)}
	if m.Status >= 500 {
		p.kit.Log.Error("a page failed", "code", m.Code, "err", domain.AsError(err).Cause)
	}
	m.Else = m.Status == http.StatusForbidden
	m.Nothing = m.Status == http.StatusServiceUnavailable
	if m.Retry && r.Method == http.MethodGet {
		m.Again = r.URL.RequestURI()
	}
	if m.Retry {
		w.Header().Set("Retry-After", "2")
	}
	if wait, ok := auth.Wait(err); ok {
		w.Header().Set("Retry-After", strconv.Itoa(int(wait.Seconds())+1))
	}
	title := "error.title." + strconv.Itoa(m.Status)
	if !words.Has(title) {
		title = "error.title.500"
	}
	p.kit.Render(w, r, m.Status, tmpl, ui.Frame{Title: words.T(title), Data: m})
}

// NotFound answers what no page is at.
func (p *Page) NotFound(w http.ResponseWriter, r *http.Request) {
	p.Serve(w, r, &domain.Error{Kind: domain.KindNotFound, Code: "unknown_path", Rule: "", Message: "there is nothing at this address"})
}

// CrossOrigin answers a form that another site's page sent.
func (p *Page) CrossOrigin(w http.ResponseWriter, r *http.Request) {
	p.Serve(w, r, &domain.Error{Kind: domain.KindForbidden, Code: "cross_origin", Rule: "C-0c", Message: "this form came from another site and was not processed"})
}
