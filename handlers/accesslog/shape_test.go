package accesslog_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// shape is the structure of a form as its standard gives it: which elements
// there are, how often, and which values they have. An element that is not in it
// is a fault.
type shape struct {
	text     *regexp.Regexp    // of a string
	codes    []string          // of a string
	kind     string            // "string", "number", "boolean", "object"
	elements map[string]*shape // of an object
	list     bool              // 0..* or 1..*: a JSON array
	required bool              // 1..
	also     func(v map[string]any) string
}

func (s *shape) check(v any) []string { return s.at("", v) }

func (s *shape) at(path string, v any) (faults []string) {
	if s.list {
		items, ok := v.([]any)
		if !ok || len(items) == 0 && s.required {
			return []string{path + " is no list, or an empty one"}
		}
		one := *s
		one.list = false
		for i, x := range items {
			faults = append(faults, one.at(fmt.Sprintf("%s[%d]", path, i), x)...)
		}
		return faults
	}
	switch x := v.(type) {
	case string:
		if s.kind != "string" || s.text != nil && !s.text.MatchString(x) || s.codes != nil && !slices.Contains(s.codes, x) || strings.TrimSpace(x) == "" {
			return []string{fmt.Sprintf("%s has the value %q", path, x)}
		}
	case float64:
		if s.kind != "number" {
			return []string{path + " is a number"}
		}
	case bool:
		if s.kind != "boolean" {
			return []string{path + " is a boolean"}
		}
	case map[string]any:
		if s.kind != "object" {
			return []string{path + " is an object"}
		}
		for _, name := range slices.Sorted(maps.Keys(x)) {
			if e := s.elements[name]; e == nil {
				faults = append(faults, path+"."+name+" is no element")
			} else {
				faults = append(faults, e.at(path+"."+name, x[name])...)
			}
		}
		for name, e := range s.elements {
			if _, there := x[name]; e.required && !there {
				faults = append(faults, path+"."+name+" is missing")
			}
		}
		if s.also != nil {
			if fault := s.also(x); fault != "" {
				faults = append(faults, path+": "+fault)
			}
		}
	default:
		faults = append(faults, fmt.Sprintf("%s is %T", path, v))
	}
	return faults
}

func must(s *shape) *shape {
	c := *s
	c.required = true
	return &c
}

func listOf(s *shape) *shape {
	c := *s
	c.list = true
	return &c
}

func object(elements map[string]*shape) *shape { return &shape{kind: "object", elements: elements} }

func pattern(re string) *shape {
	return &shape{kind: "string", text: regexp.MustCompile("^(" + re + ")$")}
}

func oneOf(codes ...string) *shape { return &shape{kind: "string", codes: codes} }

