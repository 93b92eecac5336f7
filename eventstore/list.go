package eventstore

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
)

// ClassList marks the section ref of a list of dossiers that an event names
// (docs/adr/0009): its bytes are no ciphertext, it has no owner, no category and
// no key. It is the last section of its event.
const ClassList domain.Class = "list"

// IsList tells whether the section is a list, and nothing sealed.
func (s *SectionRef) IsList() bool { return s.Class == ClassList }

// ListSection is the section ref of a list's block.
func ListSection(block []byte) SectionRef {
	sum := sha256.Sum256(block)
	return SectionRef{Class: ClassList, SHA256: hex.EncodeToString(sum[:]), Size: len(block)}
}

// List gives the list that is stored beside the event at a place of the commit,
// compared with what the clear line commits to; nil for an event that has none.
// Errors wrap ErrDamaged.
func (c *Commit) List(place int) (*verify.List, error) {
	ev := &c.Envelope.Data.Events[place]
	head, has := verify.HeadOf(ev.Data)
	n := len(ev.Sections)
	if there := n > 0 && ev.Sections[n-1].IsList(); !has && !there {
		return nil, nil
	} else if has != there {
		return nil, fmt.Errorf("%w: an event and its list do not belong together", ErrDamaged)
	}
	at := n - 1
	for _, before := range c.Envelope.Data.Events[:place] {
		at += len(before.Sections)
	}
	if at >= len(c.Sealed) {
		return nil, fmt.Errorf("%w: the list of an event is not there", ErrDamaged)
	}
	l, err := verify.ParseList(c.Sealed[at])
	if err == nil {
		err = l.Fits(head)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return l, nil
}

// Lists gives the lists of all events of the commit; none for nearly every one.
// Errors wrap ErrDamaged.
func (c *Commit) Lists() (out []*verify.List, err error) {
	for place := range c.Envelope.Data.Events {
		l, err := c.List(place)
		if err != nil {
			return nil, err
		}
		if l != nil {
			out = append(out, l)
		}
	}
	return out, nil
}
