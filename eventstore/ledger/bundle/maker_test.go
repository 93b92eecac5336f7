package bundle_test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/access"
	"github.com/casefile-engine/casefile/domain/ledger"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/ledger/bundle"
	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
)

const theDossier = "d0000000-0000-4000-8000-000000000001"

var origin = verify.Origin("5f0c1c1e-6a2b-4c3d-8e4f-000000000001", "click")

// agency is one that has its own signing key and no scruples: it makes the log of
// whatever lines it likes.
type agency struct {
	t      *testing.T
	signer note.Signer
	vkey   string

	lines  [][]byte
	times  []time.Time
	hashes []tlog.Hash
	files  map[string][]byte
	c      bundle.Contents
}

func dishonest(t *testing.T) *agency {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		t.Fatal(err)
	}
	s, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	return &agency{t: t, signer: s, vkey: vkey, files: map[string][]byte{}}
}

// ReadHashes gives hashes of its tree.
func (a *agency) ReadHashes(list []int64) (out []tlog.Hash, err error) {
	for _, i := range list {
		out = append(out, a.hashes[i])
	}
	return out, nil
}

func (a *agency) line(b []byte, recorded time.Time) {
	a.t.Helper()
	h, err := tlog.StoredHashesForRecordHash(int64(len(a.lines)), tlog.Hash(eventstore.LeafHash(b)), a)
	if err != nil {
		a.t.Fatal(err)
	}
	a.lines, a.times, a.hashes = append(a.lines, b), append(a.times, recorded), append(a.hashes, h...)
}

// event adds a commit of some events.
func (a *agency) event(kind string, recorded time.Time, events ...any) {
	a.t.Helper()
	e := &eventstore.Envelope{SpecVersion: "1.0", ID: "x", Agency: "click", Kind: kind, AggregateID: "x", Version: 1, Actor: "operator", Recorded: recorded.UTC()}
	for _, x := range events {
		typ := access.TypeRecorded
		if kind == domain.KindLedger {
			typ = ledger.TypeAnchored
		}
		b, err := json.Marshal(x)
		if err != nil {
			a.t.Fatal(err)
		}
		e.Data.Events = append(e.Data.Events, eventstore.StoredEvent{ID: "x", Type: typ, Schema: 1, Data: b})
	}
	p, _, err := eventstore.Marshal(e, nil)
	if err != nil {
		a.t.Fatal(err)
	}
	a.line(bytes.TrimSuffix(p, []byte("\n")), recorded)
}

// look adds a look at the dossier.
func (a *agency) look(recorded time.Time, outcomes ...string) {
	var list []any
	for _, o := range outcomes {
		list = append(list, access.Recorded{Action: "view", Outcome: o, Dossiers: []domain.ID{theDossier}, Ground: "role"})
	}
	a.event(domain.KindAccess, recorded, list...)
}

// checkpoint signs the tree of a size, and gives its name.
func (a *agency) checkpoint(size int64) (verify.Checkpoint, []byte) {
	a.t.Helper()
	root, err := tlog.TreeHash(size, a)
	if err != nil {
		a.t.Fatal(err)
	}
	c := verify.Checkpoint{Origin: origin, Size: size, Root: root, Position: uint64(size)}
	for _, t := range a.times[:size] {
		if t.After(c.Recorded) {
			c.Recorded = t.UTC()
		}
	}
	b, err := note.Sign(&note.Note{Text: c.Text()}, a.signer)
	if err != nil {
		a.t.Fatal(err)
	}
	return c, b
}

