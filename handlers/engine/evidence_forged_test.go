package engine_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/casefile-engine/casefile/eventstore/ledger/bundle"
	"github.com/casefile-engine/casefile/handlers/engine"
	"github.com/casefile-engine/casefile/handlers/evidence"
)

// T2: whichever byte of a bundle is changed, it is refused.
func TestEveryChangedByteOfABundleIsFound_T2(t *testing.T) {
	e := open(t, t.TempDir(), true)
	_, dossier, _ := small(t, e)
	raw := evidenceOf(t, e, evidence.Request{Dossier: dossier, Open: true})
	holds(t, raw, nil)
	start := time.Now()
	for i := range raw {
		for _, flip := range []byte{1, 0x80} {
			raw[i] ^= flip
			if _, err := bundle.Check(raw, nil); err == nil {
				t.Fatalf("byte %d of %d can be changed", i, len(raw))
			}
			raw[i] ^= flip
		}
	}
	t.Logf("%d changes in %s", 2*len(raw), time.Since(start))
	// A changer who writes the container anew, checksums and all, is found by the
	// digests and the signature over them; one who makes the digests fit, by the
	// signature alone.
	files := must(bundle.Unpack(raw))
	for n := range files {
		f := &files[n]
		whole := f.Data
		for i := 0; i < len(whole); i += max(1, len(whole)/16) {
			f.Data = bytes.Clone(whole)
			f.Data[i] ^= 1
			refusedBy(t, f.Name, pack(t, files), nil, bundle.CodeAltered, bundle.CodeSignature, bundle.CodeKey)
		}
		f.Data = whole
	}
	for n := range files {
		if strings.HasPrefix(files[n].Name, "manifest.") {
			continue
		}
		without := slices.Delete(slices.Clone(files), n, n+1)
		refusedBy(t, "without "+files[n].Name, pack(t, without), nil, bundle.CodeAltered, bundle.CodeMissing)
		signedAlone := without
		for i := range signedAlone {
			if signedAlone[i].Name == "manifest.sha256" {
				signedAlone[i].Data = sums(signedAlone)
			}
		}
		refusedBy(t, "digests without "+files[n].Name, pack(t, signedAlone), nil, bundle.CodeSignature, bundle.CodeMissing)
	}
}

// sums is a manifest.
func sums(files []bundle.File) (out []byte) {
	for _, f := range files {
		if !strings.HasPrefix(f.Name, "manifest.") {
			out = fmt.Appendf(out, "%x  %s\n", sha256.Sum256(f.Data), f.Name)
		}
	}
	return out
}

func pack(t *testing.T, files []bundle.File) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := bundle.Pack(&b, files); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// forged is a bundle that the agency itself changed, with its own key at hand.
type forged struct {
	t     *testing.T
	e     *engine.Engine
	files map[string][]byte
	c     bundle.Contents
	p     bundle.Completeness
}

func forge(t *testing.T, e *engine.Engine, raw []byte) *forged {
	t.Helper()
	f := &forged{t: t, e: e, files: map[string][]byte{}}
	for _, x := range must(bundle.Unpack(raw)) {
		if !strings.HasPrefix(x.Name, "manifest.") {
			f.files[x.Name] = x.Data
		}
	}
	if err := errors.Join(json.Unmarshal(f.files["bundle.json"], &f.c), json.Unmarshal(f.files["completeness.json"], &f.p)); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *forged) sealed() []byte {
	f.t.Helper()
	f.files["bundle.json"], f.files["completeness.json"] = must(json.Marshal(f.c)), must(json.Marshal(f.p))
	var list []bundle.File
	for name, data := range f.files {
		list = append(list, bundle.File{Name: name, Data: data})
	}
	list, err := bundle.Seal(list, f.c.Origin, func(text string) ([]byte, error) { return f.e.Ledger.Key().SignBundle("click", text) })
	if err != nil {
		f.t.Fatal(err)
	}
	return pack(f.t, list)
}

