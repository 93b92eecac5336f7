package dossiers

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/seal"
	"github.com/casefile-engine/casefile/projections/commits"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
)

// Record is what is clear about one record.
type Record struct {
	Dossier     string
	Record      string
	Category    domain.Category
	Contains    []domain.Category
	Class       domain.Class
	Source      string
	ObtainedOn  string // YYYY-MM-DD or ""
	Trajectory  string
	Judgement   bool
	Consent     string
	Restricted  bool
	Corrections int
	Completions int
	Added       time.Time // occurred_at
	Position    uint64    // of the commit that added it
	// CurrentPosition and CurrentEvent are the commit, and the event's place in
	// it from 0, that hold the present content: the newest correction.
	CurrentPosition uint64
	CurrentEvent    int
}

// Records calls f with the records of a dossier in the order in which they were
// added. f may give rows.ErrStop.
func Records(ctx context.Context, db *readdb.DB, agency, dossierID string, f func(Record) error) error {
	const q = `SELECT dossier, record, category, contains, class, source, obtained_on, trajectory, judgement, consent,
		restricted, corrections, completions, added, added_position, current_position, current_event
		FROM dossiers_records WHERE agency = ? AND dossier = ? ORDER BY added_position, record`
	return rows.Query(ctx, db, q, []any{agency, dossierID}, func(scan func(...any) error) error {
		var (
			r                            Record
			contains                     string
			judgement, restricted, added int64
		)
		if err := scan(&r.Dossier, &r.Record, &r.Category, &contains, &r.Class, &r.Source, &r.ObtainedOn, &r.Trajectory, &judgement, &r.Consent,
			&restricted, &r.Corrections, &r.Completions, &added, &r.Position, &r.CurrentPosition, &r.CurrentEvent); err != nil {
			return fmt.Errorf("reading the records of a dossier: %w", err)
		}
		r.Contains = rows.Split[domain.Category](contains)
		r.Judgement, r.Restricted, r.Added = judgement != 0, restricted != 0, rows.Time(added)
		return f(r)
	})
}

// Section is one sealed section of a dossier, with all that is needed to open
// it and to show it.
type Section struct {
	Dossier  string
	Sealed   seal.Sealed
	Position uint64 // of its commit
	// Number is its place among the sections of its event, from 0.
	Number   int
	Record   string // "" when it is of no record
	Occurred time.Time
	Recorded time.Time
	// Superseded: a later correction of the record replaced it; it is shown to
	// auditors and in the timeline, never as a present value.
	Superseded bool
	// Restricted: the record is shielded now (C-2.9.3, L-18).
	Restricted bool
}

// Sections gives the sealed sections of a dossier in stream order; of the given
// categories, or of all for none. Of particulars (contact, personal, bank, bsn)
// every section is a present one: a later lies over the earlier, field by field.
//
// Particulars and invoice names stand in this view; for anything else the
// dossier's commits are read, so the database must have the view commits too.
func Sections(ctx context.Context, db *readdb.DB, agency, dossierID string, categories ...domain.Category) ([]Section, error) {
	if len(categories) == 0 || slices.ContainsFunc(categories, func(c domain.Category) bool { return !kept(c) }) {
		return fromCommits(ctx, db, agency, dossierID, categories)
	}
	var w rows.Where
	w.And("agency = ?", agency)
	w.And("dossier = ?", dossierID)
	args := make([]any, len(categories))
	for i, c := range categories {
		args[i] = string(c)
	}
	w.And("category IN ("+marks(len(args))+")", args...)
	return sections(ctx, db, w, "position, event, section")
}

// fromCommits gathers sections from the commits of a dossier.
func fromCommits(ctx context.Context, db *readdb.DB, agency, dossierID string, categories []domain.Category) ([]Section, error) {
	records := map[string]Record{}
	err := Records(ctx, db, agency, dossierID, func(r Record) error {
		records[r.Record] = r
		return nil
	})
	if err != nil {
		return nil, err
	}
	var list []Section
	ref := domain.Ref{Agency: agency, Kind: domain.KindDossier, ID: dossierID}
	err = commits.ReadAggregate(ctx, db, ref, 0, func(e commits.Entry) error {
		c, err := eventstore.Unmarshal(e.Payload)
		if err != nil {
			return err
		}
		found, err := ofCommit(c, e.Position, categories)
		for i := range found {
			found[i].mark(records)
		}
		list = append(list, found...)
		return err
	})
	return list, err
}

