package replay

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/handlers/queries"
	"github.com/casefile-engine/casefile/handlers/web/i18n"
	"github.com/casefile-engine/casefile/handlers/web/pages/dossier"
)

// perPage is how many steps one page lists, the newest first.
const perPage = 100

// listModel is a dossier commit by commit.
type listModel struct {
	shared
	Count        string
	Rows         []row
	Newer, Older string
	Proof        *proof
}

// row is one step in the list.
type row struct {
	URL, Number, Time, TimeISO, Recorded, By string
	Sentences                                []string
	Changes, Leaf                            string
	Bad, Hidden                              bool
}

// ServeSteps lists the commits of a dossier.
func (p *Page) ServeSteps(w http.ResponseWriter, r *http.Request) {
	words := p.kit.Printer(r)
	c := p.choose(r, "steps")
	m := listModel{shared: c.shared}
	if c.errors == nil {
		if err := p.list(r, words, &m, c.options); err != nil {
			p.kit.Fail(w, r, err)
			return
		}
	}
	p.render(w, r, c.errors, m)
}

func (p *Page) list(r *http.Request, words *i18n.Printer, m *listModel, o queries.ReplayOptions) error {
	all, err := p.queries.Steps(r.Context(), p.reader(r, "view"), m.Dossier, 0, o)
	if err != nil {
		return err
	}
	names, _, err := p.people(r)
	if err != nil {
		return err
	}
	say := writer{words, names}
	m.Part = all.Partial
	m.recorded(words, all.AccessRecord)
	m.Count = words.N("replay.count", len(all.Steps))
	shown := m.pages(r, all.Steps)
	if m.Proof, err = p.prove(r, words, shown); err != nil {
		return err
	}
	for i := range shown {
		st := &shown[len(shown)-1-i]
		m.Rows = append(m.Rows, m.row(say, st))
	}
	return nil
}

// pages takes the part of the steps that one page shows.
func (m *listModel) pages(r *http.Request, list []queries.Step) []queries.Step {
	n, err := strconv.Atoi(r.URL.Query().Get("page"))
	if err != nil || n < 1 || (n-1)*perPage >= len(list) {
		n = 1
	}
	to := len(list) - (n-1)*perPage
	from := max(0, to-perPage)
	address := func(n int) string {
		q := r.URL.Query()
		q.Set("page", strconv.Itoa(n))
		return r.URL.Path + "?" + q.Encode()
	}
	if from > 0 {
		m.Older = address(n + 1)
	}
	if n > 1 {
		m.Newer = address(n - 1)
	}
	return list[from:to]
}

func (m *listModel) row(w writer, st *queries.Step) row {
	out := row{URL: "/dossiers/" + m.Dossier + "/replay/" + i18n.Position(st.Position) + string(m.Keep), Number: strconv.Itoa(st.Step),
		Time: nl.DateTime(st.Occurred, w.Lang), TimeISO: st.Occurred.UTC().Format(time.RFC3339), Hidden: st.Hidden}
	if st.Hidden {
		out.Time = nl.DateOf(st.Occurred).Long(w.Lang)
		out.Sentences = []string{w.T("replay.hidden")}
		return out
	}
	out.By = w.actor(st.Actor)
	if late(st.Occurred, st.Recorded) {
		out.Recorded = w.T("timeline.recorded", "time", nl.DateTime(st.Recorded, w.Lang))
	}
	for _, e := range st.Events {
		out.Sentences = append(out.Sentences, dossier.Say(w.Printer, w.names, e.Type, e.Clear))
	}
	if n := len(st.Changes); n > 0 {
		out.Changes = w.N("replay.changes", n)
	}
	if s := m.Proof.of(st.Position); s != "" {
		out.Leaf, out.Bad = w.T("replay.leaf."+s), s == "differs" || s == "stopped"
	}
	return out
}

// late tells whether something was recorded so much later than it happened that
// a page says so.
func late(occurred, recorded time.Time) bool { return recorded.Sub(occurred) > 5*time.Minute }

// stepModel is one commit with the state around it.
type stepModel struct {
	shared
	At, Count                   int    // 3, 18
	Of                          string // step 3 of 18
	Position                    string
	First, Previous, Next, Last string // addresses
	Hidden                      bool
	Day                         string
	Events                      []event
	Facts                       []fact
	Changes                     []change
	State                       []stateRow
	More                        string // that not all of the state is listed
	Before, After               string // readable JSON
	Proof                       *proof
	From, Until                 string // the day, for an evidence bundle
}

// event is one event of the step.
type event struct {
	Sentence, Type, JSON string
	Values               []opened
}

// opened is one sealed value of an event.
type opened struct{ Category, Text, State string }

type fact struct{ Label, Text string }

// stateRow is one value of the state after the step.
type stateRow struct {
	Where, Value string
	New          bool // the step set it
	From         origin
}

// mostState is how many values of a state a page lists; the JSON has them all.
const mostState = 400

