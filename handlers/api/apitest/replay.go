package apitest

import (
	"context"
	"encoding/json"
	"time"

	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/handlers/mining"
	"github.com/casefile-engine/casefile/handlers/queries"
)

func source() queries.Source {
	return queries.Source{Position: 33, Event: eventAt(33), Type: "client.changed", Occurred: Now, Recorded: Now, Actor: Anna}
}

// AgencyReplay gives an agency with one dossier, to Anna.
func (e *Engine) AgencyReplay(_ context.Context, r queries.Reader, o queries.ReplayOptions) (*queries.AgencyView, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.mayAll(r); err != nil {
		return nil, err
	}
	return &queries.AgencyView{Agency: r.Agency, AsOf: o.AsOf, KnownAt: o.KnownAt, EvaluatedAt: Now, Position: 40, Commits: 12,
		Regulation: &queries.AgencyRegulation{Profile: "click-2017", Version: 1, EffectiveFrom: nl.MustDate("2017-01-19")},
		Dossiers:   map[string]int{"open": 1}, Staff: []queries.AgencyStaff{{Staff: Anna, Enrolled: Now, Roles: []string{"coach"}}}, Recipients: map[string]int{},
		Registers: []queries.RegisterSnapshot{{Register: "dossiers", Rows: 1, SHA256: "00"}}, AccessRecord: e.position}, nil
}

// AgencyDifference gives that its one dossier was opened.
func (e *Engine) AgencyDifference(_ context.Context, r queries.Reader, o queries.DifferenceOptions) (*queries.AgencyDifference, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.mayAll(r); err != nil {
		return nil, err
	}
	return &queries.AgencyDifference{Agency: r.Agency, Axis: o.Axis, From: o.From, To: o.To, AsOf: o.AsOf, KnownAt: o.KnownAt, ToPosition: 40,
		Dossiers:   []queries.RowChange{{Op: "add", ID: First, Changes: []queries.Change{{Op: "add", New: json.RawMessage(`{"status":"open"}`)}}, Events: []queries.Source{source()}}},
		Recipients: []queries.RowChange{}, Staff: []queries.RowChange{}, Rules: []queries.RowChange{}, Registers: []queries.RegisterChange{}, AccessRecord: e.position}, nil
}

// Difference gives that the client moved.
func (e *Engine) Difference(_ context.Context, r queries.Reader, dossier string, o queries.DifferenceOptions) (*queries.Difference, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.mayAll(r); err != nil {
		return nil, err
	}
	c := queries.ContentChange{Op: "replace", Category: "contact", State: "closed", Events: []queries.Source{source()}}
	if o.Open {
		c.State, c.Field, c.New = "open", "address", json.RawMessage(`{"place":"Utrecht"}`)
	}
	return &queries.Difference{Agency: r.Agency, Dossier: dossier, Axis: o.Axis, From: o.From, To: o.To, AsOf: o.AsOf, KnownAt: o.KnownAt,
		FromPosition: 28, ToPosition: 40, Events: []queries.Source{source()}, Changes: []queries.Change{}, Contents: []queries.ContentChange{c}, AccessRecord: e.position}, nil
}

// Steps gives one step.
func (e *Engine) Steps(_ context.Context, r queries.Reader, dossier string, position uint64, o queries.ReplayOptions) (*queries.Steps, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.mayAll(r); err != nil {
		return nil, err
	}
	st := queries.Step{Step: 10, Of: 11, Position: 33, Previous: 28, Next: 40, First: 1, Last: 40, Leaf: "00", ChainedTo: &queries.ChainLink{Position: 28, Leaf: "01"}, Occurred: Now, Recorded: Now, Command: "ChangeClient", Actor: Anna,
		Changes: []queries.Change{{Op: "replace", Path: "/status", Old: json.RawMessage(`"open"`), New: json.RawMessage(`"declined"`), Events: []queries.Source{source()}}}}
	if position > 0 {
		st.Before, st.After = json.RawMessage(`{"status":"open"}`), json.RawMessage(`{"status":"declined"}`)
		st.Sources = map[string]queries.Source{"/status": source()}
	}
	return &queries.Steps{Agency: r.Agency, Dossier: dossier, AsOf: o.AsOf, KnownAt: o.KnownAt, Steps: []queries.Step{st}, AccessRecord: e.position}, nil
}

// Seen gives that somebody could see nothing.
func (e *Engine) Seen(_ context.Context, r queries.Reader, dossier, staff string, knownAt time.Time, _ bool) (*queries.Seen, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.mayAll(r); err != nil {
		return nil, err
	}
	return &queries.Seen{Agency: r.Agency, Dossier: dossier, Staff: staff, KnownAt: knownAt, Position: 40, Looks: []queries.AccessLook{}, Shown: []queries.Shown{}, AccessRecord: e.position,
		Rights: queries.SeenRights{Code: "not_assigned", Rule: "C-0d", Active: true, Bound: true, Roles: []string{"coach"}, Categories: []queries.SeenCategory{}, Digest: "00", Recorded: []string{"00"}}}, nil
}

// Mining gives one event.
func (e *Engine) Mining(_ context.Context, r queries.Reader, _ queries.MiningOptions, emit func(*mining.Event) error) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.mayAll(r); err != nil {
		return err
	}
	return emit(&mining.Event{ID: eventAt(33), Type: "client.changed", Occurred: Now, Recorded: Now, Position: 33, Case: First, Actor: Anna,
		Attributes: []mining.Attribute{{Name: "source", Value: "client"}}, Related: []mining.Relation{{Type: mining.Dossier, ID: First, Qualifier: "case"}}})
}
