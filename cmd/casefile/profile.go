package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/domain/regulation"
)

type profileCmd struct {
	List     profileListCmd     `cmd:"" help:"List the profiles that come with the program."`
	Show     profileShowCmd     `cmd:"" help:"Print a profile as it is written."`
	Validate profileValidateCmd `cmd:"" help:"Check a profile and tell the findings."`
	Compare  profileCompareCmd  `cmd:"" help:"Tell the differences between two profiles."`
}

// maxProfile bounds a profile's file.
const maxProfile = 4 << 20

type profileListCmd struct{}

func (profileListCmd) place() place { return onNothing }

func (profileListCmd) Run(a *app) error {
	list, err := regulation.Builtin()
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(a.io.Stdout, 0, 0, 2, ' ', 0)
	if !a.g.JSON {
		fmt.Fprintln(w, "PROFILE\tVERSION\tDIGEST\tTITLE")
	}
	for i := range list {
		p := &list[i]
		digest, err := p.Digest()
		if err != nil {
			return err
		}
		if a.g.JSON {
			err = json.NewEncoder(a.io.Stdout).Encode(map[string]any{"profile": p.Name, "version": p.Version, "digest": digest, "title": p.Title})
		} else {
			_, err = fmt.Fprintf(w, "%s\t%d\t%.16s\t%s\n", p.Name, p.Version, digest, p.Title.In(nl.English))
		}
		if err != nil {
			return err
		}
	}
	return w.Flush()
}

type profileShowCmd struct {
	Profile   string `arg:"" help:"A profile's name, name:version, or a file."`
	Effective bool   `help:"With the law layer applied."`
}

func (profileShowCmd) place() place { return onNothing }

func (c *profileShowCmd) Run(a *app) error {
	p, doc, err := loadProfile(a, c.Profile)
	if err != nil {
		return err
	}
	if !c.Effective && !a.g.JSON {
		_, err := a.io.Stdout.Write(doc)
		return err
	}
	if c.Effective {
		if p, _, err = regulation.Effective(p); err != nil {
			return err
		}
	}
	e := json.NewEncoder(a.io.Stdout)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(p)
}

type profileValidateCmd struct {
	Profile string `arg:"" help:"A profile's name, name:version, or a file."`
}

func (profileValidateCmd) place() place { return onNothing }

// Run exits with 1 when the profile cannot be adopted.
func (c *profileValidateCmd) Run(a *app) error {
	_, doc, err := loadProfile(a, c.Profile)
	if err != nil {
		return err
	}
	checked, findings, refused := regulation.Check(doc)
	if len(findings) == 0 && refused != nil {
		return refused
	}
	w := tabwriter.NewWriter(a.io.Stdout, 0, 0, 2, ' ', 0)
	if !a.g.JSON {
		fmt.Fprintln(w, "SEVERITY\tRULE\tLINE\tWHAT")
	}
	for _, f := range findings {
		if a.g.JSON {
			if err := json.NewEncoder(a.io.Stdout).Encode(f); err != nil {
				return err
			}
			continue
		}
		line := ""
		if f.Line > 0 {
			line = fmt.Sprint(f.Line)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", f.Severity, f.Rule, line, f.Text.In(nl.English))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if refused != nil {
		a.say("the profile cannot be adopted: it loosens what the law asks")
		return &result{exitFailed}
	}
	if err := regulation.Unchanged(&checked); err != nil {
		return err
	}
	a.say("the profile can be adopted")
	return nil
}

type profileCompareCmd struct {
	First  string `arg:"" help:"A profile's name, name:version, or a file."`
	Second string `arg:"" help:"The other one."`
}

func (profileCompareCmd) place() place { return onNothing }

func (c *profileCompareCmd) Run(a *app) error {
	first, _, err := loadProfile(a, c.First)
	if err != nil {
		return err
	}
	second, _, err := loadProfile(a, c.Second)
	if err != nil {
		return err
	}
	changes, err := regulation.Diff(&first, &second)
	if err != nil {
		return err
	}
	for _, ch := range changes {
		if a.g.JSON {
			err = json.NewEncoder(a.io.Stdout).Encode(map[string]string{"path": ch.Path, "before": ch.Before, "after": ch.After})
		} else {
			_, err = fmt.Fprintf(a.io.Stdout, "%s\n  - %s\n  + %s\n", ch.Path, orNone(ch.Before), orNone(ch.After))
		}
		if err != nil {
			return err
		}
	}
	a.say("%d differences", len(changes))
	return nil
}

func orNone(s string) string {
	if s == "" {
		return "(absent)"
	}
	return s
}

// loadProfile reads a profile by name, by name and version, or from a file; a
// name with a dot or a slash is a file's.
func loadProfile(a *app, arg string) (regulation.Profile, []byte, error) {
	if strings.ContainsAny(arg, "./\\") {
		f, err := a.io.Open(arg)
		if err != nil {
			return regulation.Profile{}, nil, fileError(arg, err)
		}
		defer f.Close()
		doc, err := io.ReadAll(io.LimitReader(f, maxProfile))
		if err != nil {
			return regulation.Profile{}, nil, fileError(arg, err)
		}
		p, err := regulation.Parse(doc)
		return p, doc, err
	}
	name, v, given := strings.Cut(arg, ":")
	version := 0
	if given {
		if _, err := fmt.Sscanf(v, "%d", &version); err != nil || version < 1 {
			return regulation.Profile{}, nil, invalid("invalid_version", "profile", "write a version as name:1")
		}
	}
	list, err := regulation.Builtin()
	if err != nil {
		return regulation.Profile{}, nil, err
	}
	for _, p := range list {
		if p.Name == name && !given {
			version = max(version, p.Version)
		}
	}
	p, err := regulation.Find(name, version)
	if e := domain.AsError(err); e != nil {
		there := *e
		there.Kind = domain.KindNotFound // what is named on a command line is there or not
		return p, nil, &there
	}
	doc, _ := regulation.Document(name, version)
	return p, doc, err
}
