package bundle

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/access"
	"github.com/casefile-engine/casefile/domain/ledger"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
)

// Report is what a bundle proves.
type Report struct {
	Contents
	Key Key
	// Trusted tells that the key was given beside the bundle. Otherwise the bundle
	// vouches for itself: whoever can make another key can make another bundle.
	Trusted bool
	// Since and UpTo bound, by the signed recorded times of the log, the stretch of
	// which the completeness is proved: what was recorded after Since (zero: from
	// the beginning of the log) and not after UpTo.
	Since, UpTo time.Time
	// FromProved and UntilProved tell whether that takes in the period asked for.
	FromProved, UntilProved bool
	First, Last             verify.Checkpoint // of those in the bundle
	Checkpoints             int
	Commits                 []Commit // in the order of the log; shadows the references
	Names                   map[domain.ID]string
	// Cosigners and Stamps are what others say of the checkpoints.
	Cosigners []Cosigner
	Stamps    []Stamped // by the size of their checkpoints
}

// Commit is a commit that names the dossier.
type Commit struct {
	Ref
	Leaf     tlog.Hash // hash; Ref.Leaf is the index
	Envelope eventstore.Envelope
	// Look is set for an access. Of one that named several dossiers it names this
	// one alone, and Listed says how many they were; 0 for a commit without a list.
	Look   *access.Recorded
	Listed int64
	// Within tells that it was recorded in the period asked for, by its own time and
	// by that of the checkpoint before it; what stands between the anchors and outside
	// of it comes along.
	Within bool
}

// Looks are the accesses in the period.
func (r *Report) Looks() (out []Commit) {
	for _, c := range r.Commits {
		if c.Look != nil && c.Within {
			out = append(out, c)
		}
	}
	return out
}

// Check checks a bundle. key is the log's public key as the checker got it by
// another way; nil when he has none. Errors are *Refusal.
func Check(b []byte, key *Key) (*Report, error) { return CheckWith(b, Trust{Key: key}) }

// CheckWith is Check with all that the checker brings along.
func CheckWith(b []byte, t Trust) (*Report, error) {
	files, err := Unpack(b)
	if err != nil {
		return nil, err
	}
	return checkFiles(files, t)
}

// CheckFiles is Check of the files of a bundle.
func CheckFiles(files []File, key *Key) (*Report, error) { return checkFiles(files, Trust{Key: key}) }

func checkFiles(files []File, t Trust) (*Report, error) {
	c := &checker{trust: t, files: map[string][]byte{}, used: map[string]bool{}, notes: map[int64][]byte{}, r: &Report{Names: map[domain.ID]string{}}}
	for _, f := range files {
		c.files[f.Name] = f.Data
	}
	for _, name := range []string{nameManifest, nameNote, "README.html", "report.pdf"} {
		if _, err := c.take(name); err != nil {
			return nil, err
		}
	}
	if err := c.key(t.Key); err != nil {
		return nil, err
	}
	if err := checkManifest(files, c.files, c.r.Key.verifier); err != nil {
		return nil, err
	}
	for _, step := range []func() error{c.contents, c.checkpoints, c.outside, c.commits, c.completeness, c.making, c.chain, c.supporting, c.opened, c.texts} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	for _, f := range files {
		if !c.used[f.Name] {
			return nil, refuse(CodeExtra, f.Name)
		}
	}
	return c.r, nil
}

// checker goes through the files of one bundle.
type checker struct {
	trust Trust
	files map[string][]byte
	used  map[string]bool
	r     *Report
	comp  Completeness
	notes map[int64][]byte             // signed checkpoints by size
	sizes []int64                      // of them, in order
	signs map[int64]verify.Checkpoint  // by size
	lines map[int64]*eventstore.Commit // of all commits in the bundle, by leaf
}

// take gives a file that belongs in the bundle. It is given once, but for an
// anchor's, which can be both: a list with one thing many times would cost as much.
func (c *checker) take(name string) ([]byte, error) {
	b, ok := c.files[name]
	if !ok {
		return nil, refuse(CodeMissing, name)
	}
	if c.used[name] && !strings.HasPrefix(name, "anchors/") {
		return nil, refuse(CodeContents, name)
	}
	c.used[name] = true
	return b, nil
}

