package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/casefile-engine/casefile/handlers/engine"
	"github.com/casefile-engine/casefile/internal/progress"
	"github.com/casefile-engine/casefile/projections"
)

// rebuildCmd builds views anew (catalogue §3).
type rebuildCmd struct {
	Projections []string `arg:"" optional:"" name:"projection" help:"The views; none means all. The word search makes the search index anew."`
	Check       bool     `help:"Build them a second time, compare with the live ones, and change nothing."`
}

func (rebuildCmd) place() place { return onData }

func (c *rebuildCmd) Run(a *app) (err error) {
	e, release, err := a.open(false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	if c.Check && slices.Contains(c.Projections, searchIndex) {
		return invalid("not_a_view", "projection", "the search index is no view: it holds no fact and is compared with nothing; leave it out, or leave out --check")
	}
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
	err = c.rebuild(a, e, tell)
	bar.Done()
	if err == nil {
		a.say("rebuilt in %s", progress.Duration(time.Since(began)))
	}
	return err
}

// searchIndex names the index among the views: it is rebuilt when it is named.
const searchIndex = "search"

func (c *rebuildCmd) rebuild(a *app, e *engine.Engine, tell func(done, head uint64)) error {
	views := slices.DeleteFunc(slices.Clone(c.Projections), func(name string) bool { return name == searchIndex })
	if len(views) < len(c.Projections) {
		if err := e.Search.Rebuild(a.ctx); err != nil || len(views) == 0 {
			return err
		}
	}
	return e.Views.Rebuild(a.ctx, views, tell)
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
