package queries

import (
	"cmp"
	"context"
	"slices"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/projections/commits"
)

// reminded puts the reminders of the dossier into its timeline, in stream order
// . They have an aggregate of their own, beside the dossier, and nothing in
// them is sealed.
func (s *Service) reminded(ctx context.Context, dossier domain.Ref, o DossierOptions, v *DossierView) error {
	ref := domain.Ref{Agency: dossier.Agency, Kind: domain.KindReminder, ID: dossier.ID}
	n := len(v.Timeline)
	t, err := s.then(ctx, o)
	if err != nil {
		return err
	}
	err = commits.ReadAggregate(ctx, s.db, ref, 0, func(e commits.Entry) error {
		c, err := e.Checked()
		if err != nil || !t.admits(c) {
			return err
		}
		for _, ev := range c.Envelope.Data.Events {
			v.Timeline = append(v.Timeline, TimelineEntry{
				Position: c.Position, Event: ev.ID, Type: ev.Type, Occurred: c.Envelope.Time, Recorded: c.Envelope.Recorded,
				Actor: c.Envelope.Actor, Clear: ev.Data,
			})
		}
		return nil
	})
	if err == nil && len(v.Timeline) > n {
		slices.SortStableFunc(v.Timeline, func(a, b TimelineEntry) int { return cmp.Compare(a.Position, b.Position) })
	}
	return err
}
