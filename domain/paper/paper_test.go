package paper_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/casefile-engine/casefile/domain"
	sc "github.com/casefile-engine/casefile/domain/catalog/scenario"
	"github.com/casefile-engine/casefile/domain/paper"
)

const (
	volume   = `"volume":"` + sc.Record + `"`
	register = `{` + volume + `,"cabinet":"K-1"}`
	take     = `{` + volume + `,"purpose":"guidance"}`
	back     = `{` + volume + `}`
)

func attest(day, explanations string) string {
	return `{"date":"` + day + `","cabinet":"K-1"` + explanations + `}`
}

// shelved is a dossier with one volume in cabinet K-1.
func shelved(t *testing.T, profile string) *sc.World {
	w := sc.Opened(t, profile)
	w.Given("2017-02-02", "RegisterVolume", register)
	return w
}

func TestRegisterVolume_C_1_1b(t *testing.T) {
	t.Run("names its dossier and cabinet", func(t *testing.T) {
		r := sc.Opened(t, "click-2017").Given("2017-02-02", "RegisterVolume", register)
		e := r.Facts[0].Event.(*paper.VolumeRegistered)
		if e.Place != (paper.Place{Volume: sc.Record, Dossier: sc.Dossier, Cabinet: "K-1"}) {
			t.Errorf("%+v", e)
		}
	})
	t.Run("refusals", func(t *testing.T) {
		w := shelved(t, "click-2017")
		w.When("2017-02-03", "RegisterVolume", register).Refused("id_in_use", "C-1.1b")
		other := strings.Replace(register, sc.Record, sc.Record2, 1)
		w.When("2017-01-31", "RegisterVolume", other).Refused("before_opening", domain.RuleForm)
		for _, cabinet := range []string{"", " ", "Cabinet of the clients whose names begin with K", "111222333", "Kást"} {
			r := w.When("2017-02-03", "RegisterVolume", strings.Replace(other, "K-1", cabinet, 1))
			if r.Err == nil || r.Err.Field != "cabinet" {
				t.Errorf("cabinet %q: %v", cabinet, r.Err)
			}
		}
		sc.Begin(t, "click-2017").When("2017-02-02", "RegisterVolume", register).Refused("unknown_dossier", "C-0a")
		sc.New(t).When("2017-02-02", "RegisterVolume", register).Refused("unknown_agency", "C-5")
	})
}

func TestPaperIsNeverOutTwice_C_2_7d(t *testing.T) {
	rules := map[string]string{"click-2017": "C-2.7d", "solutions-vpr": "S-Bev1"}
	for profile, rule := range rules {
		w := shelved(t, profile)
		w.When("2017-02-03", "CheckInPaper", back).Refused("not_out", rule)
		w.Given("2017-02-03", "CheckOutPaper", take)
		if by, out := w.State(domain.KindPaper, sc.Agency).(*paper.State).Volumes[sc.Record].IsOut(); !out || by != sc.Coach {
			t.Errorf("out %v with %s", out, by)
		}
		w.When("2017-02-03", "CheckOutPaper", take).Refused("already_out", rule)
		w.Given("2017-02-03", "CheckInPaper", back)
		w.When("2017-02-03", "CheckInPaper", back).Refused("not_out", rule)
		w.When("2017-02-02", "CheckOutPaper", take).Refused("out_of_order", domain.RuleForm)
		w.When("2017-02-04", "CheckOutPaper", strings.Replace(take, sc.Record, sc.Record2, 1)).Refused("unknown_volume", "C-1.1b")
	}
	t.Run("for a purpose of the regulation S-Doel", func(t *testing.T) {
		r := shelved(t, "click-2017").When("2017-02-03", "CheckOutPaper", strings.Replace(take, "guidance", "absence", 1))
		r.Refused("purpose_unknown", "C-I1")
	})
	t.Run("what one takes it for beside the code is sealed under the dossier", func(t *testing.T) {
		r := shelved(t, "click-2017").Given("2017-02-03", "CheckOutPaper", strings.Replace(take, `}`, `,"note":"Marker"}`, 1))
		if s := r.Facts[0].Sections; len(s) != 1 || s[0].Owner != "dossier/"+sc.Dossier || s[0].Class != domain.ClassDossier {
			t.Errorf("%+v", s)
		}
	})
	t.Run("can be put back elsewhere", func(t *testing.T) {
		w := shelved(t, "click-2017")
		w.Given("2017-02-03", "CheckOutPaper", take)
		w.Given("2017-02-03", "CheckInPaper", `{`+volume+`,"cabinet":"Kast 2"}`)
		w.Given("2017-02-04", "CheckOutPaper", take)
		w.Given("2017-02-04", "AttestCabinets", attest("2017-02-04", ""))
	})
	t.Run("each volume has its own order of time", func(t *testing.T) {
		w := shelved(t, "click-2017")
		w.Given("2019-02-03", "CheckOutPaper", take)
		w.Given("2017-02-04", "RegisterVolume", strings.Replace(register, sc.Record, sc.Record2, 1))
		w.Given("2017-02-05", "CheckOutPaper", strings.Replace(take, sc.Record, sc.Record2, 1))
	})
}

