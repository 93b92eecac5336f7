package mining_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/handlers/mining"
)

var update = flag.Bool("update", false, "write the golden files anew")

const (
	dossier = "00000000-0000-4000-8000-00000000000d"
	coach   = "00000000-0000-4000-8000-00000000000c"
	request = "00000000-0000-4000-8000-00000000000f"
)

func commit(kind, id, command, actor, at string, events ...eventstore.StoredEvent) *eventstore.Envelope {
	t, err := time.Parse(time.RFC3339, at)
	if err != nil {
		panic(err)
	}
	return &eventstore.Envelope{Agency: "click", Kind: kind, AggregateID: id, Command: command, Actor: actor, Door: "web", Profile: "click-2017",
		Time: t, Recorded: t.Add(time.Second).UTC(), Data: eventstore.Data{Events: events}}
}

func event(id, kind, data string) eventstore.StoredEvent {
	return eventstore.StoredEvent{ID: id, Type: kind, Schema: 1, Data: json.RawMessage(data)}
}

// history has what an event log takes in, and what it leaves out.
func history() []*eventstore.Envelope {
	return []*eventstore.Envelope{
		commit(domain.KindUnique, strings.Repeat("ab", 32), "OpenDossier", coach, "2026-01-05T09:00:00Z", event("e0", "unique.reserved", `{"holder":"`+dossier+`"}`)),
		commit(domain.KindDossier, dossier, "OpenDossier", coach, "2026-01-05T10:00:00+01:00", event("e1", "dossier.opened", `{"service":"reintegration","fields":["address","bsn"]}`)),
		commit(domain.KindDossier, dossier, "StartTrajectory", coach, "2026-01-05T09:05:00Z", event("e2", "trajectory.started", `{"trajectory":"T-2026/14","started_on":"2026-01-05","budget_minutes":600}`)),
		// What has not the form of a code does not go out, whatever put it there.
		commit(domain.KindDossier, dossier, "ReceiveRequest", coach, "2026-01-06T09:00:00Z",
			event("e3", "request.received", `{"request":"`+request+`","kind":"access","by":"client","note":"Belde <b>zelf</b>","items":[{"category":"plan"}],"extended":false}`)),
		commit(domain.KindAccess, coach, "SignIn", coach, "2026-01-06T10:00:00Z", event("e4", "session.started", `{"session":"`+request+`"}`)),
		commit(domain.KindAccess, coach, "RecordAccess", coach, "2026-01-06T10:01:00Z", event("e5", "access.recorded", `{"action":"view","outcome":"allowed","dossiers":["`+dossier+`"],"owners":["dossier/`+dossier+`"],"categories":["contact","plan"]}`)),
	}
}

// both forms of a history known by heart.
func TestForms_X_15(t *testing.T) {
	trajectories := func(objectType, id string) (string, error) {
		if objectType == mining.Trajectory {
			return "t1", nil
		}
		return "", nil
	}
	for _, form := range mining.Forms {
		var b bytes.Buffer
		log := mining.New(form, &b)
		for i, e := range history() {
			events, err := mining.Of(&eventstore.Commit{Position: uint64(i + 1), Envelope: *e}, trajectories)
			for _, x := range events {
				if err == nil {
					err = log.Event(x)
				}
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{"zelf", "T-2026", "session", "unique", "owners"} {
			if strings.Contains(b.String(), word) {
				t.Errorf("%s has %q", form, word)
			}
		}
		golden(t, "testdata/log."+form, b.String())
	}
}

// An empty log is one too.
func TestEmptyLogs(t *testing.T) {
	for _, form := range mining.Forms {
		var b bytes.Buffer
		if err := mining.New(form, &b).Close(); err != nil {
			t.Fatal(err)
		}
		if form == mining.OCEL && !json.Valid(b.Bytes()) || !strings.HasSuffix(b.String(), "}\n") && form == mining.OCEL || form == mining.XES && !strings.HasSuffix(b.String(), "</log>\n") {
			t.Errorf("%s: %s", form, b.String())
		}
	}
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (run with -update when this is meant):\n%s", path, d)
	}
}
