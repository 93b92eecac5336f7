package dossier_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/catalog"
	sc "github.com/casefile-engine/casefile/domain/catalog/scenario"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/nl"
)

// oftenRights names what is drawn more often in a life of rights and notices.
var oftenRights = slices.Concat(slices.Repeat([]string{"Disclose"}, 10), slices.Repeat([]string{"NotifyRecipient"}, 20), slices.Repeat([]string{"GiveConsent"}, 10),
	slices.Repeat([]string{"GrantThirdPartyView"}, 20), slices.Repeat([]string{"ChangeClient"}, 5), []string{"CompleteRecord", "CorrectRecord", "ChangeClient", "WithdrawConsent"})

func rightsLife(t *rapid.T) *sc.World {
	table := maps.Clone(draws)
	for _, name := range []string{"AssignStaff", "UnassignStaff", "PlaceHold", "LiftHold", "DeclineReferral", "LogHours", "ObjectToContactDisclosure", "WithdrawObjection", "StartTrajectory", "ReopenTrajectory"} {
		delete(table, name)
	}
	maps.Copy(table, rightsDraws)
	w := opened(t)
	w.Given("2017-02-01", "StartTrajectory", `{"trajectory":"T-1"}`)
	for n := range 2 {
		w.Given("2017-02-01", "AddRecord", strings.Replace(record("report", ""), sc.Record, fmt.Sprintf("c0000000-0000-4000-8000-%012d", n+1), 1))
	}
	live(t, w, table, oftenRights)
	return w
}

func marker(format string, args ...any) func(*rapid.T, time.Time) string {
	return func(t *rapid.T, at time.Time) string {
		filled := make([]any, len(args))
		for i, a := range args {
			switch a := a.(type) {
			case func(*rapid.T) string:
				filled[i] = a(t)
			case func(*rapid.T, time.Time) string:
				filled[i] = a(t, at)
			default:
				filled[i] = a
			}
		}
		return fmt.Sprintf(format, filled...)
	}
}

func draw(of ...string) func(*rapid.T) string {
	return func(t *rapid.T) string { return pick(t, "one", of...) }
}

func anID(kind string) func(*rapid.T) string {
	return func(t *rapid.T) string { return id(t, kind) }
}

func aDisclosure(t *rapid.T) string {
	return fmt.Sprintf("80000000-0000-4000-8000-%012d", rapid.IntRange(1, 6).Draw(t, "disclosure"))
}

var rightsDraws = map[string]func(*rapid.T, time.Time) string{
	"GiveConsent": marker(`{"consent":%q,"for":%q,"categories":["report","medical","plan"],"recipient":%q,"purpose":"guidance","explicit":true,"evidence":"Marker"}`,
		anID("e"), draw("view", "view", "disclose"), draw(sc.UWV, sc.UWV, sc.Partner)),
	"AddRecord": marker(`{"record":%q,"category":"report","title":"Marker","source":"client"}`, anID("c")),
	"Disclose": func(t *rapid.T, at time.Time) string {
		d := disclosure{id: aDisclosure(t), categories: `"contact","report"`, records: `"` + id(t, "c") + `"`, evidence: `"necessity":"Marker"`}
		if rapid.Bool().Draw(t, "contact alone") {
			d.categories, d.records = `"contact"`, ""
		}
		return d.json()
	},
	"RecordUnlawfulDisclosure": marker(`{"disclosure":%q,"categories":["contact","report"],"records":[%q],"recipient_text":"Marker","channel":"email","occurred_on":%q,"incident":"`+anIncident+`"}`,
		aDisclosure, anID("c"), day),
	"CompleteRecord": marker(`{"record":%q,"statement":"Marker","by":"Marker"}`, anID("c")),
	"ChangeClient":   marker(`{"fields":{%s},"valid_from":"2017-03-01","source":"client","correction":%s}`, draw(`"address":"Marker"`, `"telephone":"Marker"`), draw("true", "false")),
	"NotifyRecipient": marker(`{"disclosure":%q,"about":%q,"outcome":%q,"reason":"Marker"}`,
		aDisclosure, draw("contact", "report", "rectification", "restriction", "c0000000-0000-4000-8000-000000000001", "70000000-0000-4000-8000-000000000001"), draw("sent", "impossible")),
	"GrantThirdPartyView": marker(`{"view":%q,"recipient":%q,"viewer":"Marker","records":[%q],"purpose":"guidance","consent":%q,"until":"2017-06-01"}`,
		anID("4"), draw(sc.UWV, sc.UWV, sc.Partner), anID("c"), anID("e")),
	"EndThirdPartyView": marker(`{"view":%q}`, anID("4")),
	"RecordRepresentative": marker(`{"representative":%q,"kind":"mandated","name":"Marker","scope":%s,"evidence":"Marker","from":%q}`,
		anID("6"), draw(`"Marker"`, `["access"]`, `"all"`), day),
	"EndRepresentative": marker(`{"representative":%q,"reason":"Marker"}`, anID("6")),
	"ReceiveRequest": marker(`{"request":%q,"kind":%q,"by":"representative","representative":%q,"channel":"oral","received_on":%q,"identity":"Marker","items":[{"record":%q,"wanted":"Marker"}]}`,
		anID("7"), draw("access", "erasure"), anID("6"), day, anID("c")),
	"DecideRequest":    marker(`{"request":%q,"decision":%q,"reason":"Marker","remedies":"Marker"}`, anID("7"), draw(dossier.Granted, dossier.Refused)),
	"FulfilRequest":    marker(`{"request":%q,"fulfilled_on":%q,"method":"letter"}`, anID("7"), day),
	"WithdrawRequest":  marker(`{"request":%q,"withdrawn_on":%q}`, anID("7"), day),
	"NotifyClient":     marker(`{"about":"Marker","text":"Marker","method":"oral","notified_on":%q}`, day),
	"FileComplaint":    marker(`{"complaint":%q,"received_on":%q,"channel":"letter","text":"Marker","clause":"Marker","about_staff":"`+sc.Coach+`"}`, anID("3"), day),
	"ResolveComplaint": marker(`{"complaint":%q,"handler":%q,"answered_on":%q,"outcome":"Marker","remedies":"Marker"}`, anID("3"), draw(sc.Coach, sc.Admin), day),
	"AttachDocument":   marker(`{"document":%q,"record":%q,"name":"Marker","media_type":"text/marker","content":"TWFya2Vy"}`, anID("1"), anID("c")),
	"AnswerQuestion":   marker(`{"question":%q,"received_on":"2017-01-01","text":"Marker","answer":"Marker"}`, anID("2")),
}

