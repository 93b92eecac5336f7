package bundle_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/eventstore/ledger/bundle"
)

func packed(t testing.TB, files ...bundle.File) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := bundle.Pack(&b, files); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func code(err error) string {
	var r *bundle.Refusal
	if errors.As(err, &r) {
		return r.Code
	}
	return fmt.Sprint(err)
}

// Whatever is packed comes out again, an ordinary reader of zips reads it too,
// and no byte of it can be changed, left out or added.
func TestOneFormOfAZip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		content := rapid.MapOf(rapid.StringMatching(`[a-z]{1,3}(/[a-z0-9][a-z0-9.-]{0,4}){0,2}`), rapid.SliceOfN(rapid.Byte(), 0, 40)).Draw(t, "files")
		var files []bundle.File
		for name, data := range content {
			files = append(files, bundle.File{Name: name, Data: data})
		}
		slices.SortFunc(files, func(a, b bundle.File) int { return strings.Compare(a.Name, b.Name) })
		var out bytes.Buffer
		if err := bundle.Pack(&out, files); err != nil {
			t.Fatal(err)
		}
		b := out.Bytes()
		z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
		if err != nil || len(z.File) != len(files) {
			t.Fatal(err)
		}
		for i, f := range z.File {
			r, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			data, err := io.ReadAll(r)
			if err != nil || f.Name != files[i].Name || !bytes.Equal(data, files[i].Data) {
				t.Fatalf("%s: %v", f.Name, err)
			}
		}
		if len(files) == 0 {
			return
		}
		got, err := bundle.Unpack(b)
		if err != nil || len(got) != len(files) {
			t.Fatal(err)
		}
		i := rapid.IntRange(0, len(b)-1).Draw(t, "byte")
		b[i] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if _, err := bundle.Unpack(b); err == nil {
			t.Fatalf("byte %d of %d can be changed", i, len(b))
		}
		b[i] = 0
		if _, err := bundle.Unpack(b[:i]); err == nil {
			t.Fatalf("cut at %d it passes", i)
		}
		if _, err := bundle.Unpack(append(b, 0)); err == nil {
			t.Fatal("with a byte more it passes")
		}
	})
}

// A dossier that was in a hundred thousand lists makes more files than a zip's
// old directory can count.
func TestManyFiles(t *testing.T) {
	files := make([]bundle.File, 70_000)
	for i := range files {
		files[i] = bundle.File{Name: fmt.Sprintf("commits/%06d", i)}
	}
	b := packed(t, files...)
	got, err := bundle.Unpack(b)
	if err != nil || len(got) != len(files) {
		t.Fatal(len(got), err)
	}
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil || len(z.File) != len(files) {
		t.Fatal(err)
	}
}

