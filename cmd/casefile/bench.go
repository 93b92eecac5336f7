package main

import (
	"github.com/casefile-engine/casefile/internal/bench"
	"github.com/casefile-engine/casefile/internal/progress"
)

// benchCmd measures the targets on this machine.
type benchCmd struct {
	Events   int      `default:"3000000" placeholder:"N" help:"How many events the large stream has (default ${default}); a smaller number is for a quick try."`
	Only     []string `placeholder:"P1,…" help:"Measure these rows alone."`
	Dir      string   `placeholder:"DIR" help:"Where to make the temporary directories, on the disk that is to be measured; they take some 12 GB in full."`
	Profiles string   `placeholder:"DIR" help:"Write a CPU profile of each piece into this directory."`
	Child    string   `hidden:"" help:"What a process that the benchmark starts has to do."`
}

func (benchCmd) place() place { return onNothing }

// Run prints the table to standard output. A target that is missed is no error.
func (c *benchCmd) Run(a *app) error {
	if c.Child != "" {
		return bench.Child(a.ctx, c.Child, a.io.Stdout)
	}
	mode := progress.Lines
	if a.io.Terminal {
		mode = progress.Terminal
	}
	return bench.Run(a.ctx, a.io.Stdout, bench.Options{Events: c.Events, Only: c.Only, PostgresURL: a.g.PostgresURL, Dir: c.Dir, Profiles: c.Profiles, Progress: a.io.Stderr, Mode: mode})
}
