package queries

import (
	"context"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/eventstore/seal"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/policy"
	"github.com/casefile-engine/casefile/projections/dossiers"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
)

// OpenedDossier is a row of the dossiers' export with the client's particulars.
type OpenedDossier struct {
	dossiers.Row
	Client map[domain.Category][]Value `json:"client,omitempty"`
}

func (s *Service) dossierRows(ctx context.Context, db *readdb.DB, r Reader, f rows.Filter, o ExportOptions, day nl.Date, emit func(row any) error) error {
	at := s.clock.Now()
	if o.AsOf != nil || o.KnownAt != nil {
		at = day.End().Add(-time.Nanosecond)
	}
	filter := dossiers.Filter{Filter: f}
	if !o.Open {
		return dossiers.List(ctx, db, filter, func(d dossiers.Dossier) error { return emit(d.Row(at)) })
	}
	var list []dossiers.Row
	err := dossiers.List(ctx, db, filter, func(d dossiers.Dossier) error {
		list = append(list, d.Row(at))
		return nil
	})
	if err != nil {
		return err
	}
	return rows.Chunks(list, maxListed, func(part []dossiers.Row) error { return s.openRows(ctx, db, r, part, emit) })
}

// openedCategories are what the dossiers' export opens.
var openedCategories = []domain.Category{domain.CatContact, domain.CatPersonal}

// openRows records one look at up to 1,000 dossiers for each category, and emits
// them with what the reader may see of each.
func (s *Service) openRows(ctx context.Context, db *readdb.DB, r Reader, part []dossiers.Row, emit func(row any) error) error {
	ids := make([]string, len(part))
	at := map[string]int{}
	for i, row := range part {
		ids[i], at[row.Dossier] = row.Dossier, i
	}
	client := make([]map[domain.Category][]Value, len(part))
	for _, c := range openedCategories {
		q := commands.Question{Action: r.Action, Of: policy.OfDossier, Purpose: r.Purpose, Categories: []domain.Category{c}}
		decisions, err := s.commands.AuthoriseEach(ctx, r.Caller, r.Agency, q, ids)
		if err != nil {
			return err
		}
		l := look{categories: []domain.Category{c}}
		var open []policy.Decision
		for i, d := range decisions {
			if d.Allowed {
				open = append(open, d)
				l.dossiers, l.owners = append(l.dossiers, ids[i]), append(l.owners, "dossier/"+ids[i])
			}
		}
		if len(open) == 0 {
			continue
		}
		ack, _, err := s.record(ctx, r, combine(open, nil), l)
		if err != nil {
			return err
		}
		found, err := dossiers.Particulars(ctx, db, r.Agency, c, l.dossiers)
		if err != nil {
			return err
		}
		for _, id := range l.dossiers {
			if err := s.openSections(ctx, ack, c, found[id], &client[at[id]]); err != nil {
				return err
			}
		}
	}
	for i, row := range part {
		if err := emit(OpenedDossier{row, client[i]}); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) openSections(ctx context.Context, ack seal.Acknowledgement, c domain.Category, list []dossiers.Section, out *map[domain.Category][]Value) error {
	for _, sec := range list {
		v := Value{Category: c, Event: sec.Sealed.Event, EventType: sec.Sealed.Type, Position: sec.Position, Occurred: sec.Occurred, Recorded: sec.Recorded}
		if err := s.opened(ctx, ack, sec.Sealed, &v); err != nil {
			return err
		}
		if *out == nil {
			*out = map[domain.Category][]Value{}
		}
		(*out)[c] = append((*out)[c], v)
	}
	return nil
}
