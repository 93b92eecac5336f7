package accesslog_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/access"
	"github.com/casefile-engine/casefile/handlers/accesslog"
)

var update = flag.Bool("update", false, "write the golden files anew")

const (
	anna    = "00000000-0000-4000-8000-000000000001"
	officer = "00000000-0000-4000-8000-000000000002"
	bureau  = "00000000-0000-4000-8000-000000000009"
)

func digest(b byte) string { return strings.Repeat(fmt.Sprintf("%02x", b), 32) }

// entries have a look, a list of two, a denied look, a broken glass, an export by
// the operator, a comparison by the engine on behalf of an officer, a look of an
// older log, a call by an organisation, a search without a hit and a denied
// command, which has no purpose.
func entries() []accesslog.Entry {
	at := time.Date(2026, 11, 18, 9, 0, 0, 250_000_000, time.UTC)
	n := uint64(40)
	entry := func(change func(*accesslog.Entry)) accesslog.Entry {
		n++
		e := accesslog.Entry{
			Agency: "click", Position: n, Occurred: at.Add(time.Duration(n) * time.Minute), Recorded: at.Add(time.Duration(n)*time.Minute + 3*time.Millisecond),
			Trace: [16]byte{byte(n), 15: 1}, Span: [8]byte{byte(n), 7: 2}, Subject: digest(0xaa), Actor: anna, Role: "coach",
			Action: "view", Outcome: access.Allowed, Categories: []domain.Category{"contact", "report"}, Purpose: "guidance", Ground: "assignment",
			Profile: "click-2017/1", Policies: []string{"coach-reads-assigned"}, Digest: digest(0x5c), Door: "web",
		}
		change(&e)
		return e
	}
	return []accesslog.Entry{
		entry(func(*accesslog.Entry) {}),
		entry(func(e *accesslog.Entry) { e.Action, e.Categories = "list", []domain.Category{"contact"} }),
		entry(func(e *accesslog.Entry) {
			n--
			e.Position, e.Trace, e.Subject, e.Action, e.Categories = n, [16]byte{byte(n), 15: 1}, digest(0xbb), "list", []domain.Category{"contact"}
		}),
		entry(func(e *accesslog.Entry) {
			e.Outcome, e.Ground, e.Code, e.Rule, e.Policies = access.Denied, "none", "not_assigned", "C-0d", nil
		}),
		entry(func(e *accesslog.Entry) {
			e.Ground, e.Categories, e.Policies = "break_glass", []domain.Category{"capacity", "contact", "medical"}, []string{"in-an-emergency"}
		}),
		entry(func(e *accesslog.Entry) {
			e.Actor, e.Role, e.Action, e.Ground, e.Purpose, e.Door = domain.Operator, "operator", "export", "role", "audit", "cli"
		}),
		entry(func(e *accesslog.Entry) {
			e.Actor, e.Role, e.OnBehalfOf, e.Action, e.Ground, e.Purpose, e.Door = domain.Engine, "engine", officer, "search", "engine", "audit", "engine"
		}),
		entry(func(e *accesslog.Entry) {
			e.Imported, e.Ground, e.Policies, e.Digest, e.Role, e.Profile = true, "none", nil, "", "", ""
			e.Occurred = time.Date(2014, 3, 30, 1, 30, 0, 0, time.UTC)
		}),
		entry(func(e *accesslog.Entry) {
			e.OnBehalfOf, e.Processor, e.Purpose, e.Parent = bureau, "urn:casefile:recipient:"+bureau, "subsidy", [8]byte{9, 9}
		}),
		entry(func(e *accesslog.Entry) { e.Subject, e.Action, e.Categories = "", "search", nil }),
		entry(func(e *accesslog.Entry) {
			e.Action, e.Outcome, e.Ground, e.Purpose, e.Categories, e.Code, e.Rule = access.ActionChange, access.Denied, "none", "", nil, "grant_to_self", "C-2.7e"
		}),
	}
}

func lines(t *testing.T, form string, list []accesslog.Entry) string {
	t.Helper()
	var b strings.Builder
	for i := range list {
		line, ok, err := accesslog.Line(form, &list[i])
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			b.Write(append(line, '\n'))
		}
	}
	return b.String()
}