// bundle makes a bundle of all there is; at are the sizes of the checkpoints.
func (a *agency) bundle(at ...int64) {
	a.t.Helper()
	anchored := int64(len(a.lines))
	comp := bundle.Completeness{Dossier: theDossier}
	m, head := &verify.Map{}, verify.Head{}
	for i, l := range a.lines {
		if strings.Contains(string(l), theDossier) {
			head = head.Next(int64(i), tlog.Hash(eventstore.LeafHash(l)))
			comp.Leaves = append(comp.Leaves, int64(i))
			a.c.Commits = append(a.c.Commits, bundle.Ref{Leaf: int64(i), Position: uint64(i + 1)})
		}
	}
	m.Set(verify.KeyOf(theDossier), verify.ValueOf(head))
	_, _, proof := m.Prove(verify.KeyOf(theDossier))
	c, _ := a.checkpoint(anchored)
	root := m.Root()
	a.event(domain.KindLedger, a.times[anchored-1], ledger.Anchored{Size: anchored, Root: hex.EncodeToString(c.Root[:]), MapRoot: hex.EncodeToString(root[:])})
	comp.After = bundle.Anchor{Leaf: anchored, Size: anchored, Root: c.Root, MapRoot: root, Head: head, Proof: proof}
	before := int64(0)
	for _, size := range append(at, anchored, anchored+1) {
		_, signed := a.checkpoint(size)
		a.files[bundle.CheckpointName(size)] = signed
		if before > 0 {
			p, err := tlog.ProveTree(size, before, a)
			if err != nil {
				a.t.Fatal(err)
			}
			a.files[bundle.ConsistencyName(before, size)] = bundle.Consistency{Old: before, Hashes: p, Checkpoint: signed}.Format()
		}
		before = size
	}
	for _, leaf := range comp.Leaves {
		a.commit("commits", leaf)
	}
	a.commit("anchors", anchored)
	a.c.Format, a.c.Origin, a.c.Agency, a.c.Dossier, a.c.AccessPosition = bundle.Format, origin, "click", theDossier, 1
	b, err := json.Marshal(comp)
	if err != nil {
		a.t.Fatal(err)
	}
	a.files["completeness.json"], a.files["keys/log.vkey"], a.files["README.html"], a.files["report.pdf"] = b, []byte(a.vkey+"\n"), nil, nil
}

// commit adds a commit with its proof.
func (a *agency) commit(folder string, leaf int64) {
	a.t.Helper()
	size := int64(len(a.lines))
	p, err := tlog.ProveRecord(size, leaf, a)
	if err != nil {
		a.t.Fatal(err)
	}
	_, signed := a.checkpoint(size)
	a.files[bundle.CommitName(folder, leaf)] = a.lines[leaf]
	a.files[bundle.ProofName(folder, leaf)] = bundle.Proof{Index: leaf, Hashes: p, Checkpoint: signed}.Format()
}

// check seals the bundle and checks it.
func (a *agency) check() (*bundle.Report, error) {
	a.t.Helper()
	if a.files["bundle.json"] == nil {
		b, err := json.Marshal(a.c)
		if err != nil {
			a.t.Fatal(err)
		}
		a.files["bundle.json"] = b
	}
	var list []bundle.File
	for name, data := range a.files {
		list = append(list, bundle.File{Name: name, Data: data})
	}
	list, err := bundle.Seal(list, origin, func(text string) ([]byte, error) { return note.Sign(&note.Note{Text: text}, a.signer) })
	if err != nil {
		a.t.Fatal(err)
	}
	var b bytes.Buffer
	if err := bundle.Pack(&b, list); err != nil {
		a.t.Fatal(err)
	}
	return bundle.Check(b.Bytes(), nil)
}

func (a *agency) refused(what string, codes ...string) {
	a.t.Helper()
	_, err := a.check()
	var r *bundle.Refusal
	if !errors.As(err, &r) || !strings.Contains(strings.Join(codes, " "), r.Code) {
		a.t.Errorf("%s: %v", what, err)
	}
}

