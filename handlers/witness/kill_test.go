package witness_test

import (
	"bufio"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/casefile-engine/casefile/handlers/witness"
)

// TestMain runs the witness in a process of its own for the test that kills it.
func TestMain(m *testing.M) {
	if dir := os.Getenv("WITNESS_DIR"); dir != "" {
		logs, err := witness.ParseLogs(os.Getenv("WITNESS_LOG"))
		if err != nil {
			panic(err)
		}
		w, err := witness.Open(witness.Options{Dir: dir, Name: "witness.example/killed", Logs: logs})
		if err != nil {
			panic(err)
		}
		s := httptest.NewServer(w.Handler())
		fmt.Println(s.URL)
		select {} // until it is killed
	}
	os.Exit(m.Run())
}

// C-2.1.4d: kill -9 at any moment, again and again: what was answered is known
// after the next start, and a fork from before it is refused.
func TestKilledAndStartedAgain(t *testing.T) {
	l := newLog(t, "casefile/s/click")
	fork := &aLog{t: t, origin: l.origin, signer: l.signer, vkey: l.vkey}
	l.grow(200, "")
	fork.grow(200, "!")
	dir := t.TempDir()
	acknowledged := int64(0)
	for round := range 6 {
		c := exec.Command(os.Args[0])
		c.Env = append(os.Environ(), "WITNESS_DIR="+dir, "WITNESS_LOG="+l.vkey)
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		address, err := bufio.NewReader(out).ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		s := &served{t: t, url: strings.TrimSpace(address)}
		status, answer, _ := s.post(l.request(0, 200))
		at := int64(0)
		if status == http.StatusConflict {
			if _, err := fmt.Sscan(answer, &at); err != nil {
				t.Fatal(err)
			}
		}
		if round > 0 && (at < acknowledged || at > acknowledged+1) {
			t.Fatalf("after a kill the witness knows %d commits, and answered for %d", at, acknowledged)
		}
		if round == 0 {
			at = 200 // the question was the first
			if status != http.StatusOK {
				t.Fatal(status, answer)
			}
		}
		s.conflict(at, "a fork from the beginning", fork.request(0, 199))
		if round == 0 {
			// From here on each round goes on by ones until it is killed.
			l.grow(1000, "")
			fork.grow(1000, "!")
		}
		s.wants(http.StatusUnprocessableEntity, "a fork", fork.request(at, at+5))
		acknowledged = at
		killed := make(chan error, 1)
		for n := range 30 {
			if n == 10+round { // while requests go on
				go func() { killed <- c.Process.Kill() }()
			}
			resp, err := http.Post(s.url+"/add-checkpoint", "text/plain", strings.NewReader(l.request(acknowledged, acknowledged+1)))
			if err != nil {
				break
			}
			resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				t.Fatalf("at %d: %d", acknowledged, resp.StatusCode)
			}
			acknowledged++
		}
		if err := <-killed; err != nil {
			t.Fatal(err)
		}
		_ = c.Wait() // it was killed
	}
	if acknowledged < 250 {
		t.Fatalf("only %d were cosigned", acknowledged)
	}
}
