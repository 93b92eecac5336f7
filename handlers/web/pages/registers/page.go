// Package registers shows the registers of an agency to whoever may see them, in
// words, and hands them out as files (catalogue §3, C-2.1.4b).
package registers

import (
	"bufio"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/exporting"
	"github.com/casefile-engine/casefile/handlers/policy"
	"github.com/casefile-engine/casefile/handlers/queries"
	"github.com/casefile-engine/casefile/handlers/web/i18n"
	"github.com/casefile-engine/casefile/handlers/web/ui"
)

//go:embed *.html
var files embed.FS

var tmpl = ui.Parse(files)

// Queries gives the rows of the registers, and the names in them.
type Queries interface {
	Export(ctx context.Context, r queries.Reader, o queries.ExportOptions, emit func(row any) error) error
	People(ctx context.Context, r queries.Reader) ([]queries.StaffName, []queries.Recipient, error)
}

// Page shows registers.
type Page struct {
	kit     *ui.Kit
	queries Queries
}

// New makes the page.
func New(k *ui.Kit, q Queries) *Page { return &Page{k, q} }

// most is how many rows a page shows; a file has them all.
const most = 200

// recent is how many days back the two registers that grow with every look begin,
// when nobody says otherwise.
const recent = 30

type model struct {
	Places   []ui.Entry // the registers, on the page of them all
	Register string
	What     string

	Dossier, From, Until, On, Known string
	Purposes                        []ui.Option
	Downloads                       []download

	Columns []column
	Rows    [][]value
	Count   string
	More    string // that not all are shown
	within  string // as in writer
}

type download struct{ URL, Name string }

// column is one column with its label; Number aligns it.
type column struct {
	Name, Label string
	Number      bool
}

// Serve lists the registers that are open to who is signed in.
func (p *Page) Serve(w http.ResponseWriter, r *http.Request) {
	words := p.kit.Printer(r)
	m := model{}
	purpose := p.kit.Purpose(r)
	for _, name := range queries.Registers {
		if p.kit.May(r, commands.Question{Action: "list", Of: policy.OfRegister, Register: name, Purpose: purpose, Own: true}) {
			m.Places = append(m.Places, ui.Entry{URL: address(name), Icon: "book", Label: words.T("register." + name), What: words.T("register." + name + ".what")})
		}
	}
	if len(m.Places) == 0 {
		p.kit.Refuse(w, r, &domain.Error{Kind: domain.KindForbidden, Code: "not_permitted", Rule: "C-2.7e", Message: "no register is open to this role"})
		return
	}
	p.kit.Render(w, r, http.StatusOK, tmpl, ui.Frame{Title: words.T("menu.registers"), Section: "registers", Data: m})
}

// address of a register; that of who saw what has a page of its own.
func address(name string) string { return "/registers/" + name }

// ServeRegister shows one register.
func (p *Page) ServeRegister(w http.ResponseWriter, r *http.Request) {
	words := p.kit.Printer(r)
	m, o, errs := p.choose(r, words)
	if !slices.Contains(queries.Registers, m.Register) {
		p.kit.Fail(w, r, &domain.Error{Kind: domain.KindNotFound, Code: "unknown_path", Message: "there is no such register"})
		return
	}
	status := http.StatusOK
	if errs != nil {
		status = http.StatusBadRequest
	} else {
		list, err := p.rows(r, &m, o)
		if err != nil {
			p.kit.Fail(w, r, err)
			return
		}
		if slices.Contains(p.kit.Roles(r), "auditor") && p.kit.MayReplay(r) {
			m.within = "/replay" // his way into a dossier; its own page is none for him
		}
		m.fill(words, list)
	}
	p.kit.Render(w, r, status, tmpl, ui.Frame{Title: words.T("register." + m.Register), Section: "registers", Errors: errs, Data: m})
}

// choose reads what is asked for.
func (p *Page) choose(r *http.Request, words *i18n.Printer) (m model, o queries.ExportOptions, errs []ui.FieldError) {
	q := r.URL.Query()
	m = model{Register: r.PathValue("register"), Dossier: q.Get("dossier"), From: q.Get("from"), Until: q.Get("until"), On: q.Get("on"), Known: q.Get("known")}
	m.What = words.T("register." + m.Register + ".what")
	if growing := m.Register == "access" || m.Register == "history"; growing && len(q) == 0 {
		m.From = nl.DateOf(p.kit.Clock.Now()).AddDays(-recent).Short()
	}
	chosen := p.purpose(r)
	for _, c := range domain.Purposes {
		if c != "index" {
			m.Purposes = append(m.Purposes, ui.Option{Value: c, Label: words.Code("purpose", c), Selected: c == chosen})
		}
	}
	d := ui.Dates{Words: words}
	o = queries.ExportOptions{Register: m.Register}
	o.From, o.Until = d.Period(m.From, m.Until)
	o.AsOf, o.KnownAt = d.End("on", m.On), d.End("known", m.Known)
	if m.Dossier != "" {
		id, err := domain.ParseID("dossier", m.Dossier)
		if err != nil {
			d.Errors = append(d.Errors, ui.FieldError{Field: "dossier", Text: words.T("registers.dossier.wrong")})
		}
		o.Dossier = id
	}
	for _, f := range exporting.Formats {
		keep := url.Values{"format": {f}, "purpose": {chosen}}
		for name, v := range map[string]string{"dossier": m.Dossier, "from": m.From, "until": m.Until, "on": m.On, "known": m.Known} {
			if v != "" {
				keep.Set(name, v)
			}
		}
		m.Downloads = append(m.Downloads, download{address(m.Register) + "/download?" + keep.Encode(), words.T("registers.format." + f)})
	}
	return m, o, d.Errors
}

