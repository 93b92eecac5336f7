package moved

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/seal"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/reactions"
	"github.com/casefile-engine/casefile/projections/commits"
)

// viewsLimit is how long the reaction waits for the view of commits.
const viewsLimit = time.Minute

// record is what the wrong dossier's commits say of a record: its clear facts as
// they stand, and the sealed parts of it.
type record struct {
	category   domain.Category
	contains   []domain.Category
	source     string
	obtained   nl.Date
	added      time.Time
	judgement  bool
	unexpected bool

	content     []*part // each laid over the one before, field by field
	completions []*part
	documents   []*part
}

// part is one sealed section, and what it says once it is opened.
type part struct {
	sealed seal.Sealed
	id     domain.ID // of a document
	by     string    // of a completion
	plain  map[string]json.RawMessage
}

// text is a field that is text; "" for any other.
func (p *part) text(field string) string {
	var s string
	if json.Unmarshal(p.plain[field], &s) != nil {
		return ""
	}
	return s
}

func (r *record) parts() []*part { return slices.Concat(r.content, r.completions, r.documents) }

// categories are those of the sections, in byte order: the look names these.
func (r *record) categories() []domain.Category {
	var out []domain.Category
	for _, p := range r.parts() {
		out = append(out, p.sealed.Category)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// read folds the commits of the wrong dossier up to the one that moved the record.
func read(ctx context.Context, t *reactions.Tools, c *reactions.Cause, id domain.ID) (*record, error) {
	wait, cancel := context.WithTimeout(ctx, viewsLimit)
	defer cancel()
	if err := t.Views.WaitFor(wait, c.Commit.Position, commits.Name); err != nil {
		return nil, err
	}
	r := &record{}
	err := commits.ReadAggregate(ctx, t.DB, c.Commit.Envelope.Ref(), 0, func(e commits.Entry) error {
		if e.Position > c.Commit.Position {
			return nil
		}
		commit, err := e.Checked()
		if err != nil {
			return err
		}
		return r.fold(commit, id)
	})
	if err != nil {
		return nil, err
	}
	if len(r.content) == 0 {
		return nil, fmt.Errorf("moved: the record of the commit at %d was never added: %w", c.Commit.Position, eventstore.ErrDamaged)
	}
	return r, nil
}

// fold takes in what a commit says of the record.
func (r *record) fold(c *eventstore.Commit, id domain.ID) error {
	events, err := commands.Decode(c)
	if err != nil {
		return err
	}
	n := 0
	for i, ev := range events {
		stored := &c.Envelope.Data.Events[i]
		first := n
		n += len(stored.Sections)
		switch e := ev.Event.(type) {
		case *dossier.RecordAdded:
			if e.Record == id {
				*r = record{category: e.Category, contains: e.Contains, source: e.Source, obtained: e.ObtainedOn, added: ev.Meta.Occurred,
					judgement: e.Judgement, unexpected: e.Unexpected}
				r.content = own(c, i, first)
			}
		case *dossier.RecordCorrected:
			if e.Record == id {
				r.category, r.contains, r.source = e.Category, e.Contains, e.Source
				if !e.ObtainedOn.IsZero() {
					r.obtained = e.ObtainedOn
				}
				r.content = append(r.content, own(c, i, first)...)
			}
		case *dossier.RecordCompleted:
			if e.Record == id {
				for _, p := range own(c, i, first) {
					p.by = e.By
					r.completions = append(r.completions, p)
				}
			}
		case *dossier.DocumentAttached:
			if e.Record == id {
				for _, p := range own(c, i, first) {
					p.id = e.Document
					r.documents = append(r.documents, p)
				}
			}
		}
	}
	return nil
}

// own are the sealed sections of an event that belong to the record itself; what
// stands beside them as file is the dossier's, as the reason of a correction is.
func own(c *eventstore.Commit, i, first int) (out []*part) {
	e, ev := &c.Envelope, &c.Envelope.Data.Events[i]
	for k, ref := range ev.Sections {
		if ref.Category == domain.CatFile || ref.IsList() {
			continue
		}
		out = append(out, &part{sealed: seal.Sealed{Ciphertext: c.Sealed[first+k], Place: seal.Place{
			Scope: seal.Scope{Agency: e.Agency, Owner: ref.Owner, Class: ref.Class},
			Key:   ref.Key, Event: ev.ID, Type: ev.Type, Schema: ev.Schema, Category: ref.Category, Version: e.Version, Index: i,
		}}})
	}
	return out
}
