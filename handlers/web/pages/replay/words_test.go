package replay

import (
	"encoding/json"
	"testing"

	"github.com/casefile-engine/casefile/handlers/queries"
	"github.com/casefile-engine/casefile/handlers/web/i18n"
)

func in(t *testing.T, lang string) writer {
	t.Helper()
	b, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	return writer{b.For(lang), map[string]string{"018f0000-0000-7000-8000-00000000000a": "Anna de Coach"}}
}

// Codes never reach the eye (ui.md §1): every name of a dossier's state has words.
func TestEveryNameOfTheStateHasWords(t *testing.T) {
	names := queries.StateNames()
	if len(names) < 50 {
		t.Fatalf("%d names: %v", len(names), names)
	}
	for _, lang := range []string{"nl", "en"} {
		for _, name := range names {
			if len(name) < 2 {
				t.Errorf("%q is a short name", name)
			}
			if w := in(t, lang); !w.Has("state." + name) {
				t.Errorf("%s: %s has no words", lang, name)
			}
		}
	}
}

func TestPlacesAndValuesInWords(t *testing.T) {
	w := in(t, "nl")
	for pointer, want := range map[string]string{
		"": "Geheel", "/records/018f0000-0000-7000-8000-0000000000b1/category": "Stukken › …000000b1 › Soort", "/assignments/0/staff": "Toewijzingen › 1 › Medewerker",
		"/trajectories/T~11~0x/open/0/from": "Trajecten › T/1~x › Open › 1 › Van", "/changed/report/at": "Laatst gewijzigd › verslag › Tijd",
	} {
		if got := w.path(pointer); got != want {
			t.Errorf("%s is called %q, want %q", pointer, got, want)
		}
	}
	for _, x := range []struct{ pointer, raw, want string }{
		{"/records/x/category", `"report"`, "verslag"}, {"/records/x/contains", `["report","contact"]`, "verslag, contactgegevens"}, {"/records/x/judgement", `true`, "ja"},
		{"/records/x/category", `"no_such_code"`, "onbekende waarde"}, {"/hours/x", `75`, "1 uur 15 min"}, {"/assignments/0/staff", `"018f0000-0000-7000-8000-00000000000a"`, "Anna de Coach"},
		{"/profile", `"click-2017/1"`, "Click 2017, versie 1"}, {"/opened", `"2026-03-01T09:00:00Z"`, "01-03-2026 10:00 uur"}, {"/records/x/date", `"2026-03-01"`, "1 maart 2026"},
		{"/disclosures/x/made/version", `14`, "14"}, {"/status", ``, ""}, {"/status", `null`, ""}, {"/status", `{`, "onbekende waarde"}, {"/trajectories/T-1/number", `"T-1"`, "T-1"},
		{"/disclosures/x/items", `["contact","018f0000-0000-7000-8000-0000000000b1"]`, "contactgegevens, …000000b1"}, {"/class", `"employer"`, "werkgever"},
	} {
		if got := w.value(x.pointer, json.RawMessage(x.raw)); got != x.want {
			t.Errorf("%s %s reads %q, want %q", x.pointer, x.raw, got, x.want)
		}
	}
}

// C-0g, C-2.1.4b: an assignment that gave no access any more is not told as one that
// did; every reason that the policies give has its own words.
func TestWhyNothingCouldBeSeen(t *testing.T) {
	for _, lang := range []string{"nl", "en"} {
		w := in(t, lang)
		said := map[string]string{}
		for _, r := range []queries.SeenRights{
			{Code: "not_assigned", Rule: "C-0d"}, {Code: "not_assigned", Rule: "C-0d", Assigned: true}, {Code: "not_active"},
			{Code: "no_confidentiality"}, {Code: "no_role"}, {Code: "not_permitted"}, {Code: "other"},
		} {
			text := w.why(&r)
			if was, ok := said[text]; ok {
				t.Errorf("%s: %s (assigned %v) says what %s says: %s", lang, r.Code, r.Assigned, was, text)
			}
			said[text] = r.Code
		}
		assigned := func(r queries.SeenRights) string {
			for _, f := range w.rights(&queries.Seen{Rights: r}) {
				if f.Label == w.T("replay.could.assigned") {
					return f.Text
				}
			}
			return ""
		}
		yes, no := w.T("accounts.yes"), w.T("accounts.no")
		over := assigned(queries.SeenRights{Assigned: true})
		if got := assigned(queries.SeenRights{Assigned: true, Counts: true}); got != yes || over == yes || over == no || assigned(queries.SeenRights{}) != no {
			t.Errorf("%s: assigned and counting %q, assigned and over %q", lang, got, over)
		}
	}
}
