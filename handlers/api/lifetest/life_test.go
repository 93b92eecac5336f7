// Package lifetest lives one client's life in each of two agencies through the
// HTTP API of the real engine, with everybody signed in by his own name and the
// clock moved from day to day, and holds every register on each of these days
// against what was worked out by hand from requirements.md and catalogue.md.
package lifetest

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/nl"
)

// staff are the people of each agency by sign-in name, with the one role that
// each has: nobody needs another for what he does in the stories (catalogue §5).
var staff = map[string]map[string]string{
	"click":     {"eva": "coach", "ada": "administration", "cor": "compliance_officer", "dora": "director", "adm": "administrator"},
	"solutions": {"iris": "coach", "paul": "administration", "wim": "compliance_officer", "hanna": "director", "tom": "administrator"},
}

// compliance reads the registers.
var compliance = map[string]string{"click": "cor", "solutions": "wim"}

// told is one step of one agency.
type told struct {
	agency string
	step
}

// Issue "Rules", Show: one client's life by API in both agencies, with every
// register and obligation on each of its days. The stories name beside each line
// the requirement that it follows from; among them are C-0b, C-0d, C-0g, C-1.1b,
// C-1.2c, C-1.2e, C-2.1.2, C-2.1.3, C-2.1.5, C-2.4, C-2.5b, C-2.5f, C-2.6.1,
// C-2.6.3, C-2.6.4, C-2.6.5, C-2.6.7, C-2.6b, C-2.7c, C-2.7d, C-2.7e, C-2.8,
// C-2.9a, C-2.9.1, C-2.9.2, C-2.9.3, C-3.6, C-I3, C-I4, S-Der, S-Geg2, S-Inz,
// S-Bew1, S-Bew2, S-Bew3, S-Kla, S-Bev1, S-CBP, L-7, L-9, L-12, L-14, L-18, L-19,
// L-28, L-30, L-33, L-34, L-35 and L-U46.
func TestOneClientsLifeInBothAgencies(t *testing.T) {
	stories := []*story{readStory(t, "click"), readStory(t, "solutions")}
	w := open(t, "2025-01-06T06:00:00Z")
	w.found("click", "click-2017", "adm")
	w.found("solutions", "solutions-vpr", "tom")

	now := map[string]state{"click": {}, "solutions": {}}
	past := map[string]map[string]state{"click": {}, "solutions": {}}
	for _, date := range dates(stories) {
		w.until(date.Start().Add(7*time.Hour), true)
		steps, today := on(stories, date)
		for _, s := range steps {
			w.take(s.agency, s.step)
		}
		w.until(date.End().Add(-time.Hour), true)
		for agency, d := range today {
			now[agency].apply(t, agency, d)
			w.compare(agency, "on "+date.String(), now[agency], w.read(agency, func() url.Values { return url.Values{} }))
			past[agency][date.String()] = now[agency].clone()
		}
		if t.Failed() {
			t.FailNow() // every later day rests on this one
		}
	}
	for _, s := range stories {
		t.Run("history/"+s.agency, func(t *testing.T) { w.t = t; w.history(s) })
		t.Run("as it was known/"+s.agency, func(t *testing.T) { w.t = t; w.again(s, past[s.agency]) })
	}
	t.Run("written down later", func(t *testing.T) { w.t = t; w.later() })
	t.Run("sent again", func(t *testing.T) { w.t = t; w.twice(stories[0]) })
	t.Run("doors", func(t *testing.T) { w.t = t; w.doors() })
}

// dates are the days on which something happens or is looked at, in order.
func dates(stories []*story) []nl.Date {
	var out []nl.Date
	for _, s := range stories {
		for _, d := range s.days {
			out = append(out, d.date)
		}
	}
	slices.SortFunc(out, nl.Date.Compare)
	return slices.Compact(out)
}

// on gives the steps of a day in the order of their times, and the day of each story.
func on(stories []*story, date nl.Date) (steps []told, today map[string]day) {
	today = map[string]day{}
	for _, s := range stories {
		for _, d := range s.days {
			if d.date != date {
				continue
			}
			today[s.agency] = d
			for _, st := range d.steps {
				steps = append(steps, told{s.agency, st})
			}
		}
	}
	slices.SortStableFunc(steps, func(a, b told) int { return a.at.Compare(b.at) })
	return steps, today
}

