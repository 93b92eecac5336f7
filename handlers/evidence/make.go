// Package evidence makes evidence bundles: one file with which somebody outside
// can check what was recorded of a dossier and who looked at it (architecture §6).
// The form, and the checking, are eventstore/ledger/bundle.
package evidence

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"filippo.io/age"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/ledger"
	"github.com/casefile-engine/casefile/eventstore/ledger/bundle"
	"github.com/casefile-engine/casefile/handlers/policy"
	"github.com/casefile-engine/casefile/handlers/queries"
	"github.com/casefile-engine/casefile/internal/clock"
	"github.com/casefile-engine/casefile/projections/readdb"
)

// Maker makes bundles. It is safe for many goroutines.
type Maker struct {
	Queries  *queries.Service
	Ledger   *ledger.Ledger
	DB       *readdb.DB
	Policies *policy.Book
	Outside  Outside     // nil: nobody
	Clock    clock.Clock // default: the system's
	Version  string      // of the program
}

// Request says what a bundle is of.
type Request struct {
	Dossier string
	// From and Until bound the period by recorded time: From <= recorded < Until.
	// Nil: from the beginning, up to now.
	From, Until *time.Time
	// Open opens the sealed sections that the reader may see.
	Open bool
	// Recipient, when set, is an age recipient (age1…) to whom the whole is
	// encrypted.
	Recipient string
}

// Bundle is a bundle that was made.
type Bundle struct {
	Name string // a file name, without personal data
	// Position is where its making is on record.
	Position uint64
	Commits  int

	files     []bundle.File
	recipient age.Recipient
}

// Make makes a bundle. The access is on record before anything is read.
// Errors: those of queries.Evidence, "unknown_recipient", "period", or
// "ledger_stopped" when the ledger cannot prove what it should.
func (m *Maker) Make(ctx context.Context, r queries.Reader, q Request) (*Bundle, error) {
	to, err := recipient(q.Recipient)
	if err != nil {
		return nil, err
	}
	if q.From != nil && q.Until != nil && !q.From.Before(*q.Until) {
		return nil, domain.Invalid("period", "until", "the period ends before it begins; give an earlier from or a later until")
	}
	e, err := m.Queries.Evidence(ctx, r, q.Dossier, q.Open)
	if err != nil {
		return nil, err
	}
	w := &work{m: m, e: e, q: q, r: r}
	if err := w.make(ctx); err != nil {
		return nil, stopped(err)
	}
	b := &Bundle{Name: "evidence-" + e.Agency + "-" + e.Dossier[:8] + ".zip", Position: e.Position, Commits: len(w.contents.Commits), files: w.files, recipient: to}
	if to != nil {
		b.Name += ".age"
	}
	return b, nil
}

func recipient(text string) (age.Recipient, error) {
	if text == "" {
		return nil, nil
	}
	to, err := age.ParseX25519Recipient(text)
	if err != nil {
		return nil, domain.Invalid("unknown_recipient", "recipient", "a recipient begins with age1 and is the whole of a public key of age; age-keygen prints one")
	}
	return to, nil
}

// stopped gives what the ledger says a code of its own.
func stopped(err error) error {
	for _, of := range []error{ledger.ErrDamaged, ledger.ErrForked, ledger.ErrRange, eventstore.ErrDamaged} {
		if errors.Is(err, of) {
			return &domain.Error{Kind: domain.KindUnavailable, Code: "ledger_stopped", Rule: "C-2.1.4d", Cause: err,
				Message: "the ledger cannot prove what the bundle would have to; run casefile verify and see docs/operations.md"}
		}
	}
	return err
}

// Encrypted tells whether the bundle is encrypted to a recipient.
func (b *Bundle) Encrypted() bool { return b.recipient != nil }

// Write writes the bundle.
func (b *Bundle) Write(w io.Writer) error {
	if b.recipient == nil {
		return bundle.Pack(w, b.files)
	}
	to, err := age.Encrypt(w, b.recipient)
	if err != nil {
		return fmt.Errorf("evidence: encrypting: %w", err)
	}
	if err := bundle.Pack(to, b.files); err != nil {
		return err
	}
	return to.Close()
}

