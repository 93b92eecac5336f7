package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore/ledger/bundle"
	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
	"github.com/casefile-engine/casefile/eventstore/scrub"
	looker "github.com/casefile-engine/casefile/handlers/verify"
	"github.com/casefile-engine/casefile/internal/progress"
)

// verifyCmd looks over the whole data directory, or checks an evidence bundle
// (catalogue §3). It needs no keys and writes nothing; exit code 6 when anything
// is not as it must be.
type verifyCmd struct {
	bundleFlags
}

// place: a bundle is checked without any data directory.
func (c *verifyCmd) place() place {
	if c.Bundle != "" {
		return onNothing
	}
	return onData
}

// Run is one of the two.
func (c *verifyCmd) Run(a *app) error {
	if c.Bundle != "" {
		return c.check(a)
	}
	return c.data(a)
}

// data looks over the data directory.
func (c *verifyCmd) data(a *app) error {
	if a.shared == nil && a.g.NATSURL+a.g.PostgresURL != "" {
		return &domain.Error{Kind: domain.KindInvalid, Code: "needs_server", Rule: "C-2.1.4d", Message: "a cluster is verified through a server that works on it: give this command with --data of a running instance"}
	}
	t, err := c.trust(a)
	if err != nil {
		return err
	}
	bars := map[string]*progress.Bar{}
	current := ""
	tell := func(part string, done, head uint64) {
		if part != current {
			if b := bars[current]; b != nil {
				b.Done()
			}
			current = part
			if bars[part] == nil {
				bars[part] = a.bar("looking over the "+part, "commits")
			}
		}
		if head > 0 {
			bars[part].Update(done, float64(done)/float64(head))
		} else {
			bars[part].Update(done, 0)
		}
	}
	var r *scrub.Report
	if a.shared != nil {
		r, err = a.shared.engine.Verify(a.ctx, tell)
	} else {
		p := a.options().Paths()
		r, err = looker.Run(a.ctx, looker.Options{Data: p.Data, Lock: p.Lock, Keys: p.Keys, Progress: tell})
	}
	if b := bars[current]; b != nil {
		b.Done()
	}
	if err != nil {
		return err
	}
	return c.tell(a, r, t)
}

// tell prints the report, and decides the exit code.
func (c *verifyCmd) tell(a *app, r *scrub.Report, t bundle.Trust) error {
	if a.g.JSON {
		if err := json.NewEncoder(a.io.Stdout).Encode(r); err != nil {
			return err
		}
	} else if err := c.table(a, r, t); err != nil {
		return err
	}
	if r.Whole() {
		a.say("everything is as it was signed and written down; keep the checkpoints elsewhere too: an old copy of data and lock together can only be told by them")
		return nil
	}
	a.say("what is not as it must be: %d. Change nothing, copy all three directories, and see docs/operations.md, \"What an alarm means\"", r.Total)
	return &result{exitVerify}
}

// vouched lists what witnesses and time stamps say of the logs, and whether the
// keys are those that were named.
func vouched(w io.Writer, r *scrub.Report, t bundle.Trust) {
	if len(r.Checkpoints) == 0 {
		return
	}
	if len(r.Backings) == 0 {
		fmt.Fprintln(w, "\nno witness and no time stamp stands behind the checkpoints")
		return
	}
	fmt.Fprintln(w, "\nAGENCY\tVOUCHED FOR BY\tCOMMITS\tAT\tKEY")
	for _, x := range r.Backings {
		key := "in the time stamp"
		if x.Key != "" {
			key = "not named by you"
			if slices.ContainsFunc(t.Witnesses, func(y verify.Witness) bool { return y.Text == x.Key }) {
				key = "named by you"
			}
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", x.Agency, oneLine(x.By), progress.Count(uint64(x.Size)), stamp(x.At), key)
	}
}

func (c *verifyCmd) table(a *app, r *scrub.Report, t bundle.Trust) error {
	w := tabwriter.NewWriter(a.io.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "PART\tLOOKED AT\tHOW MANY\tRESULT")
	for _, x := range r.Checks {
		verdict := "good"
		if x.Findings > 0 {
			verdict = fmt.Sprintf("%d NOT GOOD", x.Findings)
		}
		switch {
		case x.Note != "" && x.Count == 0 && x.Findings == 0:
			verdict = x.Note
		case x.Note != "":
			verdict += " (" + x.Note + ")"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", x.Part, x.What, progress.Count(x.Count), verdict)
	}
	if len(r.Checkpoints) > 0 {
		fmt.Fprintln(w, "\nAGENCY\tSIGNED COMMITS\tROOT\tUP TO")
		for _, x := range r.Checkpoints {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", x.Agency, progress.Count(uint64(x.Size)), x.Root, stamp(x.Recorded))
		}
	}
	vouched(w, r, t)
	if err := w.Flush(); err != nil {
		return err
	}
	if len(r.Findings) > 0 {
		fmt.Fprintln(a.io.Stdout)
	}
	for _, f := range r.Findings {
		fmt.Fprintf(a.io.Stdout, "%s: %s\n", f.Part, f)
	}
	if n := r.Total - len(r.Findings); n > 0 {
		fmt.Fprintf(a.io.Stdout, "and %s more\n", progress.Count(uint64(n)))
	}
	return nil
}
