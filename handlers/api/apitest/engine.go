// Package apitest is an engine in memory for the tests of the doors: it keeps
// two agencies, their dossiers and their access register, knows commands by
// their id, and can be told to have no stream. It decides only what the doors
// must be able to show; the rules of the regulations are the engine's own.
package apitest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/overview"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/queries"
)

// The people and dossiers that are always there.
const (
	Anna  = "018f0000-0000-7000-8000-00000000000a" // coach of click
	Bram  = "018f0000-0000-7000-8000-00000000000b" // coach of sol
	Cleo  = "018f0000-0000-7000-8000-00000000000c" // coach of click, not assigned
	First = "018f0000-0000-7000-8000-000000000d01" // of click, assigned to Anna
)

// Now is the hour in which the tests play.
var Now = time.Date(2026, 11, 20, 13, 30, 0, 0, time.UTC)

// Clock stands still at Now.
func Clock() time.Time { return Now }

// Engine answers commands and queries from memory.
//
// Ownership: mu guards what is below it; set Down before use or through SetDown.
type Engine struct {
	mu       sync.Mutex
	position uint64
	done     map[string]string // command id → its content
	rows     map[string][]queries.CaseloadRow
	views    map[string]*queries.DossierView
	Accesses []queries.Reader // every look, in order
	down     bool

	overviews []overview.Earlier

	registers map[string][]any // the rows of a register that SetRows gave
	names     string           // what everybody is called, where a test says so
	seen      *Seen
}

// New gives an engine with the dossier First.
func New() *Engine {
	e := &Engine{done: map[string]string{}, rows: map[string][]queries.CaseloadRow{}, views: map[string]*queries.DossierView{}, position: 40}
	e.Put(Typical())
	return e
}

// Put adds a dossier.
func (e *Engine) Put(row queries.CaseloadRow, v *queries.DossierView) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.rows[v.Agency] = append(e.rows[v.Agency], row)
	e.views[v.Dossier] = v
	e.position = max(e.position, v.Position)
}

// SetDown makes the stream unwritable, or writable again.
func (e *Engine) SetDown(down bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.down = down
}

// Position is the head.
func (e *Engine) Position(context.Context) (uint64, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.position, nil
}

// unrecorded is the error when the access event cannot be appended: nothing
// personal may be shown (architecture §1.2).
func unrecorded() error {
	return &domain.Error{Kind: domain.KindUnavailable, Code: "unavailable", Rule: "C-2.1.4b",
		Message: "the access cannot be recorded now, so nothing is shown; try again in a moment"}
}

func (e *Engine) look(r queries.Reader) error {
	if r.Caller.Agency != r.Agency {
		return &domain.Error{Kind: domain.KindNotFound, Code: "unknown_agency", Rule: "C-2.8", Message: "there is no such agency here; check its code"}
	}
	if e.down {
		return unrecorded()
	}
	e.position++
	e.Accesses = append(e.Accesses, r)
	return nil
}

// Caseload gives the rows of an agency; Cleo, who is assigned to nothing, sees none.
func (e *Engine) Caseload(_ context.Context, r queries.Reader) ([]queries.CaseloadRow, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.look(r); err != nil {
		return nil, err
	}
	if r.Caller.Staff == Cleo {
		return nil, nil
	}
	return slices.Clone(e.rows[r.Agency]), nil
}

