package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/handlers/auth"
	"github.com/casefile-engine/casefile/handlers/engine"
	"github.com/casefile-engine/casefile/internal/demo"
)

type demoCmd struct{}

func (demoCmd) place() place { return onData }

func (demoCmd) Run(a *app) (err error) {
	e, release, err := a.open(true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	s, err := a.openAuth(e)
	if err != nil {
		return err
	}
	n, err := fillDemo(a.ctx, e, s)
	if err != nil {
		return err
	}
	if err := a.catchUp(e); err != nil {
		return err
	}
	a.say("%d commands accepted, %d known already, %d refused on purpose", n.Accepted, n.Duplicate, n.Refused)
	if a.shared == nil {
		a.say("start the server with: casefile serve --data %s", a.g.Data)
	}
	return printLogins(a.io.Stdout)
}

// fillDemo gives the demonstration's commands and sets its passwords. It
// touches no agency that somebody else began.
func fillDemo(ctx context.Context, e *engine.Engine, s *auth.Service) (n demo.Counts, err error) {
	adopted := map[string]time.Time{}
	for _, agency := range demo.Agencies {
		if adopted[agency], err = began(ctx, e, agency); err != nil {
			return n, err
		}
	}
	for _, agency := range demo.Agencies {
		c, err := demo.Fill(ctx, e.Commands, agency, time.Now(), adopted[agency])
		n.Accepted += c.Accepted
		n.Duplicate += c.Duplicate
		n.Refused += c.Refused
		if err != nil {
			return n, err
		}
		logins, err := demo.Logins(agency)
		if err != nil {
			return n, err
		}
		for _, l := range logins {
			if err := s.Set(ctx, l.Agency, l.Login, l.Staff, demo.Password); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

// began is when the demonstration of an agency began; zero when the agency has
// no commit yet.
func began(ctx context.Context, e *engine.Engine, agency string) (at time.Time, err error) {
	first := true
	err = e.Store.ReadAggregate(ctx, domain.Ref{Agency: agency, Kind: domain.KindAgency, ID: agency}, 0, func(c *eventstore.Commit) error {
		if first && !demo.Mine(agency, c.Envelope.CommandID) {
			return &domain.Error{Kind: domain.KindConflict, Code: "not_the_demo", Rule: domain.RuleForm,
				Message: fmt.Sprintf("the agency %s in this data directory is no demonstration, so nothing was added; give an empty directory with --data", agency)}
		}
		if first {
			at = c.Envelope.Time
		}
		first = false
		return nil
	})
	if errors.Is(err, eventstore.ErrNotFound) {
		err = nil
	}
	return at, err
}

// printLogins says how to sign in to the demonstration.
func printLogins(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "SIGN IN AS\tPASSWORD\tWHO\tROLE")
	for _, agency := range demo.Agencies {
		logins, err := demo.Logins(agency)
		if err != nil {
			return err
		}
		for _, l := range logins {
			fmt.Fprintf(w, "%s@%s\t%s\t%s\t%s\n", l.Login, l.Agency, demo.Password, l.Name, strings.Join(l.Roles, ", "))
		}
	}
	return w.Flush()
}
