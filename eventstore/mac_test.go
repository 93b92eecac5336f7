package eventstore

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"testing"

	"pgregory.net/rapid"
)

// testCode is a code under a key that tests have.
func testCode(line []byte) []byte {
	m := hmac.New(sha256.New, []byte("a key of a test"))
	m.Write(line)
	return m.Sum(nil)[:MACSize]
}

// Whatever an envelope holds: its coded form is the form without a code, with the
// code of exactly that; both readers read the same out of it, and it survives a
// round trip byte by byte.
func TestACodeCoversTheWholeLine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := drawEnvelope(t)
		e.MAC = ""
		bare, _, err := Marshal(e, nil)
		if err != nil {
			t.Fatal(err)
		}
		payload, leaf, err := MarshalCoded(e, nil, testCode)
		if err != nil {
			t.Fatal(err)
		}
		clear, rest, _ := bytes.Cut(payload, []byte("\n"))
		if len(rest) > 0 || leaf != LeafHash(clear) {
			t.Fatal("the payload is not one line and its leaf")
		}
		line, code, ok := Coded(clear)
		if !ok || !bytes.Equal(line, bytes.TrimSuffix(bare, []byte("\n"))) || !bytes.Equal(code, testCode(line)) {
			t.Fatalf("%v: code %x of %s", ok, code, line)
		}
		var fast, slow Envelope
		if err := decodeEnvelope(clear, &fast); err != nil {
			t.Fatal(err)
		}
		if err := decodeAnyEnvelope(clear, &slow); err != nil || fast.MAC == "" || slow.MAC != fast.MAC {
			t.Fatalf("read %q and %q: %v", fast.MAC, slow.MAC, err)
		}
		if again, _, err := Marshal(&fast, nil); err == nil && len(e.Data.Events) > 0 && !bytes.Contains(again, []byte(`"mac":"`+fast.MAC+`"}`)) {
			t.Fatalf("a round trip lost the code: %s", again)
		}
	})
}

// T2: no byte of a coded line can be another without its code being wrong, or gone.
func TestEveryByteOfACodedLineCounts(t *testing.T) {
	e, sealed := example()
	payload, _, err := MarshalCoded(e, sealed, testCode)
	if err != nil {
		t.Fatal(err)
	}
	clear, _, _ := bytes.Cut(payload, []byte("\n"))
	if line, code, ok := Coded(clear); !ok || !bytes.Equal(code, testCode(line)) {
		t.Fatal("the line as it was made does not pass")
	}
	for i := range clear {
		for bit := range 8 {
			b := bytes.Clone(clear)
			b[i] ^= 1 << bit
			if line, code, ok := Coded(b); ok && bytes.Equal(code, testCode(line)) {
				t.Fatalf("bit %d of byte %d can be another", bit, i)
			}
		}
	}
	for _, none := range []string{"", "}", `{"a":1}`, `"}`, `,"mac":"AAAAAAAAAAAAAAAAAAAAAA"}`[1:], `{"mac":"AAAAAAAAAAAAAAAAAAAAAA"}`} {
		if _, _, ok := Coded([]byte(none)); ok {
			t.Errorf("%q bears a code", none)
		}
	}
}
