// Package seen shows who saw what: of one dossier in the form for the client, by
// role, and for the compliance officer with names; of the agency by member of
// staff, client, period and outcome; and what is unusual in it (C-2.1.4b, L-15).
package seen

import (
	"context"
	"embed"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/policy"
	"github.com/casefile-engine/casefile/handlers/queries"
	"github.com/casefile-engine/casefile/handlers/web/i18n"
	"github.com/casefile-engine/casefile/handlers/web/ui"
)

//go:embed *.html
var files embed.FS

var tmpl = ui.Parse(files)

// Queries reads the access register; each reading is itself on record.
type Queries interface {
	AccessRegister(ctx context.Context, r queries.Reader, f queries.AccessFilter) (*queries.AccessPage, error)
	AccessForClient(ctx context.Context, r queries.Reader, dossier string, from, until time.Time) (*queries.ClientAccess, error)
	AccessPatterns(ctx context.Context, r queries.Reader, o queries.PatternOptions) (*queries.Patterns, error)
	People(ctx context.Context, r queries.Reader) ([]queries.StaffName, []queries.Recipient, error)
}

// Page shows who saw what.
type Page struct {
	kit     *ui.Kit
	queries Queries
	// Evidence, when set, tells whether somebody may make evidence of a dossier.
	Evidence func(*http.Request) bool
}

// New makes the page.
func New(k *ui.Kit, q Queries) *Page { return &Page{kit: k, queries: q} }

// perPage is how many looks a page has.
const perPage = 100

type model struct {
	View     string // dossier, register or patterns
	Dossier  string // whose; "" for the whole agency
	Recorded string
	Purpose  string // of this look, for taking it along

	From, Until, Client                    string
	Staff, Actions, Outcomes, Grounds      []ui.Option
	CanNames, Names, CanPatterns, OwnNames bool
	CanEvidence, CanReplay                 bool
	Days                                   []day
	Next                                   string // address of the next page
	Patterns                               []pattern
	Period                                 string
}

// day is the looks of one day, or of one client's form.
type day struct {
	Title, ISO string
	Lines      []line
}

type line struct {
	Time, Who, Role, What, Purpose, Ground, Data, Times string
	Denied, Emergency, Imported                         bool
	Why                                                 string // of a denial
	Dossiers                                            []link
	More                                                string // that it showed more dossiers
}

type link struct{ URL, Text string }

// pattern is looks of one person that are unusual together.
type pattern struct {
	What, Why, Who, When, Count, URL string
}

// purpose is control for whoever may see the whole register, and guidance for a
// coach who looks for his client.
func (p *Page) purpose(r *http.Request) string {
	if p.mayAll(r) {
		return "audit"
	}
	return "guidance"
}

func (p *Page) mayAll(r *http.Request) bool {
	return p.kit.May(r, commands.Question{Action: "list", Of: policy.OfRegister, Register: "access", Purpose: "audit"})
}

func (p *Page) reader(r *http.Request) queries.Reader {
	reader := ui.Reader(r, "list")
	reader.Purpose = p.purpose(r)
	return reader
}

// ServeDossier shows who saw one dossier: as the client is told, or with names.
func (p *Page) ServeDossier(w http.ResponseWriter, r *http.Request) {
	words := p.kit.Printer(r)
	m := model{View: "dossier", Dossier: r.PathValue("dossier"), CanNames: p.mayAll(r), Names: r.URL.Query().Has("names")}
	m.CanReplay = p.kit.MayReplay(r)
	m.CanEvidence = p.Evidence != nil && p.Evidence(r)
	var err error
	if m.Names {
		err = p.named(r, words, &m, queries.AccessFilter{Dossier: m.Dossier, Newest: true, Limit: perPage, Names: true, Cursor: cursor(r)})
	} else {
		err = p.client(r, words, &m)
	}
	if err != nil {
		p.kit.Fail(w, r, err)
		return
	}
	p.kit.Render(w, r, http.StatusOK, tmpl, ui.Frame{Title: words.T("seen.title"), Section: "dossier", Data: m})
}

// client fills in the form for the client: by role, never by name.
func (p *Page) client(r *http.Request, words *i18n.Printer, m *model) error {
	a, err := p.queries.AccessForClient(r.Context(), p.reader(r), m.Dossier, time.Time{}, time.Time{})
	if err != nil {
		return err
	}
	for _, d := range slices.Backward(a.Days) {
		one := newDay(words, d.Day)
		for _, l := range d.Lines {
			x := line{Role: role(words, l.Role), What: words.Code("access_action", l.Action), Purpose: purposeText(words, l.Purpose), Data: categories(words, l.Categories),
				Denied: l.Outcome != "allowed", Emergency: l.Emergency, Imported: l.Imported}
			if l.Times > 1 {
				x.Times = words.N("seen.times", l.Times)
			}
			one.Lines = append(one.Lines, x)
		}
		m.Days = append(m.Days, one)
	}
	m.recorded(words, a.AccessRecord)
	return nil
}

