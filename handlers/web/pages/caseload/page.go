// Package caseload is the list of dossiers that somebody may see.
package caseload

import (
	"context"
	"embed"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/handlers/queries"
	"github.com/casefile-engine/casefile/handlers/web/i18n"
	"github.com/casefile-engine/casefile/handlers/web/ui"
)

//go:embed page.html
var files embed.FS

var tmpl = ui.Parse(files)

// Queries is the part of the query service that this page uses.
type Queries interface {
	Caseload(ctx context.Context, r queries.Reader) ([]queries.CaseloadRow, error)
}

// Page is the caseload.
type Page struct {
	kit     *ui.Kit
	queries Queries
}

// New makes the page.
func New(k *ui.Kit, q Queries) *Page { return &Page{k, q} }

type model struct {
	Query    string
	Filtered bool
	Count    string
	Pattern  string // of the count while a script filters
	Total    int
	Groups   []group
	Shown    int
}

// group is the rows of one part of the list, under a head when there is more
// than one part.
type group struct {
	Mine  bool
	Title string
	Rows  []row
}

func (m *model) add(p *i18n.Printer, c queries.CaseloadRow) {
	if n := len(m.Groups); n == 0 || m.Groups[n-1].Mine != c.AssignedToMe {
		title := "caseload.others"
		if c.AssignedToMe {
			title = "caseload.mine"
		}
		m.Groups = append(m.Groups, group{Mine: c.AssignedToMe, Title: p.T(title)})
	}
	g := &m.Groups[len(m.Groups)-1]
	g.Rows = append(g.Rows, newRow(p, c))
	m.Shown++
}

type row struct {
	URL, Name, Service, Status, StatusClass string
	Trajectories                            []string
	Assigned                                string
	NoTrajectory, NoAssigned                bool
	Hours                                   string
	Minutes, Budget                         int
	Over                                    bool
	Records                                 string
	Last, LastISO                           string
}

// Serve shows the list; a posted search narrows it. The search is posted and
// not put in the address, because an address ends up in logs and histories and
// a name is personal data.
func (p *Page) Serve(w http.ResponseWriter, r *http.Request) {
	query := ""
	if r.Method == http.MethodPost {
		if err := ui.ParseForm(w, r); err != nil {
			p.kit.Fail(w, r, err)
			return
		}
		query = strings.TrimSpace(r.PostForm.Get("q"))
	}
	reader := ui.Reader(r, "list")
	if query != "" {
		reader.Action = "search"
	}
	rows, err := p.queries.Caseload(r.Context(), reader)
	if err != nil {
		p.kit.Fail(w, r, err)
		return
	}
	words := p.kit.Printer(r)
	title := "menu.caseload"
	if !slices.Contains(p.kit.Roles(r), "coach") {
		title += ".all" // whoever guides nobody has no clients of his own
	}
	p.kit.Render(w, r, http.StatusOK, tmpl, ui.Frame{Title: words.T(title), Section: "caseload", Data: build(words, rows, query)})
}

// build makes the page's model: the reader's own dossiers apart from the others,
// each part in the order of the query, narrowed to the rows that contain every
// word of the search.
func build(p *i18n.Printer, rows []queries.CaseloadRow, query string) model {
	m := model{Query: query, Filtered: query != "", Total: len(rows), Pattern: p.T("caseload.found")}
	words := strings.Fields(fold(query))
	for _, c := range rows {
		if matches(c, words) {
			m.add(p, c)
		}
	}
	m.Count = p.N("caseload.count", m.Total)
	if m.Filtered {
		m.Count = p.T("caseload.found", "n", nl.Count(m.Shown, p.Lang), "total", nl.Count(m.Total, p.Lang))
	}
	return m
}

func newRow(p *i18n.Printer, c queries.CaseloadRow) row {
	r := row{URL: "/dossiers/" + c.Dossier, Name: c.Name, Service: p.Code("service", c.Service), Status: p.Code("status", c.Status),
		StatusClass: statusClass(c.Status), Trajectories: c.Trajectories, Assigned: assigned(p, c.Assigned),
		NoTrajectory: len(c.Trajectories) == 0, NoAssigned: len(c.Assigned) == 0, Minutes: c.Minutes, Budget: c.Budget,
		Over: c.Budget > 0 && c.Minutes > c.Budget, Records: nl.Count(c.Records, p.Lang)}
	if strings.TrimSpace(r.Name) == "" {
		r.Name = p.T("caseload.noname")
	}
	used := hours(p, c.Minutes)
	r.Hours = p.T("caseload.hours.used", "used", used)
	if c.Budget > 0 {
		key := "caseload.hours"
		if r.Over {
			key = "caseload.hours.over"
		}
		r.Hours = p.T(key, "used", used, "budget", hours(p, c.Budget))
	}
	if t, err := time.Parse(time.RFC3339, c.LastEventAt); err == nil {
		r.Last, r.LastISO = nl.DateOf(t).Short(), nl.DateOf(t).String()
	}
	return r
}

// hours is short, for a column: "2,25", "41".
func hours(p *i18n.Printer, minutes int) string {
	if minutes%60 == 0 {
		return nl.Count(minutes/60, p.Lang)
	}
	return nl.DecimalHours(minutes, p.Lang)
}

// assigned gives names; an id without a name is "a member of staff".
func assigned(p *i18n.Printer, who []string) string {
	names := make([]string, len(who))
	for i, s := range who {
		names[i] = s
		if _, err := domain.ParseID("staff", s); err == nil || s == "" {
			names[i] = p.T("actor.someone")
		}
	}
	return strings.Join(names, ", ")
}

func statusClass(s string) string {
	switch s {
	case "open":
		return "open"
	case "partly_destroyed", "destroyed":
		return "warn"
	}
	return ""
}

func matches(c queries.CaseloadRow, words []string) bool {
	text := fold(strings.Join(append(append([]string{c.Name}, c.Trajectories...), c.Assigned...), " "))
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

// fold makes text comparable: lower case, without accents.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFD.String(s))
}
