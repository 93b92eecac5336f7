package queries

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/catalog"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/regulation"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/seal"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/policy"
)

// ReplayOptions choose how a dossier is replayed.
type ReplayOptions struct {
	AsOf, KnownAt *time.Time // as in DossierOptions
	// Open opens sealed values, after the access event. Without it there are clear
	// facts alone, which are open to whoever may read the register history too.
	Open bool
}

func (o ReplayOptions) dossier() DossierOptions {
	return DossierOptions{AsOf: o.AsOf, KnownAt: o.KnownAt, Open: o.Open}
}

// Step is one commit of a dossier with the clear state around it.
type Step struct {
	Step     int    `json:"step"` // from 1
	Of       int    `json:"of"`
	Position uint64 `json:"position"`
	Previous uint64 `json:"previous,omitempty"` // the positions of the steps beside it
	Next     uint64 `json:"next,omitempty"`
	First    uint64 `json:"first"` // and of the first and the last of all
	Last     uint64 `json:"last"`
	Leaf     string `json:"leafhash"` // of the ledger, hex
	// ChainedTo is the dossier's commit before this one, as this one names it, with
	// the leaf that it had then.
	ChainedTo *ChainLink `json:"chained_to,omitempty"`

	Occurred   time.Time `json:"occurred_at"`
	Recorded   time.Time `json:"recorded_at"`
	Command    string    `json:"command,omitempty"`
	Actor      string    `json:"actor,omitempty"`
	RecordedBy string    `json:"recorded_by,omitempty"`
	Door       string    `json:"door,omitempty"`
	Purpose    string    `json:"purpose,omitempty"`
	Ground     string    `json:"ground,omitempty"`
	Policy     string    `json:"policy_digest,omitempty"`
	Profile    string    `json:"profile,omitempty"` // name/version
	// Events with their values, where those were opened.
	Events []TimelineEntry `json:"events,omitempty"`
	// Changes are what the commit made of the state before it.
	Changes []Change `json:"changes,omitempty"`
	// Before and After are the whole clear state, of a single step alone.
	Before json.RawMessage `json:"before,omitempty"`
	After  json.RawMessage `json:"after,omitempty"`
	// Sources names for each value of After, by its JSON Pointer, the event that it
	// came from; of a single step alone.
	Sources map[string]Source `json:"sources,omitempty"`
	// Hidden says that the commit is about what the reader may not see.
	Hidden bool `json:"hidden,omitempty"`
}

// ChainLink names a commit by its place and its leaf.
type ChainLink struct {
	Position uint64 `json:"position"`
	Leaf     string `json:"leafhash"`
}

// Steps is a dossier commit by commit.
type Steps struct {
	Agency  string     `json:"agency"`
	Dossier string     `json:"dossier"`
	AsOf    *time.Time `json:"as_of,omitempty"`
	KnownAt *time.Time `json:"known_at,omitempty"`
	Steps   []Step     `json:"steps"`
	// Partial says that the reader may not see every data category; then there are
	// no states and no changes of them.
	Partial      bool   `json:"partial,omitempty"`
	AccessRecord uint64 `json:"access_position,omitempty"`
}

