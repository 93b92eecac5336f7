// Package moved brings a record that was filed in the wrong client's dossier
// into the right one (C-2.9.3b). The engine is then a reader like any other: it
// opens that record alone, under an access event of its own with the purpose
// incident, and puts it on file where it belongs, with what was written and
// attached to it. In the wrong dossier it stays shielded for ever.
//
// What the right dossier may not hold, for one data concerning health without
// the consent that they ask for, is refused there as it would be for anybody:
// the reaction is put aside, and tried again when the reason is gone.
package moved

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/access"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/policy"
	"github.com/casefile-engine/casefile/handlers/reactions"
)

const (
	name = "moved-records"
	// purpose is why the engine looks and records (catalogue §1).
	purpose = "incident"
)

// Reaction answers the moving of a record.
type Reaction struct{}

// Name is constant.
func (Reaction) Name() string { return name }

// Reads lists the event types.
func (Reaction) Reads() []string { return []string{dossier.TypeRecordMoved} }

// FromStart is true: until it is brought, the record is missing where it belongs.
func (Reaction) FromStart() bool { return true }

// React opens the record and puts it on file in the dossier where it belongs.
func (Reaction) React(ctx context.Context, t *reactions.Tools, c *reactions.Cause, emit reactions.Emit) error {
	e, ok := c.Event.(*dossier.RecordMoved)
	if !ok {
		return nil
	}
	r, err := read(ctx, t, c, e.Record)
	if err != nil {
		return err
	}
	at, err := moment(ctx, t, c, e.ToDossier)
	if err != nil {
		return err
	}
	record, err := r.open(ctx, t, c)
	if err != nil {
		return err
	}
	list := []reactions.Command{{Data: record, Key: "record"}}
	for i, p := range r.completions {
		list = append(list, reactions.Command{Key: fmt.Sprint("completion ", i),
			Data: &dossier.CompleteRecord{Record: record.Record, Statement: p.text("statement"), By: cmp.Or(p.text("by"), p.by)}})
	}
	for i, p := range r.documents {
		list = append(list, reactions.Command{Key: fmt.Sprint("document ", i), Data: &dossier.AttachDocument{
			Document: reactions.DerivedID(name, c.ID, "document", p.id), Record: record.Record,
			Name: p.text("name"), MediaType: p.text("media_type"), Content: p.text("content"),
		}})
	}
	for i := range list {
		list[i].Dossier, list[i].At, list[i].Purpose = e.ToDossier, at, purpose
	}
	// One after the other, since a document is large.
	for _, x := range list {
		if err := emit(ctx, x); err != nil {
			return err
		}
	}
	return nil
}

// moment is when it is put on file: when it was moved, but not before the right
// dossier was opened.
func moment(ctx context.Context, t *reactions.Tools, c *reactions.Cause, to domain.ID) (at time.Time, err error) {
	at = c.Meta.Occurred
	err = t.Commands.State(ctx, domain.Ref{Agency: c.Meta.Agency, Kind: domain.KindDossier, ID: to}, func(state any, _ uint64) error {
		if s, ok := state.(*dossier.State); ok && s.Opened.After(at) {
			at = s.Opened
		}
		return nil
	})
	return at, err
}

// open opens the sections of the record, once the look is on record, and gives
// the command that puts it on file again. It keeps its source and its day, so
// that nothing looks younger than it is; its trajectory was the other client's.
func (r *record) open(ctx context.Context, t *reactions.Tools, c *reactions.Cause) (*dossier.AddRecord, error) {
	caller := commands.Caller{Door: commands.DoorEngine, Staff: domain.Engine, Agency: c.Meta.Agency, CausationID: c.ID,
		CorrelationID: cmp.Or(c.Commit.Envelope.CorrelationID, c.Commit.Envelope.CommandID)}
	list, err := t.Commands.Authorise(ctx, caller, c.Meta.Agency, commands.Question{Action: "view", Of: policy.OfDossier, Dossier: c.Meta.Aggregate, Purpose: purpose})
	if err != nil {
		return nil, err
	}
	d := list[0]
	if !d.Allowed {
		return nil, d.Err
	}
	look := &access.Recorded{
		Action: "view", Outcome: access.Allowed, Dossiers: []domain.ID{c.Meta.Aggregate}, Owners: []string{"dossier/" + c.Meta.Aggregate},
		Categories: r.categories(), Purpose: purpose, Ground: d.Ground, Role: d.Role, Policies: d.Policies,
	}
	basis := commands.Basis{Purpose: purpose, Ground: d.Ground, PolicyDigest: d.Digest}
	ack, _, err := t.Commands.RecordAccess(ctx, caller, c.Meta.Agency, basis, look)
	if err != nil {
		return nil, err
	}
	for _, p := range r.parts() {
		b, err := t.Opener.Open(ctx, ack, p.sealed)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(b, &p.plain); err != nil {
			return nil, &domain.Error{Kind: domain.KindInternal, Code: "unreadable_section", Rule: "C-2.1.4d", Message: "a sealed part of the record has another form than the program gives it; report it"}
		}
	}
	content := map[string]json.RawMessage{}
	for _, p := range r.content {
		for k, v := range p.plain {
			content[k] = v
		}
	}
	x := part{plain: content}
	cmd := &dossier.AddRecord{
		Record: reactions.DerivedID(name, c.ID, "record"), Category: r.category, Contains: r.contains, Source: r.source,
		Title: x.text("title"), Text: x.text("text"), Fields: content["fields"], ProvidedBy: x.text("provided_by"), Necessity: x.text("necessity"),
		ObtainedOn: r.obtained, Judgement: r.judgement,
	}
	if cmd.ObtainedOn.IsZero() {
		cmd.ObtainedOn = nl.DateOf(r.added)
	}
	if r.unexpected {
		expected := false
		cmd.Expected = &expected
	}
	return cmd, nil
}
