package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/handlers/queries"
)

// replayCmd shows a dossier as it was (catalogue §3).
type replayCmd struct {
	Dossier string `required:"" placeholder:"ID" help:"The dossier."`
	Agency  string `placeholder:"A" help:"Its agency (found by the dossier when left out)."`
	AsOf    string `placeholder:"TIME" help:"What had occurred by then; a date means its end."`
	KnownAt string `placeholder:"TIME" help:"What had been recorded by then; a date means its end."`
	Open    bool   `help:"With personal data, opened; the look is recorded first."`
	Purpose string `default:"audit" help:"The purpose that is recorded with --open."`
}

func (replayCmd) place() place { return onData }

func (c *replayCmd) Run(a *app) (err error) {
	o := queries.DossierOptions{Open: c.Open}
	if err := times(timeFlag{"as-of", c.AsOf, true, &o.AsOf}, timeFlag{"known-at", c.KnownAt, true, &o.KnownAt}); err != nil {
		return err
	}
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
	v, err := e.Queries.Dossier(a.ctx, r, c.Dossier, o)
	if err != nil {
		return err
	}
	if a.g.JSON {
		j := json.NewEncoder(a.io.Stdout)
		j.SetEscapeHTML(false)
		return j.Encode(v)
	}
	return printDossier(a.io.Stdout, v)
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
