package verify_test

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	cosig "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
)

// cosigner is a witness's key of one of the two kinds, and its signer.
func cosigner(t *testing.T, kind string) (verify.Witness, note.Signer, string) {
	t.Helper()
	generate := func() (string, string, error) { return note.GenerateKey(rand.Reader, "w.example/1") }
	if kind == "ML-DSA-44" {
		generate = func() (string, string, error) { return cosig.GenerateMLDSAKey("w.example/1") }
	}
	skey, vkey, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	s, err := cosig.NewSignerForCosignatureV1(skey)
	if err != nil {
		t.Fatal(err)
	}
	w, err := verify.ParseWitness(vkey + "\n")
	if err != nil {
		t.Fatal(err)
	}
	return w, s, vkey
}

// lineOf is the cosignature on a signed checkpoint.
func lineOf(t *testing.T, s note.Signer, signed string) string {
	t.Helper()
	text, _, _ := strings.Cut(signed, "\n\n")
	b, err := note.Sign(&note.Note{Text: text + "\n"}, s)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(strings.TrimPrefix(string(b), text+"\n\n"), "\n")
}

// C-2.1.4d (C2SP tlog-cosignature): cosignatures of another implementation are
// taken, on their checkpoint and by their key alone, and in one text each.
func TestCosignatures(t *testing.T) {
	for _, kind := range []string{"Ed25519", "ML-DSA-44"} {
		w, s, vkey := cosigner(t, kind)
		again, err := verify.ParseWitness(w.Text)
		if err != nil || again.Text != w.Text || w.Name != "w.example/1" || kind == "Ed25519" && w.Text == vkey || len(w.Fingerprint()) != 64 {
			t.Fatal(kind, w.Text, err)
		}
		line := lineOf(t, s, stamped)
		at, err := w.Check([]byte(stamped), line)
		if err != nil || time.Since(at).Abs() > time.Hour || !w.Made(line) {
			t.Fatal(kind, at, err)
		}
		other, _, _ := cosigner(t, kind)
		if other.Made(line) {
			t.Error(kind, "another key says that it made it")
		}
		for what, check := range map[string]func() (time.Time, error){
			"another key":        func() (time.Time, error) { return other.Check([]byte(stamped), line) },
			"another checkpoint": func() (time.Time, error) { return w.Check([]byte(strings.Replace(stamped, "\n3\n", "\n4\n", 1)), line) },
			"two lines":          func() (time.Time, error) { return w.Check([]byte(stamped), line+"\n"+line) },
			"no line":            func() (time.Time, error) { return w.Check([]byte(stamped), "") },
			"a space more":       func() (time.Time, error) { return w.Check([]byte(stamped), line+" ") },
			"no checkpoint":      func() (time.Time, error) { return w.Check([]byte("x"), line) },
		} {
			if _, err := check(); !errors.Is(err, verify.ErrCosignature) {
				t.Errorf("%s, %s: %v", kind, what, err)
			}
		}
		for i := len(line) - 120; i < len(line); i++ {
			b := []byte(line)
			b[i] ^= 1
			if _, err := w.Check([]byte(stamped), string(b)); !errors.Is(err, verify.ErrCosignature) {
				t.Fatalf("%s: byte %d can be changed", kind, i)
			}
		}
		whole := verify.Cosign([]byte(stamped), []string{line, line})
		signed, lines, err := verify.SplitCosigned(whole)
		if err != nil || string(signed) != stamped || len(lines) != 2 || lines[0] != line {
			t.Error(kind, lines, err)
		}
	}
}

// What is no key of a witness, or names another hash than its own, is none.
func TestKeysOfWitnesses(t *testing.T) {
	w, _, vkey := cosigner(t, "Ed25519")
	flip := func(s string) string { // one bit of the key
		i := len(strings.Join(strings.SplitN(s, "+", 3)[:2], "+")) + 1
		raw, err := base64.StdEncoding.DecodeString(s[i:])
		if err != nil {
			t.Fatal(err)
		}
		raw[len(raw)-1] ^= 1
		return s[:i] + base64.StdEncoding.EncodeToString(raw)
	}
	for _, bad := range []string{"", "x", "a+b+c", "x" + w.Text, flip(w.Text), flip(vkey), w.Text + "A", strings.Replace(w.Text, "+", "+0", 1), w.Text + "\n" + w.Text} {
		if _, err := verify.ParseWitness(bad); !errors.Is(err, verify.ErrCosignature) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	for _, bad := range []string{"", "x", "x\n\ny", "\n\n"} {
		if _, _, err := verify.SplitCosigned([]byte(bad)); err == nil {
			t.Errorf("%q is parted", bad)
		}
	}
}
