package domain

import (
	"encoding/json"
	"slices"
	"time"
)

// Command is the data of one command of catalogue §2: a struct whose JSON form
// is the command's "data". It is imperative: OpenDossier.
type Command interface {
	// CommandName is the constant name in the catalogue.
	CommandName() string
}

// Event is the clear part of what happened: a struct of ids, closed codes,
// dates, numbers and yes or no, and nothing else (architecture §1.4). Its name
// is in the past tense and a constant string, never a Go name.
type Event interface {
	// EventType is the constant type name, such as "dossier.opened".
	EventType() string
}

// Section is what describes a person, one for each data category of an event,
// in plaintext. Decide produces it, the seal consumes it, Evolve never sees it.
type Section struct {
	// Owner is whose keys seal it: "dossier/<id>", "staff/<id>", "recipient/<id>".
	Owner string
	// Class is the retention class under whose root key it is sealed; "person"
	// for owners that are no dossier.
	Class Class
	// Category is the data category (catalogue §1), or invoice_name or file.
	Category Category
	// Data is the plaintext, a JSON object.
	Data json.RawMessage
}

// Fact is one event with its sections, as Decide returns it.
type Fact struct {
	Event    Event
	Sections []Section
}

// OneFact is the answer of a command from which one event follows, with its
// sections in that order.
func OneFact(e Event, sections ...[]Section) []Fact {
	return []Fact{{Event: e, Sections: slices.Concat(sections...)}}
}

// Meta is what Evolve may know of a recorded event beside the event itself.
type Meta struct {
	Agency    string
	Aggregate string    // id of the aggregate
	Version   uint64    // version of the aggregate that this commit made, from 1
	Position  uint64    // place in the stream, from 1
	CommandID ID        //
	Actor     string    // staff id, Operator or Engine
	Occurred  time.Time // when it happened
	Recorded  time.Time // when it was stored
}

// Recorded is an event as it comes back from the stream.
type Recorded struct {
	Meta  Meta
	Event Event
}