func (c *checker) decode(name string, to any) error {
	b, err := c.take(name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, to, json.RejectUnknownMembers(true)); err != nil {
		return refuse(CodeContents, name)
	}
	return nil
}

func (c *checker) key(given *Key) error {
	b, err := c.take(nameKey)
	if err != nil {
		return err
	}
	if c.r.Key, err = ParseKey(string(b)); err != nil || c.r.Key.Text+"\n" != string(b) {
		return refuse(CodeKey, nameKey)
	}
	if given != nil && !given.Trusts(c.r.Key) {
		return refuse(CodeOtherKey, nameKey)
	}
	c.r.Trusted = given != nil
	return nil
}

func (c *checker) contents() error {
	if err := c.decode("bundle.json", &c.r.Contents); err != nil {
		return err
	}
	if err := c.decode("completeness.json", &c.comp); err != nil {
		return err
	}
	x := &c.r.Contents
	if x.Format != Format {
		return refuse(CodeContents, "bundle.json")
	}
	if x.Origin != c.r.Key.Name || (verify.Checkpoint{Origin: x.Origin}).Agency() != x.Agency || x.Agency == "" {
		return refuse(CodeOtherLog, "bundle.json")
	}
	if _, err := domain.ParseID("dossier", x.Dossier); err != nil || c.comp.Dossier != x.Dossier {
		return refuse(CodeContents, "completeness.json")
	}
	if len(x.Commits) != len(c.comp.Leaves) {
		return refuse(CodeIncomplete, "completeness.json")
	}
	for i, ref := range x.Commits {
		if ref.Leaf != c.comp.Leaves[i] || ref.Leaf < 0 || i > 0 && ref.Leaf <= x.Commits[i-1].Leaf {
			return refuse(CodeIncomplete, "completeness.json")
		}
	}
	return nil
}

// checkpoints checks that all are of this log and each goes on from the one
// before it.
func (c *checker) checkpoints() error {
	c.signs, c.lines = map[int64]verify.Checkpoint{}, map[int64]*eventstore.Commit{}
	for name, b := range c.files {
		if !strings.HasPrefix(name, "checkpoints/") || !strings.HasSuffix(name, ".checkpoint") {
			continue
		}
		p, err := c.openCheckpoint(b, name)
		if err != nil {
			return err
		}
		if name != CheckpointName(p.Size) {
			return refuse(CodeCheckpoint, name)
		}
		c.used[name] = true
		c.notes[p.Size], c.signs[p.Size] = b, p
		c.sizes = append(c.sizes, p.Size)
	}
	slices.Sort(c.sizes)
	if len(c.sizes) == 0 {
		return refuse(CodeMissing, "checkpoints/")
	}
	for i := 1; i < len(c.sizes); i++ {
		if err := c.consistent(c.sizes[i-1], c.sizes[i]); err != nil {
			return err
		}
	}
	c.r.First, c.r.Last, c.r.Checkpoints = c.signs[c.sizes[0]], c.signs[c.sizes[len(c.sizes)-1]], len(c.sizes)
	return nil
}

func (c *checker) openCheckpoint(b []byte, name string) (verify.Checkpoint, error) {
	if p, err := verify.Peek(b); err == nil && p.Origin != c.r.Origin {
		return p, refuse(CodeOtherLog, name)
	}
	p, err := verify.Open(b, c.r.Key.verifier)
	if err != nil {
		return p, refuse(CodeCheckpoint, name)
	}
	return p, nil
}

func (c *checker) consistent(older, newer int64) error {
	name := ConsistencyName(older, newer)
	b, err := c.take(name)
	if err != nil {
		return err
	}
	p, err := ParseConsistency(b)
	if err != nil || p.Old != older || !bytes.Equal(p.Checkpoint, c.notes[newer]) {
		return refuse(CodeProof, name)
	}
	a, z := c.signs[older], c.signs[newer]
	if verify.CheckConsistency(p.Hashes, z.Size, z.Root, a.Size, a.Root) != nil || z.Recorded.Before(a.Recorded) || z.Position <= a.Position {
		return refuse(CodeHistory, name)
	}
	return nil
}

