package replay

import (
	"net/http"
	"strings"
	"time"

	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/handlers/queries"
	"github.com/casefile-engine/casefile/handlers/web/i18n"
	"github.com/casefile-engine/casefile/handlers/web/ui"
)

// period is the form for two times: on which clock they are, and how the other
// one is held still.
type period struct {
	From, To, Still string // as typed
	Known           bool   // by what was known, instead of by what was true
	Asked           bool
	Summary         string
}

// choosePeriod reads the two times; o is whole when something was asked and
// nothing is wrong with it.
func (p *Page) choosePeriod(r *http.Request, words *i18n.Printer) (m period, o queries.DifferenceOptions, errs []ui.FieldError) {
	q := r.URL.Query()
	typed := func(name string) string { return strings.TrimSpace(q.Get(name)) }
	m = period{From: typed("from"), To: typed("to"), Still: typed("still"), Known: q.Get("axis") == queries.AxisRecorded, Asked: q.Has("from")}
	if !m.Asked {
		return m, o, nil
	}
	d := ui.Dates{Words: words}
	o = queries.DifferenceOptions{Axis: queries.AxisOccurred, Open: q.Has("open")}
	from, to, still := d.End("from", m.From), d.End("to", m.To), d.End("still", m.Still)
	for name, t := range map[string]*time.Time{"from": from, "to": to} {
		if t == nil && typed(name) == "" {
			d.Errors = append(d.Errors, ui.FieldError{Field: name, Text: words.T("replay.period.missing")})
		}
	}
	if from != nil && to != nil && to.Before(*from) {
		d.Errors = append(d.Errors, ui.FieldError{Field: "to", Text: words.T("replay.period.wrong")})
	}
	if d.Errors != nil {
		return m, o, d.Errors
	}
	o.From, o.To = *from, *to
	key := "replay.period.true"
	if m.Known {
		o.Axis, o.AsOf, key = queries.AxisRecorded, still, "replay.period.known"
	} else {
		o.KnownAt = still
	}
	m.Summary = words.T(key, "from", nl.DateOf(o.From).Long(words.Lang), "to", nl.DateOf(o.To).Long(words.Lang))
	return m, o, nil
}

// differenceModel is what changed in a dossier between two times.
type differenceModel struct {
	shared
	period
	Events   []told
	Changes  []change
	Contents []change
}

// told is an event as a sentence, with its step.
type told struct{ origin }

// ServeDifference compares a dossier at two times.
func (p *Page) ServeDifference(w http.ResponseWriter, r *http.Request) {
	words := p.kit.Printer(r)
	c := p.choose(r, "difference")
	m := differenceModel{shared: c.shared}
	var o queries.DifferenceOptions
	var errs []ui.FieldError
	if m.period, o, errs = p.choosePeriod(r, words); m.Asked && errs == nil {
		if err := p.difference(r, words, &m, o); err != nil {
			p.kit.Fail(w, r, err)
			return
		}
	}
	p.render(w, r, errs, m)
}

func (p *Page) difference(r *http.Request, words *i18n.Printer, m *differenceModel, o queries.DifferenceOptions) error {
	d, err := p.queries.Difference(r.Context(), p.reader(r, "view"), m.Dossier, o)
	if err != nil {
		return err
	}
	names, _, err := p.people(r)
	if err != nil {
		return err
	}
	say := writer{words, names}
	m.Part = d.Partial
	m.recorded(words, d.AccessRecord)
	for _, s := range d.Events {
		m.Events = append(m.Events, told{say.origin(m.Dossier, s, "")})
	}
	m.Changes = say.changes(m.Dossier, d.Changes, "")
	for _, c := range d.Contents {
		m.Contents = append(m.Contents, say.content(m.Dossier, c))
	}
	return nil
}

// content is a change of what is sealed.
func (w writer) content(dossierID string, c queries.ContentChange) change {
	where := []string{w.Code("category", string(c.Category))}
	if c.Record != "" {
		where = append(where, short(c.Record))
	}
	if c.Field != "" {
		where = append(where, w.name(nil, c.Field))
	}
	out := change{Where: strings.Join(where, " › "), What: w.T("replay.op." + c.Op), From: w.origins(dossierID, c.Events, "")}
	if c.State == "open" && c.Field != "" {
		out.Old, out.New = w.value("/"+c.Field, c.Old), w.value("/"+c.Field, c.New)
		return out
	}
	out.New = w.T("replay.content." + c.State)
	return out
}