var day = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// C-2.1.4b: what an agency that has the key writes so that two readers differ on it,
// or so that less is counted than there is, is refused or counted.
func TestWhatADishonestAgencyWrites_C_2_1_4b(t *testing.T) {
	a := dishonest(t)
	a.look(day, "allowed")
	a.bundle()
	r, err := a.check()
	if err != nil || len(r.Looks()) != 1 {
		t.Fatal(err)
	}
	for _, l := range []nl.Lang{nl.Dutch, nl.English} {
		if s := fmt.Sprint(r.Says(l).NotProved); !strings.Contains(s, "casefile verify") {
			t.Errorf("that the anchored map may lack a look is not among what is not proved: %s", s)
		}
	}

	a = dishonest(t)
	a.look(day, "allowed", "denied")
	a.bundle()
	a.refused("two looks in one commit, of which one would be told", bundle.CodeContents)

	a = dishonest(t)
	a.look(day, "allowed")
	a.lines, a.times, a.hashes = nil, nil, nil
	b := dishonest(t)
	b.look(day, "allowed")
	a.line(bytes.Replace(b.lines[0], []byte(`"outcome":"allowed"`), []byte(`"outcome":"allowed","outcome":"denied"`), 1), day)
	a.bundle()
	a.refused("a name twice, of which one would be told", bundle.CodeContents)

	a = dishonest(t)
	a.look(day, "allowed")
	a.bundle()
	whole, err := json.Marshal(a.c)
	if err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{
		"more behind bundle.json":     string(whole) + `{"agency":"other"}`,
		"a name twice in bundle.json": strings.Replace(string(whole), `"agency":"click"`, `"agency":"other","agency":"click"`, 1),
	} {
		a.files["bundle.json"] = []byte(text)
		a.refused(what, bundle.CodeContents)
	}

	a = dishonest(t)
	a.look(day, "allowed")
	a.bundle()
	a.c.AccessInside, a.c.AccessPosition = true, 7
	a.refused("its making would be among the commits, and is not", bundle.CodeContents)
}

// C-2.1.4b: the place in the log says when a commit was recorded at the earliest and
// at the latest: another time in it takes no look out of the count.
func TestATimeAgainstTheOrderOfTheLog_C_2_1_4b(t *testing.T) {
	from := day.Add(-time.Hour)
	a := dishonest(t)
	a.look(day, "allowed")
	a.look(day.AddDate(-20, 0, 0), "allowed") // before the period, by what it says
	a.look(day.Add(time.Minute), "allowed")
	a.c.From = &from
	a.bundle(1)
	if r, err := a.check(); err != nil || len(r.Looks()) != 3 {
		t.Errorf("%d looks of 3 are counted, %v", len(r.Looks()), err)
	}

	a = dishonest(t)
	a.look(day, "allowed")
	a.look(day.AddDate(20, 0, 0), "allowed") // after the period
	a.times[1] = day
	a.look(day.Add(time.Minute), "allowed")
	a.bundle(2)
	a.refused("recorded after the checkpoint that covers it", bundle.CodeContents)
}

// T9: a list in which the same stands again and again is refused before it costs.
func TestNothingIsCheckedTwice_T9(t *testing.T) {
	make := func() *agency {
		a := dishonest(t)
		a.event(domain.KindAgency, day)
		a.look(day, "allowed")
		a.bundle()
		a.commit("supporting", 0)
		a.c.Supporting = []bundle.Ref{{Leaf: 0, Position: 1}}
		return a
	}
	a := make()
	if _, err := a.check(); err != nil {
		t.Fatal(err)
	}
	a = make()
	a.c.Supporting = append(a.c.Supporting, a.c.Supporting[0])
	a.refused("a supporting commit", bundle.CodeContents)
	text := []byte("text")
	sum := fmt.Sprintf("%x", sha256.Sum256(text))
	a = make()
	a.files[bundle.PolicyName(sum)] = text
	a.c.Policies = []string{sum, sum}
	a.refused("a policy", bundle.CodeContents)
	a = make()
	a.files[bundle.ProfileName(sum)] = text
	a.c.Profiles = []bundle.Profile{{Digest: sum}, {Digest: sum}}
	a.refused("a regulation", bundle.CodeContents)
}