// the forms as they go out.
func TestForms_X_16(t *testing.T) {
	for _, form := range accesslog.Forms {
		t.Run(form, func(t *testing.T) {
			got, path := lines(t, form, entries()), "testdata/"+form+".jsonl"
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got); d != "" {
				t.Errorf("run with -update when this is meant:\n%s", d)
			}
			check := map[string]func(any) []string{accesslog.FHIR: auditEvent.check, accesslog.NEN7513: nenLine.check, accesslog.LDV: ldvLine.check}[form]
			for line := range strings.Lines(got) {
				var v any
				if err := json.Unmarshal([]byte(line), &v); err != nil {
					t.Fatal(err)
				}
				for _, fault := range check(v) {
					t.Errorf("%s: %s", fault, line)
				}
			}
		})
	}
}

// X-16, C-2.7e: whatever stands in the fields of staff, a line of Logboek
// Dataverwerkingen has nothing of it, nor has it a value of a field that is not
// its own; and the subject is all that it says of the client.
func TestNoStaffInLDV_X_16(t *testing.T) {
	const mark = "zzstaffzz"
	for _, e := range entries() {
		e.Actor, e.Role, e.OnBehalfOf, e.Code, e.Rule, e.Digest, e.Door, e.Ground = mark, mark, mark, mark, mark, mark, mark, mark
		e.Policies = []string{mark}
		line, ok, err := accesslog.Line(accesslog.LDV, &e)
		if err != nil || ok != (e.Purpose != "") {
			t.Fatalf("%v, %v", ok, err)
		}
		if bytes.Contains(line, []byte(mark)) {
			t.Errorf("staff in %s", line)
		}
	}
	// With real people: none of their ids comes out either.
	for line := range strings.Lines(lines(t, accesslog.LDV, entries())) {
		for _, id := range []string{anna, officer, domain.Operator, "coach", "engine"} {
			if strings.Contains(line, id) {
				t.Errorf("%s in %s", id, line)
			}
		}
		if strings.Count(line, "data_subject_id\"") > 1 {
			t.Errorf("more than one data subject in %s", line)
		}
		if strings.Contains(line, "procsss") || !strings.Contains(line, `"dpl.core.processing_activity_id":"urn:casefile:activity:click/`) {
			t.Errorf("the activity is not told: %s", line)
		}
	}
}

// whatever a look was, each form has its structure.
func TestFormsHoldForEveryLook_X_16(t *testing.T) {
	purposes, actions := append([]string{""}, domain.Purposes...), append(slices.Clone(domain.AccessActions), access.ActionChange)
	grounds := []string{"assignment", "role", "grant", "break_glass", "request", "engine", "none"}
	rapid.Check(t, func(t *rapid.T) {
		e := entries()[0]
		e.Purpose, e.Action, e.Ground = rapid.SampledFrom(purposes).Draw(t, "purpose"), rapid.SampledFrom(actions).Draw(t, "action"), rapid.SampledFrom(grounds).Draw(t, "ground")
		e.Outcome = rapid.SampledFrom([]string{access.Allowed, access.Denied}).Draw(t, "outcome")
		e.Categories = rapid.SliceOfDistinct(rapid.SampledFrom(domain.Categories), rapid.ID[domain.Category]).Draw(t, "categories")
		e.Actor = rapid.SampledFrom([]string{anna, domain.Operator, domain.Engine}).Draw(t, "actor")
		if rapid.Bool().Draw(t, "no subject") {
			e.Subject = ""
		}
		for form, s := range map[string]*shape{accesslog.FHIR: auditEvent, accesslog.NEN7513: nenLine, accesslog.LDV: ldvLine} {
			line, ok, err := accesslog.Line(form, &e)
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				continue
			}
			var v any
			if err := json.Unmarshal(line, &v); err != nil {
				t.Fatal(err)
			}
			if faults := s.check(v); len(faults) > 0 {
				t.Fatalf("%s: %q: %s", form, faults, line)
			}
		}
	})
}

// the entries of one list have one trace and spans of their own.
func TestAListIsLines_X_16(t *testing.T) {
	list := entries()[1:3]
	if list[0].Trace != list[1].Trace || list[0].Span == list[1].Span || list[0].Position != list[1].Position {
		t.Fatal("the example is no list")
	}
	if got := strings.Count(lines(t, accesslog.LDV, list), "\n"); got != 2 {
		t.Errorf("%d lines", got)
	}
}
