package regulation_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/regulation"
)

// effective are the built-in profiles with the law layer applied.
func effective(t *testing.T) map[string]*regulation.Profile {
	t.Helper()
	out := map[string]*regulation.Profile{}
	for _, name := range []string{"click-2017", "solutions-vpr"} {
		p, _, err := regulation.Adopt(name, 1, nil)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = &p
	}
	return out
}

func activity(t *testing.T, p *regulation.Profile, purpose string) regulation.Activity {
	t.Helper()
	list := regulation.Activities(p)
	i := slices.IndexFunc(list, func(a regulation.Activity) bool { return a.Purpose == purpose })
	if i < 0 {
		t.Fatalf("%s has no activity %s", p.Name, purpose)
	}
	return list[i]
}

// The register is whole: every purpose of the regulation is an entry, with all
// that AVG 30 asks for, in both languages.
func TestRegisterOfActivitiesIsWhole_L_30_S_CBP(t *testing.T) {
	for name, p := range effective(t) {
		list := regulation.Activities(p)
		if len(list) != len(p.Purposes) {
			t.Errorf("%s: %d activities for %d purposes", name, len(list), len(p.Purposes))
		}
		ids := map[string]bool{}
		for i, a := range list {
			if a.Purpose != p.Purposes[i].Code || ids[a.ID] || a.Rule == "" || a.Role == "" || len(a.Bases) == 0 || len(a.Security) == 0 || len(a.Subjects) == 0 || a.Transfers {
				t.Errorf("%s: %+v", name, a)
			}
			ids[a.ID] = true
			texts := []regulation.Text{a.Name}
			for _, b := range slices.Concat(a.Bases, a.Health) {
				texts = append(texts, b.Text)
			}
			for _, m := range a.Security {
				texts = append(texts, m.Text)
				if m.Rule == "" || m.Code == "" {
					t.Errorf("%s %s: %+v rests on nothing", name, a.Purpose, m)
				}
			}
			for _, r := range a.Recipients {
				texts = append(texts, r.Label)
			}
			for _, x := range texts {
				if x.NL == "" || x.EN == "" {
					t.Errorf("%s %s: a text lacks a language: %+v", name, a.Purpose, x)
				}
			}
			checkActivity(t, p, &a)
		}
	}
}

// checkActivity asks that an entry says nothing else than the profile.
func checkActivity(t *testing.T, p *regulation.Profile, a *regulation.Activity) {
	t.Helper()
	for _, c := range a.Categories {
		own, ok := p.CategoryOf(c)
		if !ok {
			t.Errorf("%s: %s is no category of the regulation", a.ID, c)
		}
		if slices.Contains(a.Special, c) != (own.Special != "") {
			t.Errorf("%s: %s special %q", a.ID, c, own.Special)
		}
		class := p.ClassOf(c)
		if !slices.ContainsFunc(a.Retention, func(r regulation.ActivityTerm) bool { return r.Class == class }) {
			t.Errorf("%s: nothing on how long %s is kept", a.ID, c)
		}
	}
	health := slices.ContainsFunc(a.Categories, domain.Category.Health)
	if health != (len(a.Health) > 0) {
		t.Errorf("%s: health %v, bases %v", a.ID, health, a.Health)
	}
	for _, g := range a.Grounds {
		if _, ok := p.GroundOf(g); !ok {
			t.Errorf("%s: %s is no ground of the regulation", a.ID, g)
		}
	}
	for _, r := range a.Retention {
		if own, _ := p.RetentionOf(r.Class); own.Term != r.Term || own.Rule != r.Rule {
			t.Errorf("%s: %+v is not what the regulation says", a.ID, r)
		}
	}
}