// ServeStep shows one commit.
func (p *Page) ServeStep(w http.ResponseWriter, r *http.Request) {
	words := p.kit.Printer(r)
	c := p.choose(r, "steps")
	position, err := strconv.ParseUint(r.PathValue("position"), 10, 63)
	if err != nil || position == 0 {
		p.kit.Fail(w, r, &domain.Error{Kind: domain.KindNotFound, Code: "unknown_position", Rule: "X-3", Field: "position", Message: "that is no position on the stream; choose a step in the list"})
		return
	}
	if c.errors != nil {
		p.kit.Fail(w, r, domain.Invalid("invalid_date", c.errors[0].Field, "a date is written as 2026-04-14"))
		return
	}
	m := stepModel{shared: c.shared}
	m.Single = true
	if err := p.step(r, words, &m, position, c.options); err != nil {
		p.kit.Fail(w, r, err)
		return
	}
	p.render(w, r, nil, m)
}

func (p *Page) step(r *http.Request, words *i18n.Printer, m *stepModel, position uint64, o queries.ReplayOptions) error {
	one, err := p.queries.Steps(r.Context(), p.reader(r, "view"), m.Dossier, position, o)
	if err != nil {
		return err
	}
	names, _, err := p.people(r)
	if err != nil {
		return err
	}
	m.Part = one.Partial
	m.recorded(words, one.AccessRecord)
	for i := range one.Steps {
		m.fill(writer{words, names}, &one.Steps[i])
	}
	m.Proof, err = p.prove(r, words, one.Steps)
	return err
}

func (m *stepModel) fill(w writer, st *queries.Step) {
	at := func(position uint64) string {
		if position == 0 || position == st.Position {
			return ""
		}
		return "/dossiers/" + m.Dossier + "/replay/" + i18n.Position(position) + string(m.Keep)
	}
	m.First, m.Previous, m.Next, m.Last = at(st.First), at(st.Previous), at(st.Next), at(st.Last)
	m.At, m.Count = st.Step, st.Of
	m.Of = w.T("replay.step", "n", st.Step, "of", st.Of)
	m.Position, m.Hidden, m.Day = i18n.Position(st.Position), st.Hidden, nl.DateOf(st.Occurred).Long(w.Lang)
	if m.Hidden {
		return
	}
	day := nl.DateOf(st.Recorded).Short()
	m.From, m.Until = day, day
	for _, e := range st.Events {
		m.Events = append(m.Events, newEvent(w, e))
	}
	m.Facts = facts(w, st)
	keep := string(m.Keep)
	m.Changes = w.changes("", st.Changes, keep)
	m.Before, m.After = readable(st.Before), readable(st.After)
	m.state(w, st, keep)
}

func newEvent(w writer, e queries.TimelineEntry) event {
	out := event{Sentence: dossier.Say(w.Printer, w.names, e.Type, e.Clear), Type: e.Type, JSON: readable(e.Clear)}
	for _, v := range e.Values {
		x := opened{Category: w.Code("category", string(v.Category))}
		if v.State == "open" {
			x.Text = w.value("", v.Data)
		} else {
			x.State = w.T("replay.content." + v.State)
		}
		out.Values = append(out.Values, x)
	}
	return out
}

// facts are who did it, when and on what it rests.
func facts(w writer, st *queries.Step) []fact {
	list := []fact{{"column.actor", w.actor(st.Actor)}, {"column.occurred_at", nl.DateTime(st.Occurred, w.Lang)}, {"column.recorded_at", nl.DateTime(st.Recorded, w.Lang)}}
	if st.RecordedBy != "" && st.RecordedBy != st.Actor {
		list = append(list, fact{"replay.recorded_by", w.actor(st.RecordedBy)})
	}
	for _, x := range []struct{ label, list, code string }{
		{"column.door", "door", st.Door}, {"column.purpose", "purpose", st.Purpose}, {"column.ground", "access_ground", st.Ground},
	} {
		if x.code != "" {
			list = append(list, fact{x.label, w.Code(x.list, x.code)})
		}
	}
	if st.Profile != "" {
		list = append(list, fact{"column.profile", w.text([]string{"profile"}, st.Profile)})
	}
	for _, x := range []fact{{"replay.command", st.Command}, {"replay.policies", st.Policy}} {
		if x.Text != "" {
			list = append(list, x)
		}
	}
	for i := range list {
		list[i].Label = w.T(list[i].Label)
	}
	return list
}

// state lists every value after the step with the event that it came from.
func (m *stepModel) state(w writer, st *queries.Step, keep string) {
	list := flat(st.After)
	for _, x := range list {
		if len(m.State) == mostState {
			m.More = w.T("replay.state.more", "n", nl.Count(mostState, w.Lang), "of", nl.Count(len(list), w.Lang))
			break
		}
		row := stateRow{Where: w.path(x.path), Value: w.value(x.path, x.raw)}
		if src, ok := st.Sources[x.path]; ok {
			row.From, row.New = w.origin(m.Dossier, src, keep), src.Position == st.Position
			if row.New {
				row.From.URL = "" // here
			}
		}
		m.State = append(m.State, row)
	}
}

// EvidenceURL is the form for an evidence bundle of the day on which the step was
// recorded.
func (m stepModel) EvidenceURL() string {
	return "/dossiers/" + m.Dossier + "/evidence?" + url.Values{"from": {m.From}, "until": {m.Until}}.Encode()
}
