package main

import (
	"bufio"
	"errors"
	"io"
	"strings"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/operator"
)

// passwdCmd sets a password, and ends what sessions and tokens there were. The name is looked up by its keyed digest, so no
// personal data is opened for it.
type passwdCmd struct {
	Name string `arg:"" placeholder:"LOGIN@AGENCY" help:"The sign-in name, as the member of staff was enrolled, and the agency: coach@click."`
}

// maxPassword bounds what is read from standard input.
const maxPassword = 4 << 10

func (passwdCmd) place() place { return onData }

func (c *passwdCmd) Run(a *app) error {
	return withAccount(a, c.Name, func(at *account) error {
		password, err := askPassword(a.io)
		if err != nil {
			return err
		}
		if err := at.auth.Reset(a.ctx, domain.Operator, at.agency, at.login, at.staff, password); err != nil {
			return err
		}
		a.say("the password is set; sessions and tokens of this member of staff have ended")
		return nil
	})
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
