package dossier_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/casefile-engine/casefile/domain"
	sc "github.com/casefile-engine/casefile/domain/catalog/scenario"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/domain/regulation"
)

const (
	theRequest = "70000000-0000-4000-8000-000000000001"
	aMentor    = "60000000-0000-4000-8000-000000000001"
	anIncident = "50000000-0000-4000-8000-000000000001"
	aView      = "40000000-0000-4000-8000-000000000001"
	aComplaint = "30000000-0000-4000-8000-000000000001"
)

func request(kind, more string) string {
	return fmt.Sprintf(`{"request":%q,"kind":%q,"by":"client","channel":"letter","received_on":"2017-03-01"%s}`, theRequest, kind, more)
}

func decide(decision, more string) string {
	return fmt.Sprintf(`{"request":%q,"decision":%q%s}`, theRequest, decision, more)
}

const reasoned = `,"reason":"needed for a claim","remedies":"AP and the court"`

// rightRule is the article that gives each right, under either profile.
var rightRule = map[string]map[string]string{
	click:     {"access": "C-2.9.1", "rectification": "C-2.9.2", "completion": "C-2.9.2", "erasure": "C-2.9.3", "restriction": "C-2.9.3", "objection": "L-21", "portability": "L-20"},
	solutions: {"access": "S-Inz", "rectification": "L-16", "completion": "L-16", "erasure": "S-Bew2", "restriction": "L-18", "objection": "L-21", "portability": "L-20"},
}

// Every right is there under both profiles, is answered within 28 days, and is
// refused only with reasons and remedies (C-2.9.1, C-2.9.2, C-2.9.3, S-Inz, L-12).
func TestEveryKindOfRequest_C_2_9_3(t *testing.T) {
	for _, profile := range []string{click, solutions} {
		for _, kind := range domain.RequestKinds {
			t.Run(profile+" "+kind, func(t *testing.T) {
				rule := rightRule[profile][kind]
				w := sc.Opened(t, profile)
				w.When("2017-03-02", "DecideRequest", decide("granted", "")).Refused("unknown_request", "L-12")
				e := w.Given("2017-03-02", "ReceiveRequest", request(kind, "")).Facts[0].Event.(*dossier.RequestReceived)
				if e.Due != nl.MustDate("2017-03-29") || e.Kind != kind || len(e.Items) != 0 {
					t.Fatalf("%+v", e)
				}
				w.When("2017-03-02", "ReceiveRequest", request(kind, "")).Refused("id_in_use", rule)
				w.When("2017-03-03", "ExtendRequest", `{"request":"`+theRequest+`","until":"2017-04-20","reason":"many","told_on":"2017-03-03"}`).Refused("extension_not_allowed", rule)
				fulfil := `{"request":"` + theRequest + `","fulfilled_on":"2017-03-06","method":"letter"}`
				w.When("2017-03-06", "FulfilRequest", fulfil).Refused("not_decided", rule)
				for _, decision := range []string{"refused", "partly"} {
					w.When("2017-03-05", "DecideRequest", decide(decision, "")).Refused("reason_missing", "C-2.9.3")
					w.When("2017-03-05", "DecideRequest", decide(decision, `,"reason":" ","remedies":"AP"`)).Refused("reason_missing", "C-2.9.3")
					w.When("2017-03-05", "DecideRequest", decide(decision, `,"reason":"needed"`)).Refused("remedies_missing", "C-2.9.3")
					w.When("2017-03-05", "DecideRequest", decide(decision, `,"reason":"needed","remedies":[]`)).Refused("remedies_missing", "C-2.9.3")
				}
				r := w.Given("2017-03-05", "DecideRequest", decide("refused", reasoned))
				if got := r.Sections(); !slices.Equal(got, []string{"file/dossier"}) {
					t.Fatal(got)
				}
				if d := r.Facts[0].Event.(*dossier.RequestDecided); d.AnsweredOn != nl.MustDate("2017-03-05") {
					t.Fatalf("answered on the day of the decision: %+v", d)
				}
				if got := slices.Contains(r.Warnings, "statute_missing"); got != (kind == "erasure" && profile == solutions) {
					t.Fatalf("S-Bew2: warnings %v", r.Warnings)
				}
				w.When("2017-03-06", "DecideRequest", decide("granted", "")).Refused("already_decided", rule)
				w.When("2017-03-06", "FulfilRequest", fulfil).Refused("request_refused", rule)
				w.When("2017-03-06", "WithdrawRequest", `{"request":"`+theRequest+`","withdrawn_on":"2017-03-06"}`).Refused("request_closed", rule)
			})
		}
	}
}

