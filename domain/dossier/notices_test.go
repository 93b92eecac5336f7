package dossier_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/casefile-engine/casefile/domain"
	sc "github.com/casefile-engine/casefile/domain/catalog/scenario"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/nl"
)

func notify(about, outcome, more string) string {
	return fmt.Sprintf(`{"disclosure":%q,"about":%q,"outcome":%q%s}`, sc.Disclosed, about, outcome, more)
}

// disclosed is a dossier whose report and contact details went to UWV on 1 March.
func disclosed(t *testing.T) *sc.World {
	t.Helper()
	w := sc.Opened(t, click)
	w.Given("2017-02-05", "AddRecord", record("report", ""))
	w.Given("2017-03-01", "Disclose", disclosure{categories: `"contact","report"`, records: theRecord}.json())
	return w
}

// L-19: what was rectified, completed or shielded after it went out is told to
// whoever received it; a change of circumstances, or of what did not go out, is not.
func TestWhichNoticesArePending_L_19(t *testing.T) {
	change := func(fields, more string) string {
		return `{"fields":{` + fields + `},"valid_from":"2017-03-01","source":"client"` + more + `}`
	}
	for _, c := range []struct {
		name, command, data string
		want                []string
	}{
		{"a correction", "CorrectRecord", `{"record":"` + sc.Record + `","replacement":{"text":"x"},"reason":"x"}`, []string{sc.Record}},
		{"a completion", "CompleteRecord", `{"record":"` + sc.Record + `","statement":"x","by":"client"}`, []string{sc.Record}},
		{"a restriction", "RestrictRecord", `{"record":"` + sc.Record + `","reason":"x"}`, []string{sc.Record}},
		{"a correction of particulars", "ChangeClient", change(`"address":"x"`, `,"correction":true`), []string{"contact"}},
		{"a correction of other particulars", "ChangeClient", change(`"telephone":"x"`, `,"correction":true`), nil},
		{"a change of circumstances", "ChangeClient", change(`"address":"x"`, ""), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := disclosed(t)
			w.Given("2017-03-10", c.command, c.data)
			if got := state(w).PendingNotices(sc.Disclosed); !slices.Equal(got, c.want) {
				t.Fatalf("pending %v, want %v", got, c.want)
			}
		})
	}
}

// The register tells which recipients are still to hear, whatever the order in
// which disclosure and correction were written down.
func TestADisclosureWrittenDownLater_L_19(t *testing.T) {
	w := sc.Opened(t, click)
	w.Given("2017-02-05", "AddRecord", record("report", ""))
	w.Given("2017-03-10", "CorrectRecord", `{"record":"`+sc.Record+`","replacement":{"text":"x"},"reason":"x"}`)
	w.Given("2017-03-01", "Disclose", disclosure{records: theRecord}.json())
	w.Given("2017-03-20", "Disclose", disclosure{id: sc.Hold, records: theRecord}.json())
	if got := state(w).PendingDisclosures(); !slices.Equal(got, []string{sc.Disclosed}) {
		t.Fatal(got)
	}
}

func TestNotifyRecipient_L_19(t *testing.T) {
	w := disclosed(t)
	w.When("2017-03-05", "NotifyRecipient", notify(sc.Record, "sent", "")).Refused("nothing_to_notify", "L-19")
	w.Given("2017-03-09", "ReceiveRequest", `{"request":"`+sc.Entry+`","kind":"rectification","by":"client","channel":"oral","received_on":"2017-03-09","items":[{"record":"`+sc.Record+`"}]}`)
	w.Given("2017-03-10", "CorrectRecord", `{"record":"`+sc.Record+`","replacement":{"text":"x"},"reason":"x","request":"`+sc.Entry+`"}`)
	w.Given("2017-03-11", "ChangeClient", `{"fields":{"address":"x"},"valid_from":"2017-01-01","source":"client","correction":true}`)
	w.Given("2017-03-11", "AddRecord", `{"record":"`+sc.Record2+`","category":"plan","title":"t","source":"client"}`)
	for _, c := range []struct{ data, code, rule string }{
		{`{"disclosure":"` + sc.Hold + `","about":"rectification","outcome":"sent"}`, "unknown_disclosure", "L-19"},
		{notify(sc.Record, "impossible", ""), "reason_missing", "L-19"},
		{notify(sc.Record, "disproportionate", `,"reason":" "`), "reason_missing", "L-19"},
		{notify(sc.Record2, "sent", ""), "not_disclosed", "L-19"},
		{notify("plan", "sent", ""), "not_disclosed", "L-19"},
		{notify(sc.Hold, "sent", ""), "unknown_record", "L-19"},
		{notify("the letter", "sent", ""), "unknown_code", domain.RuleForm},
		{notify(sc.Record, "whispered", ""), "unknown_code", domain.RuleForm},
	} {
		w.When("2017-03-12", "NotifyRecipient", c.data).Refused(c.code, c.rule)
	}
	about := func(about, outcome, more string, items ...string) {
		t.Helper()
		e := w.Given("2017-03-12", "NotifyRecipient", notify(about, outcome, more)).Facts[0].Event.(*dossier.RecipientNotified)
		if diff := cmp.Diff(items, e.Items); diff != "" || e.Recipient != sc.UWV || e.Outcome != outcome {
			t.Fatalf("about %s: %+v %s", about, e, diff)
		}
	}
	about(sc.Entry, "impossible", `,"reason":"gone"`, sc.Record)
	if got := state(w).PendingNotices(sc.Disclosed); !slices.Equal(got, []string{"contact"}) {
		t.Fatalf("given up with a reason, it is no longer pending: %v", got)
	}
	about("report", "sent", "", sc.Record) // it could be sent after all
	about("contact", "sent", "", "contact")
	about("rectification", "sent", "", sc.Record, "contact")
	w.Given("2017-04-01", "CompleteRecord", `{"record":"`+sc.Record+`","statement":"x","by":"client"}`)
	if got := state(w).PendingNotices(sc.Disclosed); !slices.Equal(got, []string{sc.Record}) {
		t.Fatalf("a later change asks for a notice of its own: %v", got)
	}
	w.Given("2017-03-20", "NotifyRecipient", notify(sc.Record, "sent", ""))
	if got := state(w).PendingNotices(sc.Disclosed); len(got) != 1 {
		t.Fatal("a notice before the change, written down later, does not settle it")
	}
}

