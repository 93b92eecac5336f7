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

// The states of an approval.
const (
	StatePending   = "pending" // whoever is named has said nothing yet
	StateConfirmed = domain.ApprovalConfirmed
	StateDenied    = domain.ApprovalDenied
)

// Row is one act with who is named as approving it, as the export `approvals` gives
// it. What is not known is absent, and lists are in byte order.
type Row struct {
	Agency string `json:"agency"`
	// Dossier is that of a disclosure, Staff whose grant it is; an adoption has neither.
	Dossier string `json:"dossier,omitempty"`
	Staff   string `json:"staff,omitempty"`
	Kind    string `json:"kind"` // disclosure, grant, regulation, policies
	// Ref is the id of the disclosure or the grant, or of the command that adopted.
	Ref        string            `json:"ref"`
	Recipient  string            `json:"recipient,omitempty"` // of a disclosure
	Categories []domain.Category `json:"categories,omitempty"`
	Ground     string            `json:"ground,omitempty"` // of a disclosure
	OccurredAt time.Time         `json:"occurred_at"`
	Actor      string            `json:"actor"` // who gave the command
	Approver   string            `json:"approver"`
	State      string            `json:"state"` // pending, confirmed, denied
	AnsweredAt time.Time         `json:"answered_at,omitzero"`
	Position   uint64            `json:"position"`

	// Settled tells that no more is owed of it: the disclosure is recorded as unlawful,
	// the grant that was denied has ended, something else was adopted since.
	Settled bool `json:"-"`
}

// List calls f with the acts that name an approver, in stream order. A dossier
// narrows to its disclosures; From and Until bound occurred_at. f may give rows.ErrStop.
func List(ctx context.Context, db *readdb.DB, filter rows.Filter, f func(Row) error) error {
	var list []Row
	var w rows.Where
	w.Register("", rows.Filter{Agency: filter.Agency})
	w.If(filter.Dossier != "", "of_id = ?", filter.Dossier)
	q := `SELECT agency, of_id, id, position, kind, approver, actor, occurred, answer, answered, unlawful, recipient, categories, ground FROM approvals` + w.String() + ` ORDER BY position, event`
	err := rows.Query(ctx, db, q, w.Args, func(scan func(...any) error) error {
		r, err := scanRow(scan)
		if err == nil {
			replace(list, r)
			list = append(list, r)
		}
		return err
	})
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(r Row) bool {
		return r.Approver == "" || !filter.From.IsZero() && r.OccurredAt.Before(filter.From) || !filter.Until.IsZero() && !r.OccurredAt.Before(filter.Until)
	})
	return rows.Give(list, f)
}

func scanRow(scan func(...any) error) (r Row, err error) {
	var of, categories string
	var occurred, answered, unlawful int64
	err = scan(&r.Agency, &of, &r.Ref, &r.Position, &r.Kind, &r.Approver, &r.Actor, &occurred, &r.State, &answered, &unlawful, &r.Recipient, &categories, &r.Ground)
	if err != nil {
		return r, fmt.Errorf("reading the register of approvals: %w", err)
	}
	r.OccurredAt, r.Categories = rows.Time(occurred), rows.Split[domain.Category](categories)
	if r.State == "" {
		r.State = StatePending
	} else {
		r.AnsweredAt = rows.Time(answered)
	}
	switch r.Kind {
	case KindDisclosure:
		r.Dossier, r.Settled = of, unlawful != 0
	case KindGrant:
		r.Staff, r.Settled = of, r.State == StateDenied
	}
	return r, nil
}

// replace settles what was adopted and denied before something else of its kind was.
func replace(list []Row, by Row) {
	if by.Kind != KindRegulation && by.Kind != KindPolicies {
		return
	}
	for i := range list {
		if r := &list[i]; r.Agency == by.Agency && r.Kind == by.Kind && r.State == StateDenied && !by.OccurredAt.Before(r.AnsweredAt) {
			r.Settled = true
		}
	}
}