// L-12: a request is free of form, and identity is noted, no condition.
func TestARequestByAnyChannel_L_12(t *testing.T) {
	for i, channel := range domain.Methods {
		w := sc.Opened(t, []string{click, solutions}[i%2])
		w.Given("2017-03-02", "ReceiveRequest", strings.Replace(request("access", ""), "letter", channel, 1))
	}
	w := sc.Opened(t, click)
	r := w.Given("2017-03-02", "ReceiveRequest", request("access", `,"identity":{"seen":"passport"}`))
	if !strings.Contains(string(r.Facts[0].Sections[0].Data), "passport") {
		t.Fatal("the identity is noted, and sealed")
	}
	w.When("2017-03-02", "ReceiveRequest", strings.Replace(request("access", ""), "letter", "pigeon", 1)).Refused("unknown_code", domain.RuleForm)
	w.When("2017-03-02", "ReceiveRequest", strings.NewReplacer("2017-03-01", "2026-06-02", theRequest, sc.Hold).Replace(request("access", ""))).Refused("in_future", "C-2.9.1")
}

// S-Inz, L-12: any fee is refused; nothing is nothing.
func TestARequestIsFree_S_Inz(t *testing.T) {
	for profile, rule := range map[string]string{click: "L-12", solutions: "S-Inz"} {
		fulfil := func(fee string) string {
			return `{"request":"` + theRequest + `","fulfilled_on":"2017-03-06","method":"letter"` + fee + `}`
		}
		w := sc.Opened(t, profile)
		w.Given("2017-03-02", "ReceiveRequest", request("access", ""))
		w.Given("2017-03-05", "DecideRequest", decide("granted", ""))
		for _, fee := range []string{`5`, `"5,00"`, `0.01`, `{"amount":5}`, `true`, `-1`} {
			w.When("2017-03-06", "FulfilRequest", fulfil(`,"fee":`+fee)).Refused("fee_not_allowed", rule)
		}
		w.When("2017-03-06", "FulfilRequest", strings.Replace(fulfil(""), "2017-03-06", "2017-02-28", 1)).Refused("before_request", rightRule[profile]["access"])
		w.Given("2017-03-06", "FulfilRequest", fulfil(`,"fee":0`))
		w.When("2017-03-07", "FulfilRequest", fulfil("")).Refused("already_fulfilled", rightRule[profile]["access"])
	}
}

