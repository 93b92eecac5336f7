package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"strings"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/staff"
	"github.com/casefile-engine/casefile/domain/unique"
	"github.com/casefile-engine/casefile/handlers/engine"
	"github.com/casefile-engine/casefile/handlers/operator"
)

// passwdCmd sets a password. The name is looked up by its keyed digest, so no
// personal data is opened for it.
type passwdCmd struct {
	Name string `arg:"" placeholder:"LOGIN@AGENCY" help:"The sign-in name, as the member of staff was enrolled, and the agency: coach@click."`
}

// maxPassword bounds what is read from standard input.
const maxPassword = 4 << 10

func (passwdCmd) place() place { return onData }

func (c *passwdCmd) Run(a *app) (err error) {
	at := strings.LastIndexByte(c.Name, '@')
	if at < 1 || !domain.ValidAgency(c.Name[at+1:]) {
		return invalid("invalid_login", "name", "write the name as login@agency, such as coach@click")
	}
	login, agency := c.Name[:at], c.Name[at+1:]
	e, release, err := a.open(false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	id, err := staffOf(a.ctx, e, agency, login)
	if err != nil {
		return err
	}
	password, err := askPassword(a.io)
	if err != nil {
		return err
	}
	s, err := a.openAuth(e)
	if err != nil {
		return err
	}
	if err := s.Set(a.ctx, agency, login, id, password); err != nil {
		return err
	}
	a.say("the password is set; open sessions of this member of staff have ended")
	return nil
}

// staffOf finds the member of staff who was enrolled with a login.
func staffOf(ctx context.Context, e *engine.Engine, agency, login string) (id string, err error) {
	sum, err := e.Vault.Digest(ctx, agency, "unique", []byte(unique.UseLogin+"\x00"+staff.FoldLogin(login)))
	if err != nil {
		return "", err
	}
	err = e.Commands.State(ctx, domain.Ref{Agency: agency, Kind: domain.KindUnique, ID: hex.EncodeToString(sum[:])}, func(state any, _ uint64) error {
		if s, ok := state.(*unique.State); ok {
			id = s.Holder
		}
		return nil
	})
	if err == nil && id == "" {
		err = &domain.Error{Kind: domain.KindNotFound, Code: "unknown_login", Rule: "C-0c", Message: "nobody is enrolled in this agency with that login; check it, or enrol the member of staff first (EnrolStaff)"}
	}
	return id, err
}

// askPassword asks twice on a terminal, and reads one line of standard input
// elsewhere.
func askPassword(w *operator.IO) (string, error) {
	first, err := w.Secret("new password: ")
	if errors.Is(err, operator.ErrNoTerminal) {
		line, err := bufio.NewReader(io.LimitReader(w.Stdin, maxPassword)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fileError("standard input", err)
		}
		return strings.TrimRight(line, "\r\n"), nil
	}
	if err != nil {
		return "", fileError("the terminal", err)
	}
	second, err := w.Secret("once more: ")
	if err != nil {
		return "", fileError("the terminal", err)
	}
	if first != second {
		return "", invalid("passwords_differ", "", "the two passwords differ, so nothing was changed; give the command again")
	}
	return first, nil
}
