// Package overviews is what management overviews are counted from and guarded
// by (C-1.2d): the codes of every dossier with their past, and the questions
// asked.
//
// A later overview must be compared with an earlier one as it was, or the
// dossiers that came or changed in between would show. So the codes of a dossier
// are kept with the stretch of the stream in which they held, and the dossiers
// of an earlier question are found again by the position that it was answered
// over. Nothing about a question needs to be written beside the question itself,
// and no list of dossiers stands on the stream; the view holds the ids of
// dossiers and closed codes, as the view of dossiers does.
package overviews

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/access"
	"github.com/casefile-engine/casefile/domain/agency"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/domain/overview"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/projections"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
)

// The projection's name, which is that of the table of questions, and its other
// tables.
const (
	Name = "overviews"
	// tableDossiers has each dossier as it is.
	tableDossiers = "overviews_dossiers"
	// tablePast has the codes that a dossier had before.
	tablePast = "overviews_past"
	// tableRecipients has the kind of each recipient.
	tableRecipients = "overviews_recipients"
)

// Columns of table overviews_dossiers.
const (
	colAgency = iota
	colDossier
	colSince // position from which the codes hold
	colOpened
	colService
	colReferral
	colStanding
	colDeclined
	colRecipient
	colCommissioner
	colTrajectories
	colCodes
)

// Projection is the projection.
type Projection struct{}

var _ projections.Projection = Projection{}

// Name is constant.
func (Projection) Name() string { return Name }

// Version rises with every change of the tables or of Apply.
func (Projection) Version() int { return 1 }

// Reads lists the event types.
func (Projection) Reads() []string {
	return []string{
		access.TypeOverviewAsked, agency.TypeRecipientRegistered, agency.TypeRecipientChanged,
		dossier.TypeOpened, dossier.TypeReferralDeclined,
		dossier.TypeTrajectoryStarted, dossier.TypeTrajectoryEnded, dossier.TypeTrajectoryReopened,
	}
}

// Tables are the questions in stream order, the dossiers with their past, and
// the kinds of recipients.
func (Projection) Tables() []readdb.Table {
	return []readdb.Table{
		{Name: Name, Columns: rows.Columns("agency:t", "position:i", "event:i", "recorded:i", "actor:t", "outcome:t", "asked:t"), KeyColumns: 3},
		{
			Name: tableDossiers,
			Columns: rows.Columns("agency:t", "dossier:t", "since:i", "opened:t", "service:t", "referral:t", "standing:t", "declined:i",
				"recipient:t", "commissioner:t", "trajectories:t", "codes:t"),
			KeyColumns: 2,
		},
		{Name: tablePast, Columns: rows.Columns("agency:t", "dossier:t", "since:i", "until:i", "codes:t"), KeyColumns: 3},
		{Name: tableRecipients, Columns: rows.Columns("agency:t", "recipient:t", "commissioner:t"), KeyColumns: 2},
	}
}

// Apply adds questions and folds what changes a dossier's codes.
func (Projection) Apply(ctx context.Context, tx readdb.Tx, d *projections.Delivery) error {
	f := &fold{ctx: ctx, tx: tx}
	return rows.Each(d, func(place int, _ *eventstore.StoredEvent, _ [][]byte, r *domain.Recorded) error {
		switch e := r.Event.(type) {
		case *access.OverviewAsked:
			asked, err := json.Marshal(e)
			if err != nil {
				return fmt.Errorf("overviews: encoding a question: %w", err)
			}
			return tx.Insert(ctx, Name, readdb.Row{r.Meta.Agency, int64(r.Meta.Position), int64(place), rows.Instant(r.Meta.Recorded), r.Meta.Actor, e.Outcome, string(asked)})
		case *agency.RecipientRegistered:
			return tx.Put(ctx, tableRecipients, readdb.Row{r.Meta.Agency, e.Recipient, e.Subtype})
		case *agency.RecipientChanged:
			return tx.Put(ctx, tableRecipients, readdb.Row{r.Meta.Agency, e.Recipient, e.Subtype})
		}
		return f.dossier(r)
	})
}

// fold belongs to one Apply.
type fold struct {
	ctx context.Context
	tx  readdb.Tx
}

