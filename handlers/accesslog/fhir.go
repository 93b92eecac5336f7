package accesslog

import (
	"cmp"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/access"
)

// The code systems of an AuditEvent; those of urn:casefile are this engine's own.
const (
	sysDICOM       = "http://dicom.nema.org/resources/ontology/DCM"
	sysInteraction = "http://hl7.org/fhir/restful-interaction"
	sysLifecycle   = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle"
	sysSeverity    = "http://hl7.org/fhir/issue-severity"
	sysIssue       = "http://hl7.org/fhir/issue-type"
	sysReason      = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
	sysRoleType    = "http://terminology.hl7.org/CodeSystem/extra-security-role-type"
	sysPart        = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
	sysSource      = "http://terminology.hl7.org/CodeSystem/security-source-type"
	sysObject      = "http://terminology.hl7.org/CodeSystem/object-role"
	sysSecrecy     = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
	own            = "urn:casefile:"
)

// The parts of an AuditEvent (FHIR R5) that are written here.
type fhirEvent struct {
	Type          string        `json:"resourceType"`
	ID            string        `json:"id"`
	Meta          fhirMeta      `json:"meta"`
	Category      []fhirConcept `json:"category"`
	Code          fhirConcept   `json:"code"`
	Action        string        `json:"action"`
	Severity      string        `json:"severity"`
	Occurred      string        `json:"occurredDateTime"`
	Recorded      string        `json:"recorded"`
	Outcome       fhirOutcome   `json:"outcome"`
	Authorization []fhirConcept `json:"authorization,omitempty"`
	Patient       *fhirRef      `json:"patient,omitempty"`
	Agent         []fhirAgent   `json:"agent"`
	Source        fhirSource    `json:"source"`
	Entity        []fhirEntity  `json:"entity,omitempty"`
}

type fhirMeta struct {
	Tag []fhirCoding `json:"tag"`
}

type fhirCoding struct {
	System  string `json:"system"`
	Code    string `json:"code"`
	Display string `json:"display,omitempty"`
}

type fhirConcept struct {
	Coding []fhirCoding `json:"coding"`
}

type fhirOutcome struct {
	Code   fhirCoding    `json:"code"`
	Detail []fhirConcept `json:"detail,omitempty"`
}

// fhirRef names by identifier: the resources themselves are not on a FHIR server.
type fhirRef struct {
	Type       string         `json:"type,omitempty"`
	Identifier fhirIdentifier `json:"identifier"`
}

type fhirIdentifier struct {
	System string `json:"system"`
	Value  string `json:"value"`
}

type fhirAgent struct {
	Type      fhirConcept   `json:"type"`
	Role      []fhirConcept `json:"role,omitempty"`
	Who       fhirRef       `json:"who"`
	Requestor bool          `json:"requestor"`
	Policy    []string      `json:"policy,omitempty"`
}

type fhirSource struct {
	Site     *fhirRef      `json:"site,omitempty"`
	Observer fhirRef       `json:"observer"`
	Type     []fhirConcept `json:"type"`
}

type fhirEntity struct {
	What          fhirRef       `json:"what"`
	Role          fhirConcept   `json:"role"`
	SecurityLabel []fhirConcept `json:"securityLabel"`
	Detail        []fhirDetail  `json:"detail,omitempty"`
}

type fhirDetail struct {
	Type  fhirConcept `json:"type"`
	Value fhirConcept `json:"valueCodeableConcept"`
}

func one(system, code string) fhirConcept {
	return fhirConcept{Coding: []fhirCoding{{System: system, Code: code}}}
}

// fhirKind is how an action is told: as a kind of event, as the event itself and
// as one of create, read, update, delete, execute.
type fhirKind struct {
	category, code fhirCoding
	action         string
}

var fhirKinds = map[string]fhirKind{
	"view":   {fhirCoding{sysDICOM, "110110", "Patient Record"}, fhirCoding{sysLifecycle, "access", ""}, "R"},
	"search": {fhirCoding{sysDICOM, "110112", "Query"}, fhirCoding{sysInteraction, "search-type", ""}, "E"},
	"list":   {fhirCoding{sysDICOM, "110112", "Query"}, fhirCoding{sysInteraction, "search-type", ""}, "E"},
	"print":  {fhirCoding{sysDICOM, "110106", "Export"}, fhirCoding{sysLifecycle, "report", ""}, "R"},
	"export": {fhirCoding{sysDICOM, "110106", "Export"}, fhirCoding{sysLifecycle, "extract", ""}, "R"},

	access.ActionChange: {fhirCoding{sysDICOM, "110110", "Patient Record"}, fhirCoding{sysInteraction, "update", ""}, "U"},
}

// purposeOfUse gives each purpose the code of HL7's PurposeOfUse that is nearest;
// the engine's own stands beside it.
var purposeOfUse = map[string]string{
	"guidance": "CAREMGT", "absence": "CAREMGT", "subsidy": "ELIGDTRM", "invoicing": "HPAYMT", "management_information": "HOPERAT",
	"rights_request": "PATRQT", "complaint": "HCOMPL", "incident": "HCOMPL", "audit": "HCOMPL", "retention": "RECORDMGT",
	"maintenance": "HSYSADMIN", "index": "RECORDMGT", "research": "HRESCH",
}

