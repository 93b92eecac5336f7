package engine_test

import (
	"database/sql"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	_ "modernc.org/sqlite"

	"github.com/casefile-engine/casefile/handlers/engine"
)

// C-2.9.3b, L-18, C-0d: what is shielded opens to nobody from the moment that it
// is acknowledged, also while the views have not heard of it: here they cannot
// write, since another holds their file.
func TestWhatIsShieldedStaysClosedWhileTheViewsAreBehind(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	r := openRightsOn(t, engine.Options{Data: dir, Create: true, Follow: true})
	coach, officer, d := r.person("assigned"), r.person("officer"), r.dossiers[0]
	record, give := uuid.NewString(), func(command string, data any) {
		t.Helper()
		raw, err := json.Marshal(map[string]any{"id": uuid.NewString(), "command": command, "dossier": d, "data": data})
		if err != nil {
			t.Fatal(err)
		}
		if status, body := r.ask(coach, "POST", "/api/v1/commands", string(raw)); status != 200 {
			t.Fatalf("%s: %s", command, body)
		}
	}
	give("AddRecord", m{"record": record, "category": "report", "title": "t", "text": "zqshieldedtext", "source": "client"})
	if err := r.e.Views.WaitFor(t.Context(), head(t, r.e)); err != nil {
		t.Fatal(err)
	}
	const purpose = "purpose=rights_request" // the client has asked, so that the compliance officer looks as well
	ways := []string{"/dossiers/" + d + "?" + purpose, "/dossiers/" + d + "/print?" + purpose}
	for _, path := range []string{"?", "/timeline?", "?as_of=" + today() + "&", "/steps?open=true&", "/difference?open=true&axis=recorded&from=2000-01-01&to=" + today() + "&"} {
		ways = append(ways, "/api/v1/agencies/click/dossiers/"+d+path+purpose)
	}
	for _, path := range ways {
		if status, body := r.ask(coach, "GET", path, ""); status != 200 || !strings.Contains(body, "zqshieldedtext") {
			t.Fatalf("%s: before it is shielded: %d", path, status)
		}
	}

	release := holdViews(t, dir)
	defer release()
	give("RestrictRecord", m{"record": record, "reason": "betwist"})
	for _, path := range ways {
		for _, p := range []*person{coach, officer} {
			if status, body := r.ask(p, "GET", path, ""); strings.Contains(body, "zqshieldedtext") {
				t.Errorf("%s: %s shows it, %d", p.name, path, status)
			}
		}
	}
}

// holdViews keeps the views' file from being written until release is called.
func holdViews(t *testing.T, dir string) (release func()) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "views.db")+"?_pragma=busy_timeout(60000)&_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		tx.Rollback() //nolint:errcheck // nothing was written
		db.Close()    //nolint:errcheck // as above
	}
}
