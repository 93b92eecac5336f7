package eventstore

import (
	"fmt"
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/casefile-engine/casefile/domain"
)

// Decoding the clear line is what reading the stream costs most, so a line in
// exactly the form that Marshal writes (fields in order, compact, no escapes,
// ASCII) is read by the scanner below: measured side by side, in about half the
// time of the general decoder and a fifth of that of encoding/json. Any other line goes to the general one. The scanner may refuse a
// line that the general decoder takes, never the other way round, and where
// both take it they agree; FuzzUnmarshal holds that.

// decodeEnvelope decodes a clear line.
func decodeEnvelope(line []byte, e *Envelope) error {
	p := scanner{b: line, s: string(line)}
	if p.envelope(e) {
		return nil
	}
	*e = Envelope{}
	return decodeAnyEnvelope(line, e)
}

// decodeAnyEnvelope takes every valid JSON form. Names that stand twice in one
// object are refused: two readers of the same evidence could differ on them.
func decodeAnyEnvelope(line []byte, e *Envelope) error {
	if err := jsonv2.Unmarshal(line, e); err != nil {
		// The decoder's text can quote the line, so it is not passed on.
		return fmt.Errorf("%w: its clear line is no envelope", ErrDamaged)
	}
	e.Time, e.Recorded = e.Time.UTC(), e.Recorded.UTC()
	return nil
}

// PeekType gives the type of the first event of a stored form, without a full
// decode where the form is Marshal's own; "" if the payload is no commit.
func PeekType(payload []byte) string {
	// The attributes before it take about 150 bytes.
	p := scanner{s: string(payload[:min(len(payload), 512)])}
	if p.lit(`{"specversion":`) && p.skipStr() && p.lit(`,"id":`) && p.skipStr() &&
		p.lit(`,"source":`) && p.skipStr() && p.lit(`,"type":`) {
		if t, ok := p.str(); ok {
			return t
		}
	}
	c, err := Unmarshal(payload)
	if err != nil {
		return ""
	}
	return c.Envelope.Type
}

// scanner reads Marshal's own form. s is a copy of b, so that the strings of
// the envelope can be parts of it.
type scanner struct {
	b []byte
	s string
	i int
}

func (p *scanner) lit(l string) bool {
	if !strings.HasPrefix(p.s[p.i:], l) {
		return false
	}
	p.i += len(l)
	return true
}

// str reads a string of printable ASCII without escapes.
func (p *scanner) str() (string, bool) {
	s := p.s
	i := p.i
	if i >= len(s) || s[i] != '"' {
		return "", false
	}
	i++
	start := i
	for i < len(s) {
		switch c := s[i]; {
		case c == '"':
			p.i = i + 1
			return s[start:i], true
		case c == '\\' || c < 0x20 || c >= 0x80:
			return "", false
		}
		i++
	}
	return "", false
}

func (p *scanner) skipStr() bool { _, ok := p.str(); return ok }

// field reads name and a string into dst; the field must be there.
func (p *scanner) field(name string, dst *string) (ok bool) {
	if !p.lit(name) {
		return false
	}
	*dst, ok = p.str()
	return ok
}

// optional is field for one that may be absent.
func (p *scanner) optional(name string, dst *string) bool {
	if !strings.HasPrefix(p.s[p.i:], name) {
		return true
	}
	return p.field(name, dst)
}

// uint reads a number of at most 18 digits without a leading zero.
func (p *scanner) uint(dst *uint64) bool {
	start, n := p.i, uint64(0)
	for p.i < len(p.s) && p.s[p.i]-'0' <= 9 {
		n = n*10 + uint64(p.s[p.i]-'0')
		p.i++
	}
	if d := p.i - start; d == 0 || d > 18 || d > 1 && p.s[start] == '0' {
		return false
	}
	*dst = n
	return true
}

func (p *scanner) int(dst *int) bool {
	var n uint64
	ok := p.uint(&n)
	*dst = int(n)
	return ok
}

func (p *scanner) time(dst *time.Time) bool {
	s, ok := p.str()
	if !ok || !strings.HasSuffix(s, "Z") {
		return false
	}
	if err := dst.UnmarshalText([]byte(s)); err != nil {
		return false
	}
	*dst = dst.UTC()
	return true
}

