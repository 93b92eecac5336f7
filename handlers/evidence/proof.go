package evidence

import (
	"context"
	"encoding/hex"
	"errors"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/casefile-engine/casefile/eventstore/ledger"
	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
)

// Leaf is a commit by its place on the stream and the leaf hash (hex) of what was
// shown of it.
type Leaf struct {
	Position uint64
	Hash     string
}

// Standing is what the ledger says of a commit.
type Standing string

// The standings. Only Differs and Stopped are an alarm.
const (
	Proved  Standing = "proved"  // it stands in the signed tree at its place
	Pending Standing = "pending" // no checkpoint covers it yet; it takes a second
	Differs Standing = "differs" // another commit stands in the signed tree at its place
	Stopped Standing = "stopped" // the ledger cannot prove anything now
)

// Proof is what the ledger proves of commits that were shown, under its newest
// checkpoint.
type Proof struct {
	Leaves []Standing // of each, in the order that was asked
	Index  []int64    // its number in the log, from 0; -1 while it is pending
	// The checkpoint: its log, its number of commits, its root (hex), when the newest
	// of them was recorded, and the public key that signed it. Size 0: there is none.
	Origin   string
	Size     int64
	Root     string
	Recorded time.Time
	Key      string
}

// Whole tells whether nothing that was asked for differs, and something is proved.
func (p *Proof) Whole() bool {
	some := false
	for _, s := range p.Leaves {
		if s == Differs || s == Stopped {
			return false
		}
		some = some || s == Proved
	}
	return some
}

// Count tells how many stand so.
func (p *Proof) Count(s Standing) (n int) {
	for _, x := range p.Leaves {
		if x == s {
			n++
		}
	}
	return n
}

// Prove compares commits as they were shown with the agency's signed tree: the
// signature of the newest checkpoint is checked, and of each leaf that it stands
// in that tree at its place (C-2.1.4d). It tells nothing of what is in them, and
// opens nothing. Errors are those of reading the ledger's files.
func (m *Maker) Prove(_ context.Context, agency string, leaves []Leaf) (*Proof, error) {
	p := &Proof{Leaves: make([]Standing, len(leaves)), Index: make([]int64, len(leaves))}
	for i := range leaves {
		p.Leaves[i], p.Index[i] = Pending, -1
	}
	log, ok := m.Ledger.Log(agency)
	if !ok {
		return p, nil
	}
	last := log.LatestCheckpoint()
	if last.Size == 0 {
		return p, nil
	}
	p.Key = m.Ledger.Key().VerifierKey(agency)
	v, err := note.NewVerifier(p.Key)
	if err != nil {
		return nil, err
	}
	signed, err := verify.Open(last.Note, v)
	if err != nil {
		return p.stopped(), nil
	}
	p.Origin, p.Size, p.Root, p.Recorded = signed.Origin, signed.Size, hex.EncodeToString(signed.Root[:]), signed.Recorded
	for i, leaf := range leaves {
		if leaf.Position > signed.Position {
			continue
		}
		index, ok, err := log.IndexOf(leaf.Position)
		switch {
		case err != nil && !stoppedBy(err):
			return nil, err
		case err != nil:
			return p.stopped(), nil
		case !ok: // the log has none at that place
			p.Leaves[i] = Differs
			continue
		}
		p.Index[i] = index
	}
	return p, p.check(log, signed, leaves)
}

// check proves the leaves that have a place.
func (p *Proof) check(log *ledger.Log, signed verify.Checkpoint, leaves []Leaf) error {
	var at []int
	var indexes []int64
	for i, index := range p.Index {
		if index >= 0 {
			at, indexes = append(at, i), append(indexes, index)
		}
	}
	proofs, err := log.InclusionProofs(indexes, signed.Size)
	switch {
	case err != nil && !stoppedBy(err):
		return err
	case err != nil:
		p.stopped()
		return nil
	}
	for n, i := range at {
		var hash tlog.Hash
		raw, err := hex.DecodeString(leaves[i].Hash)
		p.Leaves[i] = Differs
		if err == nil && copy(hash[:], raw) == len(hash) && len(raw) == len(hash) && verify.CheckInclusion(proofs[n], signed.Size, signed.Root, indexes[n], hash) == nil {
			p.Leaves[i] = Proved
		}
	}
	return nil
}

// stopped says of everything that nothing can be proved.
func (p *Proof) stopped() *Proof {
	for i := range p.Leaves {
		p.Leaves[i] = Stopped
	}
	return p
}

func stoppedBy(err error) bool {
	return errors.Is(err, ledger.ErrDamaged) || errors.Is(err, ledger.ErrForked) || errors.Is(err, ledger.ErrRange)
}