// commit checks one commit in a folder: its place in the log, and that it is
// this agency's.
func (c *checker) commit(folder string, leaf int64) (*eventstore.Commit, error) {
	name := CommitName(folder, leaf)
	line, err := c.take(name)
	if err != nil {
		return nil, err
	}
	if err := c.included(ProofName(folder, leaf), leaf, line); err != nil {
		return nil, err
	}
	x := &eventstore.Commit{Clear: line}
	if json.Unmarshal(line, &x.Envelope) != nil {
		return nil, refuse(CodeContents, name)
	}
	if x.Envelope.Agency != c.r.Agency {
		return nil, refuse(CodeForeign, name)
	}
	c.lines[leaf] = x
	return x, nil
}

func (c *checker) included(name string, leaf int64, line []byte) error {
	b, err := c.take(name)
	if err != nil {
		return err
	}
	p, err := ParseProof(b)
	if err != nil || p.Index != leaf {
		return refuse(CodeProof, name)
	}
	last := c.r.Last
	if !bytes.Equal(p.Checkpoint, c.notes[last.Size]) {
		if other, err := verify.Peek(p.Checkpoint); err == nil && other.Origin != c.r.Origin {
			return refuse(CodeOtherLog, name)
		}
		return refuse(CodeProof, name)
	}
	if verify.CheckInclusion(p.Hashes, last.Size, last.Root, leaf, tlog.Hash(eventstore.LeafHash(line))) != nil {
		return refuse(CodeProof, name)
	}
	return nil
}

func (c *checker) commits() error {
	for _, ref := range c.r.Contents.Commits {
		x, err := c.commit("commits", ref.Leaf)
		if err != nil {
			return err
		}
		out := Commit{Ref: ref, Leaf: tlog.Hash(eventstore.LeafHash(x.Clear)), Envelope: x.Envelope}
		earliest, latest := c.recorded(ref.Leaf)
		if latest.Before(x.Envelope.Recorded) {
			return refuse(CodeContents, CommitName("commits", ref.Leaf))
		}
		if earliest.Before(x.Envelope.Recorded) {
			earliest = x.Envelope.Recorded
		}
		out.Within = c.within(earliest)
		for _, ev := range x.Envelope.Data.Events {
			if ev.Type != access.TypeRecorded {
				continue
			}
			if out.Look != nil { // no engine writes two, and one would be told
				return refuse(CodeContents, CommitName("commits", ref.Leaf))
			}
			out.Look = new(access.Recorded)
			if json.Unmarshal(ev.Data, out.Look) != nil {
				return refuse(CodeContents, CommitName("commits", ref.Leaf))
			}
		}
		if err := c.named(&out, x.Clear); err != nil {
			return err
		}
		c.r.Commits = append(c.r.Commits, out)
	}
	return nil
}

// making checks that the making of the bundle is among the commits, where it says so.
func (c *checker) making() error {
	is := func(x Commit) bool { return x.Look != nil && x.Position == c.r.AccessPosition }
	if c.r.AccessInside && !slices.ContainsFunc(c.r.Commits, is) {
		return refuse(CodeContents, "bundle.json")
	}
	return nil
}

// recorded gives the times between which a leaf was recorded, by the checkpoints
// before it and behind it, which no time that stands in it can contradict. It can
// lie a little before the first: on a cluster clocks differ.
func (c *checker) recorded(leaf int64) (earliest, latest time.Time) {
	i, _ := slices.BinarySearch(c.sizes, leaf+1) // the first that covers it
	if i > 0 {
		earliest = c.signs[c.sizes[i-1]].Recorded
	}
	return earliest, c.signs[c.sizes[min(i, len(c.sizes)-1)]].Recorded
}

func (c *checker) within(t time.Time) bool {
	from, until := c.r.From, c.r.Until
	return (from == nil || !t.Before(*from)) && (until == nil || t.Before(*until))
}

