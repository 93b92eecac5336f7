package eventstore

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
)

var update = flag.Bool("update", false, "write the golden files anew")

// example is a commit with every field set.
func example() (*Envelope, [][]byte) {
	return &Envelope{
		SpecVersion: "1.0", ID: "019a9f1e-7b1c-7d9e-8a55-0d2f1c3b4a59", Source: "casefile/agency-one", Type: "record.added",
		Subject: "dossier/4f2d1c3b-4a59-4d9e-8a55-0d2f1c3b4a59", Time: time.Date(2026, 11, 20, 9, 30, 0, 123456789, time.UTC),
		DataSchema: "casefile:record.added:2", Agency: "agency-one", Kind: "dossier", AggregateID: "4f2d1c3b-4a59-4d9e-8a55-0d2f1c3b4a59",
		Version: 17, Command: "AddRecord", CommandID: "7d9e8a55-7b1c-4d9e-8a55-0d2f1c3b4a59", CommandDigest: "3f786850e387550fdab836ed7e6dc881",
		CorrelationID: "8d9e8a55-7b1c-4d9e-8a55-0d2f1c3b4a59", CausationID: "9d9e8a55-7b1c-4d9e-8a55-0d2f1c3b4a59",
		TraceParent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", Actor: "9f2d1c3b-4a59-4d9e-8a55-0d2f1c3b4a59",
		OnBehalfOf: "af2d1c3b-4a59-4d9e-8a55-0d2f1c3b4a59", Door: "web", RecordedBy: "bf2d1c3b-4a59-4d9e-8a55-0d2f1c3b4a59",
		Purpose: "guidance", Ground: "assignment", Policy: "c0ffee", Profile: "reintegration", ProfileVer: 3,
		Recorded:     time.Date(2026, 11, 21, 10, 0, 0, 456000000, time.UTC),
		PrevPosition: 123456, PrevLeaf: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		Data: Data{
			Categories: []domain.Category{domain.CatPlan, domain.CatReport},
			Keys:       []KeyCreated{{ID: "cf2d1c3b-4a59-4d9e-8a55-0d2f1c3b4a59", Owner: "dossier/4f2d1c3b-4a59-4d9e-8a55-0d2f1c3b4a59", Class: domain.ClassDossier, Commitment: "00ff"}},
			Events: []StoredEvent{
				{ID: "df2d1c3b-4a59-4d9e-8a55-0d2f1c3b4a59", Type: "record.added", Schema: 2, Data: json.RawMessage(`{"kind":"report","minutes":45,"hours":-1.5,"open":true,"by":null,"list":[],"of":{}}`),
					Sections: []SectionRef{
						{Owner: "dossier/4f2d1c3b-4a59-4d9e-8a55-0d2f1c3b4a59", Class: domain.ClassDossier, Category: domain.CatPlan, Key: "cf2d1c3b-4a59-4d9e-8a55-0d2f1c3b4a59", SHA256: sum("ciphertext one"), Size: 14},
						{Owner: "dossier/4f2d1c3b-4a59-4d9e-8a55-0d2f1c3b4a59", Class: domain.ClassMedical, Category: domain.CatReport, Key: "cf2d1c3b-4a59-4d9e-8a55-0d2f1c3b4a60", SHA256: sum("\n\x00two"), Size: 5},
					}},
				{ID: "ef2d1c3b-4a59-4d9e-8a55-0d2f1c3b4a59", Type: "hours.logged", Schema: 1, Data: json.RawMessage(`{}`)},
			},
			Warnings: []string{"late_report"},
		},
	}, [][]byte{[]byte("ciphertext one"), []byte("\n\x00two")}
}

func sum(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}

