package regulation

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/casefile-engine/casefile/domain"
)

// A profile is read strictly, and an error names the line.
func TestBadDocuments(t *testing.T) {
	for _, c := range []struct{ old, new, code, at string }{
		{"address: {value: je", "adress: {value: je", "unknown_field", "adress:"},
		{"address: {value: je", "address: {valeu: je", "unknown_field", "valeu:"},
		{"address: {value: je", "address: {value: jij", "profile_field", "value: jij"},
		{"version: 1\n", "version: 1\nversion: 2\n", "field_twice", "version: 2"},
		{"version: 1\n", "version: 0\n", "profile_field", "version: 0"},
		{"version: 1\n", "version: one\n", "profile_field", "version: one"},
		{"version: 1\n", "version: 1\nlaw: 1\n", "profile_field", "law: 1"},
		{"name: click-2017", "name: Click 2017", "profile_field", "name: Click"},
		{"name: click-2017", "name:", "profile_form", "name:"},
		{"code: referral", "code: horoscope", "profile_field", "code: horoscope"},
		{"code: vision", "code: referral", "profile_field", "code: referral\n    rule: C-3.2"},
		{"term: P10Y", "term: -P10Y", "invalid_term", "term: -P10Y"},
		{"term: P10Y", "term: P-10Y", "invalid_term", "term: P-10Y"},
		{"term: P10Y", "term: P0Y", "invalid_term", "term: P0Y"},
		{"term: P10Y", "term: 10", "profile_field", "term: 10"},
		{"request: {value: 28", "request: {value: -28", "profile_field", "request: {"},
		{"request: {value: 28", "request: {value: 2.5", "profile_field", "request: {"},
		{"request: {value: 28", "request: {value: 0x1C", "profile_field", "request: {"},
		{"rule: C-3.1\n", "rule: article 3\n", "profile_field", "rule: article 3"},
		{"{class: medical, term: P10Y, start: guidance_or_agreement_end, rule: C-2.5b}", "{class: dossier, term: P10Y, start: guidance_or_agreement_end, rule: C-2.5b}", "profile_field", "{class: dossier, term: P10Y, start: guidance_or_agreement_end, rule: C-2.5b}\n  - {class: subsidy"},
		{"start: guidance_or_agreement_end", "start: whenever", "profile_field", "start: whenever"},
		{"effective_from: {value: 2017-01-19", "effective_from: {value: 2017-02-30", "invalid_date", "2017-02-30"},
		{"evidence: [consent]", "evidence: [consent, mood]", "profile_field", "mood"},
		{"only: [vital_interest]", "only: [habit]", "profile_field", "only: [habit]"},
		{"consent: {wording: unambiguous", "consent: &c {wording: unambiguous", "", ""},
		{"cites: [Wbp, Wet SUWI]", "cites: [&a Wbp, *a]", "profile_form", "cites"},
		{"\ndeclined:", "\n---\ndeclined:", "profile_form", ""},
		{"role: {", "role: {{", "profile_form", ""},
		{"paper: {value: [never_unattended", "paper: {value: [sometimes_unattended", "profile_field", "sometimes_unattended"},
	} {
		doc := changed(t, "click-2017", c.old, c.new)
		_, err := Parse(doc)
		if c.code == "" {
			if err != nil {
				t.Errorf("%q: %v", c.new, err)
			}
			continue
		}
		var e *domain.Error
		if !errors.As(err, &e) || e.Code != c.code || e.Kind != domain.KindInvalid {
			t.Errorf("%q: got %v, want %s", c.new, err, c.code)
			continue
		}
		if c.code == "unknown_field" && strings.Contains(e.Error(), strings.TrimSuffix(c.at, ":")) {
			t.Errorf("the error repeats a name that could be anything: %v", e)
		}
		if c.at == "" {
			continue
		}
		if want := "line " + strconv.Itoa(lineOfText(doc, c.at)) + ": "; !strings.HasPrefix(e.Message, want) {
			t.Errorf("%q: %q, want %q", c.new, e.Message, want)
		}
	}
	for _, doc := range []string{"", "[]", "null", "7", "\xff\xfe", strings.Repeat("[", 5000), strings.Repeat("#", MaxDocument+1), `{"name":"x"}`, "a: \xff"} {
		if _, err := Parse([]byte(doc)); code(err) == "" {
			t.Errorf("%.10q: %v", doc, err)
		}
	}
}

// No document makes the reader fail in another way than with a refusal.
func FuzzParse(f *testing.F) {
	for _, name := range []string{"click-2017", "solutions-vpr"} {
		doc, _ := Document(name, 1)
		f.Add(doc)
	}
	f.Add([]byte(`{"name":"x","version":1}`))
	f.Add([]byte("a: &a [*a]"))
	f.Fuzz(func(t *testing.T, doc []byte) {
		if _, _, err := Check(doc); err != nil {
			var e *domain.Error
			if !errors.As(err, &e) {
				t.Fatalf("no refusal: %v", err)
			}
		}
	})
}
