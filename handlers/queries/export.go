package queries

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/policy"
	"github.com/casefile-engine/casefile/projections"
	"github.com/casefile-engine/casefile/projections/access"
	"github.com/casefile-engine/casefile/projections/commits"
	"github.com/casefile-engine/casefile/projections/dossiers"
	"github.com/casefile-engine/casefile/projections/people"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
)

// ExportOptions choose the rows of a register (catalogue §3).
type ExportOptions struct {
	Register string // one of Registers
	Dossier  string // "" for all
	// AsOf takes what had occurred by then, that instant included, and evaluates
	// terms on its day in Europe/Amsterdam; it may lie in the future. Nil: today.
	AsOf *time.Time
	// KnownAt takes what had been recorded by then. Nil: all.
	KnownAt *time.Time
	// From and Until bound occurred_at: From <= occurred_at < Until.
	From, Until *time.Time
	// Open adds the opened personal data to the rows of dossiers, after the look
	// is on record.
	Open bool
}

// Export calls emit with each row of a register, in its order; rows are structs
// whose JSON form is the catalogue's. A reader who is signed in leaves an
// access event first; the operator does when sealed data is opened.
func (s *Service) Export(ctx context.Context, r Reader, o ExportOptions, emit func(row any) error) error {
	if err := s.checkExport(ctx, r, &o); err != nil {
		return err
	}
	if r.Agency == "" && o.Open {
		return s.exportEach(ctx, r, o, emit)
	}
	l := look{}
	if o.Dossier != "" {
		l.dossiers = []string{o.Dossier}
	}
	p, sc, err := s.registerScope(ctx, r, o.Register)
	if err != nil {
		return err
	}
	if o.Dossier != "" && !sc.holds(o.Dossier) {
		// The same answer as for a dossier that is not there.
		return s.refuseRow(ctx, r, p, o.Dossier)
	}
	if err := s.existing(ctx, r, o.Dossier); err != nil {
		return err
	}
	if r.Caller.Staff != domain.Operator && !(o.Register == "dossiers" && o.Open) {
		if _, _, err := s.record(ctx, r, p, l); err != nil {
			return err
		}
	}
	if emit, err = s.countingSeen(ctx, r, o, sc, sc.within(emit)); err != nil {
		return err
	}
	db := s.db
	if o.folded() {
		var release func() error
		if db, release, err = s.foldTo(ctx, r.Agency, o); err != nil {
			return err
		}
		defer release()
	}
	return s.rowsOf(ctx, db, r, o, emit)
}