func auditEvent(e *Entry) *fhirEvent {
	kind, ok := fhirKinds[e.Action]
	if !ok {
		kind = fhirKinds["view"]
	}
	ev := &fhirEvent{
		Type: "AuditEvent", ID: e.traceHex() + "-" + e.spanHex(),
		Meta:     fhirMeta{Tag: []fhirCoding{{System: own + "trace", Code: e.traceHex()}, {System: own + "position", Code: decimal(e.Position)}}},
		Category: []fhirConcept{{Coding: []fhirCoding{kind.category}}}, Code: fhirConcept{Coding: []fhirCoding{kind.code, {System: own + "action", Code: e.Action}}},
		Action: kind.action, Severity: "informational", Occurred: instant(e.Occurred), Recorded: instant(e.Recorded),
		Outcome: fhirOutcome{Code: fhirCoding{System: sysSeverity, Code: "success"}},
		Agent:   fhirAgents(e),
		Source:  fhirSource{Observer: fhirRef{Type: "Device", Identifier: fhirIdentifier{own + "agency", e.Agency}}, Type: []fhirConcept{one(sysSource, "4")}},
	}
	if e.Door != "" {
		ev.Source.Site = &fhirRef{Type: "Location", Identifier: fhirIdentifier{own + "door", e.Door}}
	}
	switch {
	case e.denied():
		ev.Severity = "warning"
		ev.Outcome = fhirOutcome{Code: fhirCoding{System: sysSeverity, Code: "error"}, Detail: []fhirConcept{one(sysIssue, "forbidden")}}
		if e.Code != "" {
			ev.Outcome.Detail = append(ev.Outcome.Detail, one(own+"code", e.Code))
		}
		if e.Rule != "" {
			ev.Outcome.Detail = append(ev.Outcome.Detail, one(own+"rule", e.Rule))
		}
	case e.emergency():
		ev.Severity = "notice"
	}
	if e.Purpose != "" {
		c := fhirConcept{}
		if code := purposeOfUse[e.Purpose]; code != "" {
			c.Coding = append(c.Coding, fhirCoding{System: sysReason, Code: code})
		}
		c.Coding = append(c.Coding, fhirCoding{System: own + "purpose", Code: e.Purpose})
		ev.Authorization = append(ev.Authorization, c)
	}
	if e.emergency() {
		ev.Authorization = append(ev.Authorization, one(sysReason, "BTG"))
	}
	if e.Subject != "" {
		patient := fhirRef{Type: "Patient", Identifier: fhirIdentifier{SubjectType, e.Subject}}
		ev.Patient = &patient
		ev.Entity = []fhirEntity{fhirWhat(e, patient)}
	}
	return ev
}

// fhirAgents are whoever looked, and for whom.
func fhirAgents(e *Entry) []fhirAgent {
	a := fhirAgent{Type: one(sysRoleType, "humanuser"), Who: fhirRef{Identifier: fhirIdentifier{own + "staff", e.Actor}}, Requestor: true}
	switch e.Actor {
	case domain.Engine:
		a.Type, a.Who.Type = one(sysRoleType, "dataprocessor"), "Device"
	case domain.Operator:
	default:
		a.Who.Type = "Practitioner"
	}
	if e.Role != "" {
		a.Role = []fhirConcept{one(own+"role", e.Role)}
	}
	for _, id := range e.Policies {
		a.Policy = append(a.Policy, own+"policy:"+cmp.Or(e.Digest, "unknown")+":"+id)
	}
	out := []fhirAgent{a}
	if e.OnBehalfOf != "" {
		out = append(out, fhirAgent{Type: one(sysPart, "RESP"), Who: fhirRef{Identifier: fhirIdentifier{own + "staff", e.OnBehalfOf}}})
	}
	return out
}

// fhirWhat is the client's dossier with the categories that were looked at; data
// on health is labelled as restricted.
func fhirWhat(e *Entry, patient fhirRef) fhirEntity {
	x := fhirEntity{What: patient, Role: fhirConcept{Coding: []fhirCoding{{System: sysObject, Code: "1", Display: "Patient"}}}}
	label := one(sysSecrecy, "N")
	if list := e.health(); len(list) > 0 {
		label = one(sysSecrecy, "R")
		for _, c := range list {
			label.Coding = append(label.Coding, fhirCoding{System: own + "category", Code: string(c)})
		}
	}
	x.SecurityLabel = []fhirConcept{label}
	for _, c := range e.Categories {
		x.Detail = append(x.Detail, fhirDetail{Type: one(own+"detail", "category"), Value: one(own+"category", string(c))})
	}
	if g := e.Ground; g != "" {
		x.Detail = append(x.Detail, fhirDetail{Type: one(own+"detail", "ground"), Value: one(own+"ground", g)})
	}
	return x
}
