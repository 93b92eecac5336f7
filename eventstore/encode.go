package eventstore

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"
)

// encodeEnvelope gives the clear line: the bytes that encoding/json gives for
// the Envelope, which is the definition of the form; the writer below only
// gets there faster. It leaves every envelope with a string that would need an
// escape to encoding/json itself. The golden form and a property test hold
// that the two agree.
func encodeEnvelope(e *Envelope) ([]byte, error) {
	w := writer{b: make([]byte, 0, 1536)}
	w.envelope(e)
	if w.general {
		return json.Marshal(e)
	}
	return w.b, nil
}

// writer appends the form to b; general is set when encoding/json must do it.
type writer struct {
	b       []byte
	general bool
}

// str appends name and a string of printable ASCII that needs no escape.
func (w *writer) str(name, s string) {
	w.b = append(w.b, name...)
	w.b = append(w.b, '"')
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c >= 0x7f || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			w.general = true
			return
		}
	}
	w.b = append(w.b, s...)
	w.b = append(w.b, '"')
}

func (w *writer) optional(name, s string) {
	if s != "" {
		w.str(name, s)
	}
}

func (w *writer) uint(name string, n uint64) {
	w.b = append(w.b, name...)
	w.b = strconv.AppendUint(w.b, n, 10)
}

func (w *writer) int(name string, n int) {
	w.b = append(w.b, name...)
	w.b = strconv.AppendInt(w.b, int64(n), 10)
}

func (w *writer) time(name string, t time.Time) {
	if y := t.Year(); y < 0 || y > 9999 || t.Location() != time.UTC {
		w.general = true
		return
	}
	w.b = append(w.b, name...)
	w.b = append(w.b, '"')
	w.b = t.AppendFormat(w.b, time.RFC3339Nano)
	w.b = append(w.b, '"')
}

func (w *writer) envelope(e *Envelope) {
	w.str(`{"specversion":`, e.SpecVersion)
	w.str(`,"id":`, e.ID)
	w.str(`,"source":`, e.Source)
	w.str(`,"type":`, e.Type)
	w.str(`,"subject":`, e.Subject)
	w.time(`,"time":`, e.Time)
	w.str(`,"dataschema":`, e.DataSchema)
	w.str(`,"agency":`, e.Agency)
	w.str(`,"aggregatekind":`, e.Kind)
	w.str(`,"aggregateid":`, e.AggregateID)
	w.uint(`,"aggregateversion":`, e.Version)
	w.str(`,"command":`, e.Command)
	w.str(`,"commandid":`, e.CommandID)
	w.optional(`,"commanddigest":`, e.CommandDigest)
	w.optional(`,"correlationid":`, e.CorrelationID)
	w.optional(`,"causationid":`, e.CausationID)
	w.optional(`,"traceparent":`, e.TraceParent)
	w.str(`,"actor":`, e.Actor)
	w.optional(`,"onbehalfof":`, e.OnBehalfOf)
	w.str(`,"door":`, e.Door)
	w.str(`,"recordedby":`, e.RecordedBy)
	w.optional(`,"purpose":`, e.Purpose)
	w.optional(`,"ground":`, e.Ground)
	w.optional(`,"policydigest":`, e.Policy)
	w.optional(`,"profile":`, e.Profile)
	if e.ProfileVer != 0 {
		w.int(`,"profileversion":`, e.ProfileVer)
	}
	w.time(`,"recordedtime":`, e.Recorded)
	if e.PrevPosition != 0 {
		w.uint(`,"previousposition":`, e.PrevPosition)
	}
	w.optional(`,"previousleaf":`, e.PrevLeaf)
	w.data(&e.Data)
	w.b = append(w.b, '}')
}

func (w *writer) data(d *Data) {
	w.b = append(w.b, `,"data":{`...)
	if len(d.Categories) > 0 {
		w.b = append(w.b, `"categories":[`...)
		for i, c := range d.Categories {
			w.str(comma(i), string(c))
		}
		w.b = append(w.b, `],`...)
	}
	if len(d.Keys) > 0 {
		w.b = append(w.b, `"keys":[`...)
		for i, k := range d.Keys {
			w.b = append(w.b, comma(i)...)
			w.str(`{"id":`, k.ID)
			w.str(`,"owner":`, k.Owner)
			w.str(`,"class":`, string(k.Class))
			w.str(`,"commitment":`, k.Commitment)
			w.b = append(w.b, '}')
		}
		w.b = append(w.b, `],`...)
	}
	if d.Events == nil {
		w.general = true // null, not []
		return
	}
	w.b = append(w.b, `"events":[`...)
	for i := range d.Events {
		w.b = append(w.b, comma(i)...)
		w.event(&d.Events[i])
	}
	w.b = append(w.b, ']')
	if len(d.Warnings) > 0 {
		w.b = append(w.b, `,"warnings":[`...)
		for i, s := range d.Warnings {
			w.str(comma(i), s)
		}
		w.b = append(w.b, ']')
	}
	w.b = append(w.b, '}')
}

func (w *writer) event(ev *StoredEvent) {
	w.str(`{"id":`, ev.ID)
	w.str(`,"type":`, ev.Type)
	w.int(`,"schema":`, ev.Schema)
	w.b = append(w.b, `,"data":`...)
	w.raw(ev.Data)
	if len(ev.Sections) > 0 {
		w.b = append(w.b, `,"sections":[`...)
		for i := range ev.Sections {
			s := &ev.Sections[i]
			w.b = append(w.b, comma(i)...)
			w.str(`{"owner":`, s.Owner)
			w.str(`,"class":`, string(s.Class))
			w.str(`,"category":`, string(s.Category))
			w.str(`,"key":`, s.Key)
			w.str(`,"sha256":`, s.SHA256)
			w.int(`,"size":`, s.Size)
			w.b = append(w.b, '}')
		}
		w.b = append(w.b, ']')
	}
	w.b = append(w.b, '}')
}

// raw appends clear event data that is compact JSON of plain ASCII, which the
// scanner tells; anything else goes to encoding/json, which compacts, escapes
// or refuses it.
func (w *writer) raw(data []byte) {
	p := scanner{s: string(data)}
	if !p.value(0) || p.i != len(p.s) || bytes.ContainsAny(data, "<>&\x7f") {
		w.general = true
		return
	}
	w.b = append(w.b, data...)
}

func comma(i int) string {
	if i == 0 {
		return ""
	}
	return ","
}