// C-2.9.3: the decision is given item by item, about what was asked.
func TestDecisionsItemByItem_C_2_9_3(t *testing.T) {
	begun := func(t *testing.T) *sc.World {
		w := sc.Opened(t, click)
		w.Given("2017-02-05", "AddRecord", record("report", ""))
		w.Given("2017-03-02", "ReceiveRequest", request("erasure", `,"reason":"irrelevant","items":[{"record":"`+sc.Record+`","wanted":"gone"},{"category":"contact","wanted":{"telephone":null}}]`))
		return w
	}
	item := func(about, decision string) string { return `{` + about + `,"decision":"` + decision + `"}` }
	rec, contact := `"record":"`+sc.Record+`"`, `"category":"contact"`
	for _, c := range []struct{ name, data, code, rule string }{
		{"all alike", decide("granted", ""), "", ""},
		{"each alike", decide("granted", `,"items":[`+item(rec, "granted")+`]`), "", ""},
		{"partly", decide("partly", reasoned+`,"items":[`+item(rec, "granted")+`,`+item(contact, "refused")+`]`), "", ""},
		{"a reason for each that is refused", decide("partly", `,"remedies":"AP","items":[`+item(rec, "granted")+`,`+item(contact+`,"reason":"needed"`, "refused")+`]`), "", ""},
		{"no reason for one", decide("partly", `,"remedies":"AP","items":[`+item(rec, "granted")+`,`+item(contact, "refused")+`]`), "reason_missing", "C-2.9.3"},
		{"granted, but not one item", decide("granted", `,"items":[`+item(rec, "refused")+`]`), "decision_differs", "C-2.9.3"},
		{"refused, but for one item", decide("refused", reasoned+`,"items":[`+item(rec, "granted")+`]`), "decision_differs", "C-2.9.3"},
		{"partly, and all granted", decide("partly", reasoned+`,"items":[`+item(rec, "granted")+`,`+item(contact, "granted")+`]`), "decision_differs", "C-2.9.3"},
		{"an item that was not asked", decide("granted", `,"items":[`+item(`"category":"bank"`, "granted")+`]`), "unknown_item", "C-2.9.3"},
		{"an item twice", decide("granted", `,"items":[`+item(rec, "granted")+`,`+item(rec, "granted")+`]`), "repeated", "C-2.9.3"},
		{"answered before it came in", decide("granted", `,"answered_on":"2017-02-28"`), "before_request", "C-2.9.3"},
		{"answered in the future", decide("granted", `,"answered_on":"2026-06-02"`), "in_future", "C-2.9.3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := begun(t)
			r := w.When("2017-03-10", "DecideRequest", c.data)
			if c.code != "" {
				r.Refused(c.code, c.rule)
				return
			}
			r.Accepted()
			if s := state(w); s.Records[sc.Record].RestrictedAt(w.Now) {
				t.Fatal("a decision changes no data by itself")
			}
		})
	}
	w := sc.Opened(t, click)
	w.When("2017-03-02", "ReceiveRequest", request("erasure", `,"items":[{"record":"`+sc.Record+`"}]`)).Refused("unknown_record", "C-2.9.2")
	w.When("2017-03-02", "ReceiveRequest", request("erasure", `,"items":[{}]`)).Refused("missing", domain.RuleForm)
}

// The receipt of a request can be written down later, and counts those before it.
func TestReceivedEarlier_C_2_9_1(t *testing.T) {
	w := sc.Opened(t, click)
	w.Given("2017-06-01", "ReceiveRequest", request("access", ""))
	again := strings.NewReplacer(theRequest, sc.Hold, "2017-03-01", "2017-04-01").Replace(request("access", ""))
	e := w.Given("2017-04-02", "ReceiveRequest", again).Facts[0].Event.(*dossier.RequestReceived)
	if e.Earlier != 1 || e.Due != nl.MustDate("2017-04-29") {
		t.Fatalf("%+v", e)
	}
	w.When("2017-04-03", "WithdrawRequest", `{"request":"`+sc.Hold+`","withdrawn_on":"2017-04-03"}`).Refused("out_of_order", domain.RuleForm)
	w.Given("2017-06-02", "WithdrawRequest", `{"request":"`+sc.Hold+`","withdrawn_on":"2017-04-03"}`)
	w.When("2017-06-03", "DecideRequest", `{"request":"`+sc.Hold+`","decision":"granted"}`).Refused("request_withdrawn", "C-2.9.1")
	if s := state(w); !s.OpenMatters("") || s.OpenMatters(theRequest) {
		t.Fatal("one request is open")
	}
}