// Bytes is the whole bundle.
func (b *Bundle) Bytes() ([]byte, error) {
	var out bytes.Buffer
	err := b.Write(&out)
	return out.Bytes(), err
}

// work is the making of one bundle.
type work struct {
	m   *Maker
	e   *queries.Evidence
	q   Request
	r   queries.Reader
	log *ledger.Log

	before   *ledger.Anchored // nil: from the beginning
	after    ledger.Anchored
	last     ledger.Signed // on which all proofs rest
	covers   int64         // leaves of the oldest checkpoint that covers the second anchor
	backed   []int64       // sizes of checkpoints that others spoke of
	contents bundle.Contents
	complete bundle.Completeness
	files    []bundle.File
}

func (w *work) add(name string, data []byte) {
	w.files = append(w.files, bundle.File{Name: name, Data: data})
}

func (w *work) make(ctx context.Context) error {
	for _, step := range []func(context.Context) error{w.bound, w.describe, w.commits, w.anchors, w.checkpoints, w.supporting, w.completeness, w.finish} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// bound finds the two anchors that the period lies between.
func (w *work) bound(ctx context.Context) error {
	var err error
	if w.after, err = w.newest(ctx); err != nil {
		return err
	}
	var ok bool
	if w.log, ok = w.m.Ledger.Log(w.e.Agency); !ok {
		return fmt.Errorf("%w: there is no log of that agency", ledger.ErrRange)
	}
	if w.q.Until != nil {
		if a, ok := w.log.AnchorUpTo(*w.q.Until); ok && a.Size < w.after.Size {
			w.after = a
		}
	}
	if w.q.From != nil {
		if a, ok := w.log.AnchorBefore(*w.q.From); ok && a.Size <= w.after.Size {
			w.before = &a
		}
	}
	if err := w.rest(ctx, w.after.Leaf+1); err != nil {
		return err
	}
	return w.e.Current(ctx)
}

// newest gives an anchor that covers the access with which the making is on
// record: a new one, or the next of the instance that writes the ledger.
func (w *work) newest(ctx context.Context) (ledger.Anchored, error) {
	a, err := w.m.Ledger.Anchor(ctx, w.e.Agency)
	if !errors.Is(err, ledger.ErrNotLeading) {
		return a, err
	}
	ctx, cancel := context.WithTimeout(ctx, anchorLimit)
	defer cancel()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		if log, ok := w.m.Ledger.Log(w.e.Agency); ok {
			if i, ok, err := log.IndexOf(w.e.Position); err != nil {
				return a, err
			} else if list := log.Anchors(); ok && len(list) > 0 && list[len(list)-1].Size > i {
				return list[len(list)-1], nil
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return a, &domain.Error{Kind: domain.KindUnavailable, Code: "ledger_behind", Rule: "C-2.1.4d", Cause: ctx.Err(),
				Message: "the instance that writes the ledger has not anchored it yet; try again in a minute"}
		}
	}
}

// anchorLimit is how long a bundle waits for another instance's anchor; it makes
// one a minute while there is traffic.
const anchorLimit = 90 * time.Second

func (w *work) describe(context.Context) error {
	now := w.m.Clock
	if now == nil {
		now = clock.System{}
	}
	w.contents = bundle.Contents{
		Format: bundle.Format, Origin: w.last.Origin, Agency: w.e.Agency, Dossier: w.e.Dossier, From: w.q.From, Until: w.q.Until,
		MadeAt: now.Now().UTC(), MadeBy: w.r.Caller.Staff, Purpose: w.r.Purpose, Program: cmp.Or(w.m.Version, "dev"), AccessPosition: w.e.Position,
	}
	w.add("keys/log.vkey", []byte(w.m.Ledger.Key().VerifierKey(w.e.Agency)+"\n"))
	return nil
}
