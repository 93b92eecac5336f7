// Package integrity shows whether the stream is what was acknowledged and signed,
// and names the exact commits that are not: to whoever reads its history, and to
// the administrator (C-2.1.4d). Nothing on it is personal, so it works when
// nothing can be recorded any more.
package integrity

import (
	"context"
	"embed"
	"encoding/hex"
	"net/http"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/eventstore/ledger"
	"github.com/casefile-engine/casefile/eventstore/scrub"
	"github.com/casefile-engine/casefile/handlers/web/i18n"
	"github.com/casefile-engine/casefile/handlers/web/ui"
)

//go:embed page.html
var files embed.FS

var tmpl = ui.Parse(files)

// Page shows the state of the stream and the ledger.
type Page struct {
	kit *ui.Kit
	// Ledger, when set, gives the newest checkpoint.
	Ledger *ledger.Ledger
}

// New makes the page.
func New(k *ui.Kit) *Page { return &Page{kit: k} }

type model struct {
	State, Reason string
	Good, Stopped bool
	Facts         []fact
	Count         string
	First         string
	Findings      []finding
	Earlier       []earlier
}

type fact struct{ Label, Text string }

type finding struct{ Kind, Part, Commit, Says string }

type earlier struct {
	When, Count string
	Findings    []finding
}

// Serve shows it.
func (p *Page) Serve(w http.ResponseWriter, r *http.Request) {
	words := p.kit.Printer(r)
	if !p.kit.MayInspect(r) {
		p.kit.Refuse(w, r, &domain.Error{Kind: domain.KindForbidden, Code: "not_permitted", Rule: "C-2.7e", Message: "the state of the ledger is for the auditor, the compliance officer and the administrator"})
		return
	}
	id, _ := ui.IdentityOf(r)
	s := ui.Integrity{}
	if p.kit.Integrity != nil {
		s = p.kit.Integrity(r.Context())
	}
	m := build(words, id.Agency, s)
	if s.Earlier != nil {
		list, err := s.Earlier()
		if err != nil {
			p.kit.Fail(w, r, err)
			return
		}
		m.earlier(words, id.Agency, list)
	}
	m.Facts = append(m.Facts, p.signed(r.Context(), words, id.Agency)...)
	p.kit.Render(w, r, http.StatusOK, tmpl, ui.Frame{Title: words.T("integrity.title"), Section: "replay", Data: m})
}

func build(words *i18n.Printer, agency string, s ui.Integrity) model {
	own := ui.Of(agency, s.Findings)
	m := model{Stopped: s.ReadOnly, Good: !s.ReadOnly && len(own) == 0, Reason: reason(words, s.Code)}
	switch {
	case m.Stopped:
		m.State = words.T("integrity.stopped")
	case m.Good:
		m.State = words.T("integrity.good")
	default:
		m.State = words.T("integrity.beside")
	}
	scrubbed := words.T("integrity.scrubbed.never")
	if !s.Scrubbed.IsZero() {
		scrubbed = nl.DateTime(s.Scrubbed, words.Lang)
	}
	if s.Running {
		scrubbed += " (" + words.T("integrity.running") + ")"
	}
	m.Facts = []fact{{words.T("integrity.scrubbed"), scrubbed}}
	if s.Commits > 0 {
		m.Facts = append(m.Facts, fact{words.T("integrity.commits"), nl.Count(int(s.Commits), words.Lang)}) //nolint:gosec // a number of commits
	}
	if len(own) > 0 {
		m.Count = words.N("integrity.findings", len(own))
		if s.Total > len(s.Findings) { // more than are kept, of whichever agency
			m.First = words.T("integrity.first", "n", nl.Count(len(own), words.Lang))
		}
	}
	m.Findings = findings(words, own)
	return m
}

func (m *model) earlier(words *i18n.Printer, agency string, list []ui.EarlierAlarm) {
	for _, a := range list {
		x := earlier{When: nl.DateTime(a.At, words.Lang), Count: words.T("integrity.elsewhere")}
		if own := ui.Of(agency, a.Findings); len(own) > 0 {
			x.Count, x.Findings = words.N("integrity.findings", len(own)), findings(words, own)
		}
		m.Earlier = append(m.Earlier, x)
	}
}

func reason(words *i18n.Printer, code string) string {
	if code != "" && words.Has("code."+code) {
		return words.T("code." + code)
	}
	return ""
}

// findings name each with its commit. What a finding says is the English of the
// log and of casefile verify, so that both can be laid side by side.
func findings(words *i18n.Printer, list []scrub.Finding) (out []finding) {
	for _, f := range list {
		x := finding{Kind: words.Code("finding", string(f.Kind)), Part: words.Code("finding_part", f.Part), Says: f.Message}
		sep := ""
		add := func(s string) { x.Commit += sep + s; sep = ", " }
		switch {
		case f.Until > f.Position:
			add(words.T("integrity.positions", "position", i18n.Position(f.Position), "until", i18n.Position(f.Until)))
		case f.Position > 0:
			add(words.T("integrity.position", "position", i18n.Position(f.Position)))
		}
		if f.Aggregate != "" {
			add(f.AggregateKind + "/" + f.Aggregate)
		}
		if f.CommandID != "" {
			add(words.T("integrity.command", "id", f.CommandID))
		}
		if f.File != "" {
			add(f.File)
		}
		out = append(out, x)
	}
	return out
}

// signed is the newest checkpoint of the agency's log.
func (p *Page) signed(_ context.Context, words *i18n.Printer, agency string) []fact {
	if p.Ledger == nil {
		return nil
	}
	log, ok := p.Ledger.Log(agency)
	if !ok {
		return nil
	}
	c := log.LatestCheckpoint()
	if c.Size == 0 {
		return nil
	}
	return []fact{{words.T("integrity.size"), nl.Count(int(c.Size), words.Lang)}, {words.T("replay.signed"), nl.DateTime(c.Recorded.In(time.UTC), words.Lang)},
		{words.T("replay.position"), i18n.Position(c.Position)}, {words.T("replay.root"), hex.EncodeToString(c.Root[:])}, {words.T("replay.key"), p.Ledger.Key().VerifierKey(agency)}}
}