// named fills in looks with the names of who looked.
func (p *Page) named(r *http.Request, words *i18n.Printer, m *model, f queries.AccessFilter) error {
	page, err := p.queries.AccessRegister(r.Context(), p.reader(r), f)
	if err != nil {
		return err
	}
	for _, l := range page.Looks {
		d := nl.DateOf(l.OccurredAt)
		if n := len(m.Days); n == 0 || m.Days[n-1].ISO != d.String() {
			m.Days = append(m.Days, newDay(words, d))
		}
		last := &m.Days[len(m.Days)-1]
		last.Lines = append(last.Lines, newLine(words, l, m.Dossier == ""))
	}
	if page.Next > 0 {
		q := r.URL.Query()
		q.Set("cursor", strconv.FormatUint(page.Next, 10))
		m.Next = r.URL.Path + "?" + q.Encode()
	}
	m.recorded(words, page.AccessRecord)
	return nil
}

func (m *model) recorded(p *i18n.Printer, position uint64) {
	if position > 0 {
		m.Recorded = p.T("dossier.recorded", "position", i18n.Position(position))
	}
}

// mostLinks is how many dossiers of a list a line names; the file has them all.
const mostLinks = 3

func newLine(p *i18n.Printer, l queries.AccessLook, dossiers bool) line {
	x := line{Time: nl.Time(l.OccurredAt, p.Lang), Who: l.Name, Role: role(p, l.Role), What: p.Code("access_action", l.Action), Purpose: purposeText(p, l.Purpose),
		Data: categories(p, l.Categories), Denied: l.Outcome != "allowed", Emergency: l.Ground == "break_glass", Imported: l.Imported}
	if l.Ground != "" && l.Ground != "none" {
		x.Ground = p.Code("access_ground", l.Ground)
	}
	switch {
	case l.Actor == domain.Operator || l.Actor == domain.Engine:
		x.Who = p.T("actor." + l.Actor)
	case x.Who == "":
		x.Who = p.T("actor.someone")
	}
	if l.Code != "" {
		x.Why = p.T("code.internal")
		if p.Has("code." + l.Code) {
			x.Why = p.T("code." + l.Code)
		}
		if l.Rule != "" {
			x.Why += " " + p.T("rule.label") + " " + p.Rule(l.Rule)
		}
	}
	if dossiers {
		for i, id := range l.Dossiers {
			if i == mostLinks {
				x.More = p.N("seen.more", len(l.Dossiers)-mostLinks)
				break
			}
			x.Dossiers = append(x.Dossiers, link{"/dossiers/" + id + "/access?names", "…" + id[max(0, len(id)-8):]})
		}
	}
	return x
}

func newDay(p *i18n.Printer, d nl.Date) day {
	name := d.WeekdayName(p.Lang)
	return day{Title: strings.ToUpper(name[:1]) + name[1:] + " " + d.Long(p.Lang), ISO: d.String()}
}

func role(p *i18n.Printer, code string) string {
	if code == "" {
		return p.T("seen.norole")
	}
	if p.Has("role." + code) {
		return p.T("role." + code)
	}
	if code == domain.Operator || code == domain.Engine {
		return p.T("actor." + code)
	}
	return p.T("unknown.code")
}

func purposeText(p *i18n.Printer, code string) string {
	if code == "" {
		return p.T("seen.nopurpose")
	}
	return p.Code("purpose", code)
}

func categories(p *i18n.Printer, list []domain.Category) string {
	names := make([]string, len(list))
	for i, c := range list {
		names[i] = p.Code("category", string(c))
	}
	return p.Join(names)
}

func cursor(r *http.Request) uint64 {
	n, err := strconv.ParseUint(r.URL.Query().Get("cursor"), 10, 63)
	if err != nil {
		return 0
	}
	return n
}