// exportEach is the operator's export of every agency with opened data: each
// agency's look is recorded with that agency.
func (s *Service) exportEach(ctx context.Context, r Reader, o ExportOptions, emit func(row any) error) error {
	agencies, err := s.Agencies(ctx)
	if err != nil {
		return err
	}
	for _, a := range agencies {
		r.Agency = a
		if err := s.Export(ctx, r, o, emit); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) checkExport(ctx context.Context, r Reader, o *ExportOptions) error {
	if err := checkReader(r); err != nil {
		return err
	}
	if !slices.Contains(Registers, o.Register) {
		return domain.Invalid("unknown_register", "register", "there is no such register; there are "+registerNames())
	}
	if err := inOrder(o.From, o.Until); err != nil {
		return err
	}
	if err := s.wait(ctx, r); err != nil {
		return err
	}
	if err := s.known(ctx, r); err != nil {
		return err
	}
	if o.Dossier != "" {
		id, err := domain.ParseID("dossier", o.Dossier)
		if err != nil {
			return err
		}
		o.Dossier = id
	}
	return nil
}

// inOrder refuses a period that ends before it begins: an empty register would
// say that nothing happened in it. Bounds are as in ExportOptions.
func inOrder(from, until *time.Time) error {
	if from != nil && until != nil && !from.Before(*until) {
		return domain.Invalid("period", "until", "the period ends before it begins; give an earlier from or a later until")
	}
	return nil
}

// existing refuses a dossier that the agency does not have; "" is none.
func (s *Service) existing(ctx context.Context, r Reader, id string) error {
	if id == "" {
		return nil
	}
	ok, err := s.exists(ctx, r.Agency, id)
	if err == nil && !ok {
		err = &domain.Error{Kind: domain.KindNotFound, Code: "unknown_dossier", Rule: "C-0a", Field: "dossier", Message: "there is no such dossier in this agency; compare its id"}
	}
	return err
}

// refuseRow refuses a register's rows of a dossier that is not the reader's own.
func (s *Service) refuseRow(ctx context.Context, r Reader, p pass, id string) error {
	list, err := s.commands.AuthoriseEach(ctx, r.Caller, r.Agency, commands.Question{Action: "view", Of: policy.OfDossier, Purpose: r.Purpose}, []string{id})
	if err != nil {
		return err
	}
	p.Decision = list[0]
	if p.Allowed { // open to him on another ground than an assignment, which opens no register
		p.Allowed, p.Ground = false, "none"
		p.Err = &domain.Error{Kind: domain.KindForbidden, Code: "not_assigned", Rule: "C-0d", Message: "registers are open to you for the dossiers that are assigned to you"}
	}
	s.deny(ctx, r, p, commands.Question{Dossier: id})
	return p.Err
}

// known asks of the operator, who may name any, that an agency is there: a
// mistyped name gives no empty register. The view is brought up to date before it
// is believed that there is none.
func (s *Service) known(ctx context.Context, r Reader) error {
	if r.Caller.Staff != domain.Operator || r.Agency == "" {
		return nil
	}
	list, err := s.Agencies(ctx)
	if err != nil || slices.Contains(list, r.Agency) {
		return err
	}
	if s.upToDate != nil {
		if err := s.upToDate(ctx, people.Name); err != nil {
			return err
		}
		if list, err = s.Agencies(ctx); err != nil || slices.Contains(list, r.Agency) {
			return err
		}
	}
	return &domain.Error{Kind: domain.KindNotFound, Code: "unknown_agency", Rule: "C-2.8", Field: "agency", Message: "there is no such agency here; check its code"}
}

func (s *Service) exists(ctx context.Context, agency, id string) (bool, error) {
	found := false
	err := dossiers.List(ctx, s.db, dossiers.Filter{Filter: rows.Filter{Agency: agency, Dossier: id}}, func(dossiers.Dossier) error {
		found = true
		return rows.ErrStop
	})
	return found, err
}

// folded tells whether the register as of that time must be folded anew. The
// history is filtered as it is read.
func (o ExportOptions) folded() bool {
	return o.Register != "history" && (o.AsOf != nil || o.KnownAt != nil)
}

// at is the instant at which terms are evaluated: of days, their end.
func (s *Service) at(o ExportOptions) time.Time {
	switch {
	case o.AsOf != nil:
		return *o.AsOf
	case o.KnownAt != nil:
		return *o.KnownAt
	}
	return s.clock.Now()
}

// plainAccess leaves out the categories that exist for sealing names of staff
// and recipients: the register speaks of the client's data (catalogue §1).
func plainAccess(x access.Row) access.Row {
	x.Categories = slices.DeleteFunc(x.Categories, func(c domain.Category) bool {
		return c == domain.CatStaff || c == domain.CatRecipient
	})
	return x
}

func (s *Service) historyRows(ctx context.Context, db *readdb.DB, f rows.Filter, o ExportOptions, emit func(row any) error) error {
	return s.historyUpTo(ctx, db, f, o, 0, emit)
}

// historyUpTo is historyRows of the stream up to a position; 0 for all of it.
func (s *Service) historyUpTo(ctx context.Context, db *readdb.DB, f rows.Filter, o ExportOptions, upTo uint64, emit func(row any) error) error {
	h := commits.HistoryFilter{Dossier: f.Dossier, From: f.From, Until: f.Until, UpTo: upTo}
	if o.KnownAt != nil {
		h.KnownAt = *o.KnownAt
	}
	if o.AsOf != nil && (h.Until.IsZero() || o.AsOf.Before(h.Until)) {
		h.Until = o.AsOf.Add(time.Nanosecond)
	}
	return commits.History(ctx, db, f.Agency, h, func(x commits.HistoryRow) error { return emit(historyRow(x)) })
}

// historyRow is a commit's clear metadata as the CloudEvent that it is, with
// extension attributes: its position, its leaf hash and, where the dossiers that
// it names are stored beside it, these as the text of a JSON array (an attribute
// of a CloudEvent is no array itself).
func historyRow(x commits.HistoryRow) json.RawMessage {
	tail, err := json.Marshal(struct {
		Position uint64 `json:"position"`
		Leaf     string `json:"leafhash"`
		Lists    string `json:"lists,omitempty"`
	}{x.Position, x.Leaf, string(x.Lists)})
	if err != nil || len(x.Event) < 2 {
		return x.Event
	}
	out := append([]byte{}, x.Event[:len(x.Event)-1]...)
	out = append(out, ',')
	return append(out, tail[1:]...)
}

// foldTo builds the register's projection out of what had occurred, or had been
// recorded, by the time asked for. It is the live projection's own code over
// another choice of commits.
func (s *Service) foldTo(ctx context.Context, agency string, o ExportOptions) (*readdb.DB, func() error, error) {
	h := commits.HistoryFilter{}
	if o.KnownAt != nil {
		h.KnownAt = *o.KnownAt
	}
	if o.AsOf != nil {
		h.Until = o.AsOf.Add(time.Nanosecond)
	}
	db, err := projections.FoldInMemory(ctx, commands.Decode, projectionOf(o.Register), func(each func(*eventstore.Commit) error) error {
		return commits.Each(ctx, s.db, agency, h, func(e commits.Entry) error {
			c, err := e.Checked()
			if err != nil {
				return err
			}
			return each(c)
		})
	})
	if err != nil {
		return nil, nil, err
	}
	return db, db.Close, nil
}

// Agencies lists the agencies in the store.
func (s *Service) Agencies(ctx context.Context) ([]string, error) {
	return people.Agencies(ctx, s.db)
}

// FindDossier gives the agency of a dossier, for the operator who names only
// the dossier. The command line alone may ask.
func (s *Service) FindDossier(ctx context.Context, r Reader, id string) (string, error) {
	if r.Caller.Staff != domain.Operator {
		return "", errors.New("queries: only the operator looks across agencies")
	}
	agencies, err := s.Agencies(ctx)
	if err != nil {
		return "", err
	}
	for _, a := range agencies {
		if ok, err := s.exists(ctx, a, id); err != nil || ok {
			return a, err
		}
	}
	return "", &domain.Error{Kind: domain.KindNotFound, Code: "unknown_dossier", Rule: "C-0a", Field: "dossier", Message: "there is no such dossier; compare its id"}
}
