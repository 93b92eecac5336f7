package catalog

import (
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/access"
	"github.com/casefile-engine/casefile/domain/agency"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/incident"
	"github.com/casefile-engine/casefile/domain/ledger"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/domain/paper"
	"github.com/casefile-engine/casefile/domain/reminder"
	"github.com/casefile-engine/casefile/domain/review"
	"github.com/casefile-engine/casefile/domain/staff"
	"github.com/casefile-engine/casefile/domain/unique"
)

// Aggregate is one kind of aggregate without its types: states are passed as
// any and belong to the kind that made them. All of it is pure.
type Aggregate struct {
	Kind string
	// StateSchema is the version of the stored form of states. A snapshot of
	// another version is no use: fold from the beginning.
	StateSchema int
	// Zero is the state before any event.
	Zero func() any
	// Decide gives the facts of a command, judged at env.At. It changes neither
	// state nor command. With an error there are facts only where the refusal is
	// itself to be recorded, and then those facts are appended all the same.
	Decide func(state any, c domain.Command, env *Env) ([]domain.Fact, error)
	// Evolve folds one event. It may change the state it is given, which nobody
	// uses afterwards.
	Evolve func(state any, r domain.Recorded) any
	// EncodeState and DecodeState are the stored form of a state.
	EncodeState func(state any) ([]byte, error)
	DecodeState func(b []byte) (any, error)
}

// Aggregates lists every kind of aggregate.
func Aggregates() []Aggregate {
	return []Aggregate{
		aggregate(domain.KindAgency, agency.StateSchema, agency.Zero, agency.Evolve, func(s *agency.State, c domain.Command, env *Env) ([]domain.Fact, error) {
			return agency.Decide(s, c, &env.Env)
		}),
		aggregate(domain.KindStaff, staff.StateSchema, staff.Zero, staff.Evolve, func(s *staff.State, c domain.Command, env *Env) ([]domain.Fact, error) {
			if !env.agency().Exists() {
				return nil, agency.Unknown()
			}
			env.purpose(staff.Purpose(c))
			return staff.Decide(s, c, &env.Env)
		}),
		aggregate(domain.KindDossier, dossier.StateSchema, dossier.Zero, dossier.Evolve, func(s *dossier.State, c domain.Command, env *Env) ([]domain.Fact, error) {
			env.purpose(dossier.Purpose(s, c))
			return dossier.Decide(s, c, &env.Env)
		}),
		aggregate(domain.KindAccess, access.StateSchema, access.Zero, access.Evolve, func(s *access.State, c domain.Command, env *Env) ([]domain.Fact, error) {
			return access.Decide(s, c, &env.Env, env.opened())
		}),
		aggregate(domain.KindIncident, incident.StateSchema, incident.Zero, incident.Evolve, func(s *incident.State, c domain.Command, env *Env) ([]domain.Fact, error) {
			env.purpose("incident")
			return incident.Decide(s, c, &env.Env)
		}),
		aggregate(domain.KindPaper, paper.StateSchema, paper.Zero, paper.Evolve, func(s *paper.State, c domain.Command, env *Env) ([]domain.Fact, error) {
			env.purpose(paper.Purpose(c))
			return paper.Decide(s, c, &env.Env, env.paper())
		}),
		aggregate(domain.KindReminder, reminder.StateSchema, reminder.Zero, reminder.Evolve, func(s *reminder.State, c domain.Command, env *Env) ([]domain.Fact, error) {
			return reminder.Decide(s, c, &env.Env, env.reminded())
		}),
		aggregate(domain.KindReview, review.StateSchema, review.Zero, review.Evolve, func(s *review.State, c domain.Command, env *Env) ([]domain.Fact, error) {
			env.purpose("audit")
			return review.Decide(s, c, &env.Env)
		}),
		aggregate(domain.KindLedger, ledger.StateSchema, ledger.Zero, ledger.Evolve, func(_ *ledger.State, c domain.Command, _ *Env) ([]domain.Fact, error) {
			return nil, domain.NotHandled(c)
		}),
		aggregate(domain.KindUnique, unique.StateSchema, unique.Zero, unique.Evolve, func(_ *unique.State, c domain.Command, _ *Env) ([]domain.Fact, error) {
			return nil, domain.NotHandled(c)
		}),
	}
}

// AggregateOf finds a kind of aggregate.
func AggregateOf(kind string) (a Aggregate, ok bool) {
	for _, a := range aggregateList {
		if a.Kind == kind {
			return a, true
		}
	}
	return Aggregate{}, false
}

var aggregateList = Aggregates()

func aggregate[S any](kind string, schema int, zero func() *S, evolve func(*S, domain.Recorded) *S, decide func(*S, domain.Command, *Env) ([]domain.Fact, error)) Aggregate {
	return Aggregate{
		Kind: kind, StateSchema: schema,
		Zero:        func() any { return zero() },
		Decide:      func(state any, c domain.Command, env *Env) ([]domain.Fact, error) { return decide(state.(*S), c, env) },
		Evolve:      func(state any, r domain.Recorded) any { return evolve(state.(*S), r) },
		EncodeState: func(state any) ([]byte, error) { return json.Marshal(state.(*S)) },
		DecodeState: func(b []byte) (any, error) {
			s := zero()
			if err := json.Unmarshal(b, s); err != nil {
				return nil, fmt.Errorf("catalog: decoding a state of kind %s: %w", kind, err)
			}
			return s, nil
		},
	}
}

// purpose fills in the purpose where the handler left it empty.
func (e *Env) purpose(code string) {
	if e.Purpose == "" {
		e.Purpose = code
	}
}

// dossier is the state of the dossier that the command names; nil when there is
// none, or the decision asks nothing of it.
func (e *Env) dossier() *dossier.State {
	s, _ := e.Known[domain.Ref{Agency: e.Agency, Kind: domain.KindDossier, ID: e.Dossier}].(*dossier.State)
	return s
}

// opened is when the dossier that the command names was opened; zero when
// there is none.
func (e *Env) opened() time.Time {
	if s := e.dossier(); s != nil {
		return s.Opened
	}
	return time.Time{}
}

// paper is what decisions on paper ask of the dossier.
func (e *Env) paper() paper.Dossier {
	d := paper.Dossier{Opened: e.opened()}
	if s := e.dossier(); s != nil {
		for _, h := range s.Holds {
			d.Held = d.Held || h.Holds(e.At)
		}
	}
	return d
}

// reminded is what a reminder asks of the dossier that it is about.
func (e *Env) reminded() reminder.Dossier {
	s := e.dossier()
	if s == nil {
		return reminder.Dossier{}
	}
	return reminder.Dossier{Opened: s.Opened, Responsible: s.ResponsibleAt(e.At)}
}

// ProfileInForce names the profile by which the command is judged; "" and 0
// when there is none, or the command is not judged by one.
func (e *Env) ProfileInForce() (name string, version int) {
	p := e.agency().ProfileAt(nl.DateOf(e.At))
	if p == nil {
		return "", 0
	}
	return p.Name, p.Version
}