// TestGoldenWireForm: the exact bytes of a stored commit. A change of them
// breaks every proof over what is already stored.
func TestGoldenWireForm(t *testing.T) {
	minimal := &Envelope{
		SpecVersion: "1.0", ID: "1", Source: "casefile/a", Type: "dossier.opened", Subject: "dossier/2", Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		DataSchema: "casefile:dossier.opened:1", Agency: "a", Kind: "dossier", AggregateID: "2", Version: 1, Command: "OpenDossier", CommandID: "3",
		Actor: "operator", Door: "cli", RecordedBy: "operator", Recorded: time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC),
		Data: Data{Events: []StoredEvent{{ID: "4", Type: "dossier.opened", Schema: 1, Data: json.RawMessage(`{}`)}}},
	}
	full, sealed := example()
	escaped := *minimal
	escaped.Purpose = "a<b>&\u2028\"\\ü"
	escaped.Data.Events = []StoredEvent{{ID: "4", Type: "dossier.opened", Schema: 1, Data: json.RawMessage(` { "a" : "<ü>" } `)}}
	list := &verify.List{Entries: []string{"+df2d1c3b-4a59-4d9e-8a55-0d2f1c3b4a59", "ef2d1c3b-4a59-4d9e-8a55-0d2f1c3b4a59", "staff/9f2d1c3b-4a59-4d9e-8a55-0d2f1c3b4a59"}}
	for i := range list.Key {
		list.Key[i] = byte(i)
	}
	listed, block := *minimal, list.Block()
	listed.Data.Events = []StoredEvent{{ID: "4", Type: "dossier.opened", Schema: 1, Data: list.Head().Into([]byte(`{"action":"list"}`)), Sections: []SectionRef{ListSection(block)}}}
	for _, c := range []struct {
		name   string
		e      *Envelope
		sealed [][]byte
		code   Code
	}{{"minimal", minimal, nil, nil}, {"full", full, sealed, nil}, {"escaped", &escaped, nil, nil}, {"listed", &listed, [][]byte{block}, nil}, {"coded", minimal, nil, testCode}} {
		t.Run(c.name, func(t *testing.T) {
			got, leaf, err := MarshalCoded(c.e, c.sealed, c.code)
			if err != nil {
				t.Fatal(err)
			}
			got = append([]byte("leaf "+leaf.String()+"\n"), got...)
			path := filepath.Join("testdata", c.name+".commit")
			if *update {
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Fatalf("stored form changed:\n%s\nwant\n%s", got, want)
			}
			_, payload, _ := bytes.Cut(want, []byte("\n"))
			back, err := Unmarshal(payload)
			if err != nil {
				t.Fatal(err)
			}
			if err := back.Verify(); err != nil {
				t.Fatal(err)
			}
			if c.name != "escaped" { // whose event data is compacted
				if diff := cmp.Diff(*c.e, back.Envelope, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(Envelope{}, "MAC")); diff != "" {
					t.Fatal(diff)
				}
			}
			if (back.Envelope.MAC != "") != (c.code != nil) {
				t.Fatalf("the code read is %q", back.Envelope.MAC)
			}
			if got := PeekType(payload); got != c.e.Type {
				t.Fatalf("PeekType gives %q", got)
			}
		})
	}
}

func TestUnmarshalRefusesWhatIsNoCommit(t *testing.T) {
	e, sealed := example()
	good, _, err := Marshal(e, sealed)
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string][]byte{
		"nothing":               nil,
		"no line feed":          bytes.ReplaceAll(good, []byte("\n"), nil),
		"no JSON":               []byte("hello\n"),
		"cut in a section":      good[:len(good)-1],
		"bytes after the last":  append(bytes.Clone(good), 'x'),
		"a name twice":          bytes.Replace(good, []byte(`"door":"web"`), []byte(`"door":"web","door":"cli"`), 1),
		"a name twice in data":  bytes.Replace(good, []byte(`"minutes":45`), []byte(`"minutes":45,"minutes":46`), 1),
		"a negative size":       bytes.Replace(good, []byte(`"size":14`), []byte(`"size":-4`), 1),
		"invalid UTF-8":         bytes.Replace(good, []byte(`"web"`), []byte("\"w\xffb\""), 1),
		"a time without a zone": bytes.Replace(good, []byte(`456Z"`), []byte(`456"`), 1),
	} {
		if _, err := Unmarshal(bad); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	flipped := bytes.Clone(good)
	flipped[len(flipped)-1] ^= 1
	c, err := Unmarshal(flipped)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Verify(); !errors.Is(err, ErrDamaged) {
		t.Fatalf("Verify of a flipped ciphertext: %v", err)
	}
}

// TestTheFastReaderAgreesWithTheGeneralOne: whatever an envelope holds, both
// read the same out of its stored form.
func TestTheFastReaderAgreesWithTheGeneralOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		line, err := json.Marshal(drawEnvelope(t))
		if err != nil {
			t.Fatal(err)
		}
		var fast, general Envelope
		if err := decodeEnvelope(line, &fast); err != nil {
			t.Fatal(err)
		}
		if err := decodeAnyEnvelope(line, &general); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(general, fast); diff != "" {
			t.Fatal(diff)
		}
	})
}

// TestTheFastReaderTakesWhatIsUsual: else every line would go the slow way unseen.
func TestTheFastReaderTakesWhatIsUsual(t *testing.T) {
	e, _ := example()
	line, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	p := scanner{b: line, s: string(line)}
	if !p.envelope(&Envelope{}) {
		t.Fatalf("it stops at byte %d: %s", p.i, line[p.i:])
	}
}

