package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/casefile-engine/casefile/internal/progress"
	"github.com/casefile-engine/casefile/projections"
)

// rebuildCmd builds views anew (catalogue §3).
type rebuildCmd struct {
	Projections []string `arg:"" optional:"" name:"projection" help:"The views; none means all."`
	Check       bool     `help:"Build them a second time, compare with the live ones, and change nothing."`
}

func (rebuildCmd) place() place { return onData }

func (c *rebuildCmd) Run(a *app) (err error) {
	e, release, err := a.open(false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	label := "rebuilding"
	if c.Check {
		label = "checking"
	}
	began := time.Now()
	bar := a.bar(label, "commits")
	tell := func(done, head uint64) {
		if head > 0 {
			bar.Update(done, float64(done)/float64(head))
		}
	}
	if c.Check {
		results, err := e.Views.Check(a.ctx, c.Projections, tell)
		bar.Done()
		if err != nil {
			return err
		}
		return c.compare(a, results)
	}
	err = e.Views.Rebuild(a.ctx, c.Projections, tell)
	bar.Done()
	if err == nil {
		a.say("rebuilt in %s", progress.Duration(time.Since(began)))
	}
	return err
}

// compare tells how live and rebuilt views agree; exit code 6 if they do not.
func (c *rebuildCmd) compare(a *app, results []projections.CheckResult) error {
	differ := false
	w := tabwriter.NewWriter(a.io.Stdout, 0, 0, 2, ' ', 0)
	if !a.g.JSON {
		fmt.Fprintln(w, "VIEW\tROWS\tPOSITION\tDIGEST\tLIVE AND REBUILT")
	}
	for _, r := range results {
		differ = differ || !r.Equal
		if a.g.JSON {
			if err := json.NewEncoder(a.io.Stdout).Encode(r); err != nil {
				return err
			}
			continue
		}
		verdict := "agree"
		switch {
		case r.ErrorCode != "":
			verdict = "cannot be rebuilt: " + r.ErrorCode
		case !r.Equal:
			verdict = "DIFFER"
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%.16s\t%s\n", r.Name, progress.Count(uint64(r.Rows)), r.Position, r.Rebuilt, verdict)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if differ {
		a.say("live and rebuilt views differ: what stands in the views is not what the stream gives. Run casefile rebuild, and report it: views and stream must never part")
		return &result{exitVerify}
	}
	return nil
}
