package approvals

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
)

// Row is one act with who is named as approving it.
type Row struct {
	Agency string
	// Dossier is that of a disclosure, Staff whose grant it is; both "" for an adoption.
	Dossier, Staff string
	Kind           string
	// ID is of the disclosure or the grant, or of the command that adopted.
	ID       string
	Approver string // staff id; "" where an adoption names nobody
	Actor    string // who gave the command
	At       time.Time
	Answer   string // domain.ApprovalAnswers; "" while there is none
	Answered time.Time
	Position uint64
	// Settled tells that no more is owed of one that was denied: the disclosure is recorded as
	// unlawful, the grant has ended, something else was adopted since.
	Settled bool
}

// List calls f with the acts that name an approver, in stream order. A dossier
// narrows to its disclosures. f may give rows.ErrStop.
func List(ctx context.Context, db *readdb.DB, filter rows.Filter, f func(Row) error) error {
	var list []Row
	var w rows.Where
	w.Register("", rows.Filter{Agency: filter.Agency})
	w.If(filter.Dossier != "", "of_id = ?", filter.Dossier)
	q := `SELECT agency, of_id, id, position, kind, approver, actor, occurred, answer, answered, unlawful FROM approvals` + w.String() + ` ORDER BY position, event`
	err := rows.Query(ctx, db, q, w.Args, func(scan func(...any) error) error {
		var r Row
		var of string
		var occurred, answered, unlawful int64
		if err := scan(&r.Agency, &of, &r.ID, &r.Position, &r.Kind, &r.Approver, &r.Actor, &occurred, &r.Answer, &answered, &unlawful); err != nil {
			return fmt.Errorf("reading the approvals: %w", err)
		}
		r.At, r.Answered = rows.Time(occurred), rows.Time(answered)
		switch r.Kind {
		case KindDisclosure:
			r.Dossier, r.Settled = of, unlawful != 0
		case KindGrant:
			r.Staff, r.Settled = of, r.Answer == domain.ApprovalDenied
		default:
			replace(list, r)
		}
		list = append(list, r)
		return nil
	})
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(r Row) bool { return r.Approver == "" })
	return rows.Give(list, f)
}

// replace settles what was adopted and denied before something else of its kind was.
func replace(list []Row, by Row) {
	for i := range list {
		if r := &list[i]; r.Agency == by.Agency && r.Kind == by.Kind && r.Answer == domain.ApprovalDenied && !by.At.Before(r.Answered) {
			r.Settled = true
		}
	}
}
