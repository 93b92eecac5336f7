package dossier_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/catalog"
	sc "github.com/casefile-engine/casefile/domain/catalog/scenario"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/nl"
)

const click, solutions = "click-2017", "solutions-vpr"

func TestOpenDossierSealsParticularsByCategory_C_0a(t *testing.T) {
	w := sc.Begin(t, solutions)
	r := w.Given("2017-02-01", "OpenDossier", sc.Open("commissioned", "employee",
		`,"birth_date":"1980-02-29","address":{"city":"Utrecht"},"sex":"f","telephone":"06","bsn":"111222333","bank":"NL91 ABNA 0417 1643 00"`))
	want := []string{"bank/dossier", "bsn/dossier", "contact/dossier", "invoice_name/fiscal", "personal/dossier"}
	if got := r.Sections(); !slices.Equal(got, want) && !slices.Equal(got, append([]string{"bank/fiscal"}, want[1:]...)) {
		t.Fatalf("sections %v, want %v", got, want)
	}
	for _, f := range r.Facts {
		raw, _, _ := catalog.Encode(f.Event)
		for _, word := range []string{"Marker", "Anna", "1980", "111222333", "Utrecht", "NL91"} {
			if strings.Contains(string(raw), word) {
				t.Fatalf("the clear event holds %q: %s", word, raw)
			}
		}
		for _, s := range f.Sections {
			if s.Owner != "dossier/"+sc.Dossier || !json.Valid(s.Data) {
				t.Fatalf("section %s of %s", s.Data, s.Owner)
			}
		}
	}
}

func TestOpenDossierRefusals(t *testing.T) {
	for _, c := range []struct{ name, at, data, code, rule string }{
		{"BSN fails the eleven test L-U46", "2017-02-01", sc.Open("commissioned", "employee", `,"bsn":"123456789"`), "bsn_invalid", "L-U46"},
		{"commissioned without commissioner C-1.1a", "2017-02-01", `{"client":{"family_name":"M","given_names":"A"},"service":"reintegration","referral":"commissioned","standing":"employee"}`, "commissioner_missing", "C-1.1a"},
		{"commissioner unknown C-2.6.3", "2017-02-01", strings.ReplaceAll(sc.Open("commissioned", "employee", ""), sc.UWV, sc.Stranger), "commissioner_unknown", "C-2.6.3"},
		{"commissioner is none C-2.6.3", "2017-02-01", strings.ReplaceAll(sc.Open("commissioned", "employee", ""), sc.UWV, sc.Employer), "not_a_commissioner", "C-2.6.3"},
		{"no regulation in force C-5", "2016-12-31", sc.Open("self", "none", ""), "no_regulation", "C-5"},
		{"BSN of a self-referred client without statute L-U46", "2017-02-01", sc.Open("self", "none", `,"bsn":"111222333"`), "bsn_statute_missing", "L-U46"},
		{"in the future", "2026-06-02", sc.Open("self", "none", ""), "in_future", domain.RuleForm},
		{"bank account", "2017-02-01", sc.Open("self", "none", `,"bank":"NL00ABNA0417164300"`), "iban_invalid", domain.RuleForm},
		{"born in the future", "2017-02-01", sc.Open("self", "none", `,"birth_date":"2030-01-01"`), "in_future", domain.RuleForm},
	} {
		t.Run(c.name, func(t *testing.T) {
			sc.Begin(t, click).When(c.at, "OpenDossier", c.data).Refused(c.code, c.rule)
		})
	}
	t.Run("BSN with the statute is taken L-U46", func(t *testing.T) {
		sc.Begin(t, click).Given("2017-02-01", "OpenDossier", sc.Open("self", "none", `,"bsn":"111222333","bsn_statute":"Wet SUWI 33"`))
	})
	t.Run("twice C-0a", func(t *testing.T) {
		sc.Opened(t, click).When("2017-02-02", "OpenDossier", sc.Open("self", "none", "")).Refused("dossier_exists", "C-0a")
	})
	t.Run("unknown dossier C-0a", func(t *testing.T) {
		sc.Begin(t, click).When("2017-02-02", "DeclineReferral", `{"declined_on":"2017-02-02","by":"client","reason":"x"}`).Refused("unknown_dossier", "C-0a")
	})
}

func TestTime(t *testing.T) {
	change := `{"fields":{"telephone":"06"},"valid_from":"2017-02-01","source":"client"}`
	hours := `{"category":"report","record":"` + sc.Record + `","title":"t","source":"staff_report"}`
	t.Run("before the opening", func(t *testing.T) {
		sc.Opened(t, click).When("2017-01-31", "AddRecord", hours).Refused("before_opening", domain.RuleForm)
	})
	t.Run("out of order for what takes its place in the order", func(t *testing.T) {
		w := sc.Opened(t, click)
		w.Given("2017-03-01", "ChangeClient", change)
		w.When("2017-02-20", "ChangeClient", change).Refused("out_of_order", domain.RuleForm)
	})
	t.Run("yesterday's conversation can be recorded today", func(t *testing.T) {
		w := sc.Opened(t, click)
		w.Given("2017-03-01", "ChangeClient", change)
		w.Given("2017-02-20", "AddRecord", hours)
	})
	t.Run("holds take place now outside the import", func(t *testing.T) {
		w := sc.Opened(t, click)
		w.Door = "web"
		w.When("2017-03-01", "PlaceHold", `{"hold":"`+sc.Hold+`","classes":["dossier"],"reason":"x"}`).Refused("not_now", domain.RuleForm)
		w.Given("", "PlaceHold", `{"hold":"`+sc.Hold+`","classes":["dossier"],"reason":"x"}`)
	})
}

