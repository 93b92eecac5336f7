package people

import (
	"context"
	"fmt"
	"time"

	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
)

// RecipientRow is one recipient, as the export `recipients` gives it (C-2.6.2,
// C-2.6.3). Instants are RFC 3339 in UTC, days YYYY-MM-DD; what is not known is
// absent. Names and references stay sealed.
type RecipientRow struct {
	Agency    string `json:"agency"`
	Recipient string `json:"recipient"`
	Class     string `json:"class"`
	Subtype   string `json:"subtype,omitempty"`
	// Agreement tells that an agreement is on file, AgreementUntil its last day;
	// Secrecy that a secrecy agreement is (C-2.6.2); AuthorisedForSubsidies that
	// it may decide on subsidies (C-2.6.4). They are as registered last.
	Agreement              bool      `json:"agreement"`
	AgreementUntil         nl.Date   `json:"agreement_until,omitzero"`
	Secrecy                bool      `json:"secrecy"`
	AuthorisedForSubsidies bool      `json:"authorised_for_subsidies"`
	RegisteredAt           time.Time `json:"registered_at"`
	EndedAt                time.Time `json:"ended_at,omitzero"` // absent while it may receive
	Position               uint64    `json:"position"`          // of the newest change
}

// RecipientRegister calls f with the recipients in the order in which they were
// registered; From and Until of the filter bound that time. f may give
// rows.ErrStop.
func RecipientRegister(ctx context.Context, db *readdb.DB, filter rows.Filter, f func(RecipientRow) error) error {
	var w rows.Where
	w.If(filter.Agency != "", "agency = ?", filter.Agency)
	w.If(!filter.From.IsZero(), "registered >= ?", rows.Instant(filter.From))
	w.If(!filter.Until.IsZero(), "registered < ?", rows.Instant(filter.Until))
	q := `SELECT agency, recipient, class, subtype, agreement, agreement_until, secrecy, authorised_for_subsidies, registered, ended, position
		FROM people_recipients` + w.String() + ` ORDER BY registered, agency, recipient`
	return rows.Query(ctx, db, q, w.Args, func(scan func(...any) error) error {
		var (
			r                                                RecipientRow
			agreement, secrecy, subsidies, registered, ended int64
			until                                            string
		)
		err := scan(&r.Agency, &r.Recipient, &r.Class, &r.Subtype, &agreement, &until, &secrecy, &subsidies, &registered, &ended, &r.Position)
		if err != nil {
			return fmt.Errorf("reading the register of recipients: %w", err)
		}
		r.Agreement, r.Secrecy, r.AuthorisedForSubsidies = agreement != 0, secrecy != 0, subsidies != 0
		r.RegisteredAt, r.EndedAt = rows.Time(registered), rows.Time(ended)
		if err := rows.Dates(map[*nl.Date]string{&r.AgreementUntil: until}); err != nil {
			return err
		}
		return f(r)
	})
}
