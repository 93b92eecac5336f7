// Package accesslog writes the access register in the forms that other systems
// read: FHIR R5 AuditEvent, the fields of NEN 7513, and Logboek
// Dataverwerkingen, as lines or over OTLP. It knows forms alone: who may have
// them is decided in handlers/queries, and a dossier comes here as a pseudonym.
package accesslog

import (
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/access"
)

// The forms.
const (
	FHIR    = "fhir"    // FHIR R5 AuditEvent, one resource a line
	NEN7513 = "nen7513" // the fields of NEN 7513, with Dutch names
	LDV     = "ldv"     // Logboek Dataverwerkingen
)

// Forms lists them.
var Forms = []string{FHIR, NEN7513, LDV}

// Entry is one look at no more than one dossier: a list is as many entries as it
// showed dossiers, with one trace. It has no dossier's id.
type Entry struct {
	Agency   string
	Position uint64 // of the commit
	// Occurred is when it happened, Recorded when it was acknowledged; UTC.
	Occurred, Recorded time.Time
	// Trace joins the entries of one look, and a line without staff (LDV) with
	// the line that has them; Span is this entry's own, the same at each export.
	// Parent is the span of a caller that sent a trace context; zero for none.
	Trace        [16]byte
	Span, Parent [8]byte
	// Subject is the pseudonym of the dossier, a keyed digest; "" for a look that
	// named none.
	Subject string
	// Actor is a staff id, operator or engine; OnBehalfOf for whom, "" for himself.
	Actor, Role, OnBehalfOf string
	// Processor is OnBehalfOf where that is an organisation: a registered
	// recipient or an agency, as a URI. A person is never one.
	Processor string
	Action    string // domain.AccessActions, or access.ActionChange
	Outcome   string // access.Allowed or access.Denied
	Code      string // of a denial
	Rule      string // of a denial
	// Categories are the client's, in byte order.
	Categories []domain.Category
	Purpose    string // "" for a denied command
	Ground     string // catalogue §3
	// Profile is the regulation in force on the day, as name/version; "" for none.
	Profile  string
	Policies []string
	Digest   string // of the policies' texts, hex
	Door     string // commands.Door
	Imported bool
}

// Activity is the URI of the entry in the register of processing activities
// (L-30), which has the version of the regulation in it: a change of the
// regulation is another activity. "" for a look without a purpose, which is a
// denied command and processed nothing.
func (e *Entry) Activity() string {
	if e.Purpose == "" {
		return ""
	}
	profile := e.Profile
	if profile == "" {
		profile = "none/0"
	}
	return "urn:casefile:activity:" + e.Agency + "/" + profile + "/" + e.Purpose
}

func (e *Entry) denied() bool    { return e.Outcome == access.Denied }
func (e *Entry) emergency() bool { return e.Ground == "break_glass" }

func (e *Entry) health() (out []domain.Category) {
	for _, c := range e.Categories {
		if c.Health() {
			out = append(out, c)
		}
	}
	return out
}

// traceHex is the trace as W3C Trace Context writes it.
func (e *Entry) traceHex() string { return hex.EncodeToString(e.Trace[:]) }
func (e *Entry) spanHex() string  { return hex.EncodeToString(e.Span[:]) }

// Line is an entry in one of the forms, as JSON without a line end. ok is false
// where the form has no line for it: LDV has none without an activity.
func Line(form string, e *Entry) (line json.RawMessage, ok bool, err error) {
	var v any
	switch form {
	case FHIR:
		v = auditEvent(e)
	case NEN7513:
		v = nen(e)
	default:
		if e.Activity() == "" {
			return nil, false, nil
		}
		v = ldv(e)
	}
	line, err = marshal(v)
	return line, err == nil, err
}

// marshal is JSON that leaves <, > and & as they are.
func marshal(v any) (json.RawMessage, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return json.RawMessage(strings.TrimSuffix(b.String(), "\n")), nil
}

// instant is a time as FHIR and the standards on logs write it: UTC, RFC 3339.
func instant(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

func decimal(n uint64) string { return strconv.FormatUint(n, 10) }
