// Package arisen reminds at once of what cannot wait for the next morning: a
// breach, whose clock of 72 hours runs (L-33), a look in an emergency, which the
// compliance officer reviews (C-2.1.4b), and the recipients who must hear that
// what they received was changed (L-19).
package arisen

import (
	"context"
	"slices"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/incident"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/domain/regulation"
	"github.com/casefile-engine/casefile/domain/reminder"
	"github.com/casefile-engine/casefile/handlers/reactions"
	"github.com/casefile-engine/casefile/handlers/reactions/reminders"
	"github.com/casefile-engine/casefile/projections/deadlines"
	"github.com/casefile-engine/casefile/projections/regulations"
	view "github.com/casefile-engine/casefile/projections/reminders"
)

// viewsLimit is how long the reaction waits for the view of regulations.
const viewsLimit = time.Minute

// Reaction raises reminders of what has just arisen.
type Reaction struct{}

// Name is constant.
func (Reaction) Name() string { return "arisen" }

// Reads lists the event types.
func (Reaction) Reads() []string {
	return []string{
		incident.TypeReported, dossier.TypeRecordCorrected, dossier.TypeRecordCompleted, dossier.TypeRecordRestricted,
		dossier.TypeRecordMoved, dossier.TypeClientChanged, dossier.TypeGlassBroken,
	}
}

// FromStart is false: what is older stands in the register of deadlines, and is
// reminded of from there.
func (Reaction) FromStart() bool { return false }

// React raises a reminder for a breach and for a look in an emergency, and one
// for each recipient and item.
func (Reaction) React(ctx context.Context, t *reactions.Tools, c *reactions.Cause, emit reactions.Emit) error {
	if c.Brought() {
		return nil
	}
	if e, ok := c.Event.(*incident.Reported); ok {
		k := view.Key{Agency: c.Meta.Agency, Kind: deadlines.KindBreach, Ref: c.Meta.Aggregate, Due: nl.DateOf(e.NotifyBy), Stage: reminder.StageNew}
		if len(e.Dossiers) == 1 {
			k.Dossier = e.Dossiers[0]
		}
		return emit(ctx, reminders.Command(k))
	}
	if e, ok := c.Event.(*dossier.GlassBroken); ok {
		return review(ctx, t, c, e, emit)
	}
	items := changed(c.Event)
	if len(items) == 0 {
		return nil
	}
	list, err := recipients(ctx, t, c, items)
	if err != nil {
		return err
	}
	return emit(ctx, list...)
}

// review reminds the compliance officer of a look in an emergency.
func review(ctx context.Context, t *reactions.Tools, c *reactions.Cause, e *dossier.GlassBroken, emit reactions.Emit) error {
	day := nl.DateOf(c.Meta.Occurred)
	terms, ok, err := termsOn(ctx, t, c, day)
	if err != nil || !ok {
		return err
	}
	return emit(ctx, reminders.Command(view.Key{
		Agency: c.Meta.Agency, Dossier: c.Meta.Aggregate, Kind: deadlines.KindBreakGlass, Ref: e.Glass,
		Due: day.AddDays(terms.BreakGlassReview.Value), Stage: reminder.StageNew,
	}))
}

// termsOn are the terms in force on a day, by all that was adopted before the cause.
func termsOn(ctx context.Context, t *reactions.Tools, c *reactions.Cause, day nl.Date) (terms regulation.Terms, ok bool, err error) {
	wait, cancel := context.WithTimeout(ctx, viewsLimit)
	defer cancel()
	if err := t.Views.WaitFor(wait, c.Commit.Position, regulations.Name); err != nil {
		return terms, false, err
	}
	book, err := regulations.Load(ctx, t.DB, c.Meta.Agency)
	if err != nil {
		return terms, false, err
	}
	terms, ok = book.Terms(c.Meta.Agency, day)
	return terms, ok, nil
}

// changed are the items that an event changed in a way of which recipients must
// hear: a record, or categories of particulars that were corrected.
func changed(event domain.Event) []string {
	switch e := event.(type) {
	case *dossier.RecordCorrected:
		return []string{e.Record}
	case *dossier.RecordCompleted:
		return []string{e.Record}
	case *dossier.RecordRestricted:
		return []string{e.Record}
	case *dossier.RecordMoved:
		return []string{e.Record}
	case *dossier.ClientChanged:
		if e.Correction {
			return []string{string(domain.CatContact), string(domain.CatPersonal), string(domain.CatBank), string(domain.CatBSN)}
		}
	}
	return nil
}

// recipients has a reminder for each disclosure whose recipient must hear of one
// of the items.
func recipients(ctx context.Context, t *reactions.Tools, c *reactions.Cause, items []string) ([]reactions.Command, error) {
	var pending []view.Key
	ref := domain.Ref{Agency: c.Meta.Agency, Kind: domain.KindDossier, ID: c.Meta.Aggregate}
	err := t.Commands.State(ctx, ref, func(state any, _ uint64) error {
		s, ok := state.(*dossier.State)
		if !ok {
			return nil
		}
		for _, d := range s.PendingDisclosures() {
			for _, item := range s.PendingNotices(d) {
				if slices.Contains(items, item) {
					pending = append(pending, view.Key{Agency: ref.Agency, Dossier: ref.ID, Kind: deadlines.KindRecipientNotice, Ref: d, Item: item, Stage: reminder.StageNew})
				}
			}
		}
		return nil
	})
	if err != nil || len(pending) == 0 {
		return nil, err
	}
	day := nl.DateOf(c.Meta.Occurred)
	terms, ok, err := termsOn(ctx, t, c, day)
	if err != nil || !ok {
		return nil, err
	}
	var list []reactions.Command
	for _, k := range pending {
		k.Due = day.AddDays(terms.Request.Value)
		list = append(list, reminders.Command(k))
	}
	return list, nil
}
