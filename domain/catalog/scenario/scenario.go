// Package scenario is for tests: a small world in memory in which commands are
// given in their JSON form and decided by the real aggregates, so that a rule
// reads as given, when, then. Every event goes through its stored form before
// it is folded, and every state through its snapshot.
package scenario

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/catalog"
	"github.com/casefile-engine/casefile/domain/nl"
)

// TB is what a world needs of a test: *testing.T and *rapid.T both are one.
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
}

// The ids of the people and things that Begin sets up, and some spare ones.
const (
	Agency    = "click"
	Dossier   = "d0000000-0000-4000-8000-000000000001"
	Coach     = "a0000000-0000-4000-8000-000000000001"
	Admin     = "a0000000-0000-4000-8000-000000000002"
	UWV       = "b0000000-0000-4000-8000-000000000001"
	Employer  = "b0000000-0000-4000-8000-000000000002"
	Partner   = "b0000000-0000-4000-8000-000000000003"
	Stranger  = "b0000000-0000-4000-8000-00000000000f"
	Record    = "c0000000-0000-4000-8000-000000000001"
	Record2   = "c0000000-0000-4000-8000-000000000002"
	Consent   = "e0000000-0000-4000-8000-000000000001"
	Consent2  = "e0000000-0000-4000-8000-000000000002"
	Entry     = "f0000000-0000-4000-8000-000000000001"
	Hold      = "90000000-0000-4000-8000-000000000001"
	Disclosed = "80000000-0000-4000-8000-000000000001"
)

// World is an agency with its aggregates in memory. One goroutine uses it.
type World struct {
	t TB
	// Now is the clock's reading, Door the way by which commands come in, and
	// Actor who gives them.
	Now         time.Time
	Door, Actor string
	// Dossier is the one that commands are given to; Dossier at first.
	Dossier string
	// Responsible answers for how many dossiers somebody is responsible.
	Responsible int
	// NameDossier lets commands that may name a dossier do so.
	NameDossier bool
	states      map[domain.Ref]any
	History     []domain.Recorded
}

// New is a world without any agency, on 1 June 2026.
func New(t TB) *World {
	return &World{t: t, Now: Time("2026-06-01"), Door: "import", Actor: domain.Operator, Dossier: Dossier, states: map[domain.Ref]any{}}
}

// Begin is a world with an agency that works by a profile from 2017-01-01, a
// coach, an administrator, and the recipients UWV, Employer and Partner.
func Begin(t TB, profile string) *World {
	t.Helper()
	w := New(t)
	w.Given("2017-01-01", "AdoptRegulation", `{"profile":"`+profile+`","version":1,"effective_from":"2017-01-01"}`)
	for i, p := range []struct{ id, role string }{{Coach, "coach"}, {Admin, "administrator"}} {
		w.Given("2017-01-02", "EnrolStaff", fmt.Sprintf(`{"staff":%q,"name":"Marker","login":"login-%d"}`, p.id, i))
		w.Given("2017-01-02", "SignConfidentiality", fmt.Sprintf(`{"staff":%q,"signed_on":"2017-01-02","reference":"G-1"}`, p.id))
		w.Given("2017-01-02", "GrantRole", fmt.Sprintf(`{"staff":%q,"role":%q}`, p.id, p.role))
	}
	w.Given("2017-01-03", "RegisterRecipient", `{"recipient":"`+UWV+`","name":"UWV","class":"commissioner","subtype":"uwv","agreement":"O-1"}`)
	w.Given("2017-01-03", "RegisterRecipient", `{"recipient":"`+Employer+`","name":"Bakker","class":"employer","subtype":"current"}`)
	w.Given("2017-01-03", "RegisterRecipient", `{"recipient":"`+Partner+`","name":"Partner","class":"partner","secrecy_reference":"G-2"}`)
	w.Actor = Coach
	return w
}

// Opened is Begin with a dossier of an employee on UWV's commission, opened on
// 2017-02-01.
func Opened(t TB, profile string) *World {
	t.Helper()
	w := Begin(t, profile)
	w.Given("2017-02-01", "OpenDossier", Open("commissioned", "employee", ""))
	return w
}

// Open is the data of OpenDossier; more are further fields of the client.
func Open(referral, standing, more string) string {
	commissioner := ""
	if referral == "commissioned" {
		commissioner = `,"commissioner":"` + UWV + `"`
	}
	return `{"client":{"family_name":"Marker","given_names":"Anna"` + more + `},"service":"reintegration","referral":"` + referral + `","standing":"` + standing + `"` + commissioner + `}`
}

// Time reads a day, for its noon in Amsterdam, or an instant.
func Time(s string) time.Time {
	if d, err := nl.ParseDate(s); err == nil {
		return d.Start().Add(12 * time.Hour)
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic("scenario: no time: " + s)
	}
	return t.UTC()
}

// Result is the answer to one command.
type Result struct {
	w        *World
	Facts    []domain.Fact
	Err      *domain.Error
	Warnings []string
}

// Given carries out a command that has to be accepted.
func (w *World) Given(at, command, data string) Result {
	w.t.Helper()
	return w.When(at, command, data).Accepted()
}