func TestNotifyClient_C_I2_L_13_L_14(t *testing.T) {
	w := sc.Opened(t, click)
	w.Given("2017-02-10", "StartTrajectory", `{"trajectory":"T-1"}`)
	tell := func(about, more string) string {
		return `{"about":"` + about + `","text":"Marker","method":"letter","notified_on":"2017-03-01"` + more + `}`
	}
	for about, want := range map[string]string{
		"indirect_notice": "indirect_notice", "L-14": "indirect_notice", "C-I2": "unexpected_processing", "L-13": "new_purpose",
		"the new coach of Marker": "other", "L-34": "breach",
	} {
		r := w.Given("2017-03-02", "NotifyClient", tell(about, `,"ref":"`+sc.Record+`"`))
		if e := r.Facts[0].Event.(*dossier.ClientNotified); e.About != want || e.Ref != sc.Record || !slices.Equal(r.Sections(), []string{"file/dossier"}) {
			t.Fatalf("%s: %+v", about, e)
		}
	}
	e := w.Given("2017-03-02", "NotifyClient", tell("indirect_notice", `,"ref":"T-1"`)).Facts[0].Event.(*dossier.ClientNotified)
	if e.Trajectory != "T-1" || e.Ref != "" || e.NotifiedOn != nl.MustDate("2017-03-01") {
		t.Fatalf("%+v", e)
	}
	if e := w.Given("2017-03-02", "NotifyClient", tell(sc.Record, "")).Facts[0].Event.(*dossier.ClientNotified); e.Ref != sc.Record {
		t.Fatalf("%+v", e)
	}
	w.When("2017-03-02", "NotifyClient", tell("L-14", `,"ref":"T-9"`)).Refused("unknown_trajectory", "C-0a")
	w.When("2017-03-02", "NotifyClient", tell("L-14", `,"ref":"111222333"`)).Refused("trajectory_is_bsn", "L-U46")
	w.When("2017-03-02", "NotifyClient", `{"about":"L-14","method":"letter","notified_on":"2026-06-02"}`).Refused("in_future", "L-13")
	w.Given("2017-02-02", "NotifyClient", tell("C-I2", "")) // written down later
}

func wrong(more string) string {
	return `{"disclosure":"` + sc.Disclosed + `","categories":["report","medical"],"channel":"telephone","occurred_on":"2017-03-01","incident":"` + anIncident + `"` + more + `}`
}

