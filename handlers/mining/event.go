// Package mining writes the history of an agency for process mining: as
// an object-centric event log (OCEL 2.0, JSON) and as an event log by dossier
// (XES, IEEE 1849-2016). There is nothing personal in either: ids of dossiers and
// staff, pseudonyms of trajectory numbers, and of the clear data codes, numbers,
// dates and yes or no alone.
package mining

import (
	"bytes"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/handlers/commands"
)

// The forms.
const (
	OCEL = "ocel"
	XES  = "xes"
)

// Forms are all of them.
var Forms = []string{OCEL, XES}

// The types of object.
const (
	Dossier    = "dossier"
	Trajectory = "trajectory"
	Staff      = "staff"
	event      = "event" // for its pseudonym alone
)

// Event is one event of the history, as far as it goes into a log.
type Event struct {
	ID       string
	Type     string
	Occurred time.Time
	Recorded time.Time
	Position uint64
	// Case is the dossier on which it is; "" for none.
	Case string
	// Actor is a staff id, operator or engine.
	Actor      string
	Attributes []Attribute // in byte order of their names
	Related    []Relation
}

// Attribute is a code, number or yes or no: Value is a string, int64 or bool.
type Attribute struct {
	Name  string
	Value any
}

// Relation is an object that an event is about, and as what.
type Relation struct {
	Type, ID, Qualifier string
}

// Pseudonym gives the name under which an object goes out; "" keeps its id.
type Pseudonym func(objectType, id string) (string, error)

// kinds are the aggregates whose events go into a log. Reservations and the
// anchors of the ledger are no work of people; of what people do with accounts
// nothing goes out, of looks the looks alone.
var kinds = []string{domain.KindDossier, domain.KindStaff, domain.KindAgency, domain.KindIncident, domain.KindPaper,
	domain.KindReminder, domain.KindReview, domain.KindAccess}

const accessRecorded = "access.recorded"

// objects are the fields of clear data that name an object, with its type. What
// is named by another id (a record, an entry of hours) is no object of the log.
var objects = map[string]string{
	"dossier": Dossier, "dossiers": Dossier, "to_dossier": Dossier, "from_dossier": Dossier,
	"trajectory": Trajectory,
	"staff":      Staff, "worked_by": Staff, "about_staff": Staff, "handler": Staff, "approved_by": Staff, "authorised_by": Staff, "reviewed_by": Staff,
	"recipient": "recipient", "commissioner": "recipient", "disclosure": "disclosure", "request": "request", "complaint": "complaint",
	"incident": "incident", "consent": "consent", "hold": "hold",
}

// ofKind is the type of object that an aggregate of a kind is itself.
var ofKind = map[string]string{
	domain.KindDossier: Dossier, domain.KindStaff: Staff, domain.KindIncident: "incident", domain.KindReminder: Dossier,
}

var (
	idForm   = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	codeForm = regexp.MustCompile(`^(?:[a-z][a-z0-9_.-]{0,63}|[CSLX]-[A-Za-z0-9.]{1,12}|\d{4}-\d{2}-\d{2}(?:T[0-9:.]+Z)?)$`)
	nameForm = regexp.MustCompile(`^[a-z][a-z_0-9]{0,39}$`)
)

// Of gives the events of a commit that go into a log; none for what does not.
func Of(c *eventstore.Commit, p Pseudonym) ([]*Event, error) {
	e := &c.Envelope
	if !slices.Contains(kinds, e.Kind) {
		return nil, nil
	}
	var out []*Event
	for i := range e.Data.Events {
		ev := &e.Data.Events[i]
		if e.Kind == domain.KindAccess && ev.Type != accessRecorded {
			continue
		}
		x := &Event{ID: ev.ID, Type: ev.Type, Occurred: e.Time.UTC(), Recorded: e.Recorded.UTC(), Position: c.Position, Actor: e.Actor}
		if name, err := p(event, ev.ID); err != nil {
			return nil, err
		} else if name != "" {
			x.ID = name
		}
		raw, err := commands.ClearData(c, i)
		if err != nil {
			return nil, err
		}
		if err := x.read(e, raw, p); err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}

func (x *Event) read(e *eventstore.Envelope, data json.RawMessage, p Pseudonym) error {
	own := ofKind[e.Kind]
	if own == Dossier && idForm.MatchString(e.AggregateID) {
		if err := x.relate(own, e.AggregateID, "case", p); err != nil {
			return err
		}
		x.Case = x.Related[0].ID
	} else if own != "" && own != Dossier {
		if err := x.relate(own, e.AggregateID, "about", p); err != nil {
			return err
		}
	}
	if idForm.MatchString(x.Actor) {
		if err := x.relate(Staff, x.Actor, "actor", p); err != nil {
			return err
		}
		x.Actor = x.Related[len(x.Related)-1].ID
	}
	var fields map[string]any
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&fields); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if err := x.field(name, fields[name], p); err != nil {
			return err
		}
	}
	for name, v := range map[string]string{"command": e.Command, "door": e.Door, "profile": e.Profile} {
		if _, taken := fields[name]; !taken {
			x.attribute(name, v)
		}
	}
	slices.SortFunc(x.Attributes, func(a, b Attribute) int { return strings.Compare(a.Name, b.Name) })
	return nil
}

// field takes in one field of the clear data: as a relation, as an attribute, or
// not at all.
func (x *Event) field(name string, v any, p Pseudonym) error {
	if t := objects[name]; t != "" {
		for _, id := range texts(v) {
			if t != Trajectory && !idForm.MatchString(id) {
				continue
			}
			if err := x.relate(t, id, name, p); err != nil {
				return err
			}
		}
		return nil
	}
	switch v := v.(type) {
	case bool:
		x.attribute(name, v)
	case json.Number:
		if n, err := v.Int64(); err == nil {
			x.attribute(name, n)
		}
	default:
		codes := texts(v)
		if len(codes) > 0 && !slices.ContainsFunc(codes, func(s string) bool { return !codeForm.MatchString(s) || idForm.MatchString(s) }) {
			x.attribute(name, strings.Join(codes, " "))
		}
	}
	return nil
}

// attribute adds an attribute; an empty text is none.
func (x *Event) attribute(name string, v any) {
	if v != "" && nameForm.MatchString(name) {
		x.Attributes = append(x.Attributes, Attribute{name, v})
	}
}

func (x *Event) relate(objectType, id, qualifier string, p Pseudonym) error {
	if id == "" {
		return nil
	}
	name, err := p(objectType, id)
	if err != nil {
		return err
	}
	if name == "" {
		name = id
	}
	r := Relation{objectType, name, qualifier}
	if !slices.Contains(x.Related, r) {
		x.Related = append(x.Related, r)
	}
	return nil
}

// texts is a text, or a list of texts; nil for anything else.
func texts(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		out := make([]string, 0, len(v))
		for _, x := range v {
			s, ok := x.(string)
			if !ok {
				return nil
			}
			out = append(out, s)
		}
		return out
	}
	return nil
}

// Instant is a time as both forms write it: UTC, to the millisecond.
func Instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
