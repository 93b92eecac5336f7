package reminders

import (
	"context"
	"time"

	"github.com/casefile-engine/casefile/domain/reminder"
	"github.com/casefile-engine/casefile/projections/deadlines"
	"github.com/casefile-engine/casefile/projections/duties"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
)

// StatusLapsed is the status of a reminder of what is due no longer, or by
// another day: a term that was extended, a record that was moved, a view that is
// over. The others are those of a deadline.
const StatusLapsed = "lapsed"

// Register calls f with the rows of List and how what each reminds of stands at
// an instant. f may give rows.ErrStop. It reads the views of deadlines
// beside its own; for a time in the past, fold the commits up to it into a
// database of its own and ask that.
func Register(ctx context.Context, db *readdb.DB, filter rows.Filter, at time.Time, f func(Row) error) error {
	status, err := statuses(ctx, db, rows.Filter{Agency: filter.Agency, Dossier: filter.Dossier}, at)
	if err != nil {
		return err
	}
	return List(ctx, db, filter, func(r Row) error {
		k := r.Key()
		k.Stage = ""
		if r.Status = status[k]; r.Status == "" {
			r.Status = StatusLapsed
		}
		return f(r)
	})
}

// statuses are how all that can be reminded of stands, by keys without a stage.
func statuses(ctx context.Context, db *readdb.DB, filter rows.Filter, at time.Time) (map[Key]string, error) {
	list, err := deadlines.All(ctx, db, filter, at)
	if err != nil {
		return nil, err
	}
	out := map[Key]string{}
	for _, d := range list {
		out[Key{Agency: d.Agency, Dossier: d.Dossier, Kind: d.Kind, Ref: d.Ref, Item: d.Item, Due: d.DueOn}] = d.Status
	}
	facts, err := duties.Load(ctx, db, filter.Agency, filter.Dossier)
	if err != nil {
		return nil, err
	}
	for _, v := range facts.Views {
		if v.Runs(at) {
			out[Key{Agency: v.Agency, Dossier: v.Dossier, Kind: reminder.KindView, Ref: v.View, Due: v.LastDay()}] = deadlines.StatusOpen
		}
	}
	return out, nil
}
