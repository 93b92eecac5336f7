package engine_test

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/engine"
	"github.com/casefile-engine/casefile/handlers/queries"
)

// startStream runs a NATS server of its own on a directory and a port (-1: any).
func startStream(t *testing.T, dir string, port int) *server.Server {
	t.Helper()
	s, err := server.NewServer(&server.Options{JetStream: true, StoreDir: dir, Host: "127.0.0.1", Port: port, NoLog: true, NoSigs: true, SyncAlways: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(20 * time.Second) {
		t.Fatal("the NATS server did not start")
	}
	return s
}

// way is a way to see or do something as one person.
type way struct{ method, path, body string }

func (r *rights) ways() []way {
	d := r.dossiers[0]
	list := []way{
		{"GET", "/api/v1/agencies/click/dossiers/" + d, ""},
		{"GET", "/api/v1/agencies/click/dossiers/" + d + "/timeline", ""},
		{"GET", "/api/v1/agencies/click/dossiers/" + d + "?as_of=" + today(), ""},
		{"GET", "/api/v1/agencies/click/dossiers/" + d + "?known_at=" + today(), ""},
		{"POST", "/api/v1/agencies/click/search", fmt.Sprintf(`{"q":%q}`, marked(0, "contact"))},
		{"GET", "/caseload", ""}, {"GET", "/dossiers/" + d, ""},
		{"POST", "/caseload", url.Values{"q": {marked(0, "contact")}}.Encode()},
		{"POST", "/search", url.Values{"q": {marked(0, "contact")}}.Encode()},
		{"GET", "/dossiers/" + d + "/print", ""}, {"GET", "/registers", ""}, {"GET", "/account", ""},
		{"POST", "/dossiers/" + d + "/conversation", url.Values{"subject": {"x"}, "text": {"y"}}.Encode()},
	}
	for _, register := range queries.Registers {
		list = append(list, way{"GET", "/api/v1/agencies/click/" + register + "?purpose=guidance", ""})
	}
	return list
}

// T5, T12, C-0d: with the external stream killed no page, export or call yields
// anything personal; with the server back, work goes on without a restart.
func TestT5NothingComesOutWhileTheStreamIsDown(t *testing.T) {
	dir := t.TempDir()
	nats := startStream(t, filepath.Join(dir, "nats"), -1)
	r := openRightsOn(t, engine.Options{Data: filepath.Join(dir, "data"), NATSURL: nats.ClientURL(), Replicas: 1, Create: true, Follow: true})
	coach, officer := r.person("assigned"), r.person("officer")
	if status, body := r.ask(coach, "GET", "/dossiers/"+r.dossiers[0], ""); status != 200 || !strings.Contains(body, marked(0, "report")) {
		t.Fatalf("with the stream there: %d", status)
	}
	at, err := url.Parse(nats.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	nats.Shutdown()
	nats.WaitForShutdown()

	var wg sync.WaitGroup
	for _, p := range []*person{coach, officer, r.person("granted"), r.person("broken"), r.person("office")} {
		for _, w := range r.ways() {
			wg.Go(func() {
				status, body := r.ask(p, w.method, w.path, w.body)
				for dossier := range r.dossiers {
					for _, c := range append(readable, domain.CatStaff) {
						for _, v := range values(dossier, c) {
							if strings.Contains(body, v) && !strings.Contains(w.body, v) {
								t.Errorf("%s: %s %s shows %s with the stream down (%d)", p.name, w.method, w.path, c, status)
							}
						}
					}
				}
				if strings.Contains(body, "Collega ") {
					t.Errorf("%s: %s %s shows a colleague's name with the stream down", p.name, w.method, w.path)
				}
				if strings.HasPrefix(w.path, "/api/") && status < 400 {
					t.Errorf("%s: %s %s answers %d with the stream down", p.name, w.method, w.path, status)
				}
			})
		}
	}
	wg.Wait()

	var number int
	if _, err := fmt.Sscan(at.Port(), &number); err != nil {
		t.Fatal(err)
	}
	again := startStream(t, filepath.Join(dir, "nats"), number)
	t.Cleanup(func() { r.e.Close(); again.Shutdown() })
	deadline := time.Now().Add(time.Minute)
	for {
		status, body := r.ask(coach, "GET", "/dossiers/"+r.dossiers[0], "")
		if status == 200 && strings.Contains(body, marked(0, "report")) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("work does not go on with the server back: %d", status)
		}
		time.Sleep(100 * time.Millisecond)
	}
}