// ServeRegister shows the looks of the agency, narrowed as is asked for.
func (p *Page) ServeRegister(w http.ResponseWriter, r *http.Request) {
	words := p.kit.Printer(r)
	q := r.URL.Query()
	m := model{View: "register", From: q.Get("from"), Until: q.Get("until"), Client: q.Get("dossier"), Names: true, CanPatterns: p.mayAll(r), Purpose: p.purpose(r)}
	d := ui.Dates{Words: words}
	from, until := d.Period(m.From, m.Until)
	f := queries.AccessFilter{From: from, Until: until, Staff: q.Get("staff"), Action: q.Get("action"), Outcome: q.Get("outcome"),
		Ground: q.Get("ground"), Newest: true, Limit: perPage, Names: true, Cursor: cursor(r)}
	if m.Client != "" {
		id, err := domain.ParseID("dossier", m.Client)
		if err != nil {
			d.Errors = append(d.Errors, ui.FieldError{Field: "dossier", Text: words.T("registers.dossier.wrong")})
		}
		f.Dossier = id
	}
	m.choices(words, f)
	err := p.staff(r, words, &m, f.Staff)
	if err == nil && d.Errors == nil {
		err = p.named(r, words, &m, f)
	}
	if err != nil {
		p.kit.Fail(w, r, err)
		return
	}
	status := http.StatusOK
	if d.Errors != nil {
		status = http.StatusBadRequest
	}
	p.kit.Render(w, r, status, tmpl, ui.Frame{Title: words.T("seen.title"), Section: "access", Errors: d.Errors, Data: m})
}

// staff fills in the list of members of staff to choose one from.
func (p *Page) staff(r *http.Request, words *i18n.Printer, m *model, chosen string) error {
	list, _, err := p.queries.People(r.Context(), p.reader(r))
	if err != nil {
		return err
	}
	m.Staff = []ui.Option{{Label: words.T("seen.everybody")}}
	for _, s := range list {
		m.Staff = append(m.Staff, ui.Option{Value: s.Staff, Label: s.Name, Selected: s.Staff == chosen})
	}
	return nil
}

func (m *model) choices(p *i18n.Printer, f queries.AccessFilter) {
	options := func(list string, codes []string, chosen string) []ui.Option {
		out := []ui.Option{{Label: p.T("seen.all")}}
		for _, c := range codes {
			out = append(out, ui.Option{Value: c, Label: p.Code(list, c), Selected: c == chosen})
		}
		return out
	}
	m.Actions = options("access_action", append(slices.Clone(domain.AccessActions), "change"), f.Action)
	m.Outcomes = options("access_outcome", []string{"allowed", "denied"}, f.Outcome)
	m.Grounds = options("access_ground", []string{"assignment", "role", "grant", "break_glass", "request", "engine", "none"}, f.Ground)
}

// ServePatterns shows what is unusual, which is where a review begins.
func (p *Page) ServePatterns(w http.ResponseWriter, r *http.Request) {
	words := p.kit.Printer(r)
	q := r.URL.Query()
	m := model{View: "patterns", From: q.Get("from"), Until: q.Get("until"), OwnNames: q.Has("names")}
	d := ui.Dates{Words: words}
	from, until := d.Period(m.From, m.Until)
	o := queries.PatternOptions{From: from, Until: until, Names: m.OwnNames}
	if d.Errors != nil {
		p.kit.Render(w, r, http.StatusBadRequest, tmpl, ui.Frame{Title: words.T("patterns.title"), Section: "access", Errors: d.Errors, Data: m})
		return
	}
	found, err := p.queries.AccessPatterns(r.Context(), p.reader(r), o)
	var people []queries.StaffName
	if err == nil && len(found.Patterns) > 0 {
		people, _, err = p.queries.People(r.Context(), p.reader(r))
	}
	if err != nil {
		p.kit.Fail(w, r, err)
		return
	}
	names := map[string]string{domain.Operator: words.T("actor.operator")}
	for _, s := range people {
		names[s.Staff] = s.Name
	}
	m.Period = words.T("patterns.period", "from", nl.DateOf(found.From).Long(words.Lang), "until", nl.DateOf(found.Until.Add(-time.Nanosecond)).Long(words.Lang))
	for _, x := range found.Patterns {
		m.Patterns = append(m.Patterns, newPattern(words, x, names))
	}
	m.recorded(words, found.AccessRecord)
	p.kit.Render(w, r, http.StatusOK, tmpl, ui.Frame{Title: words.T("patterns.title"), Section: "access", Data: m})
}

func newPattern(p *i18n.Printer, x queries.Pattern, names map[string]string) pattern {
	out := pattern{What: p.Code("pattern", x.Code), Why: p.T("pattern." + x.Code + ".why"), Who: names[x.Staff], When: nl.DateTime(x.From, p.Lang)}
	if out.Who == "" {
		out.Who = p.T("actor.someone")
	}
	if !x.Until.Equal(x.From) {
		out.When = p.T("patterns.when", "from", out.When, "until", nl.DateTime(x.Until, p.Lang))
	}
	count := "patterns.looks"
	if x.Code == queries.PatternMany {
		count = "patterns.dossiers"
	}
	out.Count = p.N(count, x.Count)
	out.URL = "/registers/access?" + url.Values{"staff": {x.Staff}, "from": {nl.DateOf(x.From).Short()}, "until": {nl.DateOf(x.Until).Short()}}.Encode()
	return out
}
