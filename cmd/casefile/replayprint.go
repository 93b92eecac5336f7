package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/queries"
)

// printJSON writes an answer as indented JSON, where a table says too little.
func printJSON[T any](out io.Writer, v T) error {
	j := json.NewEncoder(out)
	j.SetEscapeHTML(false)
	j.SetIndent("", "  ")
	return j.Encode(v)
}

// origins are the events that something came from, on one line.
func origins(list []queries.Source) string {
	var parts []string
	for _, s := range list {
		parts = append(parts, fmt.Sprintf("%d %s", s.Position, s.Type))
	}
	return strings.Join(parts, ", ")
}

func printChanges(w io.Writer, list []queries.Change) {
	for _, c := range list {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", c.Op, c.Path, oneLine(string(c.Old)), oneLine(string(c.New)), origins(c.Events))
	}
}

// printDifference writes what changed in a dossier for a person.
func printDifference(out io.Writer, d *queries.Difference) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "dossier\t%s\nagency\t%s\nby what had %s\t%s to %s\npositions\t%d to %d\n", d.Dossier, d.Agency, d.Axis, stamp(d.From), stamp(d.To), d.FromPosition, d.ToPosition)
	fmt.Fprintln(w, "\nCHANGE\tWHERE\tOLD\tNEW\tFROM THE EVENTS")
	printChanges(w, d.Changes)
	fmt.Fprintln(w, "\nSEALED\tCATEGORY\tRECORD\tFIELD\tOLD\tNEW\tSTATE\tFROM THE EVENTS")
	for _, c := range d.Contents {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", c.Op, c.Category, c.Record, c.Field, oneLine(string(c.Old)), oneLine(string(c.New)), c.State, origins(c.Events))
	}
	return w.Flush()
}

// printSteps writes a dossier commit by commit for a person.
func printSteps(out io.Writer, v *queries.Steps) error {
	for _, st := range v.Steps {
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		fmt.Fprintf(w, "step %d of %d, position %d: %s by %s, occurred %s, recorded %s\n", st.Step, st.Of, st.Position, st.Command, st.Actor, stamp(st.Occurred), stamp(st.Recorded))
		for _, e := range st.Events {
			fmt.Fprintf(w, "  %s\t%s\n", e.Type, facts(e.Clear))
			for _, x := range e.Values {
				fmt.Fprintf(w, "    %s\t%s\n", x.Category, opened(x))
			}
		}
		for _, c := range st.Changes {
			fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", c.Op, c.Path, oneLine(string(c.Old)), oneLine(string(c.New)))
		}
		for _, s := range []struct {
			name string
			tree json.RawMessage
		}{{"before", st.Before}, {"after", st.After}} {
			if s.tree != nil {
				fmt.Fprintf(w, "  %s\t%s\n", s.name, s.tree)
			}
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// printSeen writes what somebody could have seen, and what was shown to him.
func printSeen(out io.Writer, v *queries.Seen) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	r := &v.Rights
	fmt.Fprintf(w, "dossier\t%s\nmember of staff\t%s\nknown at\t%s, position %d\nroles\t%s\n", v.Dossier, v.Staff, stamp(v.KnownAt), v.Position, strings.Join(r.Roles, " "))
	fmt.Fprintf(w, "assigned\t%t\nbreak-glass\t%t\ncould see it\t%t %s %s\n", r.Assigned, r.Broken, r.Allowed, r.Code, r.Rule)
	fmt.Fprintf(w, "judged by policies\t%s\nrecorded that day\t%s\n", r.Digest, strings.Join(r.Recorded, " "))
	if r.Changed {
		fmt.Fprintln(w, "note\tother policies were at work that day too; what follows of his looks tells more than this judgement")
	}
	fmt.Fprintln(w, "\nCOULD SEE\tWHY, AND FOR WHICH PURPOSES")
	for _, c := range r.Categories {
		for _, ground := range []string{"assignment", "grant", "break_glass", "request", "role"} {
			if p := c.Purposes[ground]; p != nil {
				fmt.Fprintf(w, "%s\t%s: %s\n", c.Category, ground, strings.Join(p, " "))
			}
		}
	}
	fmt.Fprintln(w, "\nPOSITION\tOCCURRED\tACTION\tOUTCOME\tPURPOSE\tGROUND\tCATEGORIES SHOWN")
	for _, l := range v.Looks {
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", l.Position, stamp(l.OccurredAt), l.Action, l.Outcome, l.Purpose, l.Ground, codes(l.Categories))
	}
	if err := w.Flush(); err != nil || v.View == nil {
		return err
	}
	fmt.Fprintln(out)
	return printDossier(out, v.View)
}

func codes(list []domain.Category) string {
	var out []string
	for _, c := range list {
		out = append(out, string(c))
	}
	return strings.Join(out, " ")
}
