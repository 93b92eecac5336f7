package dossier_test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/casefile-engine/casefile/domain"
	sc "github.com/casefile-engine/casefile/domain/catalog/scenario"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/nl"
)

func view(more string) string {
	return `{"view":"` + aView + `","recipient":"` + sc.UWV + `","viewer":"Marker","records":[` + theRecord + `],"purpose":"guidance","consent":"` + sc.Consent + `","until":"2017-04-01"` + more + `}`
}

func TestGrantThirdPartyView_C_2_7b(t *testing.T) {
	rules := map[string]string{click: "C-2.7b", solutions: "S-Der"}
	for profile, rule := range rules {
		begun := func(t *testing.T) *sc.World {
			w := sc.Opened(t, profile)
			w.Given("2017-02-02", "StartTrajectory", `{"trajectory":"T-1"}`)
			w.Given("2017-02-05", "AddRecord", record("report", ""))
			return w
		}
		permit := func(w *sc.World, use, more string) {
			w.Given("2017-02-10", "GiveConsent", consent(sc.Consent, use, `"report"`, more))
		}
		for _, c := range []struct {
			name  string
			given func(*sc.World)
			data  string
			code  string
		}{
			{"with consent", func(w *sc.World) { permit(w, "view", toUWV) }, view(""), ""},
			{"without", func(*sc.World) {}, view(""), "consent_missing"},
			{"none named", func(w *sc.World) { permit(w, "view", toUWV) }, strings.Replace(view(""), `"consent":"`+sc.Consent+`",`, "", 1), "consent_missing"},
			{"consent to disclose", func(w *sc.World) { permit(w, "disclose", toUWV) }, view(""), "consent_use"},
			{"consent for another recipient", func(w *sc.World) { permit(w, "view", `,"explicit":true,"recipient":"`+sc.Partner+`"`) }, view(""), "consent_recipient"},
			{"consent withdrawn", func(w *sc.World) {
				permit(w, "view", toUWV)
				w.Given("2017-02-20", "WithdrawConsent", `{"consent":"`+sc.Consent+`"}`)
			}, view(""), "consent_withdrawn"},
			{"consent expired", func(w *sc.World) { permit(w, "view", toUWV+`,"until":"2017-02-28"`) }, view(""), "consent_expired"},
			{"no running dossier", func(w *sc.World) {
				permit(w, "view", toUWV)
				w.Given("2017-02-20", "EndTrajectory", `{"trajectory":"T-1","ended_on":"2017-02-20","outcome":"work"}`)
			}, view(""), "no_open_trajectory"},
			{"record of another dossier", func(w *sc.World) { permit(w, "view", toUWV) }, strings.Replace(view(""), sc.Record, sc.Record2, 1), "record_unknown"},
			{"restricted record", func(w *sc.World) {
				permit(w, "view", toUWV)
				w.Given("2017-02-20", "RestrictRecord", `{"record":"`+sc.Record+`","reason":"x"}`)
			}, view(""), "record_restricted"},
			{"unknown recipient", func(w *sc.World) { permit(w, "view", toUWV) }, strings.Replace(view(""), sc.UWV, sc.Stranger, 1), "recipient_unknown"},
		} {
			t.Run(profile+" "+c.name, func(t *testing.T) {
				w := begun(t)
				c.given(w)
				r := w.When("2017-03-01", "GrantThirdPartyView", c.data)
				if c.code == "" {
					if got := r.Accepted().Sections(); !slices.Equal(got, []string{"recipient/person"}) {
						t.Fatal(got)
					}
					return
				}
				if r.Err == nil || r.Err.Code != c.code {
					t.Fatalf("%v, want %s", r.Err, c.code)
				}
				if c.code == "consent_missing" && r.Err.Rule != rule || c.code == "no_open_trajectory" && r.Err.Rule != rule {
					t.Fatalf("by %s, want %s", r.Err.Rule, rule)
				}
				if e, ok := r.Facts[0].Event.(*dossier.ViewRefused); !ok || len(r.Facts) != 1 || e.Code != c.code || e.Rule != r.Err.Rule || len(r.Sections()) != 0 {
					t.Fatalf("the refusal is on record: %+v", r.Facts)
				}
				if state(w).Views[aView] != nil {
					t.Fatal("a refused view is none")
				}
			})
		}
	}
}

