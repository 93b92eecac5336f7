// Package start is where somebody begins for whom no other page is the obvious
// one: it says what he may do here, and what to do when that is nothing yet.
package start

import (
	"embed"
	"net/http"

	"github.com/casefile-engine/casefile/handlers/web/ui"
)

//go:embed page.html
var files embed.FS

var tmpl = ui.Parse(files)

// Page is the page.
type Page struct{ kit *ui.Kit }

// New makes the page.
func New(k *ui.Kit) *Page { return &Page{k} }

// Serve shows what one may do.
func (p *Page) Serve(w http.ResponseWriter, r *http.Request) {
	p.kit.Render(w, r, http.StatusOK, tmpl, ui.Frame{Title: p.kit.Printer(r).T("start.title"), Section: "start"})
}

// ServeRoot leads each to where his work begins.
func (p *Page) ServeRoot(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, p.kit.Start(r), http.StatusSeeOther)
}
