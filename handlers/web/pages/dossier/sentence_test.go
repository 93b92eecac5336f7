package dossier

import (
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/casefile-engine/casefile/domain/catalog"
	"github.com/casefile-engine/casefile/handlers/web/i18n"
)

// Every place of an event's sentence is a field of that event's clear data,
// and is written in words: a code by its list, anything else by its kind.
func TestSentencesSayWhatTheEventHolds(t *testing.T) {
	words, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	written := []string{"minutes", "previous", "staff", "rule", "trajectory", "version", "cabinet", "size", "from", "until", "discovered_at", "notified_at"}
	date := regexp.MustCompile(`(_on|_from|^date|^due)$`)
	for _, p := range words {
		for _, spec := range catalog.Events() {
			have := fieldNames(reflect.TypeOf(spec.New()).Elem())
			p.Fill("event."+spec.Type, func(place string) string {
				if !slices.Contains(have, place) {
					t.Errorf("%s: %s has no field %s", p.Lang, spec.Type, place)
				}
				_, list := listOf[place]
				_, own := listOf[spec.Type+"/"+place]
				if !list && !own && !slices.Contains(written, place) && !date.MatchString(place) {
					t.Errorf("%s: %s: nothing says how to write %s", p.Lang, spec.Type, place)
				}
				return ""
			})
		}
	}
}

func fieldNames(t reflect.Type) (out []string) {
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			out = append(out, fieldNames(f.Type)...)
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		out = append(out, name)
	}
	return out
}

func TestSentences(t *testing.T) {
	words, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	p := words.For("nl")
	names := map[string]string{"018f0000-0000-7000-8000-00000000000a": "Anna de Coach"}
	for _, c := range []struct{ eventType, clear, want string }{
		{"hours.logged", `{"minutes":75,"trajectory":"T-1","activity":"travel"}`, "1 uur 15 min geboekt op T-1: reistijd"},
		{"staff.assigned", `{"staff":"018f0000-0000-7000-8000-00000000000a","capacity":"co"}`, "Anna de Coach toegewezen (mede)"},
		{"staff.assigned", `{"staff":"018f0000-0000-7000-8000-00000000000b","capacity":"co"}`, "Een medewerker toegewezen (mede)"},
		{"client.changed", `{"fields":["address","bsn"],"valid_from":"2026-11-01"}`, "Persoonsgegevens gewijzigd: adres en BSN, geldig vanaf 1 november 2026"},
		{"trajectory.ended", `{"trajectory":"T-1","ended_on":"kapot","outcome":"<b>"}`, "Traject T-1 geëindigd op onbekende waarde: onbekende waarde"},
		{"access.recorded", `{"action":"view","outcome":"denied","purpose":"guidance","ground":"none"}`, "Inzage: gelezen, geweigerd (doel: begeleiding, grond: geen grond)"},
		{"incident.reported", `{"kind":"lost_paper","discovered_at":"2026-11-01T09:30:00Z"}`, "Incident gemeld: papier kwijt, ontdekt op 1 november 2026 om 10:30 uur"},
		{"request.decided", `{"kind":"erasure","decision":"partly"}`, "Beslist op het verzoek om verwijdering: gedeeltelijk toegewezen"},
		{"something.else", `{}`, "Een gebeurtenis die deze versie van het programma niet kent"},
	} {
		if got := say(p, names, c.eventType, clearOf(json.RawMessage(c.clear))); got != c.want {
			t.Errorf("%s: %q, want %q", c.eventType, got, c.want)
		}
	}
}

func TestContents(t *testing.T) {
	for in, want := range map[string]string{
		`"Dorpsstraat 1, Utrecht"`: "Dorpsstraat 1, Utrecht",
		`{"postcode":"3511 AB","number":3,"street":"Gracht","place":"Utrecht","country":"NL"}`: "3 Gracht\n3511 AB Utrecht\nNL",
		`{}`: "", `null`: "", `[]`: "",
	} {
		if got := address(json.RawMessage(in)); got != want {
			t.Errorf("address %s: %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{"111222333": "•••••2333", "12": "•••••12", "": "•••••"} {
		if got := mask(in); got != want {
			t.Errorf("mask %q: %q", in, got)
		}
	}
	if got := strings.Join(leaves(json.RawMessage(`{"a":"018f0000-0000-7000-8000-00000000000a","b":[1,true,"x",null]}`)), ","); got != "1,true,x" {
		t.Errorf("leaves %q", got)
	}
}
