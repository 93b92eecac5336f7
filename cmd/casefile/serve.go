package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/auth"
	"github.com/casefile-engine/casefile/handlers/engine"
	"github.com/casefile-engine/casefile/handlers/operator"
	"github.com/casefile-engine/casefile/handlers/web"
	"github.com/casefile-engine/casefile/handlers/web/ui"
)

// serveCmd serves pages and API (catalogue §3).
type serveCmd struct {
	Listen  string `default:"localhost:8080" placeholder:"ADDR" help:"Where to listen (default ${default})."`
	Metrics string `name:"metrics-listen" placeholder:"ADDR" help:"Where to serve /metrics, and nothing else; without it programs of this machine alone get it, at --listen."`
	Demo    bool   `help:"Fill an empty data directory with the demonstration first."`
	Quiet   bool   `help:"Log warnings and errors alone."`
	// Scrub is engine.Options.ScrubEvery.
	Scrub time.Duration `name:"scrub-every" default:"24h" placeholder:"DURATION" help:"How often the whole stream is compared with what was signed, after once at the start (default ${default}); negative: never."`
	outsideFlags
	signInFlags
}

func (serveCmd) place() place { return onServer }

// Run serves until it is interrupted; requests under way are finished.
func (c *serveCmd) Run(a *app) (err error) {
	log := c.logger(a)
	o := a.options()
	o.Create, o.Follow, o.React, o.Index, o.Log = true, true, true, true, log
	o.ScrubEvery = c.Scrub
	if err := c.outsideFlags.options(&o); err != nil {
		return err
	}
	e, err := engine.Open(a.ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	l, err := listen(a.ctx, c.Listen, "--listen")
	if err != nil {
		return err
	}
	defer l.Close()
	ao, err := c.signInFlags.options(address(c.Listen, l.Addr()))
	if err != nil {
		return err
	}
	s, err := newAuth(a.ctx, e, log, ao)
	if err != nil {
		return err
	}
	shared := &server{engine: e, auth: s, listen: "http://" + l.Addr().String(), log: log}
	if err := c.demonstration(a, e, shared); err != nil {
		return err
	}
	e.Reactions.Evaluate() // what the demonstration brought
	op, err := operator.Listen(e.Paths.Socket(), func(ctx context.Context, args []string, w *operator.IO) int {
		return run(ctx, args, w, shared)
	}, log)
	if err != nil {
		return fmt.Errorf("the operator's socket: %w", err)
	}
	defer func() { err = errors.Join(err, op.Close()) }()
	reg := prometheus.NewRegistry()
	reg.MustRegister(e.Guard, e.Outside)
	if err := c.metrics(a, reg, log); err != nil {
		return err
	}
	h := web.New(web.Deps{Commands: e.Commands, Queries: e.Queries, Auth: s, Position: positionOf(e), Ready: readyOf(e), Ledger: e.Ledger, Evidence: maker(e), Log: log, Version: version,
		Integrity: integrityOf(e), HTTPS: ao.Secure, Registry: reg, MetricsApart: c.Metrics != ""})
	a.say("casefile serves on %s", address(c.Listen, l.Addr()))
	if err := c.firstAdministrator(a, s, cmp.Or(ao.URL, address(c.Listen, l.Addr()))); err != nil {
		return err
	}
	return web.Serve(a.ctx, l, h, s, log)
}

func listen(ctx context.Context, address, flag string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, &domain.Error{Kind: domain.KindUnavailable, Code: "address_in_use", Rule: "C-2.1.4d", Cause: err,
			Message: fmt.Sprintf("cannot listen on %s: another program may have the port; stop it, or choose another with %s", address, flag)}
	}
	return l, nil
}

// metrics serves the counts at an address of their own, when there is one, until
// the program ends.
func (c *serveCmd) metrics(a *app, reg *prometheus.Registry, log *slog.Logger) error {
	if c.Metrics == "" {
		return nil
	}
	l, err := listen(a.ctx, c.Metrics, "--metrics-listen")
	if err != nil {
		return err
	}
	srv := web.MetricsServer(reg, log)
	context.AfterFunc(a.ctx, func() { srv.Close() }) //nolint:errcheck // it ends either way
	go srv.Serve(l)                                  //nolint:errcheck // as above
	return nil
}