// T2, C-2.1.4b: the agency that holds the key cannot leave an access out, change
// one, bring in another's, or give parts of two logs: the log's own proofs tell.
func TestTheAgencyCannotForgeEvidence_T2(t *testing.T) {
	w, _ := viewed(t)
	raw := evidenceOf(t, w.Engine, evidence.Request{Dossier: w.dossier, Open: true})
	r := holds(t, raw, nil)
	if holds(t, forge(t, w.Engine, raw).sealed(), nil) == nil {
		t.Fatal("what was sealed again does not hold")
	}
	try := func(what string, change func(f *forged), codes ...string) {
		t.Helper()
		f := forge(t, w.Engine, raw)
		change(f)
		refusedBy(t, what, f.sealed(), nil, codes...)
	}
	for n, c := range r.Commits {
		leaf := c.Ref.Leaf
		try("without "+c.Envelope.Type, func(f *forged) {
			delete(f.files, bundle.CommitName("commits", leaf))
			delete(f.files, bundle.ProofName("commits", leaf))
			f.c.Commits, f.p.Leaves = slices.Delete(f.c.Commits, n, n+1), slices.Delete(f.p.Leaves, n, n+1)
			f.c.Opened = slices.DeleteFunc(f.c.Opened, func(o bundle.Opened) bool {
				if o.Leaf == leaf {
					delete(f.files, bundle.OpenedName(leaf, o.Section))
					delete(f.files, bundle.SealedName(leaf, o.Section))
				}
				return o.Leaf == leaf
			})
		}, bundle.CodeIncomplete)
		try("another text of "+c.Envelope.Type, func(f *forged) {
			name := bundle.CommitName("commits", leaf)
			f.files[name] = bytes.Replace(f.files[name], []byte(`"outcome":"allowed"`), []byte(`"outcome":"denied"`), 1)
			f.files[name] = bytes.Replace(f.files[name], []byte(`"time":"20`), []byte(`"time":"19`), 1)
		}, bundle.CodeProof)
	}
	first, second := r.Commits[0].Ref.Leaf, r.Commits[1].Ref.Leaf
	try("two commits changed places", func(f *forged) {
		a, b := bundle.CommitName("commits", first), bundle.CommitName("commits", second)
		f.files[a], f.files[b] = f.files[b], f.files[a]
	}, bundle.CodeProof)
	try("fewer leaves than commits", func(f *forged) { f.p.Leaves = f.p.Leaves[1:] }, bundle.CodeIncomplete)
	try("another count", func(f *forged) { f.p.After.Head.Count-- }, bundle.CodeIncomplete)
	try("another map", func(f *forged) { f.p.After.MapRoot[0] ^= 1 }, bundle.CodeContents)
	try("an anchor of another size", func(f *forged) { f.p.After.Size-- }, bundle.CodeContents)
	try("no dossier's completeness", func(f *forged) { f.p.Dossier = w.other }, bundle.CodeContents)
	try("another dossier", func(f *forged) { f.p.Dossier, f.c.Dossier = w.other, w.other }, bundle.CodeForeign)
	try("a file more", func(f *forged) { f.files["opened/note.json"] = []byte("{}") }, bundle.CodeExtra)
	try("another policy", func(f *forged) {
		name := bundle.PolicyName(f.c.Policies[0])
		f.files[name] = append(bytes.Clone(f.files[name]), '\n')
	}, bundle.CodeText)
	try("a policy unnamed", func(f *forged) {
		delete(f.files, bundle.PolicyName(f.c.Policies[0]))
		f.c.Policies = nil
	}, bundle.CodeMissing)
	try("another regulation", func(f *forged) {
		name := bundle.ProfileName(f.c.Profiles[0].Digest)
		f.files[name] = append(bytes.Clone(f.files[name]), '\n')
	}, bundle.CodeText)
	try("an opened piece of another commit", func(f *forged) { f.c.Opened[0].Leaf = r.Commits[len(r.Commits)-1].Ref.Leaf }, bundle.CodeOpened)
	try("another ciphertext", func(f *forged) {
		i := slices.IndexFunc(f.c.Opened, func(o bundle.Opened) bool { return o.State == "open" })
		name := bundle.SealedName(f.c.Opened[i].Leaf, f.c.Opened[i].Section)
		f.files[name] = append(bytes.Clone(f.files[name][1:]), 0)
	}, bundle.CodeOpened)
	try("without a checkpoint's proof", func(f *forged) {
		for name := range f.files {
			if strings.HasSuffix(name, ".add-checkpoint") {
				delete(f.files, name)
			}
		}
	}, bundle.CodeMissing)
	try("another history", func(f *forged) {
		for name, b := range f.files {
			if strings.HasSuffix(name, ".add-checkpoint") {
				p := must(bundle.ParseConsistency(b))
				if len(p.Hashes) > 0 {
					p.Hashes[0][0] ^= 1
					f.files[name] = p.Format()
				}
			}
		}
	}, bundle.CodeHistory)
	t.Run("wrong log", func(t *testing.T) { wrongLog(t, w, raw) })
}

// wrongLog puts the checkpoint of another store's log into a bundle.
func wrongLog(t *testing.T, w *looks, raw []byte) {
	e := open(t, t.TempDir(), true)
	_, dossier, _ := small(t, e)
	other := forge(t, e, evidenceOf(t, e, evidence.Request{Dossier: dossier}))
	for _, part := range []string{"checkpoints/", "commits/", "keys/"} {
		f := forge(t, w.Engine, raw)
		for name := range f.files {
			if strings.HasPrefix(name, part) {
				delete(f.files, name)
			}
		}
		for name, b := range other.files {
			if strings.HasPrefix(name, part) {
				f.files[name] = b
			}
		}
		refusedBy(t, part+" of another log", f.sealed(), nil)
	}
}