// When gives a command at a time; "" is now. Facts are folded, those of a
// recorded refusal as well.
func (w *World) When(at, command, data string) Result {
	w.t.Helper()
	occurred := w.Now
	if at != "" {
		occurred = Time(at)
	}
	return w.Do(occurred, command, data)
}

// Do is When for an instant.
func (w *World) Do(at time.Time, command, data string) Result {
	w.t.Helper()
	r := Result{w: w}
	spec, ok := catalog.CommandOf(command)
	if !ok {
		w.t.Fatalf("scenario: no command %s", command)
	}
	c, err := catalog.DecodeCommand(spec, json.RawMessage(data))
	if err != nil {
		r.Err = domain.AsError(err)
		return r
	}
	dossier := ""
	if spec.Dossier || spec.MayDossier && w.NameDossier {
		dossier = w.Dossier
	}
	target, err := catalog.Target(Agency, dossier, w.Actor, c)
	if err != nil {
		w.t.Fatalf("scenario: %v", err)
	}
	env := &catalog.Env{Env: domain.Env{
		Now: w.Now, At: at, Agency: Agency, Dossier: dossier, Actor: w.Actor, Door: w.Door,
		Responsible: w.Responsible, Known: map[domain.Ref]any{},
	}}
	for _, ref := range catalog.Needs(Agency, dossier, w.Actor, c) {
		if s := w.states[ref]; s != nil {
			env.Known[ref] = s
		}
	}
	agg, _ := catalog.AggregateOf(target.Kind)
	facts, err := agg.Decide(w.state(target), c, env)
	r.Facts, r.Warnings = facts, env.Warnings
	if err != nil {
		r.Err = domain.AsError(err)
	}
	for _, f := range facts {
		w.fold(agg, target, at, f)
	}
	return r
}

func (w *World) state(ref domain.Ref) any {
	if s := w.states[ref]; s != nil {
		return s
	}
	agg, _ := catalog.AggregateOf(ref.Kind)
	return agg.Zero()
}

// fold takes a fact through its stored form and the state through its snapshot.
func (w *World) fold(agg catalog.Aggregate, ref domain.Ref, at time.Time, f domain.Fact) {
	w.t.Helper()
	raw, schema, err := catalog.Encode(f.Event)
	if err != nil {
		w.t.Fatalf("scenario: %v", err)
	}
	e, err := catalog.Decode(f.Event.EventType(), schema, raw)
	if err != nil {
		w.t.Fatalf("scenario: %v", err)
	}
	r := domain.Recorded{Event: e, Meta: domain.Meta{
		Agency: ref.Agency, Aggregate: ref.ID, Version: uint64(len(w.History) + 1), Position: uint64(len(w.History) + 1), Actor: w.Actor, Occurred: at, Recorded: w.Now,
		CommandID: fmt.Sprintf("0c000000-0000-4000-8000-%012d", len(w.History)+1),
	}}
	w.History = append(w.History, r)
	b, err := agg.EncodeState(agg.Evolve(w.state(ref), r))
	if err != nil {
		w.t.Fatalf("scenario: %v", err)
	}
	if w.states[ref], err = agg.DecodeState(b); err != nil {
		w.t.Fatalf("scenario: %v", err)
	}
}

// State is the folded state of an aggregate; nil when it has no commit.
func (w *World) State(kind, id string) any {
	return w.states[domain.Ref{Agency: Agency, Kind: kind, ID: id}]
}

// Accepted asks that the command was accepted.
func (r Result) Accepted() Result {
	r.w.t.Helper()
	if r.Err != nil {
		r.w.t.Fatalf("refused with %v, want accepted", r.Err)
	}
	if len(r.Facts) == 0 {
		r.w.t.Fatalf("accepted without an event")
	}
	return r
}

// Refused asks that the command was refused with a code and a rule, leaving
// no event.
func (r Result) Refused(code, rule string) {
	r.w.t.Helper()
	r.refused(code, rule)
	if len(r.Facts) != 0 {
		r.w.t.Fatalf("a refusal left %s", r.Facts[0].Event.EventType())
	}
}

// RefusedOnRecord asks for a refusal that is itself an event.
func (r Result) RefusedOnRecord(code, rule string) {
	r.w.t.Helper()
	r.refused(code, rule)
	if len(r.Facts) != 1 || r.Facts[0].Event.EventType() != "disclosure.refused" || len(r.Facts[0].Sections) != 0 {
		r.w.t.Fatalf("the refusal is not on record as one event without sections: %v", r.Facts)
	}
}

func (r Result) refused(code, rule string) {
	r.w.t.Helper()
	if r.Err == nil {
		r.w.t.Fatalf("accepted, want refused with %s (%s)", code, rule)
	}
	if r.Err.Code != code || r.Err.Rule != rule || r.Err.Message == "" {
		r.w.t.Fatalf("refused with %v, want %s (%s)", r.Err, code, rule)
	}
}

// Sections are the categories and classes of the sealed sections, as
// "category/class", in byte order.
func (r Result) Sections() []string {
	var out []string
	for _, f := range r.Facts {
		for _, s := range f.Sections {
			out = append(out, string(s.Category)+"/"+string(s.Class))
		}
	}
	slices.Sort(out)
	return out
}
