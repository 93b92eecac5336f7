package web_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/casefile-engine/casefile/eventstore/blocks"
	"github.com/casefile-engine/casefile/eventstore/jetstream"
)

const banner = "Het systeem is stilgezet"

// damaged alters one stored byte under the running engine and has the guard look.
// It gives the position whose commit is damaged.
func (r *real) damaged() uint64 {
	r.t.Helper()
	s, err := blocks.Open(filepath.Join(r.engine.Paths.Data, "stream"), jetstream.StreamName)
	if err != nil {
		r.t.Fatal(err)
	}
	var old *blocks.Record
	err = s.Read(r.t.Context(), func(x *blocks.Record) error {
		if old == nil && strings.Contains(string(x.Payload), `"type":"record.added"`) {
			old = x
		}
		return nil
	}, func(*blocks.Damage) error { return nil })
	if err != nil || old == nil {
		r.t.Fatalf("no commit to damage: %v", err)
	}
	f, err := os.OpenFile(old.File, os.O_RDWR, 0)
	if err != nil {
		r.t.Fatal(err)
	}
	defer f.Close()
	one, at := make([]byte, 1), old.Offset+int64(old.Length)/2
	if _, err := f.ReadAt(one, at); err != nil {
		r.t.Fatal(err)
	}
	one[0] ^= 1
	if _, err := f.WriteAt(one, at); err != nil {
		r.t.Fatal(err)
	}
	if _, err := r.engine.Guard.Scrub(context.WithoutCancel(r.t.Context())); err != nil {
		r.t.Fatal(err)
	}
	return old.Sequence
}

// T2, C-2.1.4d: once the guard has found damage, every page tells everybody that
// nothing is recorded any more and whom to tell; the exact commits stand where
// the auditor and the administrator look, and nobody else sees them.
func TestTheAlarmStandsOnEveryPage_T2(t *testing.T) {
	r := openReal(t)
	clients := map[string]*http.Client{}
	for _, who := range []string{"click/coach", "click/director", "click/auditor", "click/administrator", "click/compliance_officer", "solutions/auditor"} {
		r.browserless()
		r.signIn(r.name(who))
		clients[who] = r.client
		if p := r.get("/start"); strings.Contains(p.body, `class="alarm"`) {
			t.Fatalf("%s sees an alarm while nothing is wrong", who)
		}
	}
	r.client = clients["click/auditor"]
	if p := r.get("/integrity"); p.status != http.StatusOK || !strings.Contains(p.body, "Er is niets gevonden") {
		t.Fatalf("the state before: %d\n%s", p.status, p.body)
	}
	id := r.auditedDossier()
	b := r.world.browser()
	b.signIn(r.name("click/auditor"))
	position := r.damaged()
	where := regexp.MustCompile(`plaats ` + strconv.FormatUint(position, 10) + `[,<]`)
	for who, inspects := range map[string]bool{"click/coach": false, "click/director": false, "click/auditor": true, "click/administrator": true, "click/compliance_officer": true} {
		r.client = clients[who]
		for _, path := range []string{"/start", "/caseload", "/registers", "/dossiers/" + id, "/dossiers/" + id + "/replay", "/account", "/nowhere"} {
			p := r.get(path)
			if !strings.Contains(p.body, banner) || !strings.Contains(p.body, `role="alert"`) || !strings.Contains(p.body, "wie bij uw organisatie het systeem beheert") {
				t.Errorf("%s: %s (%d) says nothing of it", who, path, p.status)
			}
			if strings.Contains(p.body, `href="/integrity"`) != inspects {
				t.Errorf("%s: %s leads to the details: %v", who, path, !inspects)
			}
			if where.MatchString(p.body) {
				t.Errorf("%s: %s names the commit", who, path)
			}
			noContents(t, path, p.body)
		}
		p := r.get("/integrity")
		if inspects != (p.status == http.StatusOK) || inspects != where.MatchString(p.body) {
			t.Errorf("%s: the details: %d\n%s", who, p.status, p.body)
		}
	}
	// The other agency hears that it has stopped, and neither whose commit it is nor how many there are (C-2.8).
	r.client = clients["solutions/auditor"]
	if p := r.get("/integrity"); p.status != http.StatusOK || !strings.Contains(p.body, banner) || strings.Contains(p.body, id) || strings.Contains(p.body, "bevinding") || where.MatchString(p.body) {
		t.Errorf("the other agency: %d\n%s", p.status, p.body)
	}
	for _, x := range []struct {
		lang string
		w, h int64
		dark bool
	}{{"nl", 1280, 900, false}, {"en", 320, 640, true}} {
		b.look(x.w, x.h, x.dark)
		b.open("/language?to=" + x.lang)
		for _, path := range []string{"/start", "/integrity"} {
			b.open(path)
			if b.text(".alarm") == "" {
				t.Errorf("%s in %s shows no alarm", path, x.lang)
			}
			for _, wrong := range eval[[]string](b, accessible) {
				t.Errorf("%s %s: %s", path, x.lang, wrong)
			}
			b.shot("alarm-" + strings.Trim(path, "/") + "-" + x.lang)
		}
	}
}
