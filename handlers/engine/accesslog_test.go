package engine_test

import (
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
	domainaccess "github.com/casefile-engine/casefile/domain/access"
	"github.com/casefile-engine/casefile/handlers/accesslog"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/queries"
)

// entries are those of the log, as the officer asks for them.
func (w *looks) entries(t *testing.T, o queries.AccessLogOptions) (out []accesslog.Entry) {
	t.Helper()
	r := w.by(w.officer, "audit", "export")
	err := w.Queries.AccessLog(t.Context(), r, o, func(e *accesslog.Entry) error {
		out = append(out, *e)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// X-16, C-2.7e: the real register in the forms of others: no dossier's id in any,
// no staff in Logboek Dataverwerkingen, a list one line for each data subject, the
// activity of the regulation in force, and the same at each export.
func TestAccessLogOfTheRealRegister_X_16(t *testing.T) {
	w := watched(t)
	if err := w.look(t, w.dossier); err != nil {
		t.Fatal(err)
	}
	_ = w.look(t, w.other) // denied
	// The administration's list shows both clients.
	if list, err := w.Queries.Caseload(t.Context(), w.by(w.administration, "invoicing", "list")); err != nil || len(list) != 2 {
		t.Fatalf("%v, %v", list, err)
	}
	// A caller sends a member of staff's id for a trace, another a real one; and a
	// call comes on behalf of a colleague, and of a recipient.
	recipient := uuid.NewString()
	do(t, w.Engine, operator, "RegisterRecipient", "", "2019-06-06T05:00:00Z", m{"recipient": recipient, "name": "Gemeente Ergens", "class": "commissioner", "subtype": "municipality", "agreement": "map 2"})
	record := func(c commands.Caller) {
		ev := &domainaccess.Recorded{Action: "view", Outcome: "allowed", Dossiers: []domain.ID{w.dossier}, Owners: []string{"dossier/" + w.dossier}, Categories: []domain.Category{"contact"}, Purpose: "guidance", Ground: "assignment", OnBehalfOf: c.OnBehalfOf}
		_, position, err := w.Commands.RecordAccess(t.Context(), c, "click", commands.Basis{Purpose: "guidance", Ground: "assignment"}, ev)
		if err != nil {
			t.Fatal(err)
		}
		w.last = position
	}
	planted, real := strings.ReplaceAll(w.coach, "-", ""), "4bf92f3577b34da6a3ce929d0e0e4736"
	c := w.asCoach()
	c.TraceParent, c.OnBehalfOf = "00-"+planted+"-00f067aa0ba902b7-01", w.officer.Staff
	record(c)
	c.TraceParent, c.OnBehalfOf = "00-"+real+"-00f067aa0ba902b7-01", recipient
	record(c)

	all := w.entries(t, queries.AccessLogOptions{})
	again := w.entries(t, queries.AccessLogOptions{})
	subjects, lines := map[string]bool{}, 0
	for i, e := range all {
		if e.Span != again[i].Span || e.Trace != again[i].Trace || e.Subject != again[i].Subject {
			t.Error("another export has other ids")
		}
		subjects[e.Subject] = true
		for _, form := range accesslog.Forms {
			line, ok, err := accesslog.Line(form, &e)
			if err != nil {
				t.Fatal(err)
			}
			for _, id := range []string{w.dossier, w.other, "Jansen", "Proef", "Eva", "Iemand"} {
				if strings.Contains(string(line), id) {
					t.Errorf("%s has %s: %s", form, id, line)
				}
			}
			if form != accesslog.LDV || !ok {
				continue
			}
			lines++
			for _, id := range []string{w.coach, planted, w.officer.Staff, w.admin.Staff, w.administration.Staff, "coach", "administration", "operator"} {
				if strings.Contains(string(line), id) {
					t.Errorf("the line has %s: %s", id, line)
				}
			}
			if !strings.Contains(string(line), `"urn:casefile:activity:click/click-2017/1/`) {
				t.Errorf("no activity of the regulation in force: %s", line)
			}
		}
	}
	delete(subjects, "")
	list := slices.DeleteFunc(slices.Clone(all), func(e accesslog.Entry) bool { return e.Action != "list" })
	if len(subjects) != 2 || lines == 0 || len(list) != 2 || list[0].Trace != list[1].Trace || list[0].Span == list[1].Span || list[0].Subject == list[1].Subject {
		t.Errorf("%d subjects, %d lines, the list is %+v", len(subjects), lines, list)
	}
	n := len(all)
	if got := hex.EncodeToString(all[n-1].Trace[:]); got != real || all[n-1].Parent == [8]byte{} || all[n-1].Processor != "urn:casefile:recipient:"+recipient || all[n-2].Processor != "" {
		t.Errorf("the trace is %s; %+v", got, all[n-1])
	}
	if len(all[0].Policies) == 0 || len(all[0].Digest) != 64 || all[0].Door != "api" {
		t.Errorf("on what it was decided: %+v", all[0])
	}
}

// the log is narrowed to one trace, activity or data subject; a subject
// that nobody has is a dossier that is not there.
func TestAccessLogIsNarrowed_X_16(t *testing.T) {
	w := watched(t)
	if err := w.look(t, w.dossier); err != nil {
		t.Fatal(err)
	}
	_ = w.look(t, w.other)
	w.imported(t, w.coach, w.other, "2020-05-05T10:00:00Z")
	all := w.entries(t, queries.AccessLogOptions{})
	first, second := all[0], all[1]
	count := func(o queries.AccessLogOptions) int { t.Helper(); return len(w.entries(t, o)) }
	if n := count(queries.AccessLogOptions{Trace: hex.EncodeToString(first.Trace[:])}); n != 1 {
		t.Errorf("a trace: %d", n)
	}
	if n := count(queries.AccessLogOptions{Subject: second.Subject, Activity: first.Activity()}); n != 2 {
		t.Errorf("a subject: %d", n)
	}
	if n := count(queries.AccessLogOptions{Activity: first.Activity()}); n != 3 {
		t.Errorf("an activity: %d", n)
	}
	if n := count(queries.AccessLogOptions{Subject: second.Subject, Activity: first.Activity(), AfterPosition: second.Position}); n != 1 {
		t.Errorf("after a position: %d", n)
	}
	ask := func(c commands.Caller, purpose, subject string) string {
		err := w.Queries.AccessLog(t.Context(), w.by(c, purpose, "export"), queries.AccessLogOptions{Subject: subject}, func(*accesslog.Entry) error { return nil })
		return domain.AsError(err).Code
	}
	nobody := strings.Repeat("0", 64)
	if got := ask(w.officer, "audit", nobody); got != "unknown_dossier" {
		t.Errorf("nobody's subject: %s", got)
	}
	// T6: to a coach, another's client and nobody are the same.
	if a, b := ask(w.asCoach(), "guidance", nobody), ask(w.asCoach(), "guidance", second.Subject); a != b || a != "not_assigned" {
		t.Errorf("a coach is told %s of nobody and %s of another's client", a, b)
	}
	o := queries.AccessLogOptions{}
	bounded := []bool{o.Bounded()}
	o.Dossier = w.dossier
	if bounded = append(bounded, o.Bounded(), queries.AccessLogOptions{Trace: "1"}.Bounded()); !slices.Equal(bounded, []bool{false, true, true}) {
		t.Errorf("bounded: %v", bounded)
	}
	if raw, err := json.Marshal(all); err != nil || strings.Contains(string(raw), w.dossier) {
		t.Errorf("an entry has the dossier's id, %v", err)
	}
}