// Dossier gives one dossier to who is assigned to it.
func (e *Engine) Dossier(_ context.Context, r queries.Reader, dossier string, o queries.DossierOptions) (*queries.DossierView, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	v, ok := e.views[dossier]
	if ok && r.Caller.Agency != r.Agency {
		return nil, e.look(r)
	}
	if !ok || v.Agency != r.Agency {
		return nil, &domain.Error{Kind: domain.KindNotFound, Code: "unknown_dossier", Rule: "C-0d", Message: "there is no such dossier here; go back to the list"}
	}
	if err := e.look(r); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(v.Assigned, func(s queries.StaffName) bool { return s.Staff == r.Caller.Staff }) {
		return nil, &domain.Error{Kind: domain.KindForbidden, Code: "not_assigned", Rule: "C-0d", Message: "you are not assigned to this dossier; ask the responsible coach"}
	}
	c := *v
	c.AccessRecord, c.AsOf, c.KnownAt = e.position, o.AsOf, o.KnownAt
	c.Timeline = slices.DeleteFunc(slices.Clone(v.Timeline), func(t queries.TimelineEntry) bool {
		return o.AsOf != nil && t.Occurred.After(*o.AsOf) || o.KnownAt != nil && t.Recorded.After(*o.KnownAt)
	})
	c.Values = slices.DeleteFunc(slices.Clone(v.Values), func(x queries.Value) bool {
		return !slices.ContainsFunc(c.Timeline, func(t queries.TimelineEntry) bool { return t.Event == x.Event })
	})
	return &c, nil
}

// StillOpen is whether a dossier is there.
func (e *Engine) StillOpen(_ context.Context, r queries.Reader, dossier string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if v, ok := e.views[dossier]; !ok || v.Agency != r.Agency {
		return &domain.Error{Kind: domain.KindForbidden, Code: "not_assigned", Rule: "C-0d", Message: "this dossier is not assigned to you"}
	}
	return nil
}

// Export gives the access register as it grew here, and one row for each
// dossier in every other register.
func (e *Engine) Export(_ context.Context, r queries.Reader, o queries.ExportOptions, emit func(any) error) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.look(r); err != nil {
		return err
	}
	if rows, ok := e.registers[o.Register]; ok {
		for _, row := range rows {
			if err := emit(row); err != nil {
				return err
			}
		}
		return nil
	}
	if o.Register == "access" {
		for i, a := range e.Accesses {
			if a.Agency != r.Agency {
				continue
			}
			if err := emit(map[string]any{"position": 41 + i, "agency": a.Agency, "actor": a.Caller.Staff, "action": a.Action, "purpose": a.Purpose}); err != nil {
				return err
			}
		}
		return nil
	}
	for _, row := range e.rows[r.Agency] {
		if o.Dossier != "" && o.Dossier != row.Dossier {
			continue
		}
		if err := emit(map[string]any{"agency": r.Agency, "dossier": row.Dossier, "status": row.Status}); err != nil {
			return err
		}
	}
	return nil
}

// Execute knows AddRecord and LogHours on the dossiers that are there.
func (e *Engine) Execute(_ context.Context, c commands.Caller, r commands.Request) commands.Outcome {
	e.mu.Lock()
	defer e.mu.Unlock()
	refuse := func(kind domain.Kind, code, rule, field, message string) commands.Outcome {
		return commands.Outcome{ID: r.ID, Outcome: commands.Refused, Kind: kind, Code: code, Rule: rule, Field: field, Message: message, Retry: kind == domain.KindUnavailable}
	}
	if c.Agency != r.Agency {
		return refuse(domain.KindNotFound, "unknown_agency", "C-2.8", "agency", "there is no such agency here; check its code")
	}
	if r.Actor != "" && r.Actor != c.Staff {
		return refuse(domain.KindForbidden, "not_the_actor", "C-2.7e", "actor", "the actor is whoever is signed in; leave the field out")
	}
	if e.down {
		return refuse(domain.KindUnavailable, "unavailable", "C-2.1.2", "", "the stream cannot be written now, so nothing was stored; send the same command again in a moment")
	}
	content := fmt.Sprint(r.Command, r.At, r.Dossier, string(r.Data), c.Staff)
	if was, ok := e.done[r.ID]; ok {
		if was != content {
			return refuse(domain.KindConflict, "id_reused", "C-2.1.4a", "id", "this id was used for something else; choose a new one")
		}
		return commands.Outcome{ID: r.ID, Outcome: commands.Duplicate, Position: e.position, Message: "this command was carried out before; nothing was doubled"}
	}
	v := e.views[r.Dossier]
	if v == nil || v.Agency != r.Agency {
		return refuse(domain.KindNotFound, "unknown_dossier", "C-0d", "dossier", "there is no such dossier here")
	}
	occurred, err := time.Parse(time.RFC3339, r.At)
	if r.At == "" {
		occurred, err = Now, nil
	}
	if err != nil || occurred.After(Now) {
		return refuse(domain.KindRefused, "in_future", domain.RuleForm, "at", "the time at which it happened lies in the future; give the time at which it did happen")
	}
	entry, refusal := e.decide(v, c, r, occurred)
	if refusal != nil {
		return refuse(refusal.Kind, refusal.Code, refusal.Rule, refusal.Field, refusal.Message)
	}
	e.position++
	entry.Position, entry.Recorded = e.position, Now
	v.Timeline = append(v.Timeline, entry)
	if d := entry.Values; len(d) > 0 && d[0].Record != "" {
		v.Values = append(v.Values, d...)
	}
	v.Position = e.position
	e.done[r.ID] = content
	return commands.Outcome{ID: r.ID, Outcome: commands.Accepted, Position: e.position, Events: []string{entry.Type}, Recorded: Now}
}