// Bad input is refused in a word of its own before anything of it is used.
func TestBadContainers(t *testing.T) {
	ordinary := func(name string, method uint16, content []byte) []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: method})
		if err == nil {
			_, err = w.Write(content)
		}
		if err = errors.Join(err, z.Close()); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	good := packed(t, bundle.File{Name: "bundle.json", Data: []byte("{}")})
	named := func(name string) []byte { return bytes.ReplaceAll(good, []byte("bundle.json"), []byte(name)) }
	for what, c := range map[string]struct {
		b    []byte
		code string
	}{
		"nothing":          {nil, bundle.CodeNoBundle},
		"a text":           {[]byte("PK, he said"), bundle.CodeNoBundle},
		"an empty zip":     {ordinaryEmpty(t), bundle.CodeNoBundle},
		"a bomb":           {ordinary("bundle.json", zip.Deflate, make([]byte, 50<<20)), bundle.CodeCompressed},
		"another's zip":    {ordinary("bundle.json", zip.Store, []byte("{}")), bundle.CodeForm},
		"up and away":      {named("../../../x1"), bundle.CodeName},
		"from the root":    {named("/etc/passwd"), bundle.CodeName},
		"a hidden file":    {named(".bashrc1234"), bundle.CodeName},
		"another system's": {named(`..\..\evil1`), bundle.CodeName},
		"a control":        {named("bundle\n.jso"), bundle.CodeName},
		"cut short":        {good[:len(good)-1], bundle.CodeForm},
		"cut in the file":  {good[:42], bundle.CodeTruncated},
		"cut in a header":  {good[:20], bundle.CodeTruncated},
		"a file of 4 GiB":  {bytes.Replace(good, []byte{2, 0, 0, 0, 2, 0, 0, 0}, []byte{255, 255, 255, 255, 255, 255, 255, 255}, 1), bundle.CodeTruncated},
		"twice the same":   {append(bytes.Clone(good[:43]), good...), bundle.CodeName},
	} {
		_, err := bundle.Unpack(c.b)
		if code(err) != c.code {
			t.Errorf("%s: %v", what, err)
		}
		if _, err := bundle.Check(c.b, nil); code(err) != c.code {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := bundle.Check(good, nil); code(err) != bundle.CodeMissing {
		t.Error(err)
	}
	for _, files := range [][]bundle.File{{{Name: "b"}, {Name: "a"}}, {{Name: "a"}, {Name: "a"}}, {{Name: "a b"}}, {{Name: strings.Repeat("a", 200)}}} {
		if err := bundle.Pack(io.Discard, files); code(err) != bundle.CodeName {
			t.Errorf("%v: %v", files, err)
		}
	}
}

func ordinaryEmpty(t *testing.T) []byte {
	var b bytes.Buffer
	if err := zip.NewWriter(&b).Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Each refusal has its words in both languages.
func TestEveryRefusalIsSaid(t *testing.T) {
	for _, c := range []string{
		bundle.CodeNoBundle, bundle.CodeTruncated, bundle.CodeTooLarge, bundle.CodeCompressed, bundle.CodeName, bundle.CodeForm, bundle.CodeMissing,
		bundle.CodeExtra, bundle.CodeAltered, bundle.CodeSignature, bundle.CodeKey, bundle.CodeOtherKey, bundle.CodeOtherLog, bundle.CodeCheckpoint,
		bundle.CodeProof, bundle.CodeContents, bundle.CodeHistory, bundle.CodeIncomplete, bundle.CodeForeign, bundle.CodeChain, bundle.CodeOpened, bundle.CodeText, bundle.CodeWitness, bundle.CodeStamp,
	} {
		r := &bundle.Refusal{Code: c, File: "x"}
		if nl, en := r.Says(nl.Dutch), r.Says(nl.English); len(nl) < 20 || len(en) < 20 || nl == en {
			t.Errorf("%s: %q, %q", c, nl, en)
		}
	}
}

const signed = "casefile/s/click\n3\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nposition 3\nrecorded 2026-11-20T09:30:00Z\n\n— casefile/s/click AAAA\n"

// The texts of proofs are those of C2SP tlog-proof and of tlog-witness, and there
// is one text of each.
func TestTextsOfProofs(t *testing.T) {
	h := tlog.Hash{1, 2, 3}
	p := bundle.Proof{Index: 2, Hashes: tlog.RecordProof{h, h}, Checkpoint: []byte(signed)}
	want := "c2sp.org/tlog-proof@v1\nindex 2\n" + h.String() + "\n" + h.String() + "\n\n" + signed
	if string(p.Format()) != want {
		t.Fatalf("%s", p.Format())
	}
	got, err := bundle.ParseProof([]byte(want))
	if err != nil || got.Index != 2 || len(got.Hashes) != 2 || string(got.Checkpoint) != signed {
		t.Fatal(got, err)
	}
	c := bundle.Consistency{Old: 2, Hashes: tlog.TreeProof{h}, Checkpoint: []byte(signed)}
	if text := "old 2\n" + h.String() + "\n\n" + signed; string(c.Format()) != text {
		t.Fatalf("%s", c.Format())
	}
	if got, err := bundle.ParseConsistency(c.Format()); err != nil || got.Old != 2 || len(got.Hashes) != 1 {
		t.Fatal(got, err)
	}
	for _, bad := range []string{
		"", "index 2\n", strings.Replace(want, "@v1", "@v2", 1), strings.Replace(want, "index 2", "index 02", 1), strings.Replace(want, "index 2", "index -2", 1),
		strings.Replace(want, "index 2", "index +2", 1), strings.Replace(want, "\n\n", "\n", 1), strings.Replace(want, "\n", "\r\n", 1),
		strings.Replace(want, h.String(), h.String()[:40], 1), strings.Replace(want, "AAA=\n", "AAB=\n", 1), "c2sp.org/tlog-proof@v1\nextra AAAA\n" + strings.TrimPrefix(want, "c2sp.org/tlog-proof@v1\n"),
	} {
		if bad == want {
			continue
		}
		if p, err := bundle.ParseProof([]byte(bad)); err == nil && string(p.Checkpoint) == signed {
			t.Errorf("%q passes", bad)
		}
	}
}

// T9: whatever is given for a bundle is refused, without a panic, or packs to the
// same bytes again.
func FuzzBundle(f *testing.F) {
	f.Add(packed(f, bundle.File{Name: "a", Data: []byte("x")}, bundle.File{Name: "b/c"}))
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, b []byte) {
		files, err := bundle.Unpack(b)
		if _, checked := bundle.Check(b, nil); checked == nil {
			t.Fatal("a bundle that nobody signed holds")
		}
		if err != nil {
			if code(err) == err.Error() {
				t.Fatal(err)
			}
			return
		}
		if !bytes.Equal(packed(t, files...), b) {
			t.Fatal("two forms of one zip")
		}
	})
}

// T9: of proofs likewise.
func FuzzProof(f *testing.F) {
	f.Add([]byte("c2sp.org/tlog-proof@v1\nindex 0\n\n" + signed))
	f.Add([]byte("old 1\n\n" + signed))
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := bundle.ParseProof(b); err == nil && !bytes.Equal(p.Format(), b) {
			t.Fatal("two texts of one proof")
		}
		if c, err := bundle.ParseConsistency(b); err == nil && !bytes.Equal(c.Format(), b) {
			t.Fatal("two texts of one proof")
		}
	})
}