// firstAdministrator prints the link with which the first administrator begins,
// while nobody can sign in.
func (c *serveCmd) firstAdministrator(a *app, s *auth.Service, url string) error {
	if c.Demo {
		return nil
	}
	secret, err := s.Setup(a.ctx)
	if err == nil && secret != "" {
		a.say("nobody can sign in yet; make the first administrator within an hour at %s/setup/%s", url, secret)
	}
	return err
}

// positionOf is how far the views have come: the one that is furthest behind.
func positionOf(e *engine.Engine) func(context.Context) (uint64, error) {
	names := e.Views.Names()
	return func(context.Context) (uint64, error) {
		least := e.Views.Position(names[0])
		for _, n := range names[1:] {
			least = min(least, e.Views.Position(n))
		}
		return least, nil
	}
}

// readyOf tells whether the engine can record, and so show, anything.
func readyOf(e *engine.Engine) func(context.Context) error {
	return func(ctx context.Context) error {
		if _, err := e.Store.Head(ctx); err != nil {
			return err
		}
		if s := e.Store.Status(ctx); s.ReadOnly {
			return errors.New("the stream is read-only: " + s.Reason)
		}
		return e.DB.Ping(ctx)
	}
}

// integrityOf is what the guard knows, for the pages.
func integrityOf(e *engine.Engine) func(context.Context) ui.Integrity {
	return func(context.Context) ui.Integrity {
		s := e.Guard.State()
		out := ui.Integrity{Findings: s.Findings, Total: s.Total, Scrubbed: s.Scrubbed, Commits: s.Commits, Running: s.Running}
		out.Earlier = func() (list []ui.EarlierAlarm, err error) {
			alarms, err := e.Guard.Alarms()
			for _, a := range alarms {
				list = append(list, ui.EarlierAlarm{At: a.At, Findings: a.Findings, Total: a.Total})
			}
			return list, err
		}
		if err := e.Guard.ReadOnly(); err != nil {
			out.ReadOnly, out.Code = true, domain.AsError(err).Code
		}
		return out
	}
}

// address is where people find it: the name that was asked for with the port
// that it became.
func address(asked string, got net.Addr) string {
	host, _, err := net.SplitHostPort(asked)
	if err != nil || host == "" {
		host = "localhost"
	}
	_, port, err := net.SplitHostPort(got.String())
	if err != nil {
		return "http://" + got.String()
	}
	return "http://" + net.JoinHostPort(host, port)
}

func (c *serveCmd) logger(a *app) *slog.Logger {
	o := &slog.HandlerOptions{Level: slog.LevelInfo}
	if c.Quiet {
		o.Level = slog.LevelWarn
	}
	if a.g.JSON {
		return slog.New(slog.NewJSONHandler(a.io.Stderr, o))
	}
	return slog.New(slog.NewTextHandler(a.io.Stderr, o))
}

// demonstration fills an empty directory, and says how to sign in.
func (c *serveCmd) demonstration(a *app, e *engine.Engine, s *server) error {
	if !c.Demo {
		return nil
	}
	head, err := e.Store.Head(a.ctx)
	if err != nil {
		return err
	}
	if head == 0 {
		a.say("filling an empty data directory with the demonstration")
		if _, err := fillDemo(a.ctx, e, s.auth); err != nil {
			return err
		}
		if head, err = e.Store.Head(a.ctx); err != nil {
			return err
		}
		if err := e.Views.WaitFor(a.ctx, head); err != nil {
			return err
		}
	} else if at, err := began(a.ctx, e, "click"); err != nil || at.IsZero() {
		a.say("the data directory is not empty, so the demonstration was left out")
		return nil
	}
	return printLogins(a.io.Stdout)
}