// A profile of an agency's own may allow the extension of the law (L-12).
func TestExtendRequest_L_12(t *testing.T) {
	w := sc.New(t)
	w.Given("2017-01-01", "AdoptRegulation", `{"profile":"own","version":1,"effective_from":"2017-01-01","document":`+ownProfile(t, "extension: 59")+`}`)
	w.Given("2017-02-01", "OpenDossier", sc.Open("self", "none", ""))
	w.Given("2017-03-02", "ReceiveRequest", request("access", ""))
	extend := func(until, told string) string {
		return `{"request":"` + theRequest + `","until":"` + until + `","reason":"many requests","told_on":"` + told + `"}`
	}
	w.When("2017-04-10", "ExtendRequest", extend("2017-04-20", "2017-03-30")).Refused("told_too_late", "L-12")
	w.When("2017-04-10", "ExtendRequest", extend("2017-05-28", "2017-03-20")).Refused("out_of_range", "L-12")
	w.When("2017-04-10", "ExtendRequest", extend("2017-03-29", "2017-03-20")).Refused("out_of_range", "L-12")
	w.When("2017-04-10", "ExtendRequest", extend("2017-05-20", "2017-02-20")).Refused("before_request", "C-2.9.1")
	w.Given("2017-04-10", "ExtendRequest", extend("2017-05-27", "2017-03-29"))
	w.When("2017-04-11", "ExtendRequest", extend("2017-06-20", "2017-03-29")).Refused("already_extended", "L-12")
	if r := state(w).Requests[theRequest]; r.Due != nl.MustDate("2017-05-27") {
		t.Fatalf("%+v", r)
	}
}

// C-2.9a, L-U5: a representative acts within interval and scope.
func TestRepresentative_C_2_9a_L_U5(t *testing.T) {
	for profile, rule := range map[string]string{click: "C-2.9a", solutions: "L-U5"} {
		represent := func(scope, more string) string {
			return `{"representative":"` + aMentor + `","kind":"mentor","name":"Marker","scope":` + scope + `,"evidence":"court order","from":"2017-02-10"` + more + `}`
		}
		asked := func(kind, on, more string) string {
			return fmt.Sprintf(`{"request":%q,"kind":%q,"by":"representative","representative":%q,"channel":"oral","received_on":%q%s}`, theRequest, kind, aMentor, on, more)
		}
		begun := func(t *testing.T, scope, more string) *sc.World {
			w := sc.Opened(t, profile)
			w.Given("2017-02-05", "AddRecord", record("report", ""))
			w.Given("2017-02-20", "RecordRepresentative", represent(scope, more))
			return w
		}
		for _, c := range []struct{ name, scope, more, kind, on, items, code string }{
			{"all", `"all"`, "", "erasure", "2017-03-01", "", ""},
			{"the kind", `["access","rectification"]`, "", "access", "2017-03-01", "", ""},
			{"codes in one text", `"access, rectification"`, "", "rectification", "2017-03-01", "", ""},
			{"another kind", `["access"]`, "", "erasure", "2017-03-01", "", "representative_out_of_scope"},
			{"the category", `["access","report"]`, "", "access", "2017-03-01", `,"items":[{"record":"` + sc.Record + `"}]`, ""},
			{"everything, with a category alone", `["report"]`, "", "access", "2017-03-01", "", "representative_out_of_scope"},
			{"another category", `["bank"]`, "", "access", "2017-03-01", `,"items":[{"record":"` + sc.Record + `"}]`, "representative_out_of_scope"},
			{"on the first day", `"all"`, "", "access", "2017-02-10", "", ""},
			{"before it", `"all"`, "", "access", "2017-02-09", "", "representative_not_valid"},
			{"on the last day", `"all"`, `,"until":"2017-02-25"`, "access", "2017-02-25", "", ""},
			{"after it", `"all"`, `,"until":"2017-02-25"`, "access", "2017-02-26", "", "representative_not_valid"},
		} {
			t.Run(profile+" "+c.name, func(t *testing.T) {
				w := begun(t, c.scope, c.more)
				r := w.When("2017-03-02", "ReceiveRequest", asked(c.kind, c.on, c.items))
				if c.code != "" {
					r.Refused(c.code, rule)
					return
				}
				r.Accepted()
			})
		}
		t.Run(profile+" in words", func(t *testing.T) {
			w := begun(t, `"everyday money matters of Marker"`, "")
			e := w.History[len(w.History)-1].Event.(*dossier.RepresentativeRecorded)
			if len(e.Scope) != 0 {
				t.Fatalf("words stand in the clear: %v", e.Scope)
			}
			r := w.Given("2017-03-02", "ReceiveRequest", asked("access", "2017-03-01", ""))
			if !slices.Contains(r.Warnings, "scope_in_words") {
				t.Fatal(r.Warnings)
			}
		})
		t.Run(profile+" unknown, missing, ended", func(t *testing.T) {
			w := sc.Opened(t, profile)
			w.When("2017-03-02", "ReceiveRequest", asked("access", "2017-03-01", "")).Refused("unknown_representative", rule)
			w.When("2017-03-02", "ReceiveRequest", strings.Replace(asked("access", "2017-03-01", ""), `"representative":"`+aMentor+`",`, "", 1)).Refused("representative_missing", rule)
			w.When("2017-03-02", "EndRepresentative", `{"representative":"`+aMentor+`"}`).Refused("unknown_representative", "L-U5")
			w.When("2017-03-02", "RecordRepresentative", strings.Replace(represent(`"all"`, ""), `"court order"`, `" "`, 1)).Refused("evidence_missing", rule)
			w.Given("2017-03-02", "RecordRepresentative", represent(`"all"`, ""))
			w.When("2017-03-02", "RecordRepresentative", represent(`"all"`, "")).Refused("id_in_use", rule)
			w.Given("2017-03-10", "EndRepresentative", `{"representative":"`+aMentor+`","until":"2017-03-05"}`)
			w.When("2017-03-10", "EndRepresentative", `{"representative":"`+aMentor+`","until":"2017-03-06"}`).Refused("representative_ended", "L-U5")
			w.Given("2017-03-11", "ReceiveRequest", asked("access", "2017-03-05", ""))
			w.When("2017-03-11", "ReceiveRequest", strings.Replace(asked("access", "2017-03-06", ""), theRequest, sc.Hold, 1)).Refused("representative_not_valid", rule)
		})
	}
	w := sc.Opened(t, click)
	w.When("2017-03-02", "ReceiveRequest", request("access", `,"representative":"`+aMentor+`"`)).Refused("unknown_field", domain.RuleForm)
}

