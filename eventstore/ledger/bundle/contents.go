package bundle

import (
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
)

// Format names the form of a bundle.
const Format = "casefile-evidence/1"

// Contents is bundle.json: what was asked for, and what is in the bundle. All
// that it says of the log is checked against the log's own proofs.
type Contents struct {
	Format  string    `json:"format"`
	Origin  string    `json:"origin"` // of the log: casefile/<store>/<agency>
	Agency  string    `json:"agency"`
	Dossier domain.ID `json:"dossier"`
	// From and Until are the period that was asked for, by recorded time, From
	// included and Until not; absent: from the beginning, up to the making.
	From  *time.Time `json:"from,omitempty"`
	Until *time.Time `json:"until,omitempty"`

	MadeAt  time.Time `json:"made_at"`
	MadeBy  string    `json:"made_by"` // staff id, or operator
	Purpose string    `json:"purpose"`
	Program string    `json:"program"` // version
	// AccessPosition is where on the stream the making of this bundle is on
	// record as an access. It is one of Commits when AccessInside.
	AccessPosition uint64 `json:"access_position"`
	AccessInside   bool   `json:"access_inside"`

	// Commits are all that name the dossier, by leaf.
	Commits []Ref `json:"commits"`
	// Supporting are commits that explain: adoptions of regulations and policies,
	// and where the names of members of staff were sealed.
	Supporting []Ref    `json:"supporting,omitempty"`
	Opened     []Opened `json:"opened,omitempty"`
	Policies   []string `json:"policies,omitempty"` // digests of texts in policies/
	// PoliciesUnknown are digests that commits name whose texts the engine that
	// made the bundle does not have: an older program's built-in ones.
	PoliciesUnknown []string  `json:"policies_unknown,omitempty"`
	Profiles        []Profile `json:"profiles,omitempty"`
}

// Ref names a commit in the bundle.
type Ref struct {
	Leaf     int64  `json:"leaf"`     // its index in the log
	Position uint64 `json:"position"` // on the stream, as the registers name it
}

// Opened is a sealed section of a commit, opened for whoever asked.
type Opened struct {
	Leaf     int64           `json:"leaf"`
	Section  int             `json:"section"` // its place among the sealed sections of the commit, from 0
	Owner    string          `json:"owner"`
	Category domain.Category `json:"category"`
	SHA256   string          `json:"sha256"` // of the ciphertext, as the commit has it
	// State is open, destroyed, hidden (not for whoever asked) or restricted.
	// Only an open section has files in opened/ and sealed/.
	State string `json:"state"`
}

// Profile is a regulation that held in the period.
type Profile struct {
	Name    string `json:"name"`
	Version int    `json:"version"`
	Digest  string `json:"digest"`
}

// Completeness is completeness.json: the proof that no other commits of the log
// name the dossier between two anchors.
type Completeness struct {
	Dossier domain.ID `json:"dossier"`
	// Before is the anchor that the period begins behind; absent: the beginning
	// of the log.
	Before *Anchor `json:"before,omitempty"`
	After  Anchor  `json:"after"`
	// Leaves are those of the commits between them, in order: folded into
	// Before's head they give After's.
	Leaves []int64 `json:"leaves"`
}

// Anchor is what the commit ledger.anchored at Leaf says of the first Size
// leaves, and what the map with that root says of the dossier.
type Anchor struct {
	Leaf    int64           `json:"leaf"`
	Size    int64           `json:"size"`
	Root    tlog.Hash       `json:"root"`
	MapRoot tlog.Hash       `json:"map_root"`
	Head    verify.Head     `json:"head"`
	Proof   verify.MapProof `json:"proof"`
}

// Names of files.

// CommitName is where a commit's clear line stands; folder is commits, anchors
// or supporting.
func CommitName(folder string, leaf int64) string { return fmt.Sprintf("%s/%010d.json", folder, leaf) }

// ProofName is where the proof of a commit stands.
func ProofName(folder string, leaf int64) string {
	return fmt.Sprintf("%s/%010d.tlog-proof", folder, leaf)
}

// CheckpointName is where a checkpoint stands.
func CheckpointName(size int64) string { return fmt.Sprintf("checkpoints/%010d.checkpoint", size) }

// ConsistencyName is where the proof stands that one checkpoint's log begins with
// an earlier one's.
func ConsistencyName(older, newer int64) string {
	return fmt.Sprintf("checkpoints/%010d-%010d.add-checkpoint", older, newer)
}

// OpenedName is where the plaintext of a section stands, SealedName its ciphertext.
func OpenedName(leaf int64, section int) string {
	return fmt.Sprintf("opened/%010d-%d.json", leaf, section)
}

// SealedName is where the ciphertext of an opened section stands.
func SealedName(leaf int64, section int) string {
	return fmt.Sprintf("sealed/%010d-%d.bin", leaf, section)
}

// PolicyName and ProfileName are where texts stand whose SHA-256 is digest.
func PolicyName(digest string) string { return "policies/" + digest + ".txt" }

// ProfileName is where a regulation stands.
func ProfileName(digest string) string { return "profiles/" + digest + ".json" }