// The central register is used for subsidies, invoices and management
// information, each with its own purpose, categories and retention.
func TestTheThreeNamedUses_C_1_2a(t *testing.T) {
	for name, p := range effective(t) {
		subsidy, invoicing, overviews := activity(t, p, "subsidy"), activity(t, p, "invoicing"), activity(t, p, "management_information")
		if !slices.Equal(subsidy.Categories, []domain.Category{"contact", "subsidy"}) || len(subsidy.Recipients) != 1 || subsidy.Recipients[0].Class != "subsidy_provider" {
			t.Errorf("%s: %+v", name, subsidy)
		}
		if !slices.Equal(invoicing.Categories, []domain.Category{"contact", "bank", "hours"}) || len(invoicing.Recipients) != 1 || invoicing.Recipients[0].Class != "commissioner" {
			t.Errorf("%s: %+v", name, invoicing)
		}
		// Overviews lead to nobody and go to nobody (C-1.2d).
		if !slices.Equal(overviews.Categories, []domain.Category{"hours"}) || len(overviews.Recipients) != 0 || len(overviews.Grounds) != 0 {
			t.Errorf("%s: %+v", name, overviews)
		}
		for _, a := range []regulation.Activity{subsidy, invoicing, overviews} {
			if len(a.Special) != 0 || len(a.Retention) == 0 || !a.Expected {
				t.Errorf("%s: %+v", name, a)
			}
		}
	}
}

func TestActivityParticulars(t *testing.T) {
	profiles := effective(t)
	click, sol := profiles["click-2017"], profiles["solutions-vpr"]
	t.Run("what the client does not expect is told C-I2", func(t *testing.T) {
		for name, p := range profiles {
			for _, a := range regulation.Activities(p) {
				if a.Expected == (a.Purpose == "research") {
					t.Errorf("%s %s: expected %v", name, a.Purpose, a.Expected)
				}
			}
		}
	})
	t.Run("absence belongs to Solutions alone S-Alg", func(t *testing.T) {
		if a := activity(t, sol, "absence"); !slices.Equal(a.Services, []string{"absence"}) {
			t.Error(a.Services)
		}
		if slices.ContainsFunc(regulation.Activities(click), func(a regulation.Activity) bool { return a.Purpose == "absence" }) {
			t.Error("click-2017 has no absence guidance")
		}
	})
	t.Run("grounds are the regulation's own S-Der", func(t *testing.T) {
		if a := activity(t, sol, "guidance"); slices.Contains(a.Grounds, domain.GroundGuidance) {
			t.Error(a.Grounds)
		}
		if a := activity(t, click, "guidance"); !slices.Contains(a.Grounds, domain.GroundGuidance) || slices.Contains(a.Grounds, domain.GroundResearch) {
			t.Error(a.Grounds)
		}
	})
	t.Run("terms and custody of each S-Bew3 S-Bev1 C-2.7d", func(t *testing.T) {
		for p, want := range map[*regulation.Profile]string{click: "P10Y", sol: "P7Y"} {
			a := activity(t, p, "invoicing")
			i := slices.IndexFunc(a.Retention, func(r regulation.ActivityTerm) bool { return r.Class == domain.ClassFiscal })
			if i < 0 || a.Retention[i].Term.String() != want {
				t.Errorf("%s: %+v", p.Name, a.Retention)
			}
		}
		has := func(p *regulation.Profile, code, rule string) bool {
			return slices.ContainsFunc(activity(t, p, "audit").Security, func(m regulation.Measure) bool { return m.Code == code && m.Rule == rule })
		}
		if !has(sol, "end_of_day", "S-Bev1") || !has(click, "never_unattended", "C-2.7d") || has(click, "end_of_day", "S-Bev1") || !has(click, "second_factor", "L-32") {
			t.Error("the measures are not those of the regulation")
		}
	})
	t.Run("the same profile gives the same register", func(t *testing.T) {
		a, errA := json.Marshal(regulation.Activities(click))
		b, errB := json.Marshal(regulation.Activities(click))
		if errA != nil || errB != nil || string(a) != string(b) {
			t.Error("two registers of one profile differ")
		}
	})
}
