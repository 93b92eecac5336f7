package reminders

import (
	"context"
	"fmt"
	"time"

	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
)

// Row is one reminder, as the export `reminders` gives it. It has codes and ids
// alone: what it is about stands in the other registers.
type Row struct {
	Agency   string  `json:"agency"`
	Dossier  string  `json:"dossier,omitempty"` // absent where it is the agency's
	Reminder string  `json:"reminder"`          // the id of its event
	Kind     string  `json:"kind"`              // reminder.Kinds
	Ref      string  `json:"ref"`
	Item     string  `json:"item,omitempty"`
	Due      nl.Date `json:"due"`
	// Stage is why it was raised: new, coming, overdue. Status is how what it
	// reminds of stands now; Register fills it in.
	Stage  string `json:"stage"`
	Status string `json:"status,omitempty"`
	// For are the members of staff who were responsible then, in byte order; Role
	// is who looks after such a thing in any case.
	For      []string  `json:"for,omitempty"`
	Role     string    `json:"role"`
	Raised   time.Time `json:"raised_at"` // occurred_at
	Position uint64    `json:"position"`
}

// Key is what tells one reminder from another.
type Key struct {
	Agency, Dossier, Kind, Ref, Item string
	Due                              nl.Date
	Stage                            string
}

// Key is the reminder's key.
func (r *Row) Key() Key { return Key{r.Agency, r.Dossier, r.Kind, r.Ref, r.Item, r.Due, r.Stage} }

// List calls f with the reminders in stream order; From and Until bound the
// day on which they were raised. f may give rows.ErrStop.
func List(ctx context.Context, db *readdb.DB, filter rows.Filter, f func(Row) error) error {
	var w rows.Where
	w.Register("", filter)
	q := "SELECT agency, dossier, reminder, kind, ref, item, due, stage, staff, role, occurred, position FROM reminders" + w.String() + " ORDER BY position, event"
	return rows.Query(ctx, db, q, w.Args, func(scan func(...any) error) error {
		var (
			r          Row
			due, staff string
			raised     int64
		)
		if err := scan(&r.Agency, &r.Dossier, &r.Reminder, &r.Kind, &r.Ref, &r.Item, &due, &r.Stage, &staff, &r.Role, &raised, &r.Position); err != nil {
			return fmt.Errorf("reading the reminders: %w", err)
		}
		r.For, r.Raised = rows.Split[string](staff), rows.Time(raised)
		if err := rows.Dates(map[*nl.Date]string{&r.Due: due}); err != nil {
			return err
		}
		return f(r)
	})
}
