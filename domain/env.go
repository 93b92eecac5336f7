package domain

import (
	"errors"
	"time"
)

// Env is what a decision may know beside the state of its aggregate and the
// command: the clock's reading, who acts, through which door, and the states of
// other aggregates that the command names. It is filled in by the handler, for
// one decision; Decide reads it, and writes Warnings alone.
type Env struct {
	// Now is the clock's reading, UTC.
	Now time.Time
	// At is occurred_at, UTC: when the fact happened (catalogue §2, "Time").
	At time.Time
	// Agency is the agency in which the command is given.
	Agency string
	// Dossier is the dossier that the command names, "" for none.
	Dossier ID
	// Actor is the staff id of who acts, or Operator or Engine.
	Actor string
	// ActorRoles are the roles that the actor holds, as far as they are known.
	ActorRoles []string
	// Door is the way by which the command came in: api, web, cli, import, demo, engine.
	Door string
	// Known has the states of the aggregates that the command needs beside its
	// own (catalog.Needs), by reference. An aggregate without a commit is absent.
	// Nobody changes these states.
	Known map[Ref]any
	// Responsible is the number of dossiers for which the member of staff named
	// by the command is responsible now. Only EndStaff asks for it.
	Responsible int
	// Warnings are the codes that the outcome is to carry, in the order in which
	// Decide found them. They refuse nothing.
	Warnings []string
}

// Warn adds warnings to the outcome.
func (e *Env) Warn(codes ...string) { e.Warnings = append(e.Warnings, codes...) }

// Backdated tells whether the command came in through a door where rights are
// judged at the time of the fact: the import of an older history (catalogue
// §2, "Time") and the demonstration, which is such a history.
func (e *Env) Backdated() bool { return e.Door == "import" || e.Door == "demo" }

// NowSlack is how far before the clock a fact that takes place now may lie:
// the clocks of callers differ a little.
const NowSlack = 5 * time.Minute

// Timing says which of the general rules of time hold for a command.
type Timing struct {
	// Late: it can be written down later than what came after it.
	Late bool
	// Now: outside the import it takes place now (grants, assignments,
	// withdrawal of consents, holds).
	Now bool
}

// CheckTime is the one place for the rules of time that hold for every command
// (catalogue §2, "Time"): never in the future, never before the dossier's
// opening, in order but for what can be written down later. opened is the
// dossier's opening and newest the newest occurred_at of the aggregate; both
// are zero where there is none. Nil means that the time is good.
func (e *Env) CheckTime(t Timing, opened, newest time.Time) *Error {
	switch {
	case e.At.After(e.Now):
		return timeError("in_future", "the time at which it happened lies in the future; give the time at which it did happen")
	case !opened.IsZero() && e.At.Before(opened):
		return timeError("before_opening", "it lies before the dossier was opened; give a time after the opening")
	case t.Now && !e.Backdated() && e.At.Before(e.Now.Add(-NowSlack)):
		return timeError("not_now", "this takes effect when it is given and cannot be given for an earlier time; leave the time out")
	case !t.Late && e.At.Before(newest):
		return timeError("out_of_order", "something later has been recorded already, and this can only be recorded in order; give a time that is not before it")
	}
	return nil
}

func timeError(code, message string) *Error {
	return &Error{Kind: KindRefused, Code: code, Rule: RuleForm, Field: "at", Message: message}
}

// NotHandled is the defect that a command reached an aggregate that does not
// know it.
func NotHandled(c Command) *Error {
	return AsError(errors.New(c.CommandName() + " has no decision on this aggregate"))
}