// ofCommit gives the sections of a commit, of the given categories or of all for none.
func ofCommit(c *eventstore.Commit, position uint64, categories []domain.Category) ([]Section, error) {
	var list []Section
	e, n := &c.Envelope, 0
	for place, ev := range e.Data.Events {
		about := struct {
			Record string `json:"record"`
		}{}
		if strings.HasPrefix(ev.Type, "record.") || ev.Type == dossier.TypeRestrictionLifted || ev.Type == dossier.TypeDocumentAttached {
			if err := json.Unmarshal(ev.Data, &about); err != nil {
				return nil, fmt.Errorf("dossiers: the commit at %d has an event of another form: %w", position, err)
			}
		}
		for number, ref := range ev.Sections {
			n++
			if len(categories) > 0 && !slices.Contains(categories, ref.Category) {
				continue
			}
			list = append(list, Section{
				Dossier: e.AggregateID, Position: position, Number: number, Record: about.Record, Occurred: e.Time, Recorded: e.Recorded,
				Sealed: seal.Sealed{Ciphertext: c.Sealed[n-1], Place: seal.Place{
					Scope: seal.Scope{Agency: e.Agency, Owner: ref.Owner, Class: ref.Class},
					Key:   ref.Key, Event: ev.ID, Type: ev.Type, Schema: ev.Schema, Category: ref.Category, Version: e.Version, Index: place,
				}},
			})
		}
	}
	return list, nil
}

// mark tells how a section of a record stands.
func (s *Section) mark(records map[string]Record) {
	r, ok := records[s.Record]
	if !ok {
		return
	}
	s.Restricted = r.Restricted
	content := s.Sealed.Type == dossier.TypeRecordAdded || s.Sealed.Type == dossier.TypeRecordCorrected
	// The reason of a correction is no content of the record.
	if content && s.Sealed.Category != domain.CatFile {
		s.Superseded = s.Position != r.CurrentPosition || s.Sealed.Index != r.CurrentEvent
	}
}

// particularsChunk is how many dossiers one query of Particulars names: a fixed
// number, so that the query has one text.
const particularsChunk = 100

// Particulars gives the sections of one category of particulars of many
// dossiers, as a caseload needs the names: by dossier, in stream order, each
// lying over the earlier field by field.
func Particulars(ctx context.Context, db *readdb.DB, agency string, category domain.Category, dossierIDs []string) (map[string][]Section, error) {
	out := make(map[string][]Section, len(dossierIDs))
	err := rows.Chunks(dossierIDs, particularsChunk, func(chunk []string) error {
		args := make([]any, particularsChunk)
		for i := range args {
			args[i] = chunk[min(i, len(chunk)-1)]
		}
		var w rows.Where
		w.And("agency = ?", agency)
		w.And("category = ?", string(category))
		w.And("dossier IN ("+marks(len(args))+")", args...)
		list, err := sections(ctx, db, w, "dossier, position, event, section")
		for _, s := range list {
			out[s.Dossier] = append(out[s.Dossier], s)
		}
		return err
	})
	return out, err
}

func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?,", n), ",") }

func sections(ctx context.Context, db *readdb.DB, w rows.Where, order string) ([]Section, error) {
	q := `SELECT agency, dossier, category, position, event, section, version, owner, class, key_id, event_id,
		type, schema, occurred, recorded, sealed FROM dossiers_sections` + w.String() + " ORDER BY " + order
	var list []Section
	err := rows.Query(ctx, db, q, w.Args, func(scan func(...any) error) error {
		var (
			s                  Section
			p                  = &s.Sealed.Place
			occurred, recorded int64
		)
		if err := scan(&p.Agency, &s.Dossier, &p.Category, &s.Position, &p.Index, &s.Number, &p.Version, &p.Owner, &p.Class, &p.Key, &p.Event,
			&p.Type, &p.Schema, &occurred, &recorded, &s.Sealed.Ciphertext); err != nil {
			return fmt.Errorf("reading the sections of a dossier: %w", err)
		}
		if p.Owner == "" {
			p.Owner = ownerOf(s.Dossier)
		}
		s.Occurred, s.Recorded = rows.Time(occurred), rows.Time(recorded)
		list = append(list, s)
		return nil
	})
	return list, err
}