// The view ends with its term, with the consent, with the trajectory and by
// word, whichever comes first (C-2.7b, L-7).
func TestAViewHoldsOnlySoLong_C_2_7b(t *testing.T) {
	granted := func(t *testing.T) *sc.World {
		w := sc.Opened(t, click)
		w.Given("2017-02-02", "StartTrajectory", `{"trajectory":"T-1"}`)
		w.Given("2017-02-05", "AddRecord", record("report", ""))
		w.Given("2017-02-10", "GiveConsent", consent(sc.Consent, "view", `"report"`, toUWV))
		w.Given("2017-03-01", "GrantThirdPartyView", view(""))
		return w
	}
	for name, c := range map[string]struct{ command, data string }{
		"by its term": {}, "by word": {"EndThirdPartyView", `{"view":"` + aView + `"}`},
		"by the consent":    {"WithdrawConsent", `{"consent":"` + sc.Consent + `"}`},
		"by the trajectory": {"EndTrajectory", `{"trajectory":"T-1","ended_on":"2017-03-09","outcome":"work"}`},
		"by a restriction":  {"RestrictRecord", `{"record":"` + sc.Record + `","reason":"x"}`},
	} {
		t.Run(name, func(t *testing.T) {
			w, last := granted(t), "2017-04-01"
			if c.command != "" {
				w.Given("2017-03-10", c.command, c.data)
				last = "2017-03-09"
			}
			s := state(w)
			for day, want := range map[string]int{"2017-02-28": 0, "2017-03-01": 1, last: 1, nl.MustDate(last).AddDays(1).String(): 0} {
				if got := s.ViewedRecords(aView, sc.Time(day)); len(got) != want {
					t.Errorf("on %s: %v", day, got)
				}
			}
		})
	}
	w := granted(t)
	w.When("2017-03-02", "GrantThirdPartyView", view("")).Refused("id_in_use", "C-2.7b")
	w.When("2017-05-02", "GrantThirdPartyView", strings.Replace(view(""), aView, sc.Hold, 1)).Refused("out_of_range", "C-2.7b")
	w.When("2017-03-02", "EndThirdPartyView", `{"view":"`+sc.Hold+`"}`).Refused("unknown_view", "C-2.7b")
	w.Given("2017-03-02", "EndThirdPartyView", `{"view":"`+aView+`"}`)
	w.When("2017-03-03", "EndThirdPartyView", `{"view":"`+aView+`"}`).Refused("view_ended", "C-2.7b")
	w.Door = "web"
	w.When("2017-03-04", "GrantThirdPartyView", strings.Replace(view(""), aView, sc.Hold, 1)).Refused("not_now", domain.RuleForm)
}

func TestComplaints_C_2_1_3_S_Kla(t *testing.T) {
	for profile, rule := range map[string]string{click: "C-2.1.3", solutions: "S-Kla"} {
		file := func(more string) string {
			return `{"complaint":"` + aComplaint + `","received_on":"2017-03-01","channel":"oral","text":"Marker"` + more + `}`
		}
		resolve := func(handler, more string) string {
			return `{"complaint":"` + aComplaint + `","handler":"` + handler + `","answered_on":"2017-03-10","outcome":"upheld"` + more + `}`
		}
		remedies := `,"remedies":"Autoriteit Persoonsgegevens"`
		w := sc.Opened(t, profile)
		w.When("2017-03-10", "ResolveComplaint", resolve(sc.Admin, remedies)).Refused("unknown_complaint", rule)
		w.When("2017-03-02", "FileComplaint", file(`,"about_staff":"`+sc.Stranger+`"`)).Refused("unknown_staff", "C-2.7e")
		e := w.Given("2017-03-02", "FileComplaint", file(`,"about_staff":"`+sc.Coach+`","clause":"C-2.7c"`)).Facts[0].Event.(*dossier.ComplaintFiled)
		if e.Due != nl.MustDate("2017-04-12") || e.Clause != "C-2.7c" || e.AboutStaff != sc.Coach {
			t.Fatalf("%+v", e)
		}
		w.When("2017-03-02", "FileComplaint", file("")).Refused("id_in_use", rule)
		w.When("2017-03-10", "ResolveComplaint", resolve(sc.Coach, remedies)).Refused("handler_concerned", rule)
		w.When("2017-03-10", "ResolveComplaint", resolve(sc.Admin, "")).Refused("remedies_missing", rule)
		w.When("2017-03-10", "ResolveComplaint", strings.Replace(resolve(sc.Admin, remedies), "2017-03-10", "2017-02-28", 1)).Refused("before_complaint", rule)
		w.When("2017-03-10", "ResolveComplaint", resolve(sc.Stranger, remedies)).Refused("unknown_staff", "C-2.7e")
		r := w.Given("2017-03-10", "ResolveComplaint", resolve(sc.Admin, remedies))
		if e := r.Facts[0].Event.(*dossier.ComplaintResolved); e.Outcome != "upheld" || e.Handler != sc.Admin {
			t.Fatalf("%+v", e)
		}
		w.When("2017-03-11", "ResolveComplaint", resolve(sc.Admin, remedies)).Refused("complaint_resolved", rule)
	}
	w := sc.Opened(t, click)
	e := w.Given("2017-03-02", "FileComplaint", `{"complaint":"`+aComplaint+`","received_on":"2017-03-01","channel":"letter","text":"x","clause":"what Jansen did"}`).Facts[0].Event.(*dossier.ComplaintFiled)
	if e.Clause != "" {
		t.Fatal("words stand in the clear")
	}
}

