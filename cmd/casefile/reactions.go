package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/engine"
	"github.com/casefile-engine/casefile/handlers/reactions"
	"github.com/casefile-engine/casefile/internal/progress"
)

// reactionsCmd tells how the reactions are doing, and tries again what they had
// to put aside.
type reactionsCmd struct {
	Retry bool `help:"Try again what was put aside, each once."`
}

func (reactionsCmd) place() place { return onData }

// Run lists the reactions and what was put aside; with --retry what is refused
// again makes it exit with 1.
func (c *reactionsCmd) Run(a *app) (err error) {
	e, release, err := a.open(false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	if c.Retry {
		return retryReactions(a, e)
	}
	list, err := e.Reactions.Status(a.ctx)
	if err != nil {
		return err
	}
	dead, err := e.Reactions.DeadLetters(a.ctx)
	if err != nil {
		return err
	}
	return tellReactions(a, list, dead)
}

func tellReactions(a *app, list []reactions.Status, dead []reactions.DeadLetter) error {
	if a.g.JSON {
		enc := json.NewEncoder(a.io.Stdout)
		for _, s := range list {
			if err := enc.Encode(s); err != nil {
				return err
			}
		}
		for _, d := range dead {
			if err := enc.Encode(d); err != nil {
				return err
			}
		}
		return nil
	}
	w := tabwriter.NewWriter(a.io.Stdout, 0, 0, 2, ' ', 0)
	for _, s := range list {
		fmt.Fprintf(w, "%s\t%s\n", s.Name, describeReaction(s))
	}
	for _, d := range dead {
		fmt.Fprintf(w, "put aside\t%s: %s (%s), agency %s, position %d, event %s\n", d.Reaction, d.Code, d.Rule, d.Agency, d.Position, d.Cause)
	}
	return w.Flush()
}

func describeReaction(s reactions.Status) string {
	text := ""
	switch {
	case !s.Started:
		text = "not started yet; casefile serve starts it"
	case s.Timer && s.Code != "":
		text = fmt.Sprintf("could not be worked out (%s); last worked out for %s", s.Code, orNever(s.Day))
	case s.Timer:
		text = "last worked out for " + orNever(s.Day)
	case s.Lag == 0:
		text = fmt.Sprintf("up to date, position %d", s.Position)
	default:
		text = fmt.Sprintf("%s positions behind, at %d", progress.Count(s.Lag), s.Position)
	}
	if s.Dead > 0 {
		text += fmt.Sprintf("; %d put aside", s.Dead)
	}
	return text
}

func orNever(day string) string {
	if day == "" {
		return "no day yet"
	}
	return day
}

func retryReactions(a *app, e *engine.Engine) error {
	dead, err := e.Reactions.DeadLetters(a.ctx)
	if err != nil {
		return err
	}
	left := 0
	for _, d := range dead {
		if err := e.Reactions.Retry(a.ctx, d); err != nil {
			left++
			a.say("%s, event %s: %s", d.Reaction, d.Cause, domain.AsError(err).Message)
			continue
		}
		a.say("%s, event %s: done", d.Reaction, d.Cause)
	}
	if left > 0 {
		return &result{exitFailed}
	}
	return nil
}

// reactions adds to an examination how the reactions are doing.
func (x *examination) reactions(e *engine.Engine) {
	list, err := e.Reactions.Status(x.a.ctx)
	if err != nil {
		x.add("reactions", bad, "%s", domain.AsError(err).Message)
		return
	}
	for _, s := range list {
		v := good
		switch {
		case !s.Started:
			continue // nothing ran here before
		case s.Dead > 0, s.Code != "", s.Lag > lagWarning:
			v = warning
		}
		text := describeReaction(s)
		if s.Dead > 0 {
			text += "; casefile reactions lists them, and tries them again with --retry"
		}
		x.add("reaction "+s.Name, v, "%s", text)
	}
}
