// Package assignments ends access by assignment when the need for it has ended
// (C-0g, S-Toe1): 56 days after guidance ended, or as many as the regulation
// says.
package assignments

import (
	"context"
	"strings"
	"time"

	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/handlers/reactions"
	"github.com/casefile-engine/casefile/projections/dossiers"
	"github.com/casefile-engine/casefile/projections/regulations"
)

// Timer unassigns whoever is still assigned.
type Timer struct{}

// Name is constant.
func (Timer) Name() string { return "assignments" }

// Due ends the assignments whose last day has passed. Somebody who was assigned
// after guidance ended, for a report or a request, has as many days from then.
func (Timer) Due(ctx context.Context, t *reactions.Tools, now time.Time, today nl.Date, emit reactions.Emit) error {
	book, err := regulations.Load(ctx, t.DB, "")
	if err != nil {
		return err
	}
	var list []reactions.Command
	err = dossiers.List(ctx, t.DB, dossiers.Filter{Status: dossiers.StatusGuidanceEnded}, func(d dossiers.Dossier) error {
		ended, err := nl.ParseDate(d.GuidanceEnded)
		if err != nil {
			return err
		}
		terms, ok := book.Terms(d.Agency, ended)
		if !ok {
			return nil
		}
		for staff, since := range newest(d.Assignments, now) {
			last := nl.Later(ended, nl.DateOf(since)).AddDays(terms.AssignmentEnds.Value)
			if !today.After(last) {
				continue
			}
			list = append(list, reactions.Command{
				Agency: d.Agency, Dossier: d.Dossier, Data: &dossier.UnassignStaff{Staff: staff}, Purpose: "retention",
				Key:     strings.Join([]string{d.Agency, d.Dossier, staff, last.String(), since.Format(time.RFC3339Nano)}, "|"),
				Settled: []string{"not_assigned"},
			})
		}
		return nil
	})
	if err != nil {
		return err
	}
	return emit(ctx, list...)
}

// newest is for each member of staff with an assignment that has not ended the
// beginning of the newest one.
func newest(list []dossiers.Assignment, now time.Time) map[string]time.Time {
	out := map[string]time.Time{}
	for _, a := range list {
		if (a.Until.IsZero() || a.Until.After(now)) && !a.Since.Before(out[a.Staff]) {
			out[a.Staff] = a.Since
		}
	}
	return out
}
