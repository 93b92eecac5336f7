package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/engine"
	"github.com/casefile-engine/casefile/handlers/importing"
	"github.com/casefile-engine/casefile/internal/progress"
)

// importCmd brings in commands (catalogue §3).
type importCmd struct {
	File   string `arg:"" name:"file" help:"JSON lines, or with --map a CSV table; - is standard input."`
	Map    string `placeholder:"MAP.yaml" help:"The mapping by which a table's rows become commands."`
	Report string `placeholder:"FILE" help:"Write one JSON line for each outcome to FILE, in order."`
	DryRun bool   `help:"Decide everything, store nothing."`
}

// shownRefusals is how many refusals are told on standard error; the report has all.
const shownRefusals = 20

func (importCmd) place() place { return onAny }

// Run imports and exits with 1 if any line was refused.
func (c *importCmd) Run(a *app) error {
	mapping, err := c.mapping(a)
	if err != nil {
		return err
	}
	in, size, err := c.input(a)
	if err != nil {
		return err
	}
	defer in.Close()
	o := importing.Options{Caller: operatorCaller(commands.DoorImport), Size: size}
	if c.Report != "" {
		f, err := a.io.Create(c.Report)
		if err != nil {
			return fileError(c.Report, err)
		}
		defer f.Close()
		o.Report = f
	}
	if a.overHTTP() {
		ex, err := newHTTPExecutor(a)
		if err != nil {
			return err
		}
		if mapping != nil || c.DryRun {
			return invalid("not_over_http", "map", "a mapping and a dry run need the keys of the data directory; run them there")
		}
		return c.run(a, in, nil, nil, ex, o)
	}
	e, release, err := a.open(true)
	if err != nil {
		return err
	}
	err = c.local(a, e, in, mapping, o)
	return errors.Join(err, release())
}

func (c *importCmd) local(a *app, e *engine.Engine, in io.Reader, mapping *importing.Mapping, o importing.Options) error {
	var ex importing.Executor = e.Commands
	if c.DryRun {
		dry, done, err := dryRun(a.ctx, e)
		if err != nil {
			return err
		}
		defer done()
		ex = dry
	}
	err := c.run(a, in, mapping, e.Vault, ex, o)
	if c.DryRun {
		return err
	}
	return errors.Join(err, a.catchUp(e))
}

// mapping reads the mapping first: nothing else is worth doing with a wrong one.
func (c *importCmd) mapping(a *app) (*importing.Mapping, error) {
	if c.Map == "" {
		return nil, nil
	}
	f, err := a.io.Open(c.Map)
	if err != nil {
		return nil, fileError(c.Map, err)
	}
	defer f.Close()
	return importing.ParseMapping(f)
}

func (c *importCmd) input(a *app) (io.ReadCloser, int64, error) {
	if c.File == "-" {
		return io.NopCloser(a.io.Stdin), 0, nil
	}
	f, err := a.io.Open(c.File)
	if err != nil {
		return nil, 0, fileError(c.File, err)
	}
	return f, f.Size(), nil
}

func (c *importCmd) run(a *app, in io.Reader, m *importing.Mapping, d importing.Digester, ex importing.Executor, o importing.Options) error {
	began := time.Now()
	label, unit := "importing", "lines"
	if m != nil {
		unit = "commands"
	}
	if c.DryRun {
		label = "trying"
	}
	bar := a.bar(label, unit)
	o.Progress = bar.Update
	var shown []importing.Line
	o.Refused = func(l importing.Line) {
		if len(shown) < shownRefusals {
			shown = append(shown, l)
		}
	}
	var sum *importing.Summary
	var err error
	if m == nil {
		sum, err = importing.Lines(a.ctx, in, ex, o)
	} else {
		sum, err = importing.Table(a.ctx, in, m, d, ex, o)
	}
	bar.Done()
	if err := c.tell(a, sum, shown, time.Since(began)); err != nil {
		return err
	}
	if err == nil && sum.Refused > 0 {
		err = &result{exitFailed}
	}
	return err
}

// tell sums up: refusals and counts for a person, the summary for a program.
func (c *importCmd) tell(a *app, s *importing.Summary, shown []importing.Line, took time.Duration) error {
	for _, l := range shown {
		what := ""
		if l.Command != "" {
			what = l.Command + ": "
		}
		a.say("line %d: %s%s (%s, rule %s)", l.Line, what, l.Message, l.Code, l.Rule)
	}
	if more := s.Refused - uint64(len(shown)); more > 0 {
		hint := "; --report FILE has all"
		if c.Report != "" {
			hint = "; all are in the report"
		}
		a.say("… and %s more refused%s", progress.Count(more), hint)
	}
	if a.g.JSON {
		return json.NewEncoder(a.io.Stdout).Encode(s)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s accepted, %s duplicates, %s refused", progress.Count(s.Accepted), progress.Count(s.Duplicate), progress.Count(s.Refused))
	if s.Refused > 0 {
		b.WriteString(" (" + counts(s.ByCode) + ")")
	}
	fmt.Fprintf(&b, ", in %s", progress.Duration(took))
	if len(s.Warnings) > 0 {
		b.WriteString("; warnings: " + warnings(s.Warnings))
	}
	if c.DryRun {
		b.WriteString("; nothing was stored")
	}
	a.say("%s", b.String())
	return nil
}

// warningsShown is how many kinds of warnings are named; the report has all.
const warningsShown = 5

func warnings(m map[string]uint64) string {
	if len(m) <= warningsShown {
		return counts(m)
	}
	n := uint64(0)
	for _, k := range m {
		n += k
	}
	return fmt.Sprintf("%s of %d kinds, named in the report", progress.Count(n), len(m))
}

func counts(m map[string]uint64) string {
	var parts []string
	for _, code := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, fmt.Sprintf("%s %s", code, progress.Count(m[code])))
	}
	return strings.Join(parts, ", ")
}
