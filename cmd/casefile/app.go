package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/api"
	"github.com/casefile-engine/casefile/handlers/auth"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/engine"
	"github.com/casefile-engine/casefile/handlers/operator"
	"github.com/casefile-engine/casefile/handlers/queries"
	"github.com/casefile-engine/casefile/internal/progress"
)

// app is what a command works with.
type app struct {
	ctx    context.Context
	io     *operator.IO
	g      *globals
	args   []string
	shared *server // the server that runs the command for the operator; nil
	model  *kong.Application
}

// server is what a running server lends to the operator's commands.
type server struct {
	engine *engine.Engine
	auth   *auth.Service
	listen string
	log    *slog.Logger
}

func isNotExist(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// overHTTP tells whether the command goes to a server over its API.
func (a *app) overHTTP() bool {
	return strings.HasPrefix(a.g.Server, "http://") || strings.HasPrefix(a.g.Server, "https://")
}

func (a *app) options() engine.Options {
	return engine.Options{Data: a.g.Data, Keys: a.g.Keys, Lock: a.g.Lock, NATSURL: a.g.NATSURL, PostgresURL: a.g.PostgresURL}
}

// elsewhere sends the command to the server that has the data directory, if one
// runs; done tells that it was run there.
func (a *app) elsewhere(c command) (code int, done bool, err error) {
	where := c.place()
	if a.shared != nil {
		if where == onServer {
			return 0, true, alreadyServed(a.shared.listen)
		}
		return 0, false, nil
	}
	switch {
	case where == onNothing:
		return 0, false, nil
	case a.overHTTP():
		if where != onAny {
			return 0, true, invalid("not_over_http", "server", "this command works on the data directory itself; give --data on the server's machine, or --server unix:PATH")
		}
		return 0, false, nil
	case a.g.Server != "" && !strings.HasPrefix(a.g.Server, "unix:"):
		return 0, true, invalid("invalid_server", "server", "a server is unix:PATH of the operator's socket, or an address that begins with http:// or https://")
	}
	path := strings.TrimPrefix(a.g.Server, "unix:")
	if path == "" {
		path = filepath.Join(a.options().Paths().Data, operator.SocketName)
	}
	code, err = operator.Run(a.ctx, path, a.args, a.io)
	switch {
	case errors.Is(err, operator.ErrNoServer) && a.g.Server == "":
		return 0, false, nil
	case errors.Is(err, operator.ErrNoServer):
		err = &domain.Error{Kind: domain.KindNotFound, Code: "no_server", Rule: "C-2.1.4d", Message: "no server listens on that socket; check the path, or leave --server out to work on the data directory itself"}
	case isPermission(err):
		err = &domain.Error{Kind: domain.KindForbidden, Code: "not_the_owner", Rule: "C-2.1.4", Message: "a server has this data directory, and only its owner may give it commands; work as that user", Cause: err}
	case err != nil && a.ctx.Err() == nil:
		err = &domain.Error{Kind: domain.KindUnavailable, Code: "server_gone", Rule: "C-2.1.4d", Message: "the server went away while the command ran; see its log, start it, and give the command again", Cause: err}
	}
	return code, true, err
}

func isPermission(err error) bool { return errors.Is(err, fs.ErrPermission) }

func alreadyServed(listen string) error {
	return &domain.Error{Kind: domain.KindConflict, Code: "in_use", Rule: "C-2.1.4d", Message: fmt.Sprintf("a server runs on this data directory already (%s); stop it first, or choose another --data", listen)}
}

// open gives the engine: the server's, or one of this process's own with its
// views brought up to the stream. release lets it go.
func (a *app) open(create bool) (e *engine.Engine, release func() error, err error) {
	if e, release, err = a.openAsItIs(create); err != nil {
		return nil, nil, err
	}
	if err := a.catchUp(e); err != nil {
		return nil, nil, errors.Join(err, release())
	}
	return e, release, nil
}

// openAsItIs is open without bringing the views anywhere: doctor looks at what
// cannot be opened otherwise.
func (a *app) openAsItIs(create bool) (e *engine.Engine, release func() error, err error) {
	if a.shared != nil {
		return a.shared.engine, func() error { return nil }, nil
	}
	o := a.options()
	o.Create, o.Log = create, a.logger()
	if e, err = engine.Open(a.ctx, o); err != nil {
		return nil, nil, err
	}
	return e, e.Close, nil
}

// catchUp brings the views of an engine of this process's own to the head.
func (a *app) catchUp(e *engine.Engine) error {
	if a.shared != nil {
		return nil
	}
	bar := a.bar("bringing the views up to date", "commits")
	defer bar.Done()
	return e.CatchUp(a.ctx, func(done, head uint64) {
		if head > 0 {
			bar.Update(done, float64(done)/float64(head))
		}
	})
}

// bar shows progress on standard error in the form that fits it.
func (a *app) bar(label, unit string) *progress.Bar {
	mode := progress.Lines
	switch {
	case a.g.JSON:
		mode = progress.JSON
	case a.io.Terminal:
		mode = progress.Terminal
	}
	return progress.Start(a.io.Stderr, mode, label, unit, nil)
}

// counted shows how many of something have gone by: next counts one more, and
// gives the error of a command that was broken off; end ends the showing and
// gives the number.
func (a *app) counted(label, unit string) (next func() error, end func() uint64) {
	bar, n := a.bar(label, unit), uint64(0)
	next = func() error {
		if n++; n%1000 == 0 {
			bar.Update(n, -1)
		}
		return a.ctx.Err()
	}
	return next, func() uint64 {
		bar.Update(n, -1)
		bar.Done()
		return n
	}
}

// logger writes errors to standard error: the command line says itself what
// it does.
func (a *app) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(a.io.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
}

// operatorCaller is the operator, through a door.
func operatorCaller(d commands.Door) commands.Caller {
	return commands.Caller{Door: d, Staff: domain.Operator}
}

func (a *app) reader(agency, purpose, action string) queries.Reader {
	return queries.Reader{Caller: operatorCaller(commands.DoorCLI), Agency: agency, Purpose: purpose, Action: action}
}

// times parses the flags that are times. A date means its start, or with end
// the last moment of that day in Europe/Amsterdam (catalogue §3).
func times(list ...timeFlag) error {
	for _, f := range list {
		t, err := api.ParseInstant(f.name, f.text, f.end)
		if err != nil {
			return &wrongUsage{domain.AsError(err)}
		}
		*f.to = t
	}
	return nil
}

type timeFlag struct {
	name, text string
	end        bool
	to         **time.Time
}

// say writes a line of talk.
func (a *app) say(format string, args ...any) {
	fmt.Fprintf(a.io.Stderr, format+"\n", args...)
}