// dossier folds an event into the facts of its dossier.
func (f *fold) dossier(r *domain.Recorded) error {
	row, facts, err := f.load(r)
	if err != nil {
		return err
	}
	switch e := r.Event.(type) {
	case *dossier.Opened:
		facts.Opened, facts.Service, facts.Referral, facts.Standing = nl.DateOf(r.Meta.Occurred), e.Service, e.Referral, e.Standing
		facts.Recipient = e.Commissioner
		facts.Commissioner, err = f.kind(r, e.Commissioner)
	case *dossier.ReferralDeclined:
		facts.Declined = true
	case *dossier.TrajectoryStarted:
		t := overview.Trajectory{Trajectory: e.Trajectory, Service: e.Service, Recipient: e.Commissioner}
		t.Commissioner, err = f.kind(r, e.Commissioner)
		facts.Trajectories = append(facts.Trajectories, t)
	case *dossier.TrajectoryEnded:
		facts.change(e.Trajectory, e.EndedOn, e.Outcome)
	case *dossier.TrajectoryReopened:
		facts.change(e.Trajectory, nl.Date{}, "")
	}
	if err != nil {
		return err
	}
	return f.save(r, row, facts)
}

type facts struct{ overview.Facts }

func (f *facts) change(number string, ended nl.Date, outcome string) {
	if i := slices.IndexFunc(f.Trajectories, func(t overview.Trajectory) bool { return t.Trajectory == number }); i >= 0 {
		f.Trajectories[i].Ended, f.Trajectories[i].Outcome = ended, outcome
	}
}

// kind is the subtype of a recipient as registered at this point of the stream:
// a dossier keeps the kind that its commissioner had when it came in.
func (f *fold) kind(r *domain.Recorded, recipient string) (string, error) {
	if recipient == "" {
		return "", nil
	}
	row, ok, err := f.tx.Get(f.ctx, tableRecipients, r.Meta.Agency, recipient)
	if err != nil || !ok {
		return "", err
	}
	return row[2].(string), nil
}

// load gives the row of the event's dossier, nil when it begins here, and its facts.
func (f *fold) load(r *domain.Recorded) (readdb.Row, *facts, error) {
	out := &facts{}
	row, ok, err := f.tx.Get(f.ctx, tableDossiers, r.Meta.Agency, r.Meta.Aggregate)
	if err != nil {
		return nil, nil, err
	}
	if _, begins := r.Event.(*dossier.Opened); begins || !ok {
		if !begins {
			err = fmt.Errorf("overviews: the commit at %d is about a dossier that was never opened", r.Meta.Position)
		}
		return nil, out, err
	}
	out.Service, out.Referral, out.Standing = row[colService].(string), row[colReferral].(string), row[colStanding].(string)
	out.Declined = row[colDeclined].(int64) != 0
	out.Recipient, out.Commissioner = row[colRecipient].(string), row[colCommissioner].(string)
	if err := rows.Dates(map[*nl.Date]string{&out.Opened: row[colOpened].(string)}); err != nil {
		return nil, nil, err
	}
	if packed := row[colTrajectories].(string); packed != "" {
		if err := json.Unmarshal([]byte(packed), &out.Trajectories); err != nil {
			return nil, nil, fmt.Errorf("overviews: a column of the view has another form: %w", err)
		}
	}
	return slices.Clone(row), out, nil
}

// save writes the facts, and the codes that no longer hold to the past.
func (f *fold) save(r *domain.Recorded, old readdb.Row, facts *facts) error {
	codes := facts.Codes()
	packed, position, since := codes.Pack(), int64(r.Meta.Position), int64(r.Meta.Position)
	if old != nil {
		if was := old[colSince].(int64); old[colCodes] == packed || was == position {
			since = was
		} else if err := f.tx.Insert(f.ctx, tablePast, readdb.Row{old[colAgency], old[colDossier], was, position, old[colCodes]}); err != nil {
			return err
		}
	}
	trajectories := ""
	if len(facts.Trajectories) > 0 {
		b, err := json.Marshal(facts.Trajectories)
		if err != nil {
			return fmt.Errorf("overviews: encoding a column: %w", err)
		}
		trajectories = string(b)
	}
	return f.tx.Put(f.ctx, tableDossiers, readdb.Row{
		r.Meta.Agency, r.Meta.Aggregate, since, facts.Opened.String(), facts.Service, facts.Referral, facts.Standing, rows.Bool(facts.Declined),
		facts.Recipient, facts.Commissioner, trajectories, packed,
	})
}