func TestDeclineReferral_C_2_5e(t *testing.T) {
	decline := func(day string) string { return `{"declined_on":"` + day + `","by":"client","reason":"not now"}` }
	t.Run("starts the term", func(t *testing.T) {
		w := sc.Opened(t, click)
		w.Given("2017-02-05", "DeclineReferral", decline("2017-02-04"))
		if s := state(w); s.DeclinedOn != nl.MustDate("2017-02-04") {
			t.Fatalf("declined on %v", s.DeclinedOn)
		}
	})
	t.Run("not with a trajectory", func(t *testing.T) {
		w := sc.Opened(t, click)
		w.Given("2017-02-02", "StartTrajectory", `{"trajectory":"T-1"}`)
		w.When("2017-02-05", "DeclineReferral", decline("2017-02-04")).Refused("trajectory_exists", "C-2.5e")
	})
	t.Run("not before the opening", func(t *testing.T) {
		sc.Opened(t, click).When("2017-02-05", "DeclineReferral", decline("2017-01-31")).Refused("before_opening", "C-2.5e")
	})
	t.Run("not in the future", func(t *testing.T) {
		sc.Opened(t, click).When("2017-02-05", "DeclineReferral", decline("2027-01-31")).Refused("in_future", "C-2.5e")
	})
}

func TestChangeClient(t *testing.T) {
	t.Run("seals only what changed", func(t *testing.T) {
		r := sc.Opened(t, click).Given("2017-02-05", "ChangeClient", `{"fields":{"family_name":"Other"},"valid_from":"2017-02-05","source":"client"}`)
		if got := r.Sections(); !slices.Equal(got, []string{"contact/dossier", "invoice_name/fiscal"}) {
			t.Fatal(got)
		}
		if e := r.Facts[0].Event.(*dossier.ClientChanged); !slices.Equal(e.Fields, []string{"family_name"}) {
			t.Fatal(e.Fields)
		}
	})
	t.Run("says where it comes from C-1.2c", func(t *testing.T) {
		sc.Opened(t, click).When("2017-02-05", "ChangeClient", `{"fields":{"sex":"f"},"valid_from":"2017-02-05","source":""}`).Refused("source_missing", "C-1.2c")
	})
	t.Run("brings no BSN without a statute L-U46", func(t *testing.T) {
		w := sc.Begin(t, click)
		w.Given("2017-02-01", "OpenDossier", sc.Open("self", "none", ""))
		w.When("2017-02-05", "ChangeClient", `{"fields":{"bsn":"111222333"},"valid_from":"2017-02-05","source":"client"}`).Refused("bsn_statute_missing", "L-U46")
	})
}

func TestHandOut_C_I4(t *testing.T) {
	w := sc.Opened(t, click)
	w.Given("2017-02-01", "HandOutRegulation", `{"version":1,"language":"nl","method":"in_person","acknowledged":true}`)
	w.When("2017-02-01", "HandOutRegulation", `{"version":2,"language":"nl","method":"in_person","acknowledged":true}`).Refused("unknown_version", "C-I4")
	// T8: a language stands in the clear, so it cannot spell a name.
	w.Given("2017-02-01", "HandOutRegulation", `{"version":1,"language":"nl","method":"letter","sources":["third_party","commissioner"]}`) // L-14
	w.When("2017-02-01", "HandOutRegulation", `{"version":1,"language":"nl","method":"letter","sources":["neighbour"]}`).Refused("unknown_code", domain.RuleForm)
	w.When("2017-02-01", "HandOutRegulation", `{"version":1,"language":"nl-Jansen","method":"in_person"}`).Refused("unknown_code", domain.RuleForm)
	w.Given("2017-02-01", "HandOutRegulation", `{"version":1,"language":"nl-BE","method":"in_person"}`)
}

func TestSoftReservations_C_0a(t *testing.T) {
	reserve := func(data string) []string {
		spec, _ := catalog.CommandOf("OpenDossier")
		c, err := catalog.DecodeCommand(spec, json.RawMessage(data))
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, r := range catalog.Reserves(c) {
			if r.Hard || r.Warning != catalog.WarnClientKnown {
				t.Fatalf("reservation %+v", r)
			}
			out = append(out, r.Use+"="+r.Value)
		}
		slices.Sort(out)
		return out
	}
	a := reserve(sc.Open("commissioned", "employee", `,"bsn":"111.222.333","birth_date":"1980-01-01"`))
	b := reserve(strings.ReplaceAll(sc.Open("commissioned", "employee", `,"bsn":"111222333","birth_date":"1980-01-01"`), "Marker", " MARKER"))
	if len(a) != 2 || !slices.Equal(a, b) {
		t.Fatalf("%q and %q are the same client", a, b)
	}
}

func state(w *sc.World) *dossier.State {
	return w.State(domain.KindDossier, sc.Dossier).(*dossier.State)
}
