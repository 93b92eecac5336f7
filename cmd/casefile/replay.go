package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/handlers/queries"
)

// replayCmd shows a dossier or an agency as it was (catalogue §3, X-3).
type replayCmd struct {
	Dossier string `placeholder:"ID" help:"The dossier; without it the agency is replayed, as JSON."`
	Agency  string `placeholder:"A" help:"The agency (of a dossier found by itself when left out)."`
	AsOf    string `placeholder:"TIME" help:"What had occurred by then; a date means its end."`
	KnownAt string `placeholder:"TIME" help:"What was known then: the stream up to the last commit recorded by then; a date means its end."`
	Open    bool   `help:"With personal data, opened; the look is recorded first."`
	Purpose string `default:"audit" help:"The purpose that is recorded with --open."`

	From string `placeholder:"T1" help:"With --to: what changed between the two times, and by which events."`
	To   string `placeholder:"T2" help:"The later time; a date means its end."`
	Axis string `enum:"occurred,recorded" default:"occurred" help:"Whether --from and --to say what had occurred or what had been recorded."`
	Step string `placeholder:"N|all" help:"Commit by commit: the one at position N with the state before and after it, or all with what each changed."`
	As   string `placeholder:"STAFF" help:"With --known-at: what that member of staff could have seen then, and what was shown to him."`
}

func (replayCmd) place() place { return onData }