// Steps replays a dossier commit by commit: all of it with position 0, else the
// commit at that position with the whole state before and after it. The same
// times and position give the same answer, whenever it is asked for.
// Errors: as Dossier; unknown_position.
func (s *Service) Steps(ctx context.Context, r Reader, id string, position uint64, o ReplayOptions) (*Steps, error) {
	h, p, err := s.replayed(ctx, r, &id, o)
	if err != nil {
		return nil, err
	}
	first, last := 0, len(h.commits)
	if position > 0 {
		i := slices.IndexFunc(h.commits, func(c *eventstore.Commit) bool { return c.Position == position })
		if i < 0 {
			return nil, &domain.Error{Kind: domain.KindNotFound, Code: "unknown_position", Rule: "X-3", Field: "position", Message: "no commit of this dossier stands at that position, or none yet at that time; its timeline lists the positions"}
		}
		first, last = i, i+1
	}
	out := &Steps{Agency: r.Agency, Dossier: id, AsOf: o.AsOf, KnownAt: o.KnownAt, Partial: !p.whole, Steps: make([]Step, 0, last-first)}
	view, ack, err := s.lookAgain(ctx, r, id, h, h.commits[first:last], p, o)
	if err != nil {
		return nil, err
	}
	out.AccessRecord = view.AccessRecord
	part := &history{state: h.state, commits: h.commits[first:last]}
	if err := s.timeline(ctx, ack, part, view, o.Open); err != nil {
		return nil, err
	}
	if o.Open {
		if err := s.nameStaff(ctx, ack, view); err != nil {
			return nil, err
		}
	}
	view.redact()
	f := folder{}
	if position > 0 && p.whole {
		f.origins = origins{}
	}
	for i, c := range h.commits {
		if i >= last {
			break
		}
		f.whole = f.origins != nil && i >= first
		st, err := f.step(c, h.facts[i], i >= first && p.whole)
		if err != nil {
			return nil, err
		}
		if i < first {
			continue
		}
		st.place(h.commits, i, view)
		out.Steps = append(out.Steps, st)
	}
	return out, nil
}

// replayed reads the history that a replay is about, after the reader was let in.
func (s *Service) replayed(ctx context.Context, r Reader, id *string, o ReplayOptions) (*history, pass, error) {
	p, err := s.letIn(ctx, r, id, o.Open)
	if err != nil {
		return nil, p, err
	}
	h, err := s.history(ctx, domain.Ref{Agency: r.Agency, Kind: domain.KindDossier, ID: *id}, o.dossier())
	return h, p, err
}

// letIn decides on a replay of a dossier: by the dossier itself or, without
// opening anything, by the register that has every clear fact (catalogue §5).
func (s *Service) letIn(ctx context.Context, r Reader, id *string, open bool) (pass, error) {
	if err := checkReader(r); err != nil {
		return pass{}, err
	}
	var err error
	if *id, err = domain.ParseID("dossier", *id); err != nil {
		return pass{}, err
	}
	if err := s.wait(ctx, r); err != nil {
		return pass{}, err
	}
	if !open {
		p, err := s.byRegister(ctx, r, "history")
		if err != nil || p.Allowed {
			return p, err
		}
	}
	return s.authorise(ctx, r, commands.Question{Of: policy.OfDossier, Dossier: *id, Categories: everything})
}

// byRegister decides on the whole of a register; a denial is not put on record
// here, since the question may be answered otherwise.
func (s *Service) byRegister(ctx context.Context, r Reader, register string) (pass, error) {
	decisions, err := s.commands.Authorise(ctx, r.Caller, r.Agency, commands.Question{Action: r.Action, Of: policy.OfRegister, Register: register, Purpose: r.Purpose})
	return combine(decisions, nil), err
}

// lookAgain puts the look of a replay on record, and gives the view with which the
// commits are opened. The operator leaves none for clear facts: the data
// directory is his.
func (s *Service) lookAgain(ctx context.Context, r Reader, id string, h *history, of []*eventstore.Commit, p pass, o ReplayOptions) (*DossierView, seal.Acknowledgement, error) {
	var ack seal.Acknowledgement
	v := &DossierView{Agency: r.Agency, Dossier: id}
	if err := v.describe(h, s.day(o.dossier())); err != nil {
		return nil, ack, err
	}
	v.pass = p
	ref := domain.Ref{Agency: r.Agency, Kind: domain.KindDossier, ID: id}
	if err := s.shield(ctx, ref, v); err != nil {
		return nil, ack, err
	}
	l := look{dossiers: []string{id}}
	if o.Open {
		l = lookAt(id, &history{state: h.state, commits: of}, p)
	} else if r.Caller.Staff == domain.Operator {
		return v, ack, nil
	}
	var err error
	ack, v.AccessRecord, err = s.record(ctx, r, p, l)
	return v, ack, err
}

