package i18n_test

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/access"
	"github.com/casefile-engine/casefile/domain/catalog"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/domain/reminder"
	"github.com/casefile-engine/casefile/domain/review"
	"github.com/casefile-engine/casefile/handlers/web/i18n"
)

func load(t *testing.T) i18n.Bundle {
	t.Helper()
	b, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func catalogue(t *testing.T, lang nl.Lang) map[string]string {
	t.Helper()
	raw, err := os.ReadFile(string(lang) + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]string
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

var place = regexp.MustCompile(`\{[a-z_]*\}`)

func TestEqualKeysAndPlaces(t *testing.T) {
	dutch, english := catalogue(t, nl.Dutch), catalogue(t, nl.English)
	for _, key := range slices.Sorted(maps.Keys(dutch)) {
		e, ok := english[key]
		if !ok {
			t.Errorf("%s has no English", key)
			continue
		}
		a, b := place.FindAllString(dutch[key], -1), place.FindAllString(e, -1)
		slices.Sort(a)
		slices.Sort(b)
		if !slices.Equal(a, b) {
			t.Errorf("%s: places %v in Dutch, %v in English", key, a, b)
		}
		if dutch[key] == "" || e == "" || strings.TrimSpace(dutch[key]) != dutch[key] && key != "list.and" {
			t.Errorf("%s is empty or has spaces around it", key)
		}
	}
	for key := range english {
		if _, ok := dutch[key]; !ok {
			t.Errorf("%s has no Dutch", key)
		}
	}
}

func words[T ~string](codes []T) []string {
	out := make([]string, len(codes))
	for i, c := range codes {
		out[i] = string(c)
	}
	return out
}

// ui.md §1: codes never reach the eye.
func TestEveryCodeHasAName(t *testing.T) {
	lists := map[string][]string{
		"category": append(words(domain.Categories), "invoice_name", "file", "staff", "recipient"),
		"class":    append(words(domain.Classes), "person"), "ground": words(domain.Grounds), "purpose": domain.Purposes,
		"recipient_class": domain.RecipientClasses, "channel": domain.Methods, "role": domain.Roles, "source": domain.Sources,
		"service": domain.Services, "outcome": domain.Outcomes, "activity": domain.Activities, "request_kind": domain.RequestKinds,
		"access_action": domain.AccessActions, "factor": access.FactorKinds, "session_end": access.SessionEnds,
		"incident_kind": domain.IncidentKinds, "incident_risk": domain.IncidentRisks, "paper_destruction": domain.PaperDestructions, "redate_reason": domain.RedateReasons,
		"glass_finding": dossier.GlassFindings, "review_outcome": review.Outcomes, "approval_answer": domain.ApprovalAnswers,
		"reminder_kind": reminder.Kinds, "reminder_stage": reminder.Stages,
	}
	for _, s := range domain.RecipientSubtypes {
		lists["recipient_subtype"] = append(lists["recipient_subtype"], s...)
	}
	for _, p := range load(t) {
		for list, codes := range lists {
			for _, c := range codes {
				if !p.Has(list + "." + c) {
					t.Errorf("%s: %s.%s has no name", p.Lang, list, c)
				}
			}
		}
	}
}

// Architecture §7: adding an event asks for its sentence in both languages.
func TestEveryEventHasASentence(t *testing.T) {
	for _, p := range load(t) {
		for _, spec := range catalog.Events() {
			if !p.Has("event." + spec.Type) {
				t.Errorf("%s: event %s has no sentence", p.Lang, spec.Type)
			}
			if !p.Has("event_name." + spec.Type) {
				t.Errorf("%s: event %s has no name", p.Lang, spec.Type)
			}
		}
	}
}

func TestPrinter(t *testing.T) {
	b := load(t)
	p, e := b.For("nl"), b.For("en")
	for got, want := range map[string]string{
		p.N("caseload.count", 1):                          "1 dossier",
		p.N("caseload.count", 1434):                       "1.434 dossiers",
		e.N("caseload.count", 1434):                       "1,434 dossiers",
		p.Code("category", "report"):                      "verslag",
		p.Code("category", "<script>"):                    "onbekende waarde",
		p.Codes("category", []string{"plan", "report"}):   "plan van aanpak en verslag",
		p.Rule("C-2.7c"):                                  "artikel 2.7c van het reglement van Click (C-2.7c)",
		p.Rule("L-U46"):                                   "artikel 46 UAVG (L-U46)",
		e.Rule("S-Toe1"):                                  "the Solutions regulation, part Toe1 (S-Toe1)",
		p.Rule("anders"):                                  "anders",
		b.For("fr").T("signin.title"):                     "Aanmelden",
		p.T("dossier.title", "name", "{name} {position}"): "Dossier van {name} {position}",
		p.Fill("event.role.granted", func(string) string { return "{role}" }): "Rol gegeven: {role}",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