var (
	str     = &shape{kind: "string"}
	number  = &shape{kind: "number"}
	boolean = &shape{kind: "boolean"}

	// FHIR's primitive types: uri, code, id, instant.
	uri     = pattern(`(https?://|urn:)\S+`)
	code    = pattern(`[^\s]+( [^\s]+)*`)
	id      = pattern(`[A-Za-z0-9.-]{1,64}`)
	instant = pattern(`[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?Z`)

	coding = object(map[string]*shape{"system": must(uri), "code": must(code), "display": str, "version": str})
	// A coding of a system that is known has one of its codes.
	known = map[string][]string{
		"http://dicom.nema.org/resources/ontology/DCM":                   {"110106", "110107", "110110", "110112", "110113", "110127"},
		"http://hl7.org/fhir/restful-interaction":                        {"read", "vread", "update", "patch", "delete", "history", "create", "search", "search-type", "search-system", "capabilities", "transaction", "batch", "operation"},
		"http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle":      {"access", "hold", "amend", "archive", "attest", "decrypt", "deidentify", "deprecate", "destroy", "disclose", "encrypt", "extract", "link", "merge", "originate", "pseudonymize", "reactivate", "receive", "reidentify", "unhold", "report", "restore", "transform", "transmit", "unlink", "unmerge", "verify"},
		"http://hl7.org/fhir/issue-severity":                             {"fatal", "error", "warning", "information", "success"},
		"http://hl7.org/fhir/issue-type":                                 {"security", "login", "unknown", "expired", "forbidden", "suppressed", "processing", "exception", "informational", "success"},
		"http://terminology.hl7.org/CodeSystem/v3-ActReason":             {"CAREMGT", "ELIGDTRM", "HPAYMT", "HOPERAT", "PATRQT", "HCOMPL", "RECORDMGT", "HSYSADMIN", "HRESCH", "BTG", "TREAT", "ETREAT", "HLEGAL"},
		"http://terminology.hl7.org/CodeSystem/extra-security-role-type": {"authserver", "datacollector", "dataprocessor", "datasubject", "humanuser"},
		"http://terminology.hl7.org/CodeSystem/v3-ParticipationType":     {"AUT", "IRCP", "RESP", "INF", "PART"},
		"http://terminology.hl7.org/CodeSystem/security-source-type":     {"1", "2", "3", "4", "5", "6", "7", "8", "9"},
		"http://terminology.hl7.org/CodeSystem/object-role":              {"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17", "18", "19", "20", "21", "22", "23", "24"},
		"http://terminology.hl7.org/CodeSystem/v3-Confidentiality":       {"L", "M", "N", "R", "U", "V"},
		"urn:casefile:category":                                          nil, "urn:casefile:purpose": nil, "urn:casefile:ground": nil, "urn:casefile:action": nil, "urn:casefile:role": nil,
		"urn:casefile:code": nil, "urn:casefile:rule": nil, "urn:casefile:detail": {"category", "ground"}, "urn:casefile:trace": nil, "urn:casefile:position": nil,
	}
	codedOf = &shape{kind: "object", elements: coding.elements, also: func(v map[string]any) string {
		system, _ := v["system"].(string)
		codes, ok := known[system]
		if c, _ := v["code"].(string); !ok || codes != nil && !slices.Contains(codes, c) {
			return fmt.Sprintf("%v is no code of %s", v["code"], system)
		}
		return ""
	}}
	concept    = object(map[string]*shape{"coding": must(listOf(codedOf)), "text": str})
	identifier = object(map[string]*shape{"system": must(uri), "value": must(str)})
	reference  = object(map[string]*shape{"type": oneOf("Patient", "Practitioner", "Device", "Location", "Organization"), "identifier": must(identifier), "reference": str, "display": str})

	// AuditEvent of FHIR R5 (hl7.org/fhir/R5/auditevent-definitions.html): code,
	// recorded, agent (1..*, with who) and source (with observer) are required.
	auditEvent = &shape{kind: "object", elements: map[string]*shape{
		"resourceType": must(oneOf("AuditEvent")), "id": id,
		"meta":     object(map[string]*shape{"tag": listOf(codedOf)}),
		"category": listOf(concept), "code": must(concept), "action": oneOf("C", "R", "U", "D", "E"),
		"severity":         oneOf("emergency", "alert", "critical", "error", "warning", "notice", "informational", "debug"),
		"occurredDateTime": instant, "recorded": must(instant),
		"outcome":       object(map[string]*shape{"code": must(codedOf), "detail": listOf(concept)}),
		"authorization": listOf(concept), "patient": reference,
		"agent": must(listOf(object(map[string]*shape{
			"type": concept, "role": listOf(concept), "who": must(reference), "requestor": boolean, "policy": listOf(uri), "authorization": listOf(concept),
		}))),
		"source": must(object(map[string]*shape{"site": reference, "observer": must(reference), "type": listOf(concept)})),
		"entity": listOf(object(map[string]*shape{
			"what": reference, "role": concept, "securityLabel": listOf(concept),
			"detail": listOf(object(map[string]*shape{"type": must(concept), "valueCodeableConcept": must(concept)})),
		})),
	}, also: func(v map[string]any) string {
		requestors := 0
		for _, a := range v["agent"].([]any) {
			if a.(map[string]any)["requestor"] == true {
				requestors++
			}
		}
		outcome := v["outcome"].(map[string]any)["code"].(map[string]any)["code"]
		switch {
		case requestors != 1:
			return fmt.Sprintf("%d requestors", requestors)
		case (outcome == "error") != (v["severity"] == "warning"):
			return fmt.Sprintf("outcome %v with severity %v", outcome, v["severity"])
		}
		return ""
	}}

	codeList = listOf(pattern(`[a-z][a-z_]{0,39}`))

	// The fields that NEN 7513 asks for (requirements §12), by docs/access-register.md.
	nenLine = object(map[string]*shape{
		"gebeurtenis": must(object(map[string]*shape{
			"code":         must(oneOf("create", "id_assignment", "enter", "add", "delete", "read", "copy", "merge", "transfer", "search")),
			"omschrijving": must(str),
		})),
		"tijdstip": must(instant), "tijdstipRegistratie": must(instant), "uitkomst": must(oneOf("toegestaan", "geweigerd")),
		"redenWeigering": object(map[string]*shape{"code": must(str), "regel": str}),
		"participants": &shape{kind: "object", list: true, elements: map[string]*shape{
			"soort": must(oneOf("client")), "id": must(pattern(`[0-9a-f]{64}`)), "idType": must(uri),
		}},
		"users": must(listOf(object(map[string]*shape{
			"id": must(str), "soort": must(oneOf("medewerker", "beheerder", "systeem")), "rol": str, "verantwoordelijke": str,
		}))),
		"toegangspunt": must(str), "bronsysteem": must(oneOf("casefile")), "rechtstreekseToegang": must(boolean), "doel": str,
		"autorisatieProtocol":     object(map[string]*shape{"beleidsregels": listOf(str), "beleidsversie": str}),
		"behandelrelatieProtocol": must(oneOf("assignment", "role", "grant", "break_glass", "request", "engine", "none")),
		"toestemmingsProfiel":     str, "noodprocedure": must(boolean), "overgenomen": boolean, "gegevenscategorieen": codeList,
		"loghouder": must(str), "traceId": must(pattern(`[0-9a-f]{32}`)), "spanId": must(pattern(`[0-9a-f]{16}`)), "positie": must(number),
	})

	// A line of Logboek Dataverwerkingen (requirements §12): no other attribute.
	ldvLine = &shape{kind: "object", elements: map[string]*shape{
		"trace_id": must(pattern(`[0-9a-f]{32}`)), "span_id": must(pattern(`[0-9a-f]{16}`)), "parent_span_id": pattern(`[0-9a-f]{16}`),
		"status": must(oneOf("Unset", "Ok", "Error")), "name": must(pattern(`access\.[a-z]+`)), "start_time": must(number), "end_time": must(number),
		"resource": must(object(map[string]*shape{"service.name": must(oneOf("casefile")), "casefile.agency": must(str)})),
		"attributes": must(object(map[string]*shape{
			"dpl.core.processing_activity_id": must(pattern(`urn:casefile:activity:[a-z0-9-]+/[a-z0-9-]+/[0-9]+/[a-z_]+`)),
			"dpl.core.data_subject_id":        pattern(`[0-9a-f]{64}`), "dpl.core.data_subject_id_type": uri,
			"dpl.core.foreign_operation.processor": uri, "casefile.data_categories": codeList,
		})),
	}, also: func(v map[string]any) string {
		a := v["attributes"].(map[string]any)
		_, subject := a["dpl.core.data_subject_id"]
		_, typed := a["dpl.core.data_subject_id_type"]
		if subject != typed || v["end_time"].(float64) < v["start_time"].(float64) {
			return "a subject without a type, or an end before the start"
		}
		return ""
	}}
)