func (p *Page) purpose(r *http.Request) string {
	if c := r.URL.Query().Get("purpose"); c != "" {
		return c // the query refuses one that there is not
	}
	return p.kit.Purpose(r)
}

func (p *Page) reader(r *http.Request, action string) queries.Reader {
	reader := ui.Reader(r, action)
	reader.Purpose = p.purpose(r)
	return reader
}

// oldestFirst are the registers that are in the order of what is due, or of the
// agency; all others show the newest rows first.
var oldestFirst = []string{"dossiers", "retention", "deadlines", "obligations", "recipients", "activities"}

// shown are the rows for the page and the names in them.
type shown struct {
	rows  []map[string]json.RawMessage
	names names
}

// rows gives the rows that the page shows.
func (p *Page) rows(r *http.Request, m *model, o queries.ExportOptions) (shown, error) {
	words := p.kit.Printer(r)
	newest := !slices.Contains(oldestFirst, m.Register)
	var list []any
	n := 0
	err := p.queries.Export(r.Context(), p.reader(r, "list"), o, func(row any) error {
		n++
		switch {
		case len(list) < most:
			list = append(list, row)
		case newest:
			list[(n-1)%most] = row
		}
		return nil
	})
	if err != nil {
		return shown{}, err
	}
	if newest {
		if n > most { // the ring begins after its newest
			at := n % most
			list = append(slices.Clone(list[at:]), list[:at]...)
		}
		slices.Reverse(list)
	}
	m.Count = words.N("registers.count", n)
	if n > most {
		key := "registers.first"
		if newest {
			key = "registers.newest"
		}
		m.More = words.T(key, "n", nl.Count(most, words.Lang))
	}
	s := shown{}
	for _, row := range list {
		raw, err := json.Marshal(row)
		if err != nil {
			return s, err
		}
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(raw, &fields); err != nil {
			return s, err
		}
		s.rows = append(s.rows, fields)
	}
	s.names, err = p.names(r, s.rows)
	return s, err
}

// ServeDownload hands a register out as a file. That is an act of its own: it is
// on record as an export before the first row goes out.
func (p *Page) ServeDownload(w http.ResponseWriter, r *http.Request) {
	m, o, errs := p.choose(r, p.kit.Printer(r))
	format := r.URL.Query().Get("format")
	if errs != nil || !slices.Contains(exporting.Formats, format) {
		p.kit.Fail(w, r, domain.Invalid("invalid_form", "format", "this download does not exist; choose one on the page of the register"))
		return
	}
	out := &file{w: w, rc: http.NewResponseController(w), name: m.Register + "-" + nl.DateOf(p.kit.Clock.Now()).String() + "." + format, format: format}
	buf := bufio.NewWriterSize(out, 64<<10)
	rows, err := exporting.New(format, m.Register, false, buf)
	if err == nil {
		err = p.queries.Export(r.Context(), p.reader(r, "export"), o, rows.Row)
	}
	if err == nil {
		err = errors.Join(rows.Close(), buf.Flush())
	}
	switch {
	case err == nil:
	case !out.begun:
		p.kit.Fail(w, r, err)
	default:
		// Some rows are out already; breaking the connection is the one way left
		// to say that they are not all.
		p.kit.Log.Error("a download broke off", "code", domain.AsError(err).Code)
		panic(http.ErrAbortHandler)
	}
}

// stallLimit is how long one stretch of a file may take to reach the reader; the
// whole may take longer than the server's limit on an answer.
const stallLimit = time.Minute

// file writes the headers with the first bytes, so that an error until then can
// still be a page.
type file struct {
	w            http.ResponseWriter
	rc           *http.ResponseController
	name, format string
	begun        bool
}

var mediaTypes = map[string]string{"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}

func (f *file) Write(b []byte) (int, error) {
	if !f.begun {
		f.begun = true
		f.w.Header().Set("Content-Type", mediaTypes[f.format])
		f.w.Header().Set("Content-Disposition", "attachment; filename="+strconv.Quote(f.name))
		f.w.WriteHeader(http.StatusOK)
	}
	_ = f.rc.SetWriteDeadline(time.Now().Add(stallLimit)) // a recorder in a test has none
	return f.w.Write(b)
}