func (c *replayCmd) Run(a *app) (err error) {
	position, err := c.check()
	if err != nil {
		return err
	}
	var o queries.ReplayOptions
	var from, to *time.Time
	if err := times(timeFlag{"as-of", c.AsOf, true, &o.AsOf}, timeFlag{"known-at", c.KnownAt, true, &o.KnownAt},
		timeFlag{"from", c.From, true, &from}, timeFlag{"to", c.To, true, &to}); err != nil {
		return err
	}
	o.Open = c.Open
	e, release, err := a.open(false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	r := a.reader(c.Agency, c.Purpose, "view")
	if a.shared != nil {
		if r.After, err = e.Store.Head(a.ctx); err != nil {
			return err
		}
	}
	if r.Agency == "" {
		if r.Agency, err = e.Queries.FindDossier(a.ctx, r, strings.ToLower(c.Dossier)); err != nil {
			return err
		}
	}
	q := e.Queries
	d := queries.DifferenceOptions{Axis: c.Axis, AsOf: o.AsOf, KnownAt: o.KnownAt, Open: c.Open}
	if from != nil && to != nil {
		d.From, d.To = *from, *to
	}
	switch {
	case c.Dossier == "" && from != nil:
		return shown(a, printJSON[*queries.AgencyDifference])(q.AgencyDifference(a.ctx, r, d))
	case c.Dossier == "":
		return shown(a, printJSON[*queries.AgencyView])(q.AgencyReplay(a.ctx, r, o))
	case from != nil:
		return shown(a, printDifference)(q.Difference(a.ctx, r, c.Dossier, d))
	case c.Step != "":
		return shown(a, printSteps)(q.Steps(a.ctx, r, c.Dossier, position, o))
	case c.As != "":
		return shown(a, printSeen)(q.Seen(a.ctx, r, c.Dossier, c.As, *o.KnownAt, c.Open))
	}
	return shown(a, printDossier)(q.Dossier(a.ctx, r, c.Dossier, queries.DossierOptions{AsOf: o.AsOf, KnownAt: o.KnownAt, Open: c.Open}))
}

// check refuses flags that do not go together, and reads --step; 0 is all.
func (c *replayCmd) check() (position uint64, err error) {
	switch {
	case c.Dossier == "" && c.Agency == "":
		return 0, invalid("dossier_missing", "dossier", "say what is replayed: --dossier ID, or --agency A")
	case c.Dossier == "" && (c.Open || c.Step != "" || c.As != ""):
		return 0, invalid("dossier_missing", "dossier", "--open, --step and --as are of one dossier; name it with --dossier")
	case (c.From == "") != (c.To == ""):
		return 0, invalid("invalid_period", "to", "a difference is between two times; give --from and --to")
	case c.From != "" && (c.Step != "" || c.As != "") || c.Step != "" && c.As != "":
		return 0, invalid("one_question", "step", "--from with --to, --step and --as are questions of their own; ask one at a time")
	case c.As != "" && c.KnownAt == "":
		return 0, invalid("time_missing", "known-at", "say for which moment, with --known-at")
	case c.As != "" && c.AsOf != "":
		return 0, invalid("one_axis", "as-of", "what somebody could have seen is told by what was known then; leave --as-of out")
	}
	if c.Step != "" && c.Step != "all" {
		if position, err = strconv.ParseUint(c.Step, 10, 64); err != nil || position == 0 {
			return 0, invalid("invalid_step", "step", "a step is the position of a commit, as the timeline lists it, or all")
		}
	}
	return position, nil
}

// shown writes an answer: as JSON in one line with --json, else for a person.
func shown[T any](a *app, print func(io.Writer, T) error) func(T, error) error {
	return func(v T, err error) error {
		if err != nil {
			return err
		}
		if a.g.JSON {
			j := json.NewEncoder(a.io.Stdout)
			j.SetEscapeHTML(false)
			return j.Encode(v)
		}
		return print(a.io.Stdout, v)
	}
}

// printDossier writes a dossier for a person: what it was, and how it came about.
func printDossier(out io.Writer, v *queries.DossierView) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "%s\t%s\n", name, value)
		}
	}
	line("dossier", v.Dossier)
	line("agency", v.Agency)
	line("as of", moment(v.AsOf))
	line("known at", moment(v.KnownAt))
	line("status", v.Status)
	if v.Profile != "" {
		line("profile", fmt.Sprintf("%s version %d", v.Profile, v.ProfileVer))
	}
	for _, t := range v.Trajectories {
		until := "open"
		if t.Ended != "" {
			until = "until " + t.Ended
		}
		line("trajectory", fmt.Sprintf("%s, from %s, %s", t.Number, t.Started, until))
	}
	for _, s := range v.Assigned {
		name := s.Staff
		if s.Name != "" {
			name += " (" + s.Name + ")"
		}
		line("assigned", name)
	}
	line("hours", nl.Minutes(v.Minutes, nl.English))
	for _, x := range slices.Concat(v.Contact, v.Personal) {
		line(string(x.Category), opened(x))
	}
	if v.AccessRecord > 0 {
		line("recorded at", fmt.Sprintf("position %d of the stream", v.AccessRecord))
	}
	fmt.Fprintln(w)
	fmt.Fprintln(w, "POSITION\tOCCURRED\tRECORDED\tWHAT\tWHO\tCLEAR FACTS")
	for _, e := range v.Timeline {
		who := e.Actor
		if e.ActorName != "" {
			who = e.ActorName
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\n", e.Position, stamp(e.Occurred), stamp(e.Recorded), e.Type, who, facts(e.Clear))
		for _, x := range e.Values {
			fmt.Fprintf(w, "\t\t\t  %s\t\t%s\n", x.Category, opened(x))
		}
	}
	return w.Flush()
}

func moment(t *time.Time) string {
	if t == nil {
		return ""
	}
	return stamp(*t)
}

// stamp is an instant as people in the Netherlands read the clock.
func stamp(t time.Time) string { return t.In(nl.Amsterdam()).Format("2006-01-02 15:04:05") }

// opened is a value's content on one line, or the word for why there is none.
func opened(v queries.Value) string {
	if len(v.Data) == 0 {
		return "(" + v.State + ")"
	}
	return facts(v.Data)
}

// facts writes the fields of a JSON object as name=value on one line.
func facts(raw json.RawMessage) string {
	var m map[string]json.RawMessage
	if json.Unmarshal(raw, &m) != nil {
		return oneLine(string(raw))
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		var s string
		if json.Unmarshal(m[name], &s) != nil {
			s = string(m[name])
		}
		parts = append(parts, name+"="+oneLine(s))
	}
	return strings.Join(parts, " ")
}

// oneLine keeps content from breaking the table or steering the terminal.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return ' '
		}
		return r
	}, s)
}
