package main

import (
	"context"
	"errors"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/operator"
)

// globals are the flags that every command takes.
type globals struct {
	Data        string `default:"./casefile-data" placeholder:"DIR" help:"The data directory (default ${default})."`
	Keys        string `placeholder:"DIR" help:"Where the key-encryption keys are (default: DATA.keys)."`
	Lock        string `placeholder:"DIR" help:"Where the lock is (default: DATA.lock)."`
	NATSURL     string `name:"nats-url" placeholder:"URL" help:"A NATS cluster with JetStream in place of the embedded stream."`
	PostgresURL string `name:"postgres-url" placeholder:"URL" help:"PostgreSQL in place of SQLite; give it in CASEFILE_POSTGRES_URL if it holds a password."`
	Server      string `placeholder:"URL" help:"A running server: unix:PATH, or http(s)://… for import and export (CASEFILE_TOKEN, or CASEFILE_USER and CASEFILE_PASSWORD)."`
	JSON        bool   `name:"json" help:"JSON in place of a table for people; errors as JSON too."`
}

// cli is the whole grammar.
type cli struct {
	globals `embed:""`

	Serve      serveCmd      `cmd:"" help:"Serve pages and API."`
	Demo       demoCmd       `cmd:"" help:"Fill the data directory with two fictitious agencies and print how to sign in."`
	Import     importCmd     `cmd:"" help:"Bring in commands, one a line, or a table by a mapping."`
	Export     exportCmd     `cmd:"" help:"Write a register."`
	Overview   overviewCmd   `cmd:"" help:"Counts, hours and outcomes over dossiers, from which nobody can be worked out."`
	Replay     replayCmd     `cmd:"" help:"Show a dossier as it was, and its timeline."`
	Evidence   evidenceCmd   `cmd:"" help:"Make a file with which others can check what was recorded of a dossier, and who looked at it."`
	Rebuild    rebuildCmd    `cmd:"" help:"Build views anew from the stream, or check that they would come out the same."`
	Verify     verifyCmd     `cmd:"" help:"Compare everything with what was signed and written down, and name what differs, or check an evidence bundle; needs no keys, writes nothing."`
	Witness    witnessCmd    `cmd:"" help:"Run a witness: it cosigns the logs of agencies as long as they are only added to."`
	Keys       keysCmd       `cmd:"" help:"Show the keys."`
	Profile    profileCmd    `cmd:"" help:"Show, check and compare regulation profiles."`
	Policy     policyCmd     `cmd:"" help:"Show, check and adopt the policies that say who may do what."`
	Passwd     passwdCmd     `cmd:"" help:"Set a member of staff's password."`
	Token      tokenCmd      `cmd:"" help:"Give programs tokens to work in somebody's name, and end them."`
	Bench      benchCmd      `cmd:"" help:"Measure the targets of speed and size on this machine, each beside its reference."`
	Reactions  reactionsCmd  `cmd:"" help:"Tell how the reactions are doing; with --retry, try again what they put aside."`
	Doctor     doctorCmd     `cmd:"" help:"Check the installation and say what is wrong, in plain words."`
	Version    versionCmd    `cmd:"" help:"Print the version."`
	Completion completionCmd `cmd:"" help:"Print a script that completes commands and flags in a shell."`
}

// place says what a command works on.
type place int

const (
	onNothing place = iota // neither data nor server
	onData                 // the data directory, or the server that has it
	onServer               // it is the server
	onAny                  // as onData, and over the HTTP API as well
)

type command interface {
	place() place
	Run(a *app) error
}

// exited carries the code with which the parser wants to end (after --help).
type exited int

// run parses and runs one command line. shared is the server's engine when the
// server runs it for the operator; nil otherwise.
func run(ctx context.Context, args []string, w *operator.IO, shared *server) (code int) {
	defer func() {
		if e, ok := recover().(exited); ok {
			code = int(e)
		}
	}()
	c := &cli{}
	parser, err := newParser(c, w)
	if err != nil {
		return fail(w, false, err)
	}
	kctx, err := parser.Parse(args)
	if err != nil {
		return fail(w, c.JSON, usage(err))
	}
	cmd := kctx.Selected().Target.Addr().Interface().(command)
	if shared != nil {
		shared.log.Info("the operator gave a command", "command", kctx.Command())
	}
	a := &app{ctx: ctx, io: w, g: &c.globals, args: args, shared: shared, model: parser.Model}
	code, done, err := a.elsewhere(cmd)
	if done && err == nil {
		return code
	}
	if err == nil {
		err = cmd.Run(a)
	}
	if err != nil && ctx.Err() != nil && !errors.As(err, new(*result)) {
		err = interrupted(err)
	}
	return fail(w, c.JSON, err)
}

func newParser(c *cli, w *operator.IO) (*kong.Kong, error) {
	return kong.New(c,
		kong.Name("casefile"),
		kong.Description("An event-sourced case-file engine. Every flag can stand in a variable: --data in CASEFILE_DATA."),
		kong.Writers(w.Stdout, w.Stderr),
		kong.Exit(func(code int) { panic(exited(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Resolvers(kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, f *kong.Flag) (any, error) {
			v, ok := w.Env[envPrefix+strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))]
			if !ok || f.Name == "help" {
				return nil, nil
			}
			return v, nil
		})),
	)
}

// usage is the error of a command line that does not have its form.
func usage(err error) error {
	return &wrongUsage{domain.Invalid("usage", "", err.Error()+"; casefile --help lists commands and flags")}
}

func interrupted(err error) error {
	return &domain.Error{Kind: domain.KindUnavailable, Code: "interrupted", Rule: "C-2.1.4d", Cause: err,
		Message: "broken off; what was acknowledged by then is stored, so the same command can be given again"}
}
