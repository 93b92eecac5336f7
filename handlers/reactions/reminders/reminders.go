// Package reminders reminds of the deadlines of the register: once when the
// last day comes near, and once when it has passed.
package reminders

import (
	"context"
	"strings"
	"time"

	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/domain/paper"
	"github.com/casefile-engine/casefile/domain/reminder"
	"github.com/casefile-engine/casefile/handlers/reactions"
	"github.com/casefile-engine/casefile/projections/deadlines"
	"github.com/casefile-engine/casefile/projections/duties"
	"github.com/casefile-engine/casefile/projections/reminders"
	"github.com/casefile-engine/casefile/projections/rows"
)

// Ahead is how many days before its last day something is reminded of; where
// it runs for less than twice as many, half of its term.
const Ahead = 7

// Timer raises reminders.
type Timer struct{}

// Name is constant.
func (Timer) Name() string { return "reminders" }

// Due raises what the list of reminders does not have yet.
func (Timer) Due(ctx context.Context, t *reactions.Tools, now time.Time, today nl.Date, emit reactions.Emit) error {
	have := map[reminders.Key]bool{}
	err := reminders.List(ctx, t.DB, rows.Filter{}, func(r reminders.Row) error {
		have[r.Key()] = true
		return nil
	})
	if err != nil {
		return err
	}
	due, err := Stages(ctx, t, now, today)
	if err != nil {
		return err
	}
	var list []reactions.Command
	for _, k := range due {
		if !have[k] {
			have[k] = true
			list = append(list, Command(k))
		}
	}
	return emit(ctx, list...)
}

// Command raises one reminder. Its key says which it is, so it is raised once
// whoever raises it in this reaction.
func Command(k reminders.Key) reactions.Command {
	return reactions.Command{
		Agency: k.Agency, Dossier: k.Dossier, Purpose: purpose(k.Kind),
		Data: &reminder.RaiseReminder{Kind: k.Kind, Ref: k.Ref, Item: k.Item, Due: k.Due, Stage: k.Stage},
		Key:  strings.Join([]string{k.Agency, k.Dossier, k.Kind, k.Ref, k.Item, k.Due.String(), k.Stage}, "|"),
	}
}

// Stages are the reminders that there should be by a day.
func Stages(ctx context.Context, t *reactions.Tools, now time.Time, today nl.Date) ([]reminders.Key, error) {
	list, err := deadlines.All(ctx, t.DB, rows.Filter{}, now)
	if err != nil {
		return nil, err
	}
	var out []reminders.Key
	for _, d := range list {
		k := reminders.Key{Agency: d.Agency, Dossier: d.Dossier, Kind: d.Kind, Ref: d.Ref, Item: d.Item, Due: d.DueOn}
		switch {
		case past(d, today):
			continue
		case d.Status == deadlines.StatusOverdue:
			k.Stage = reminder.StageOverdue
		case d.Status == deadlines.StatusOpen && near(d.StartedOn, d.DueOn, today):
			k.Stage = reminder.StageComing
		default:
			continue
		}
		out = append(out, k)
	}
	views, err := endingViews(ctx, t, now, today)
	return append(out, views...), err
}

// past tells whether nothing can be done any more: of a day on which nobody
// attested a cabinet, once it is too long ago to attest (S-Bev1). It stays in the
// deadlines; an import of ten years would remind of each such day.
func past(d deadlines.Row, today nl.Date) bool {
	return d.Kind == deadlines.KindPaper && d.Dossier == "" && d.DueOn.Before(today.AddDays(-paper.KeptDays))
}

// near tells whether something that is not yet due comes near.
func near(started, due, today nl.Date) bool {
	ahead := min(Ahead, started.DaysUntil(due)/2)
	return ahead > 0 && !today.Before(due.AddDays(-ahead))
}

// endingViews are the third parties' views that will end (C-2.7b): whoever
// still needs one asks the client again.
func endingViews(ctx context.Context, t *reactions.Tools, now time.Time, today nl.Date) ([]reminders.Key, error) {
	facts, err := duties.Load(ctx, t.DB, "", "")
	if err != nil {
		return nil, err
	}
	var out []reminders.Key
	for _, v := range facts.Views {
		if !v.Runs(now) {
			continue
		}
		last := v.LastDay()
		if near(nl.DateOf(v.Granted), last, today) {
			out = append(out, reminders.Key{Agency: v.Agency, Dossier: v.Dossier, Kind: reminder.KindView, Ref: v.View, Due: last, Stage: reminder.StageComing})
		}
	}
	return out, nil
}

// purpose is why a reminder is raised (catalogue §1).
func purpose(kind string) string {
	switch kind {
	case deadlines.KindRequest, deadlines.KindRecipientNotice:
		return "rights_request"
	case deadlines.KindComplaint:
		return "complaint"
	case deadlines.KindBreach:
		return "incident"
	case deadlines.KindDestruction:
		return "retention"
	case deadlines.KindBreakGlass:
		return "audit"
	}
	return "guidance"
}