// C-1.2e: exactly name and trajectory number, confirmed by a person.
func TestTakeOverInvoice_C_1_2e(t *testing.T) {
	take := func(more string) string {
		return `{"trajectory":"T-1","confirmed_by":"` + sc.Admin + `"` + more + `}`
	}
	for _, profile := range []string{click, solutions} {
		w := sc.Opened(t, profile)
		w.When("2017-03-01", "TakeOverInvoice", take("")).Refused("unknown_trajectory", "C-0a")
		w.Given("2017-03-01", "StartTrajectory", `{"trajectory":"T-1"}`)
		r := w.Given("2017-03-02", "TakeOverInvoice", take(`,"period":"2017-Q1"`))
		if e := r.Facts[0].Event.(*dossier.InvoiceTakenOver); !slices.Equal(e.Fields, []string{"name", "trajectory"}) || len(r.Sections()) != 0 {
			t.Fatalf("%+v %v", e, r.Sections())
		}
		for _, field := range []string{"bsn", "address", "name", "hours", "Jansen"} {
			w.When("2017-03-02", "TakeOverInvoice", take(`,"`+field+`":"x"`)).Refused("field_not_taken_over", "C-1.2e")
		}
		w.When("2017-03-02", "TakeOverInvoice", take(`,"period":"111222333"`)).Refused("invalid_period", domain.RuleForm)
		w.When("2017-03-02", "TakeOverInvoice", `{"trajectory":"T-1"}`).Refused("missing", domain.RuleForm)
		w.When("2017-03-02", "TakeOverInvoice", strings.Replace(take(""), sc.Admin, sc.Stranger, 1)).Refused("unknown_staff", "C-2.7e")
	}
}

func attach(mediaType, content string) string {
	return fmt.Sprintf(`{"document":%q,"record":%q,"name":"Marker.pdf","media_type":%q,"content":%q}`, sc.Hold, sc.Record, mediaType, content)
}

// A file is sealed as its record is: under the strictest category that it holds.
func TestAttachDocument(t *testing.T) {
	w := sc.Opened(t, solutions)
	w.When("2017-02-06", "AttachDocument", attach("application/pdf", "eA==")).Refused("unknown_record", "C-2.9.2")
	w.Given("2017-02-05", "AddRecord", record("correspondence", `,"contains":["medical"],"necessity":"x"`))
	for content, code := range map[string]string{
		"no base64": "invalid_content", base64.StdEncoding.EncodeToString(make([]byte, dossier.MaxDocument+1)): "too_large",
		base64.StdEncoding.EncodeToString(make([]byte, dossier.MaxDocument+9)): "too_large", "": "missing",
	} {
		w.When("2017-02-06", "AttachDocument", attach("application/pdf", content)).Refused(code, domain.RuleForm)
	}
	w.When("2017-02-06", "AttachDocument", attach("the letter of Jansen", "eA==")).Refused("invalid_media_type", domain.RuleForm)
	most := base64.StdEncoding.EncodeToString(make([]byte, dossier.MaxDocument))
	r := w.Given("2017-02-06", "AttachDocument", attach("application/pdf", most))
	if e := r.Facts[0].Event.(*dossier.DocumentAttached); e.Size != dossier.MaxDocument || e.Class != domain.ClassMedical || !slices.Equal(r.Sections(), []string{"medical/medical"}) {
		t.Fatalf("%+v %v", e, r.Sections())
	}
	w.When("2017-02-06", "AttachDocument", attach("application/pdf", "eA==")).Refused("id_in_use", "C-2.4")
	other := strings.Replace(attach("text/jansen", "eA=="), sc.Hold, sc.Entry, 1)
	if e := w.Given("2017-02-06", "AttachDocument", other).Facts[0].Event.(*dossier.DocumentAttached); e.MediaType != "application/octet-stream" {
		t.Fatalf("%+v", e)
	}
}