// history: each accepted command stands in the history with who gave it and
// when, and so does each refused disclosure (catalogue §3, C-2.6.1); no other
// refusal leaves a trace.
func (w *world) history(s *story) {
	type commit struct {
		Type, Actor string
		Time        time.Time
	}
	got := map[uint64]commit{}
	refused := 0
	for _, row := range w.rows(s.agency, "history", url.Values{}) {
		var c struct {
			commit
			Position uint64
		}
		if err := json.Unmarshal([]byte(row), &c); err != nil {
			w.t.Fatal(err)
		}
		got[c.Position] = c.commit
		if c.Type == dossier.TypeDisclosureRefused {
			refused++
		}
	}
	want := 0
	for _, d := range s.days {
		for _, st := range d.steps {
			if st.command == "Disclose" && st.status == 422 {
				want++
			}
		}
	}
	if refused != want {
		w.t.Errorf("%d refused disclosures in the history, want %d", refused, want)
	}
	for position, g := range w.position {
		c := got[position]
		if g.agency == s.agency && (c.Actor != g.actor || !g.at.IsZero() && !c.Time.Truncate(time.Second).Equal(g.at)) {
			w.t.Errorf("%s at %d stands in the history as %+v", g.command, position, c)
		}
	}
}

// again asks, when all is over, for every register as it was known at the end of
// some of the days: it is what stood there on that day (architecture §1.7).
func (w *world) again(s *story, past map[string]state) {
	for i, d := range s.days {
		if i%4 != 1 && i != len(s.days)-1 {
			continue // each is folded anew, which takes its time
		}
		date := d.date.String()
		w.compare(s.agency, "as of "+date, past[date], w.read(s.agency, func() url.Values { return url.Values{"as_of": {date}, "known_at": {date}} }))
	}
}

// later: hours of 12 June that were written down on the 20th had occurred by the
// 13th and were not known then (catalogue §2 "Time", C-0b).
func (w *world) later() {
	for query, want := range map[string]int{"as_of": 4, "known_at": 3} {
		if rows := w.rows("click", "hours", url.Values{query: {"2025-06-13"}}); len(rows) != want {
			w.t.Errorf("%d entries of hours with %s, want %d", len(rows), query, want)
		}
	}
}

// twice: a command that is sent again answers with its first outcome, and its id
// with another content is refused (catalogue §2 "Idempotency").
func (w *world) twice(s *story) {
	first := s.days[0].steps[0]
	for login, want := range map[string]string{"login: ": "200 duplicate ", "login: x": "409 refused id_reused"} {
		again := first
		again.data = strings.Replace(first.data, "login: ", login, 1)
		status, raw, _ := w.ask(s.agency, first.who, "POST", "/api/v1/commands", w.names.body(w.t, s.agency, again))
		var a answer
		if err := json.Unmarshal(raw, &a); err != nil {
			w.t.Fatal(err)
		}
		if got := fmt.Sprint(status, " ", a.Outcome, " ", a.Code); got != want {
			w.t.Errorf("%s again: %s, want %s", first.command, got, want)
		}
	}
}

// doors: nobody comes in without his password (C-0c), and another agency is as
// unknown as one that does not exist (C-2.8).
func (w *world) doors() {
	for _, c := range []struct {
		agency, who, path string
		status            int
		code              string
	}{
		{"click", "nobody", "/api/v1/agencies/click/deadlines", 401, "not_signed_in"},
		{"solutions", "cor", "/api/v1/agencies/click/deadlines", 401, "not_signed_in"},
		{"click", "cor", "/api/v1/agencies/solutions/deadlines", 404, "unknown_agency"},
		{"click", "cor", "/api/v1/agencies/nowhere/deadlines", 404, "unknown_agency"},
		{"click", "cor", "/api/v1/agencies/click/gossip", 404, "unknown_register"},
	} {
		status, raw, _ := w.ask(c.agency, c.who, "GET", c.path, nil)
		var a answer
		if err := json.Unmarshal(raw, &a); err != nil || status != c.status || a.Code != c.code {
			w.t.Errorf("%s@%s, %s: %d %s", c.who, c.agency, c.path, status, a.Code)
		}
	}
}