func (p *scanner) envelope(e *Envelope) bool {
	ok := p.field(`{"specversion":`, &e.SpecVersion) && p.field(`,"id":`, &e.ID) &&
		p.field(`,"source":`, &e.Source) && p.field(`,"type":`, &e.Type) &&
		p.field(`,"subject":`, &e.Subject) && p.lit(`,"time":`) && p.time(&e.Time) &&
		p.field(`,"dataschema":`, &e.DataSchema) && p.field(`,"agency":`, &e.Agency) &&
		p.field(`,"aggregatekind":`, &e.Kind) && p.field(`,"aggregateid":`, &e.AggregateID) &&
		p.lit(`,"aggregateversion":`) && p.uint(&e.Version) && p.field(`,"command":`, &e.Command) &&
		p.field(`,"commandid":`, &e.CommandID) && p.optional(`,"commanddigest":`, &e.CommandDigest) &&
		p.optional(`,"correlationid":`, &e.CorrelationID) && p.optional(`,"causationid":`, &e.CausationID) &&
		p.optional(`,"traceparent":`, &e.TraceParent) && p.field(`,"actor":`, &e.Actor) &&
		p.optional(`,"onbehalfof":`, &e.OnBehalfOf) && p.field(`,"door":`, &e.Door) &&
		p.field(`,"recordedby":`, &e.RecordedBy) && p.optional(`,"purpose":`, &e.Purpose) &&
		p.optional(`,"ground":`, &e.Ground) && p.optional(`,"policydigest":`, &e.Policy) &&
		p.optional(`,"profile":`, &e.Profile)
	if !ok {
		return false
	}
	if p.lit(`,"profileversion":`) && !p.int(&e.ProfileVer) {
		return false
	}
	if !p.lit(`,"recordedtime":`) || !p.time(&e.Recorded) {
		return false
	}
	if p.lit(`,"previousposition":`) && !p.uint(&e.PrevPosition) {
		return false
	}
	return p.optional(`,"previousleaf":`, &e.PrevLeaf) && p.lit(`,"data":{`) && p.data(&e.Data) &&
		p.lit(`}`) && p.optional(macHead[:len(macHead)-1], &e.MAC) && p.lit(`}`) && p.i == len(p.s)
}

func (p *scanner) data(d *Data) bool {
	if p.lit(`"categories":[`) {
		for more := true; more; more = p.lit(`,`) {
			s, ok := p.str()
			if !ok {
				return false
			}
			d.Categories = append(d.Categories, domain.Category(s))
		}
		if !p.lit(`],`) {
			return false
		}
	}
	if p.lit(`"keys":[`) {
		for more := true; more; more = p.lit(`,`) {
			var k KeyCreated
			if !p.field(`{"id":`, &k.ID) || !p.field(`,"owner":`, &k.Owner) ||
				!p.field(`,"class":`, (*string)(&k.Class)) || !p.field(`,"commitment":`, &k.Commitment) || !p.lit(`}`) {
				return false
			}
			d.Keys = append(d.Keys, k)
		}
		if !p.lit(`],`) {
			return false
		}
	}
	if !p.lit(`"events":[`) {
		return false
	}
	for more := true; more; more = p.lit(`,`) {
		var ev StoredEvent
		if !p.event(&ev) {
			return false
		}
		d.Events = append(d.Events, ev)
	}
	return p.lit(`]`) && p.warnings(d)
}

func (p *scanner) warnings(d *Data) bool {
	if !p.lit(`,"warnings":[`) {
		return true
	}
	for more := true; more; more = p.lit(`,`) {
		s, ok := p.str()
		if !ok {
			return false
		}
		d.Warnings = append(d.Warnings, s)
	}
	return p.lit(`]`)
}

func (p *scanner) event(ev *StoredEvent) bool {
	if !p.field(`{"id":`, &ev.ID) || !p.field(`,"type":`, &ev.Type) || !p.lit(`,"schema":`) ||
		!p.int(&ev.Schema) || !p.lit(`,"data":`) {
		return false
	}
	start := p.i
	if !p.value(0) {
		return false
	}
	ev.Data = p.b[start:p.i:p.i]
	if p.lit(`,"sections":[`) {
		for more := true; more; more = p.lit(`,`) {
			var s SectionRef
			if !p.field(`{"owner":`, &s.Owner) || !p.field(`,"class":`, (*string)(&s.Class)) ||
				!p.field(`,"category":`, (*string)(&s.Category)) || !p.field(`,"key":`, &s.Key) ||
				!p.field(`,"sha256":`, &s.SHA256) || !p.lit(`,"size":`) || !p.int(&s.Size) || !p.lit(`}`) {
				return false
			}
			ev.Sections = append(ev.Sections, s)
		}
		if !p.lit(`]`) {
			return false
		}
	}
	return p.lit(`}`)
}

// Limits of what the scanner takes of a clear event; beyond them the general
// decoder reads the line.
const (
	scanDepth = 16 // nested objects and arrays
	scanNames = 32 // names in one object, which are compared one by one
)

// value passes over one compact JSON value.
func (p *scanner) value(depth int) bool {
	if p.i >= len(p.s) || depth > scanDepth {
		return false
	}
	switch p.s[p.i] {
	case '{':
		return p.object(depth)
	case '[':
		p.i++
		if p.lit(`]`) {
			return true
		}
		for more := true; more; more = p.lit(`,`) {
			if !p.value(depth + 1) {
				return false
			}
		}
		return p.lit(`]`)
	case '"':
		return p.skipStr()
	case 't':
		return p.lit("true")
	case 'f':
		return p.lit("false")
	case 'n':
		return p.lit("null")
	}
	p.lit("-")
	var n uint64
	if !p.uint(&n) {
		return false
	}
	if p.lit(".") {
		start := p.i
		for p.i < len(p.s) && p.s[p.i]-'0' <= 9 {
			p.i++
		}
		return p.i > start
	}
	return true
}

func (p *scanner) object(depth int) bool {
	p.i++
	if p.lit(`}`) {
		return true
	}
	var names [scanNames]string
	n := 0
	for more := true; more; more = p.lit(`,`) {
		name, ok := p.str()
		if !ok || n == len(names) || !p.lit(`:`) || !p.value(depth+1) {
			return false
		}
		for _, other := range names[:n] {
			if other == name {
				return false
			}
		}
		names[n] = name
		n++
	}
	return p.lit(`}`)
}
