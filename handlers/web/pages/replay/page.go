// Package replay shows an auditor what was: a dossier commit by commit with the
// state before and after, the difference between two times, what somebody could
// have seen on a day beside what was shown to him, and the agency as it was; by
// what was true then and by what was known then (X-3, C-2.1.4b). Each page is a
// look and is on record before it shows anything.
package replay

import (
	"context"
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/handlers/evidence"
	"github.com/casefile-engine/casefile/handlers/queries"
	"github.com/casefile-engine/casefile/handlers/web/i18n"
	"github.com/casefile-engine/casefile/handlers/web/ui"
)

//go:embed *.html
var files embed.FS

var tmpl = ui.Parse(files)

// Queries replays; each method records the look before it gives anything.
type Queries interface {
	AgencyReplay(ctx context.Context, r queries.Reader, o queries.ReplayOptions) (*queries.AgencyView, error)
	AgencyDifference(ctx context.Context, r queries.Reader, o queries.DifferenceOptions) (*queries.AgencyDifference, error)
	Difference(ctx context.Context, r queries.Reader, dossier string, o queries.DifferenceOptions) (*queries.Difference, error)
	Steps(ctx context.Context, r queries.Reader, dossier string, position uint64, o queries.ReplayOptions) (*queries.Steps, error)
	Seen(ctx context.Context, r queries.Reader, dossier, staff string, knownAt time.Time, open bool) (*queries.Seen, error)
	People(ctx context.Context, r queries.Reader) ([]queries.StaffName, []queries.Recipient, error)
}

// Prover compares what is shown with the signed tree; *evidence.Maker does.
type Prover interface {
	Prove(ctx context.Context, agency string, leaves []evidence.Leaf) (*evidence.Proof, error)
}

// Page is all of these pages.
type Page struct {
	kit     *ui.Kit
	queries Queries
	// Proofs, when set, checks what is shown against the ledger.
	Proofs Prover
	// Evidence, when set, tells whether somebody may make evidence of a dossier.
	Evidence func(*http.Request) bool
}

// New makes the pages.
func New(k *ui.Kit, q Queries) *Page { return &Page{kit: k, queries: q} }

// shared is what all of these pages show.
type shared struct {
	Tab            string // steps, difference, could, agency, changes
	Dossier, Short string // "" on the pages of the agency
	Tabs           []tab
	Single         bool // one step instead of the list

	AsOf, KnownAt string // as typed
	Open          bool
	Purposes      []ui.Option
	Then          string // in words, when it is not now
	Keep          template.URL

	Recorded    string
	Part        bool
	CanEvidence bool
}

type tab struct {
	URL, Label string
	Current    bool
}

// choice is what is asked for by the address.
type choice struct {
	shared
	options queries.ReplayOptions
	errors  []ui.FieldError
}

// choose reads the two times, the purpose, and whether contents are asked for.
func (p *Page) choose(r *http.Request, tabName string) choice {
	words, q := p.kit.Printer(r), r.URL.Query()
	c := choice{shared: shared{Tab: tabName, Dossier: r.PathValue("dossier"), AsOf: strings.TrimSpace(q.Get("as_of")), KnownAt: strings.TrimSpace(q.Get("known_at")), Open: q.Has("open")}}
	d := ui.Dates{Words: words}
	c.options = queries.ReplayOptions{AsOf: d.End("as_of", c.AsOf), KnownAt: d.End("known_at", c.KnownAt), Open: c.Open}
	c.errors = d.Errors
	chosen := p.purpose(r)
	for _, code := range domain.Purposes {
		if code != "index" {
			c.Purposes = append(c.Purposes, ui.Option{Value: code, Label: words.Code("purpose", code), Selected: code == chosen})
		}
	}
	keep := url.Values{}
	for _, name := range []string{"as_of", "known_at", "open", "purpose"} {
		if v := q.Get(name); v != "" {
			keep.Set(name, v)
		}
	}
	if len(keep) > 0 {
		c.Keep = template.URL("?" + keep.Encode()) //nolint:gosec // encoded just before
	}
	c.Then = then(words, c.options.AsOf, c.options.KnownAt)
	if c.Dossier != "" {
		c.Short = short(c.Dossier)
		c.CanEvidence = p.Evidence != nil && p.Evidence(r)
	}
	c.Tabs = tabs(words, c.Dossier, tabName)
	return c
}

func tabs(words *i18n.Printer, dossier, current string) (out []tab) {
	base, list := "/dossiers/"+url.PathEscape(dossier)+"/replay", []string{"steps", "difference", "could"}
	if dossier == "" {
		base, list = "/replay", []string{"agency", "changes"}
	}
	for i, name := range list {
		t := tab{URL: base, Label: words.T("replay.tab." + name), Current: name == current}
		if i > 0 {
			t.URL += "/" + name
		}
		out = append(out, t)
	}
	return out
}

// then says in words as of when one looks; "" for now.
func then(words *i18n.Printer, asOf, knownAt *time.Time) string {
	date := func(t *time.Time) string { return nl.DateOf(*t).Long(words.Lang) }
	switch {
	case asOf != nil && knownAt != nil:
		return words.T("replay.then.both", "true", date(asOf), "known", date(knownAt))
	case asOf != nil:
		return words.T("replay.then.true", "date", date(asOf))
	case knownAt != nil:
		return words.T("replay.then.known", "date", date(knownAt))
	}
	return ""
}

// purpose is what one looks for: control, for those whose task that is, and what
// the own role looks for otherwise. The policies decide on it.
func (p *Page) purpose(r *http.Request) string {
	if c := r.URL.Query().Get("purpose"); slices.Contains(domain.Purposes, c) {
		return c
	}
	if p.kit.MayReplay(r) {
		return "audit"
	}
	return p.kit.Purpose(r)
}

func (p *Page) reader(r *http.Request, action string) queries.Reader {
	reader := ui.Reader(r, action)
	reader.Purpose = p.purpose(r)
	return reader
}

// recorded says under which number the look stands in the register.
func (s *shared) recorded(words *i18n.Printer, position uint64) {
	if position > 0 {
		s.Recorded = words.T("dossier.recorded", "position", i18n.Position(position))
	}
}

// people opens the names of members of staff and recipients, which is a look of
// its own; who may not know them sees nobody's.
func (p *Page) people(r *http.Request) (names map[string]string, staff []queries.StaffName, err error) {
	staff, recipients, err := p.queries.People(r.Context(), p.reader(r, "list"))
	if err != nil {
		if domain.AsError(err).Kind == domain.KindForbidden {
			return nil, nil, nil
		}
		return nil, nil, err
	}
	names = map[string]string{}
	for _, s := range staff {
		names[s.Staff] = s.Name
	}
	for _, x := range recipients {
		names[x.Recipient] = x.Name
	}
	return names, staff, nil
}

func (p *Page) render(w http.ResponseWriter, r *http.Request, errs []ui.FieldError, data any) {
	status := http.StatusOK
	if errs != nil {
		status = http.StatusBadRequest
	}
	words := p.kit.Printer(r)
	p.kit.Render(w, r, status, tmpl, ui.Frame{Title: words.T("replay.title"), Section: "replay", Errors: errs, Data: data})
}

// short is the end of an id, which tells it from the others on a page.
func short(id string) string { return "…" + id[max(0, len(id)-8):] }