func (e *Engine) decide(v *queries.DossierView, c commands.Caller, r commands.Request, occurred time.Time) (queries.TimelineEntry, *domain.Error) {
	entry := queries.TimelineEntry{Event: r.ID, Occurred: occurred.UTC(), Actor: c.Staff, ActorName: "Anna de Coach"}
	var d struct {
		Record, Category, Title, Text, Source, Entry, Trajectory, Date, Activity, Note, Staff string
		Minutes                                                                               int
	}
	if err := json.Unmarshal(r.Data, &d); err != nil {
		return entry, domain.Invalid("invalid_field", "data", "the data has the wrong form")
	}
	clear := map[string]any{"record": d.Record, "category": d.Category, "source": d.Source}
	switch r.Command {
	case "AddRecord":
		entry.Type = "record.added"
		text, err := json.Marshal(map[string]string{"title": d.Title, "text": d.Text})
		if err != nil {
			return entry, domain.AsError(err)
		}
		entry.Values = []queries.Value{{Category: domain.Category(d.Category), Record: d.Record, Data: text, State: "open", Event: r.ID, Occurred: entry.Occurred, Recorded: Now, EventType: entry.Type}}
	case "LogHours":
		if d.Trajectory != "T-2026-014" {
			return entry, &domain.Error{Kind: domain.KindRefused, Code: "trajectory_not_open", Rule: "C-0b", Field: "trajectory", Message: "this trajectory is not open on that date; choose another trajectory or date"}
		}
		entry.Type = "hours.logged"
		clear = map[string]any{"entry": d.Entry, "trajectory": d.Trajectory, "date": d.Date, "minutes": d.Minutes, "activity": d.Activity, "worked_by": c.Staff}
		if d.Note != "" {
			entry.Values = []queries.Value{{Category: domain.CatFile, Data: json.RawMessage(fmt.Sprintf(`{"note":%q}`, d.Note)), State: "open"}}
		}
	case "AssignStaff":
		entry.Type, clear = "staff.assigned", map[string]any{"staff": d.Staff, "capacity": "responsible"}
	case "UnassignStaff":
		if !slices.ContainsFunc(v.Assigned, func(s queries.StaffName) bool { return s.Staff == d.Staff }) {
			return entry, &domain.Error{Kind: domain.KindRefused, Code: "not_assigned", Rule: "S-Toe1", Field: "staff", Message: "this member of staff has no assignment here that could end then"}
		}
		entry.Type, clear = "staff.unassigned", map[string]any{"staff": d.Staff}
	default:
		return entry, domain.Invalid("unknown_command", "command", "there is no such command; the catalogue of commands is in docs/commands.md")
	}
	raw, err := json.Marshal(clear)
	if err != nil {
		return entry, domain.AsError(err)
	}
	entry.Clear = raw
	return entry, nil
}
