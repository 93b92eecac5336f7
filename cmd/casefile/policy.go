package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain/agency"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/policy"
)

// policyCmd is about who may do what (catalogue §5).
type policyCmd struct {
	Show     policyShowCmd     `cmd:"" help:"Print the policies that come with the program: the law's, the agency's, and their schema."`
	Validate policyValidateCmd `cmd:"" help:"Check policies of an agency's own."`
	Adopt    policyAdoptCmd    `cmd:"" help:"Put policies of an agency's own in the place of the built-in ones, which they narrow; without files the built-in ones again."`
}

type policyShowCmd struct {
	Schema bool `help:"The schema alone: what a policy can speak of."`
}

func (policyShowCmd) place() place { return onNothing }

// Run prints the texts; the digest goes to standard error.
func (c *policyShowCmd) Run(a *app) error {
	if c.Schema {
		text, err := policy.SchemaText()
		if err == nil {
			_, err = io.WriteString(a.io.Stdout, text)
		}
		return err
	}
	set, err := policy.BuiltIn()
	if err != nil {
		return err
	}
	for i, t := range set.Texts() {
		if i > 0 {
			fmt.Fprintln(a.io.Stdout)
		}
		if _, err := fmt.Fprintf(a.io.Stdout, "// ==== %s\n\n%s", t.Name, t.Text); err != nil {
			return err
		}
	}
	a.say("%d policies, digest %s", len(set.IDs()), set.Digest())
	return nil
}

type policyValidateCmd struct {
	Files []string `arg:"" type:"path" help:"Files of Cedar policies."`
}

func (policyValidateCmd) place() place { return onNothing }

func (c *policyValidateCmd) Run(a *app) error {
	files, err := policyFiles(a, c.Files)
	if err != nil {
		return err
	}
	texts := make([]policy.Text, len(files))
	for i, f := range files {
		texts[i] = policy.Text(f)
	}
	set, err := policy.New(texts)
	if err != nil {
		return err
	}
	a.say("the policies can be adopted: %d with the law's, digest %s", len(set.IDs()), set.Digest())
	return nil
}

type policyAdoptCmd struct {
	Agency   string   `required:"" help:"Whose policies they are."`
	Approved string   `placeholder:"STAFF" help:"The id of the director who approved them."`
	Files    []string `arg:"" optional:"" type:"path" help:"Files of Cedar policies; none: the built-in ones again."`
}

func (policyAdoptCmd) place() place { return onData }

// Run gives the command AdoptPolicies as the operator.
func (c *policyAdoptCmd) Run(a *app) (err error) {
	files, err := policyFiles(a, c.Files)
	if err != nil {
		return err
	}
	data, err := json.Marshal(&agency.AdoptPolicies{Files: files, ApprovedBy: c.Approved})
	if err != nil {
		return err
	}
	e, release, err := a.open(false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	out := e.Commands.Execute(a.ctx, operatorCaller(commands.DoorCLI), commands.Request{ID: uuid.NewString(), Agency: c.Agency, Command: "AdoptPolicies", Data: data})
	if err := out.Err(); err != nil {
		return err
	}
	a.say("adopted at position %d; they hold from now on", out.Position)
	return nil
}

// policyFiles reads files of policies, each by its name alone.
func policyFiles(a *app, names []string) ([]agency.PolicyFile, error) {
	var out []agency.PolicyFile
	for _, n := range names {
		f, err := a.io.Open(n)
		if err != nil {
			return nil, fileError(n, err)
		}
		b, err := io.ReadAll(io.LimitReader(f, agency.MaxPolicies+1))
		f.Close()
		if err != nil {
			return nil, err
		}
		out = append(out, agency.PolicyFile{Name: filepath.Base(n), Text: string(b)})
	}
	return out, nil
}