func drawEnvelope(t *rapid.T) *Envelope {
	text := rapid.OneOf(rapid.StringMatching(`[a-z0-9-]{0,12}`), rapid.String())
	value := reflect.New(reflect.TypeFor[Envelope]()).Elem()
	for i := range value.NumField() {
		switch f := value.Field(i); f.Interface().(type) {
		case string:
			f.SetString(text.Draw(t, "text"))
		case uint64:
			f.SetUint(rapid.Uint64().Draw(t, "uint"))
		case int:
			f.SetInt(int64(rapid.Int().Draw(t, "int")))
		case time.Time:
			f.Set(reflect.ValueOf(time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "s"), rapid.Int64Range(0, 999999999).Draw(t, "ns")).UTC()))
		}
	}
	e := value.Interface().(Envelope)
	for range rapid.IntRange(0, 2).Draw(t, "categories") {
		e.Data.Categories = append(e.Data.Categories, domain.Category(text.Draw(t, "category")))
	}
	for range rapid.IntRange(0, 2).Draw(t, "keys") {
		e.Data.Keys = append(e.Data.Keys, KeyCreated{text.Draw(t, "id"), text.Draw(t, "owner"), domain.Class(text.Draw(t, "class")), text.Draw(t, "commitment")})
	}
	for range rapid.IntRange(0, 2).Draw(t, "warnings") {
		e.Data.Warnings = append(e.Data.Warnings, text.Draw(t, "warning"))
	}
	for range rapid.IntRange(0, 3).Draw(t, "events") {
		ev := StoredEvent{ID: text.Draw(t, "id"), Type: text.Draw(t, "type"), Schema: rapid.IntRange(0, 9).Draw(t, "schema")}
		ev.Data, _ = json.Marshal(rapid.OneOf(
			rapid.Just(any(map[string]any{})),
			rapid.Map(rapid.MapOf(text, rapid.Float64Range(-1e6, 1e6)), func(m map[string]float64) any { return m }),
			rapid.Map(rapid.SliceOf(text), func(s []string) any { return map[string]any{"list": s, "n": len(s), "b": true, "z": nil} }),
		).Draw(t, "data"))
		for range rapid.IntRange(0, 2).Draw(t, "sections") {
			ev.Sections = append(ev.Sections, SectionRef{text.Draw(t, "owner"), domain.Class(text.Draw(t, "class")), domain.Category(text.Draw(t, "category")), text.Draw(t, "key"), text.Draw(t, "sum"), rapid.IntRange(0, 1<<40).Draw(t, "size")})
		}
		e.Data.Events = append(e.Data.Events, ev)
	}
	return &e
}

// FuzzUnmarshal: T9. No input makes it panic; what the fast reader takes the
// general one takes too, with the same result; what is a commit survives a
// round trip.
func FuzzUnmarshal(f *testing.F) {
	e, sealed := example()
	full, _, err := Marshal(e, sealed)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(full)
	coded, _, err := MarshalCoded(e, sealed, testCode)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(coded)
	f.Add(bytes.ReplaceAll(full, []byte(":"), []byte(": ")))
	f.Add(full[:len(full)/2])
	f.Add([]byte("{}\n"))
	f.Add([]byte("\n"))
	f.Fuzz(func(t *testing.T, payload []byte) {
		PeekType(payload)
		c, err := Unmarshal(payload)
		if err != nil {
			if !errors.Is(err, ErrDamaged) {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		var slow Envelope
		if err := decodeAnyEnvelope(c.Clear, &slow); err != nil {
			t.Fatalf("only the fast reader takes it: %v", err)
		}
		if diff := cmp.Diff(slow, c.Envelope, cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
		_ = c.Verify()
		again, _, err := Marshal(&c.Envelope, c.Sealed)
		if err != nil {
			return // an instant that has no RFC 3339 form, or invalid text
		}
		if _, err := Unmarshal(again); err != nil {
			t.Fatalf("a commit does not survive a round trip: %v", err)
		}
	})
}

func BenchmarkUnmarshal(b *testing.B) {
	e, sealed := example()
	full, _, _ := Marshal(e, sealed)
	b.Run("fast", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := Unmarshal(full); err != nil {
				b.Fatal(err)
			}
		}
	})
	line, _, _ := bytes.Cut(full, []byte("\n"))
	b.Run("general", func(b *testing.B) {
		for b.Loop() {
			var e Envelope
			if err := decodeAnyEnvelope(line, &e); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding-json", func(b *testing.B) {
		for b.Loop() {
			var e Envelope
			if err := json.Unmarshal(line, &e); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("peek", func(b *testing.B) {
		for b.Loop() {
			PeekType(full)
		}
	})
}