// C-2.6b: what went out wrongly is always taken when it is well-formed, and its
// recipient hears of later changes like any other.
func TestRecordUnlawfulDisclosure_C_2_6b(t *testing.T) {
	t.Run("whatever it was", func(t *testing.T) {
		for _, more := range []string{"", `,"recipient":"` + sc.UWV + `"`, `,"recipient":"` + sc.Stranger + `"`, `,"recipient_text":"a neighbour"`, `,"records":["` + sc.Record + `"]`} {
			w := sc.Opened(t, click)
			e := w.Given("2017-03-02", "RecordUnlawfulDisclosure", wrong(more)).Facts[0].Event.(*dossier.UnlawfulDisclosure)
			if e.Incident != anIncident || e.Profile != click || e.Registered {
				t.Fatalf("%+v", e)
			}
		}
	})
	t.Run("after a refusal, of a disclosure that was taken for lawful, and late", func(t *testing.T) {
		w := disclosed(t)
		w.When("2017-03-05", "Disclose", disclosure{id: sc.Hold, records: theRecord, channel: "telephone"}.json()).RefusedOnRecord("channel_not_allowed", "C-2.7c")
		w.Given("2017-03-06", "RecordUnlawfulDisclosure", `{"disclosure":"`+sc.Hold+`","categories":["report"],"records":[`+theRecord+`],"channel":"telephone","occurred_on":"2017-03-05","incident":"`+anIncident+`"}`)
		e := w.Given("2017-03-02", "RecordUnlawfulDisclosure", wrong("")).Facts[0].Event.(*dossier.UnlawfulDisclosure)
		if !e.Registered {
			t.Fatalf("%+v", e)
		}
		w.Given("2017-03-10", "CorrectRecord", `{"record":"`+sc.Record+`","replacement":{"text":"x"},"reason":"x"}`)
		s := state(w)
		if got := s.PendingDisclosures(); !slices.Equal(got, []string{sc.Disclosed, sc.Hold}) || s.Disclosures[sc.Disclosed].Recipient != sc.UWV || !s.Disclosures[sc.Disclosed].Unlawful {
			t.Fatalf("both recipients are to hear of it: %v", got)
		}
		w.Given("2017-03-11", "NotifyRecipient", `{"disclosure":"`+sc.Hold+`","about":"rectification","outcome":"impossible","reason":"nobody knows who it was"}`)
	})
	t.Run("without a recipient it stays sealed", func(t *testing.T) {
		r := sc.Opened(t, click).Given("2017-03-02", "RecordUnlawfulDisclosure", wrong(`,"recipient_text":"a neighbour"`))
		if got := r.Sections(); !slices.Equal(got, []string{"file/dossier"}) {
			t.Fatal(got)
		}
	})
	t.Run("a fault of form", func(t *testing.T) {
		w := sc.Opened(t, click)
		w.When("2017-03-02", "RecordUnlawfulDisclosure", `{"disclosure":"`+sc.Disclosed+`","categories":["report"],"channel":"email","occurred_on":"2017-03-01"}`).Refused("missing", domain.RuleForm)
		w.When("2017-02-28", "RecordUnlawfulDisclosure", wrong("")).Refused("in_future", domain.RuleForm)
	})
}

// C-2.9.3b: a record filed in the wrong client's dossier leaves it, and is
// shielded there from then on; who received it is to hear.
func TestMoveRecord_C_2_9_3b(t *testing.T) {
	const other = "d0000000-0000-4000-8000-000000000002"
	move := func(to string) string {
		return `{"record":"` + sc.Record + `","to_dossier":"` + to + `","incident":"` + anIncident + `"}`
	}
	w := disclosed(t)
	w.When("2017-03-05", "MoveRecord", move(sc.Dossier)).Refused("same_dossier", "C-2.9.3b")
	w.When("2017-03-05", "MoveRecord", move(other)).Refused("unknown_dossier", "C-2.9.3b")
	w.Dossier = other
	w.Given("2017-03-01", "OpenDossier", sc.Open("self", "none", ""))
	w.When("2017-03-05", "MoveRecord", move(sc.Dossier)).Refused("unknown_record", "C-2.9.2")
	w.Dossier = sc.Dossier
	r := w.Given("2017-03-05", "MoveRecord", move(other))
	if e := r.Facts[0].Event.(*dossier.RecordMoved); e.ToDossier != other || e.Incident != anIncident || len(r.Sections()) != 0 {
		t.Fatalf("nothing of the content is copied: %+v %v", e, r.Sections())
	}
	s := state(w)
	if rec := s.Records[sc.Record]; !rec.RestrictedAt(sc.Time("2017-03-06")) || rec.RestrictedAt(sc.Time("2017-03-04")) || rec.MovedTo != other {
		t.Fatalf("%+v", rec)
	}
	if got := s.PendingNotices(sc.Disclosed); !slices.Equal(got, []string{sc.Record}) {
		t.Fatalf("L-19: %v", got)
	}
	for command, data := range map[string]string{
		"MoveRecord": move(other), "CorrectRecord": `{"record":"` + sc.Record + `","replacement":{"text":"x"},"reason":"x"}`,
		"CompleteRecord":  `{"record":"` + sc.Record + `","statement":"x","by":"client"}`,
		"LiftRestriction": `{"record":"` + sc.Record + `","reason":"x","client_informed_on":"2017-03-06"}`,
		"AttachDocument":  attach("application/pdf", "eA=="),
	} {
		w.When("2017-03-06", command, data).Refused("record_moved", "C-2.9.3b")
	}
	r = w.When("2017-03-06", "Disclose", disclosure{id: sc.Hold, records: theRecord}.json())
	r.RefusedOnRecord("record_restricted", r.Err.Rule)
	w.Given("2017-03-04", "Disclose", disclosure{id: sc.Hold, records: theRecord}.json()) // before it moved, written down later
}
