package accesslog

import (
	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/access"
)

// nenLine has the fields that NEN 7513 asks for (requirements §12), named as in
// docs/access-register.md.
type nenLine struct {
	Event       nenEvent     `json:"gebeurtenis"`
	Time        string       `json:"tijdstip"`
	Recorded    string       `json:"tijdstipRegistratie"`
	Outcome     string       `json:"uitkomst"`
	Refusal     *nenRefusal  `json:"redenWeigering,omitempty"`
	Objects     []nenObject  `json:"participants"`
	Users       []nenUser    `json:"users"`
	AccessPoint string       `json:"toegangspunt"`
	Source      string       `json:"bronsysteem"`
	Direct      bool         `json:"rechtstreekseToegang"`
	Purpose     string       `json:"doel,omitempty"`
	Protocol    *nenProtocol `json:"autorisatieProtocol,omitempty"`
	Relation    string       `json:"behandelrelatieProtocol"`
	Consent     string       `json:"toestemmingsProfiel,omitempty"`
	Emergency   bool         `json:"noodprocedure"`
	Older       bool         `json:"overgenomen,omitempty"`

	Categories []domain.Category `json:"gegevenscategorieen,omitempty"`

	Agency   string `json:"loghouder"`
	TraceID  string `json:"traceId"`
	SpanID   string `json:"spanId"`
	Position uint64 `json:"positie"`
}

type nenEvent struct {
	Code string `json:"code"`
	Text string `json:"omschrijving"`
}

type nenRefusal struct {
	Code string `json:"code"`
	Rule string `json:"regel,omitempty"`
}

// nenObject is the client, or the agency's own register for a look that named no
// client.
type nenObject struct {
	Kind   string `json:"soort"`
	ID     string `json:"id"`
	IDType string `json:"idType"`
}

type nenUser struct {
	ID          string `json:"id"`
	Kind        string `json:"soort"`
	Role        string `json:"rol,omitempty"`
	Responsible string `json:"verantwoordelijke,omitempty"` // on whose behalf
}

type nenProtocol struct {
	Policies []string `json:"beleidsregels,omitempty"`
	Digest   string   `json:"beleidsversie,omitempty"`
}

// nenEvents are the codes of events of NEN 7513 that a look can be.
var nenEvents = map[string]nenEvent{
	"view":              {"read", "raadplegen"},
	"search":            {"search", "zoeken"},
	"list":              {"search", "overzicht tonen"},
	"print":             {"copy", "afdrukken"},
	"export":            {"copy", "exporteren"},
	access.ActionChange: {"enter", "vastleggen of wijzigen"},
}

func nen(e *Entry) *nenLine {
	event, ok := nenEvents[e.Action]
	if !ok {
		event = nenEvent{"read", e.Action}
	}
	l := &nenLine{
		Event: event, Time: instant(e.Occurred), Recorded: instant(e.Recorded), Outcome: "toegestaan",
		Objects: []nenObject{}, Users: []nenUser{{ID: e.Actor, Kind: nenKind(e.Actor), Role: e.Role, Responsible: e.OnBehalfOf}},
		AccessPoint: e.Door, Source: "casefile", Direct: e.Actor == domain.Operator,
		Purpose: e.Purpose, Relation: e.Ground, Consent: e.Profile, Emergency: e.emergency(), Older: e.Imported,
		Categories: e.Categories, Agency: e.Agency, TraceID: e.traceHex(), SpanID: e.spanHex(), Position: e.Position,
	}
	if e.Subject != "" {
		l.Objects = append(l.Objects, nenObject{Kind: "client", ID: e.Subject, IDType: SubjectType})
	}
	if len(e.Policies) > 0 || e.Digest != "" {
		l.Protocol = &nenProtocol{Policies: e.Policies, Digest: e.Digest}
	}
	if e.denied() {
		l.Outcome = "geweigerd"
		if e.Code != "" {
			l.Refusal = &nenRefusal{Code: e.Code, Rule: e.Rule}
		}
	}
	return l
}

func nenKind(actor string) string {
	switch actor {
	case domain.Operator:
		return "beheerder"
	case domain.Engine:
		return "systeem"
	}
	return "medewerker"
}