func TestAttestCabinets_S_Bev1(t *testing.T) {
	explained := `,"explanations":{"` + sc.Record + `":"Marker takes it to the court"}`
	for _, profile := range []string{"click-2017", "solutions-vpr"} {
		t.Run("complete, "+profile, func(t *testing.T) {
			w := shelved(t, profile)
			e := w.Given("2017-02-03", "AttestCabinets", attest("2017-02-03", "")).Facts[0].Event.(*paper.Attested)
			if len(e.Out) != 0 {
				t.Error(e.Out)
			}
		})
		t.Run("a volume is out, "+profile, func(t *testing.T) {
			w := shelved(t, profile)
			w.Given("2017-02-03", "CheckOutPaper", take)
			w.When("2017-02-03", "AttestCabinets", attest("2017-02-03", "")).Refused("volume_out", "S-Bev1")
			w.When("2017-02-03", "AttestCabinets", attest("2017-02-03", `,"explanations":{"`+sc.Record+`":" "}`)).Refused("missing", domain.RuleForm)
			r := w.Given("2017-02-03", "AttestCabinets", attest("2017-02-03", explained))
			if e := r.Facts[0].Event.(*paper.Attested); !slices.Equal(e.Out, []string{sc.Record}) {
				t.Error(e.Out)
			}
			if s := r.Facts[0].Sections; len(s) != 1 || s[0].Owner != "dossier/"+sc.Dossier {
				t.Errorf("%+v", s)
			}
			// Another cabinet is complete all the same.
			w.Given("2017-02-03", "AttestCabinets", strings.Replace(attest("2017-02-03", ""), "K-1", "K-2", 1))
		})
	}
	t.Run("explanations as a list", func(t *testing.T) {
		w := shelved(t, "click-2017")
		w.Given("2017-02-03", "CheckOutPaper", take)
		one := `{"volume":"` + sc.Record + `","explanation":"Marker"}`
		w.Given("2017-02-03", "AttestCabinets", attest("2017-02-03", `,"explanations":[`+one+`]`))
		w.When("2017-02-03", "AttestCabinets", attest("2017-02-03", `,"explanations":[`+one+`,`+one+`]`)).Refused("repeated", domain.RuleForm)
		w.When("2017-02-03", "AttestCabinets", attest("2017-02-03", `,"explanations":"Marker"`)).Refused("invalid_type", domain.RuleForm)
		w.When("2017-02-03", "AttestCabinets", attest("2017-02-03", `,"explanations":{"`+sc.Stranger+`":"Marker"}`)).Refused("volume_out", "S-Bev1")
		w.When("2017-02-03", "AttestCabinets", attest("2017-02-03", explained[:len(explained)-1]+`,"`+sc.Stranger+`":"Marker"}`)).Refused("unknown_volume", "C-1.1b")
	})
	t.Run("a day that is over is judged by its end", func(t *testing.T) {
		w := shelved(t, "solutions-vpr")
		w.Given("2017-02-03", "CheckOutPaper", take)
		w.Given("2017-02-06", "CheckInPaper", back)
		w.Given("2017-02-07", "CheckOutPaper", take)
		w.When("2017-02-08", "AttestCabinets", attest("2017-02-03", "")).Refused("volume_out", "S-Bev1")
		w.Given("2017-02-08", "AttestCabinets", attest("2017-02-06", ""))
		w.When("2017-02-08", "AttestCabinets", attest("2017-02-07", "")).Refused("volume_out", "S-Bev1")
		w.When("2017-02-08", "AttestCabinets", attest("2017-02-09", "")).Refused("in_future", "S-Bev1")
		w.When("2017-03-20", "AttestCabinets", attest("2017-02-06", "")).Refused("too_late", "S-Bev1")
		w.When("2017-02-07", "AttestCabinets", attest("2017-02-07", "")).Refused("out_of_order", domain.RuleForm)
	})
	t.Run("a cabinet that nobody knows is remarked on", func(t *testing.T) {
		r := shelved(t, "click-2017").Given("2017-02-03", "AttestCabinets", `{"date":"2017-02-03","cabinet":"K-9"}`)
		if !slices.Equal(r.Warnings, []string{paper.WarnCabinetUnknown}) {
			t.Error(r.Warnings)
		}
	})
}