// moment orders the history by when things happened and, at one instant, by
// when they were recorded.
type moment struct {
	at time.Time
	n  int
}

func (m moment) after(o moment) bool { return m.at.After(o.at) || m.at.Equal(o.at) && m.n > o.n }

// ledger says from the history alone what went out when, what was changed when,
// and who was told when. It knows nothing of the state.
type ledger struct {
	made    map[string]moment
	held    map[string]map[string]bool // items by disclosure
	changes map[string][]moment        // by item
	told    map[[2]string][]moment     // by disclosure and item
}

func ledgerOf(history []domain.Recorded) ledger {
	l := ledger{map[string]moment{}, map[string]map[string]bool{}, map[string][]moment{}, map[[2]string][]moment{}}
	out := func(id string, m moment, records []string, categories []domain.Category) {
		if l.held[id] == nil {
			l.held[id], l.made[id] = map[string]bool{}, m
		}
		for _, r := range records {
			l.held[id][r] = true
		}
		if slices.Contains(categories, domain.CatContact) {
			l.held[id]["contact"] = true
		}
	}
	for n, r := range history {
		m := moment{r.Meta.Occurred, n}
		change := func(item string) { l.changes[item] = append(l.changes[item], m) }
		switch e := r.Event.(type) {
		case *dossier.DisclosureMade:
			out(e.Disclosure, m, e.Records, e.Categories)
		case *dossier.UnlawfulDisclosure:
			if e.OccurredOn.Before(nl.DateOf(m.at)) {
				m.at = e.OccurredOn.Start()
			}
			out(e.Disclosure, m, e.Records, e.Categories)
		case *dossier.RecordCorrected:
			change(e.Record)
		case *dossier.RecordCompleted:
			change(e.Record)
		case *dossier.RecordRestricted:
			change(e.Record)
		case *dossier.ClientChanged:
			if e.Correction && slices.Contains(e.Fields, "address") {
				change("contact")
			}
		case *dossier.RecipientNotified:
			for _, item := range e.Items {
				l.told[[2]string{e.Disclosure, item}] = append(l.told[[2]string{e.Disclosure, item}], m)
			}
		}
	}
	return l
}

// pending are the items of a disclosure with a change after it, and none of
// whose notices came after that change.
func (l ledger) pending(id string) (out []string) {
	for item := range l.held[id] {
		if slices.ContainsFunc(l.changes[item], func(c moment) bool {
			return c.after(l.made[id]) && !slices.ContainsFunc(l.told[[2]string{id, item}], func(n moment) bool { return n.after(c) })
		}) {
			out = append(out, item)
		}
	}
	slices.Sort(out)
	return out
}

