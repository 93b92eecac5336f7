package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/auth"
	"github.com/casefile-engine/casefile/handlers/engine"
)

// tokenCmd looks after the tokens with which programs work in somebody's name.
type tokenCmd struct {
	Issue  tokenIssueCmd  `cmd:"" help:"Give a member of staff a token for a program; it is printed this once."`
	Revoke tokenRevokeCmd `cmd:"" help:"End a token."`
}

type tokenIssueCmd struct {
	Login string   `arg:"" placeholder:"LOGIN@AGENCY" help:"In whose name the program works: coach@click."`
	Name  string   `required:"" placeholder:"TEXT" help:"By which the token is known again."`
	Scope []string `required:"" placeholder:"SCOPE" help:"read, registers, overviews, commands or the name of a command; may be given more than once."`
	Days  int      `default:"90" help:"For how many days, at most 366 (default ${default})."`
}

func (tokenIssueCmd) place() place { return onData }

func (c *tokenIssueCmd) Run(a *app) error {
	return withAccount(a, c.Login, func(at *account) error {
		t, secret, err := at.auth.IssueTokenFor(a.ctx, domain.Operator, at.agency, at.staff, c.Name, c.Scope, time.Now().AddDate(0, 0, c.Days))
		if err != nil {
			return err
		}
		a.say("token %s for %s, until %s; it is not shown again", t.ID, strings.Join(t.Scopes, ", "), t.Expires.Format(time.RFC3339))
		_, err = fmt.Fprintln(a.io.Stdout, secret)
		return err
	})
}

type tokenRevokeCmd struct {
	Login string `arg:"" placeholder:"LOGIN@AGENCY" help:"Whose token it is."`
	Token string `arg:"" placeholder:"ID" help:"Its id, as it was printed beside it and as it stands in the access register."`
}

func (tokenRevokeCmd) place() place { return onData }

func (c *tokenRevokeCmd) Run(a *app) error {
	return withAccount(a, c.Login, func(at *account) error {
		if err := at.auth.RevokeTokenFor(a.ctx, domain.Operator, at.agency, at.staff, c.Token); err != nil {
			return err
		}
		a.say("the token opens nothing any more")
		return nil
	})
}

// account is a member of staff's, on an open installation.
type account struct {
	engine               *engine.Engine
	auth                 *auth.Service
	agency, login, staff string
}

// withAccount finds the member of staff who was enrolled with a login, and opens
// the sign-in service.
func withAccount(a *app, name string, f func(*account) error) (err error) {
	login, agency, err := splitLogin(name)
	if err != nil {
		return err
	}
	e, release, err := a.open(false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	staff, err := staffOf(a.ctx, e, agency, login)
	if err != nil {
		return err
	}
	s, err := a.openAuth(e)
	if err != nil {
		return err
	}
	return f(&account{engine: e, auth: s, agency: agency, login: login, staff: staff})
}

func splitLogin(name string) (login, agency string, err error) {
	at := strings.LastIndexByte(name, '@')
	if at < 1 || !domain.ValidAgency(name[at+1:]) {
		return "", "", invalid("invalid_login", "name", "write the name as login@agency, such as coach@click")
	}
	return name[:at], name[at+1:], nil
}

// staffOf finds the member of staff who was enrolled with a login.
func staffOf(ctx context.Context, e *engine.Engine, agency, login string) (id string, err error) {
	id, err = e.Commands.HolderOf(ctx, agency, login)
	if err == nil && id == "" {
		err = &domain.Error{Kind: domain.KindNotFound, Code: "unknown_login", Rule: "C-0c", Message: "nobody is enrolled in this agency with that login; check it, or enrol the member of staff first (EnrolStaff)"}
	}
	return id, err
}
