package evidence

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"strings"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/eventstore/ledger/bundle"
	"github.com/casefile-engine/casefile/handlers/web/i18n"
)

//go:embed report.html
var reportText string

var reportPage = template.Must(template.New("report").Parse(reportText))

// report is one language of the report.
type report struct {
	bundle.Words
	Lang   nl.Lang
	Intro  []pair
	Labels map[string]string
	Looks  []row
	Acts   []row
	How    []string
}

type pair struct{ Name, Value string }

// row is a commit as people read it.
type row struct{ When, Who, Role, What, Why, About, Leaf string }

// seal makes the pages for people out of what a checker finds in the bundle, so
// that they say nothing that it does not, and signs all.
func (w *work) seal() error {
	sign := func(text string) ([]byte, error) { return w.m.Ledger.Key().SignBundle(w.e.Agency, text) }
	plain := append(append([]bundle.File{}, w.files...), bundle.File{Name: "README.html"}, bundle.File{Name: "report.pdf"})
	sealed, err := bundle.Seal(plain, w.contents.Origin, sign)
	if err != nil {
		return err
	}
	found, err := bundle.CheckFiles(sealed, nil)
	if err != nil {
		return fmt.Errorf("evidence: what was made does not hold: %w", err)
	}
	words, err := i18n.Load()
	if err != nil {
		return err
	}
	var reports []report
	for _, l := range i18n.Langs {
		reports = append(reports, describe(found, words[l]))
	}
	var page bytes.Buffer
	if err := reportPage.Execute(&page, reports); err != nil {
		return fmt.Errorf("evidence: the report: %w", err)
	}
	pdf, err := printed(found, reports)
	if err != nil {
		return err
	}
	w.add("README.html", page.Bytes())
	w.add("report.pdf", pdf)
	w.files, err = bundle.Seal(w.files, w.contents.Origin, sign)
	return err
}

// describe gives the report in one language.
func describe(r *bundle.Report, p *i18n.Printer) report {
	out := report{Words: r.Says(p.Lang), Lang: p.Lang, Labels: map[string]string{}, How: strings.Split(p.T("evidence.report.how"), "\n")}
	for _, k := range []string{"signed", "proved", "not_proved", "along", "looks", "acts", "none", "code"} {
		out.Labels[k] = p.T("evidence.report." + k)
	}
	for _, k := range []string{"time", "actor", "role", "action", "purpose", "categories", "kind"} {
		out.Labels[k] = p.T("column." + k)
	}
	out.Labels["about"] = p.T("field.about")
	out.Labels["how"] = p.T("evidence.report.how.title")
	period := func(from bool) string {
		t, none := r.Until, "evidence.report.until_now"
		if from {
			t, none = r.From, "evidence.report.from_start"
		}
		if t == nil {
			return p.T(none)
		}
		return bundle.Moment(*t)
	}
	out.Intro = []pair{
		{p.T("evidence.report.dossier"), r.Dossier}, {p.T("evidence.report.agency"), r.Agency},
		{p.T("evidence.report.period"), p.T("patterns.when", "from", period(true), "until", period(false))},
		{p.T("evidence.report.made"), bundle.Moment(r.MadeAt) + ", " + who(r, p, r.MadeBy)},
		{p.T("column.purpose"), p.Code("purpose", r.Purpose)},
	}
	for _, c := range r.Commits {
		if !c.Within {
			continue
		}
		e := &c.Envelope
		x := row{When: bundle.Moment(e.Time), Who: who(r, p, e.Actor), Leaf: fmt.Sprint(c.Ref.Leaf)}
		if c.Look != nil {
			l := c.Look
			x.Why = p.Code("purpose", l.Purpose)
			if p.Has("role." + l.Role) { // operator and engine have none beside what they are
				x.Role = p.Code("role", l.Role)
			}
			x.What = p.Code("access_action", l.Action)
			if l.Outcome != "allowed" {
				x.What += " (" + p.Code("access_outcome", l.Outcome) + ")"
			}
			if c.Listed > 1 {
				x.What += ", " + p.N("evidence.report.dossiers", int(c.Listed))
			}
			var kinds []string
			for _, k := range l.Categories {
				kinds = append(kinds, string(k))
			}
			x.About = p.Codes("category", kinds)
			out.Looks = append(out.Looks, x)
			continue
		}
		var what, kinds []string
		for _, ev := range e.Data.Events {
			what = append(what, p.Code("event_name", ev.Type))
		}
		for _, k := range e.Data.Categories {
			kinds = append(kinds, string(k))
		}
		x.What, x.About = strings.Join(what, ", "), p.Codes("category", kinds)
		if e.Subject != domain.KindDossier+"/"+r.Dossier {
			x.About = strings.TrimSuffix(e.Subject+", "+x.About, ", ")
		}
		out.Acts = append(out.Acts, x)
	}
	return out
}

// who names an actor: by name where that was opened, else by id.
func who(r *bundle.Report, p *i18n.Printer, id string) string {
	switch {
	case id == domain.Operator || id == domain.Engine:
		return p.T("actor." + id)
	case r.Names[id] != "":
		return r.Names[id] + " (…" + id[max(0, len(id)-8):] + ")"
	}
	return id
}