// An objection as a right of the client is apart from the one that stops the
// contact details (C-2.6.7, L-21).
func TestAnObjectionIsARequestOfItsOwn_L_21(t *testing.T) {
	w := sc.Opened(t, click)
	w.Given("2017-03-02", "ReceiveRequest", request("objection", ""))
	if state(w).ObjectedAt(sc.Time("2017-03-03")) {
		t.Fatal("a request changes nothing before it is decided and carried out")
	}
	w.Given("2017-03-04", "ObjectToContactDisclosure", `{"received_on":"2017-03-04","reference":"letter"}`)
	if s := state(w); !s.ObjectedAt(sc.Time("2017-03-05")) || len(s.Requests) != 1 {
		t.Fatal("an objection to contact details is no request")
	}
}

// C-0f: questions of the client with their answers.
func TestAnswerQuestion_C_0f(t *testing.T) {
	w := sc.Opened(t, click)
	ask := func(more string) string {
		return `{"question":"` + sc.Hold + `","received_on":"2017-03-01","text":"Who reads this?","answer":"Your coach."` + more + `}`
	}
	w.When("2017-03-02", "AnswerQuestion", ask(`,"answered_on":"2017-02-28"`)).Refused("before_question", "C-0f")
	w.When("2017-03-02", "AnswerQuestion", strings.Replace(ask(""), "Your coach.", "", 1)).Refused("missing", domain.RuleForm)
	r := w.Given("2017-03-02", "AnswerQuestion", ask(""))
	if e := r.Facts[0].Event.(*dossier.QuestionAnswered); e.AnsweredOn != nl.MustDate("2017-03-02") || !slices.Equal(r.Sections(), []string{"file/dossier"}) {
		t.Fatalf("%+v", e)
	}
	w.When("2017-03-02", "AnswerQuestion", ask("")).Refused("id_in_use", "C-0f")
}

// ownProfile is the document of an agency's own profile, in JSON: click-2017
// with one setting of its requests more.
func ownProfile(t *testing.T, setting string) string {
	t.Helper()
	doc, ok := regulation.Document(click, 1)
	if !ok {
		t.Fatal("no document")
	}
	text := strings.NewReplacer("name: click-2017", "name: own", "\nrequests:\n", "\nrequests:\n  "+setting+"\n").Replace(string(doc))
	b, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