// completeness checks the two anchors, and that the commits are all between them.
func (c *checker) completeness() error {
	var head verify.Head
	begin := int64(0)
	if a := c.comp.Before; a != nil {
		if err := c.anchor(a); err != nil {
			return err
		}
		head, begin, c.r.Since = a.Head, a.Size, c.signs[a.Size].Recorded
	}
	b := &c.comp.After
	if err := c.anchor(b); err != nil {
		return err
	}
	if begin > b.Size {
		return refuse(CodeIncomplete, "completeness.json")
	}
	c.r.UpTo = c.signs[b.Size].Recorded
	for _, x := range c.r.Commits {
		if x.Ref.Leaf < begin || x.Ref.Leaf >= b.Size {
			return refuse(CodeIncomplete, CommitName("commits", x.Ref.Leaf))
		}
		head = head.Next(x.Ref.Leaf, x.Leaf)
	}
	if head != b.Head {
		return refuse(CodeIncomplete, "completeness.json")
	}
	c.r.FromProved = c.comp.Before == nil || c.r.From != nil && c.r.Since.Before(*c.r.From)
	c.r.UntilProved = c.r.Until == nil || !c.r.UpTo.Before(*c.r.Until)
	return nil
}

// anchor checks that the log says what the anchor does, and that the map with its
// root gives the dossier's head.
func (c *checker) anchor(a *Anchor) error {
	name := CommitName("anchors", a.Leaf)
	x, err := c.commit("anchors", a.Leaf)
	if err != nil {
		return err
	}
	e := x.Envelope
	if e.Kind != domain.KindLedger || len(e.Data.Events) != 1 || e.Data.Events[0].Type != ledger.TypeAnchored {
		return refuse(CodeContents, name)
	}
	var said ledger.Anchored
	if json.Unmarshal(e.Data.Events[0].Data, &said) != nil || said.Size != a.Size || a.Size > a.Leaf ||
		said.Root != hex.EncodeToString(a.Root[:]) || said.MapRoot != hex.EncodeToString(a.MapRoot[:]) {
		return refuse(CodeContents, name)
	}
	if p, ok := c.signs[a.Size]; !ok || p.Root != a.Root {
		return refuse(CodeCheckpoint, CheckpointName(a.Size))
	}
	if verify.CheckHead(a.MapRoot, c.r.Dossier, a.Head, a.Proof) != nil {
		return refuse(CodeIncomplete, "completeness.json")
	}
	return nil
}

// chain checks that the dossier's own commits follow each other by version and by
// the leaf that each names.
func (c *checker) chain() error {
	var before *Commit
	for i := range c.r.Commits {
		x := &c.r.Commits[i]
		e := &x.Envelope
		if e.Kind != domain.KindDossier || e.AggregateID != c.r.Dossier {
			continue
		}
		name := CommitName("commits", x.Ref.Leaf)
		switch {
		case before == nil && c.comp.Before == nil && (e.Version != 1 || e.PrevLeaf != ""):
			return refuse(CodeChain, name)
		case before != nil && (e.Version != before.Envelope.Version+1 || e.PrevLeaf != hex.EncodeToString(before.Leaf[:])):
			return refuse(CodeChain, name)
		}
		before = x
	}
	return nil
}

// supporting checks the commits that explain. None of them is on anybody's dossier.
func (c *checker) supporting() error {
	for _, ref := range c.r.Supporting {
		x, err := c.commit("supporting", ref.Leaf)
		if err != nil {
			return err
		}
		k := x.Envelope.Kind
		if k != domain.KindAgency && k != domain.KindStaff || len(verify.Names(x.Clear)) > 0 || hasList(x) {
			return refuse(CodeForeign, CommitName("supporting", ref.Leaf))
		}
	}
	return nil
}

// texts checks the policies and regulations against their digests, and that
// those by which commits say they were decided are there or named as unknown.
func (c *checker) texts() error {
	known := map[string]bool{}
	for _, d := range c.r.PoliciesUnknown {
		known[d] = true
	}
	for _, d := range c.r.Policies {
		known[d] = true
		if err := c.text(PolicyName(d), d); err != nil {
			return err
		}
	}
	for _, p := range c.r.Profiles {
		if err := c.text(ProfileName(p.Digest), p.Digest); err != nil {
			return err
		}
	}
	for _, x := range c.r.Commits {
		if d := x.Envelope.Policy; d != "" && !known[d] {
			return refuse(CodeMissing, PolicyName("of "+CommitName("commits", x.Ref.Leaf)))
		}
	}
	return nil
}

func (c *checker) text(name, want string) error {
	b, err := c.take(name)
	if err == nil && digest(b) != want {
		err = refuse(CodeText, name)
	}
	return err
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
