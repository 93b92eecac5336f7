package witness_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	cosig "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/casefile-engine/casefile/handlers/witness"
)

// aLog is a log of the test's own: leaves, and a key that signs.
type aLog struct {
	t      testing.TB
	origin string
	signer note.Signer
	vkey   string
	hashes []tlog.Hash
	size   int64
}

func newLog(t testing.TB, origin string) *aLog {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		t.Fatal(err)
	}
	s, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	return &aLog{t: t, origin: origin, signer: s, vkey: vkey}
}

// ReadHashes implements tlog.HashReader.
func (l *aLog) ReadHashes(list []int64) (out []tlog.Hash, err error) {
	for _, i := range list {
		out = append(out, l.hashes[i])
	}
	return out, nil
}

// grow appends leaves up to a size; salt makes others than another log's.
func (l *aLog) grow(size int64, salt string) {
	l.t.Helper()
	for ; l.size < size; l.size++ {
		h, err := tlog.StoredHashes(l.size, fmt.Appendf(nil, "%d%s", l.size, salt), l)
		if err != nil {
			l.t.Fatal(err)
		}
		l.hashes = append(l.hashes, h...)
	}
}

func (l *aLog) root(size int64) tlog.Hash {
	l.t.Helper()
	h, err := tlog.TreeHash(size, l)
	if err != nil {
		l.t.Fatal(err)
	}
	return h
}

// text is the text of the checkpoint of a size.
func (l *aLog) text(size int64) string {
	root := l.root(size)
	return fmt.Sprintf("%s\n%d\n%s\nposition %d\n", l.origin, size, base64.StdEncoding.EncodeToString(root[:]), size)
}

func (l *aLog) sign(text string) string {
	l.t.Helper()
	b, err := note.Sign(&note.Note{Text: text}, l.signer)
	if err != nil {
		l.t.Fatal(err)
	}
	return string(b)
}

func (l *aLog) proof(old, size int64) (lines string) {
	l.t.Helper()
	if old == 0 || old == size {
		return ""
	}
	p, err := tlog.ProveTree(size, old, l)
	if err != nil {
		l.t.Fatal(err)
	}
	for _, h := range p {
		lines += h.String() + "\n"
	}
	return lines
}

// request is a good request.
func (l *aLog) request(old, size int64) string {
	return fmt.Sprintf("old %d\n%s\n%s", old, l.proof(old, size), l.sign(l.text(size)))
}

// served is a witness behind HTTP.
type served struct {
	t   testing.TB
	w   *witness.Witness
	url string
}

func known(t testing.TB, list ...*aLog) witness.Logs {
	t.Helper()
	text := "# known logs\n\n"
	for _, l := range list {
		text += l.vkey + "\n"
	}
	logs, err := witness.ParseLogs(text)
	if err != nil {
		t.Fatal(err)
	}
	return logs
}

func serve(t testing.TB, o witness.Options) *served {
	t.Helper()
	w, err := witness.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(w.Handler())
	t.Cleanup(func() { s.Close(); w.Close() })
	return &served{t, w, s.URL}
}

// post sends a request, and gives what is answered.
func (s *served) post(body string) (status int, answer, kind string) {
	s.t.Helper()
	resp, err := http.Post(s.url+"/add-checkpoint", "text/plain", strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, string(b), resp.Header.Get("Content-Type")
}

// wants posts and compares the status.
func (s *served) wants(status int, what, body string) string {
	s.t.Helper()
	got, answer, _ := s.post(body)
	if got != status {
		s.t.Fatalf("%s: %d %q, not %d", what, got, answer, status)
	}
	return answer
}

// conflict posts and wants to hear that size.
func (s *served) conflict(size int64, what, body string) {
	s.t.Helper()
	got, answer, kind := s.post(body)
	if got != http.StatusConflict || answer != fmt.Sprintf("%d\n", size) || kind != "text/x.tlog.size" {
		s.t.Fatalf("%s: %d %q %s, not the conflict with %d", what, got, answer, kind, size)
	}
}

// cosigned checks an answer with the checks of another implementation of C2SP
// tlog-cosignature.
func (s *served) cosigned(l *aLog, size int64, answer string) {
	s.t.Helper()
	v, err := cosig.NewVerifierForCosignatureV1(s.w.Public())
	if err != nil {
		s.t.Fatal(err)
	}
	lv, err := note.NewVerifier(l.vkey)
	if err != nil {
		s.t.Fatal(err)
	}
	n, err := note.Open([]byte(l.sign(l.text(size))+answer), note.VerifierList(v, lv))
	if err != nil || len(n.Sigs) != 2 || len(n.UnverifiedSigs) != 0 {
		s.t.Fatalf("%q is no cosignature: %v", answer, err)
	}
	if at, err := cosig.CoSigV1Timestamp(n.Sigs[1]); err != nil || at.IsZero() || bytes.Contains([]byte(n.Text), []byte("cosignature/v1")) {
		s.t.Fatal(at, err)
	}
}
