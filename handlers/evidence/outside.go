package evidence

import (
	"context"
	"slices"

	"github.com/casefile-engine/casefile/eventstore/ledger"
	"github.com/casefile-engine/casefile/eventstore/ledger/bundle"
	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
)

// Outside asks those outside, where an agency has any, to vouch for its newest
// checkpoint now.
type Outside interface {
	// Cover returns when each has been asked once, or ctx or a limit of its own ends.
	// Whether they answered, the ledger tells.
	Cover(ctx context.Context, agency string)
}

// rest chooses the checkpoint on which all proofs rest: the oldest that covers
// need leaves and has what witnesses and time stamps say of it, where there is
// one. Others that they spoke of come along: the newest of each kind before need.
func (w *work) rest(ctx context.Context, need int64) error {
	if o := w.m.Outside; o != nil {
		o.Cover(ctx, w.e.Agency)
	}
	var err error
	if w.last, err = w.log.CheckpointFor(need); err != nil {
		return err
	}
	w.covers = w.last.Size
	chosen := map[string]int64{}
	for _, x := range w.log.OutsideRefs() {
		kept, err := w.log.CheckpointFor(x.Size)
		if err != nil || kept.Size != x.Size {
			continue // no longer kept
		}
		if was, ok := chosen[x.Witness]; !ok || better(x.Size, was, need) {
			chosen[x.Witness] = x.Size
		}
	}
	for _, size := range chosen {
		w.backed = append(w.backed, size)
		if size > w.last.Size {
			if w.last, err = w.log.CheckpointFor(size); err != nil {
				return err
			}
		}
	}
	return nil
}

// better tells whether a checkpoint of size leaves says more about need leaves
// than one of was: the smallest that covers them, else the largest.
func better(size, was, need int64) bool {
	if was >= need {
		return size >= need && size < was
	}
	return size > was
}

// outside adds what witnesses and time stamps say of the checkpoints in the bundle.
func (w *work) outside(list []ledger.Signed) error {
	var keys []verify.Witness
	for _, c := range list {
		said, err := w.log.Outside(c.Size)
		if err != nil {
			return err
		}
		var by, lines []string
		stamped := false
		for _, x := range slices.Backward(said) { // the newest of each
			switch {
			case x.Stamp != nil && !stamped:
				stamped = true
				w.add(bundle.StampName(c.Size), x.Stamp)
			case x.Stamp == nil && !slices.Contains(by, x.Witness.Text):
				by, lines, keys = append(by, x.Witness.Text), append(lines, x.Line), append(keys, x.Witness)
			}
		}
		if len(lines) > 0 {
			slices.Sort(lines)
			w.add(bundle.CosignedName(c.Size), verify.Cosign(c.Note, lines))
		}
	}
	if len(keys) > 0 {
		f := bundle.WitnessKeys(keys)
		w.add(f.Name, f.Data)
	}
	return nil
}