// place fills in where a step stands and what the view tells of it.
func (st *Step) place(all []*eventstore.Commit, i int, v *DossierView) {
	st.Step, st.Of, st.First, st.Last = i+1, len(all), all[0].Position, all[len(all)-1].Position
	if i > 0 {
		st.Previous = all[i-1].Position
	}
	if i+1 < len(all) {
		st.Next = all[i+1].Position
	}
	for _, e := range v.Timeline {
		if e.Position == st.Position {
			st.Events = append(st.Events, e)
		}
	}
	if slices.ContainsFunc(st.Events, func(e TimelineEntry) bool { return !e.Hidden }) {
		return
	}
	day := time.Date(st.Occurred.Year(), st.Occurred.Month(), st.Occurred.Day(), 0, 0, 0, 0, time.UTC)
	*st = Step{Step: st.Step, Of: st.Of, Position: st.Position, Previous: st.Previous, Next: st.Next, First: st.First, Last: st.Last, Leaf: st.Leaf, Occurred: day, Recorded: day, Hidden: true}
}

// folder folds a dossier commit by commit and tells what each changed. Its state
// is its own.
type folder struct {
	state   any
	profile string
	whole   bool    // with the whole states
	origins origins // nil: nobody asks
}

// step folds one commit; with show it says what it changed.
func (f *folder) step(c *eventstore.Commit, facts []domain.Recorded, show bool) (Step, error) {
	agg, _ := catalog.AggregateOf(domain.KindDossier)
	if f.state == nil {
		f.state = agg.Zero()
	}
	e := &c.Envelope
	st := Step{
		Position: c.Position, Leaf: leafOf(c), Occurred: e.Time, Recorded: e.Recorded, Command: e.Command, Actor: e.Actor,
		RecordedBy: e.RecordedBy, Door: e.Door, Purpose: e.Purpose, Ground: e.Ground, Policy: e.Policy, Profile: profileOf(e),
	}
	if e.PrevPosition > 0 {
		st.ChainedTo = &ChainLink{e.PrevPosition, e.PrevLeaf}
	}
	var only map[string]bool
	if !f.whole {
		only = mentioned(c)
	}
	before, err := f.tree(only, show)
	if err != nil {
		return st, err
	}
	if err := f.evolve(c, facts, only); err != nil {
		return st, err
	}
	after, err := f.tree(only, show)
	if err != nil || !show {
		return st, err
	}
	differ("", before, after, &st.Changes)
	for i := range st.Changes {
		st.Changes[i].Events = sourcesOf(c)
	}
	if f.whole {
		st.Before, st.After, st.Sources = rawOf(before), rawOf(after), f.origins
	}
	return st, nil
}

func (f *folder) tree(only map[string]bool, show bool) (map[string]any, error) {
	if !show {
		return nil, nil
	}
	st, _ := f.state.(*dossier.State)
	return clearState(st, f.profile, only)
}

func profileOf(e *eventstore.Envelope) string {
	if e.Profile == "" {
		return ""
	}
	return e.Profile + "/" + strconv.Itoa(e.ProfileVer)
}

func leafOf(c *eventstore.Commit) string {
	leaf := eventstore.LeafHash(c.Clear)
	return hex.EncodeToString(leaf[:])
}

var idForm = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// mentioned are the ids in the clear data of a commit's events: an event changes
// no record, entry, consent or disclosure that it does not name.
func mentioned(c *eventstore.Commit) map[string]bool {
	out := map[string]bool{}
	for _, ev := range c.Envelope.Data.Events {
		for _, id := range idForm.FindAll(ev.Data, -1) {
			out[string(id)] = true
		}
	}
	return out
}

// sourcesOf are the events of a commit.
func sourcesOf(c *eventstore.Commit) []Source {
	e := &c.Envelope
	out := make([]Source, 0, len(e.Data.Events))
	for _, ev := range e.Data.Events {
		out = append(out, Source{Position: c.Position, Event: ev.ID, Type: ev.Type, Occurred: e.Time, Recorded: e.Recorded, Actor: e.Actor})
	}
	return out
}

// profileName is a regulation as events name it.
func profileName(p *regulation.Profile) string { return p.Name + "/" + strconv.Itoa(p.Version) }