// Issue "Rules": recipients who must be notified are exactly those who received
// what was changed afterwards and were not told of it yet (L-19).
func TestNoticesPendingAreExactlyThose_L_19(t *testing.T) {
	pending, told := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		w := rightsLife(t)
		l := ledgerOf(w.History)
		told += len(l.told)
		var ids []string
		for id := range l.held {
			want := l.pending(id)
			if diff := cmp.Diff(want, state(w).PendingNotices(id)); diff != "" {
				t.Fatalf("of %s (-history +state):\n%s", id, diff)
			}
			if len(want) > 0 {
				ids = append(ids, id)
			}
		}
		slices.Sort(ids)
		if diff := cmp.Diff(ids, state(w).PendingDisclosures()); diff != "" {
			t.Fatalf("(-history +state):\n%s", diff)
		}
		pending += len(ids)
		for _, id := range ids {
			w.Given("", "NotifyRecipient", `{"disclosure":"`+id+`","about":"rectification","outcome":"sent"}`)
		}
		if left := state(w).PendingDisclosures(); len(left) > 0 {
			t.Fatalf("all were told, and are still to hear: %v", left)
		}
	})
	if t.Logf("%d pending, %d told", pending, told); pending == 0 || told == 0 {
		t.Fatal("no sequence left anybody to be told, or told anybody, so nothing was shown")
	}
}

// consentHeld says from the history alone whether a consent to view held at a
// time (L-7).
func consentHeld(history []domain.Recorded, consent, recipient string, at time.Time) bool {
	held := false
	for _, r := range history {
		switch e := r.Event.(type) {
		case *dossier.ConsentGiven:
			if e.Consent == consent {
				held = e.For == "view" && e.Recipient == recipient && !r.Meta.Occurred.After(at)
			}
		case *dossier.ConsentWithdrawn:
			early := !e.ReceivedOn.IsZero() && e.ReceivedOn.Before(nl.DateOf(r.Meta.Occurred)) && !e.ReceivedOn.Start().After(at)
			if e.Consent == consent && (early || !r.Meta.Occurred.After(at)) {
				return false
			}
		}
	}
	return held
}

// Issue "Rules": a withdrawn consent is never used after, neither to give a
// third party a view nor to go on with one (C-2.7b, L-7).
func TestAWithdrawnConsentIsNeverUsedForAView_C_2_7b_L_7(t *testing.T) {
	views := 0
	rapid.Check(t, func(t *rapid.T) {
		w := rightsLife(t)
		for i, r := range w.History {
			e, ok := r.Event.(*dossier.ViewGranted)
			if !ok {
				continue
			}
			views++
			if !consentHeld(w.History[:i], e.Consent, e.Recipient, r.Meta.Occurred) {
				t.Fatalf("granted on a consent that did not hold: %+v at %v", e, r.Meta.Occurred)
			}
			for n := range 60 {
				at := r.Meta.Occurred.AddDate(0, 0, n)
				if len(state(w).ViewedRecords(e.View, at)) > 0 && !consentHeld(w.History, e.Consent, e.Recipient, at) {
					t.Fatalf("still open at %v on a consent that does not hold: %+v", at, e)
				}
			}
		}
	})
	if t.Logf("%d views", views); views == 0 {
		t.Fatal("no sequence granted a view, so nothing was shown")
	}
}

// What is folded with a snapshot after every event is what is folded at once
// (T4), and nothing personal stands in the clear (architecture §1.4).
func TestRightsFoldAndStaySealed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := rightsLife(t)
		all := dossier.Zero()
		for _, r := range w.History {
			raw, _, err := catalog.Encode(r.Event)
			if err != nil || bytes.Contains(bytes.ToLower(raw), []byte("marker")) || bytes.Contains(raw, []byte("TWFya2Vy")) {
				t.Fatalf("%s: %s %v", r.Event.EventType(), raw, err)
			}
			if r.Meta.Aggregate == sc.Dossier {
				all = dossier.Evolve(all, r)
			}
		}
		if diff := cmp.Diff(all, state(w), cmp.Comparer(func(a, b nl.Date) bool { return a == b })); diff != "" {
			t.Fatal(diff)
		}
	})
}

// A request is fulfilled only after it was decided and not refused (C-2.9.1, S-Inz).
func TestARequestIsFulfilledAfterItsDecision_C_2_9_1(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		decided := map[string]string{}
		for _, r := range rightsLife(t).History {
			switch e := r.Event.(type) {
			case *dossier.RequestDecided:
				if decided[e.Request] != "" {
					t.Fatalf("decided twice: %+v", e)
				}
				decided[e.Request] = e.Decision
			case *dossier.RequestFulfilled:
				if d := decided[e.Request]; d != dossier.Granted && d != dossier.Partly {
					t.Fatalf("fulfilled after %q: %+v", d, e)
				}
			case *dossier.RequestWithdrawn:
				decided[e.Request] = "withdrawn"
			}
		}
	})
}