func TestDestroyPaper_S_Bew4(t *testing.T) {
	destroy := func(method, witness string) string {
		return `{` + volume + `,"list":"` + sc.Hold + `","method":"` + method + `","witnessed_by":"` + witness + `"}`
	}
	t.Run("before a witness", func(t *testing.T) {
		w := shelved(t, "click-2017")
		w.When("2017-02-03", "DestroyPaper", destroy("shredded", sc.Coach)).Refused("witness_is_actor", "C-2.5c")
		w.When("2017-02-03", "DestroyPaper", destroy("shredded", sc.Stranger)).Refused("unknown_staff", "C-2.7e")
		w.Given("2017-02-03", "EnrolStaff", `{"staff":"`+sc.Stranger+`","name":"Marker","login":"marker"}`)
		w.When("2017-02-03", "DestroyPaper", destroy("shredded", sc.Stranger)).Refused("no_confidentiality", "C-2.1.5")
		r := w.Given("2017-02-03", "DestroyPaper", destroy("shredded", sc.Admin))
		if e := r.Facts[0].Event.(*paper.Destroyed); e.Method != "shredded" || e.List != sc.Hold || e.WitnessedBy != sc.Admin || len(r.Sections()) != 0 {
			t.Errorf("%+v", e)
		}
		w.When("2017-02-04", "CheckOutPaper", take).Refused("volume_destroyed", "C-2.5c")
		w.When("2017-02-04", "DestroyPaper", destroy("shredded", sc.Admin)).Refused("volume_destroyed", "C-2.5c")
		if left := w.State(domain.KindPaper, sc.Agency).(*paper.State).VolumesOf(sc.Dossier); len(left) != 0 {
			t.Error(left)
		}
	})
	t.Run("a method in words is sealed", func(t *testing.T) {
		r := shelved(t, "click-2017").Given("2017-02-03", "DestroyPaper", destroy("eaten by Marker", sc.Admin))
		if e := r.Facts[0].Event.(*paper.Destroyed); e.Method != "other" || !slices.Equal(r.Sections(), []string{"file/dossier"}) {
			t.Errorf("%+v %v", e, r.Sections())
		}
	})
	t.Run("not while somebody else has it out", func(t *testing.T) {
		w := shelved(t, "click-2017")
		w.Given("2017-02-03", "CheckOutPaper", take)
		w.Actor = sc.Admin
		w.When("2017-02-03", "DestroyPaper", destroy("burned", sc.Coach)).Refused("already_out", "C-2.7d")
		w.Actor = sc.Coach
		w.Given("2017-02-03", "DestroyPaper", destroy("burned", sc.Admin))
	})
	t.Run("without a list the dossier is named, and a hold forbids it", func(t *testing.T) {
		w := shelved(t, "click-2017")
		without := strings.Replace(destroy("shredded", sc.Admin), `"list":"`+sc.Hold+`",`, "", 1)
		w.When("2017-02-03", "DestroyPaper", without).Refused("missing", domain.RuleForm)
		w.NameDossier = true
		w.Given("2017-02-03", "PlaceHold", `{"hold":"`+sc.Hold+`","classes":["medical"],"reason":"r"}`)
		w.When("2017-02-03", "DestroyPaper", without).Refused("held", "C-2.5c")
		w.Given("2017-02-04", "LiftHold", `{"hold":"`+sc.Hold+`","reason":"r"}`)
		w.Given("2017-02-04", "DestroyPaper", without)
	})
}
