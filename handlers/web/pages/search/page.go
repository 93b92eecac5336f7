// Package search is the page on which somebody finds a dossier among those that
// he may see.
package search

import (
	"context"
	"embed"
	"net/http"
	"strings"

	"github.com/casefile-engine/casefile/handlers/queries"
	"github.com/casefile-engine/casefile/handlers/search"
	"github.com/casefile-engine/casefile/handlers/web/i18n"
	"github.com/casefile-engine/casefile/handlers/web/ui"
)

//go:embed page.html
var files embed.FS

var tmpl = ui.Parse(files)

// Queries is the part of the query service that this page uses.
type Queries interface {
	Search(ctx context.Context, r queries.Reader, text string) (*queries.SearchResult, error)
}

// Page is the search.
type Page struct {
	kit     *ui.Kit
	queries Queries
}

// New makes the page.
func New(k *ui.Kit, q Queries) *Page { return &Page{k, q} }

type model struct {
	Query        string
	Max          int // characters
	Asked        bool
	Count        string
	More, Behind bool
	Groups       []group
}

type group struct {
	Title string
	mine  bool
	Rows  []row
}

type row struct {
	URL, Name, Service, Status, By string
	Trajectories                   []string
}

// ServeForm shows what can be looked for.
func (p *Page) ServeForm(w http.ResponseWriter, r *http.Request) {
	p.render(w, r, http.StatusOK, model{}, nil)
}

// Serve shows what was found. What is looked for is posted and not put in the
// address, because an address ends up in logs and histories and a name is
// personal data.
func (p *Page) Serve(w http.ResponseWriter, r *http.Request) {
	if err := ui.ParseForm(w, r); err != nil {
		p.kit.Fail(w, r, err)
		return
	}
	m := model{Query: strings.TrimSpace(r.PostForm.Get("q"))}
	words := p.kit.Printer(r)
	if _, err := search.Parse(m.Query); err != nil {
		e := p.kit.Explain(words, err)
		p.render(w, r, e.Status, m, []ui.FieldError{{Field: "q", Text: e.Text}})
		return
	}
	found, err := p.queries.Search(r.Context(), ui.Reader(r, "search"), m.Query)
	if err != nil {
		p.kit.Fail(w, r, err)
		return
	}
	m.Asked, m.More, m.Behind, m.Count = true, found.More, found.Behind, words.N("search.count", len(found.Hits))
	for _, h := range found.Hits {
		m.add(words, h)
	}
	p.render(w, r, http.StatusOK, m, nil)
}

func (p *Page) render(w http.ResponseWriter, r *http.Request, status int, m model, errs []ui.FieldError) {
	m.Max = search.MaxText
	p.kit.Render(w, r, status, tmpl, ui.Frame{Title: p.kit.Printer(r).T("search.title"), Section: "search", Errors: errs, Data: m})
}

// add puts a dossier under its head: the reader's own, or another's.
func (m *model) add(p *i18n.Printer, h queries.SearchHit) {
	if n := len(m.Groups); n == 0 || m.Groups[n-1].mine != h.AssignedToMe {
		title := "caseload.others"
		if h.AssignedToMe {
			title = "caseload.mine"
		}
		m.Groups = append(m.Groups, group{mine: h.AssignedToMe, Title: p.T(title)})
	}
	x := row{URL: "/dossiers/" + h.Dossier, Name: h.Name, Service: p.Code("service", h.Service), Status: p.Code("status", h.Status), Trajectories: h.Trajectories}
	if strings.TrimSpace(x.Name) == "" {
		x.Name = p.T("caseload.noname")
	}
	by := make([]string, len(h.By))
	for i, b := range h.By {
		by[i] = p.T("search.by." + b)
		if b == queries.ByCommissioner && h.Commissioner != "" {
			by[i] += ": " + h.Commissioner
		}
	}
	x.By = strings.Join(by, ", ")
	g := &m.Groups[len(m.Groups)-1]
	g.Rows = append(g.Rows, x)
}
