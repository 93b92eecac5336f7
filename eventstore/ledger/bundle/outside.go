package bundle

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
)

// Trust is what the checker brings along, got by another way than the bundle.
type Trust struct {
	Key       *Key             // of the log; nil when he has none
	Witnesses []verify.Witness // whom he trusts to have seen one history alone
	Roots     *x509.CertPool   // of time-stamping authorities; nil when he has none
}

// Cosigner is a witness that cosigned checkpoints of the bundle. Its signatures
// hold by the key that is named.
type Cosigner struct {
	verify.Witness
	// Named tells that the checker named the key. Otherwise whoever made the bundle
	// may have made it too.
	Named bool
	// Checkpoint is the newest that it cosigned, at At by its clock; Count are all.
	Checkpoint verify.Checkpoint
	At         time.Time
	Count      int
}

// Stamped is a time stamp on a checkpoint of the bundle. Its signature holds by
// the certificate in it; Rooted tells whether that leads to a root of the checker.
type Stamped struct {
	verify.Stamp
	Checkpoint verify.Checkpoint
}

const nameWitnesses = "keys/witnesses.vkeys"

// CosignedName is where a checkpoint stands together with its cosignatures.
func CosignedName(size int64) string { return fmt.Sprintf("checkpoints/%010d.cosigned", size) }

// StampName is where a time stamp on a checkpoint stands.
func StampName(size int64) string { return fmt.Sprintf("checkpoints/%010d.tsr", size) }

// WitnessKeys gives the file of the keys of witnesses that cosigned, one a line in
// byte order, and its name.
func WitnessKeys(list []verify.Witness) File {
	var texts []string
	for _, w := range list {
		texts = append(texts, w.Text+"\n")
	}
	slices.Sort(texts)
	return File{nameWitnesses, []byte(strings.Join(slices.Compact(texts), ""))}
}

// outside checks what witnesses and time-stamping authorities say of the
// checkpoints: every signature in the bundle has to hold.
func (c *checker) outside() error {
	keys, err := c.witnesses()
	if err != nil {
		return err
	}
	for _, size := range c.sizes {
		if err := c.cosigned(size, keys); err != nil {
			return err
		}
		if err := c.stamped(size); err != nil {
			return err
		}
	}
	for _, w := range keys {
		if !slices.ContainsFunc(c.r.Cosigners, func(x Cosigner) bool { return x.Text == w.Text }) {
			return refuse(CodeWitness, nameWitnesses) // a key without a signature vouches for nothing
		}
	}
	return nil
}

func (c *checker) witnesses() (list []verify.Witness, err error) {
	b, ok := c.files[nameWitnesses]
	if !ok {
		return nil, nil
	}
	c.used[nameWitnesses] = true
	for line := range strings.Lines(string(b)) {
		w, err := verify.ParseWitness(line)
		if err != nil {
			return nil, refuse(CodeWitness, nameWitnesses)
		}
		list = append(list, w)
	}
	if again := WitnessKeys(list); !bytes.Equal(again.Data, b) {
		return nil, refuse(CodeWitness, nameWitnesses)
	}
	return list, nil
}

func (c *checker) cosigned(size int64, keys []verify.Witness) error {
	name := CosignedName(size)
	b, ok := c.files[name]
	if !ok {
		return nil
	}
	c.used[name] = true
	signed, lines, err := verify.SplitCosigned(b)
	if err != nil || !bytes.Equal(signed, c.notes[size]) || len(lines) == 0 {
		return refuse(CodeWitness, name)
	}
	var by []string
	for _, line := range lines {
		i := slices.IndexFunc(keys, func(w verify.Witness) bool { return w.Made(line) })
		if i < 0 || slices.Contains(by, keys[i].Text) {
			return refuse(CodeWitness, name)
		}
		at, err := keys[i].Check(signed, line)
		if err != nil {
			return refuse(CodeWitness, name)
		}
		by = append(by, keys[i].Text)
		c.cosigner(keys[i], c.signs[size], at)
	}
	return nil
}

// cosigner takes note of a cosignature; they come by size.
func (c *checker) cosigner(w verify.Witness, p verify.Checkpoint, at time.Time) {
	i := slices.IndexFunc(c.r.Cosigners, func(x Cosigner) bool { return x.Text == w.Text })
	if i < 0 {
		i = len(c.r.Cosigners)
		named := slices.ContainsFunc(c.trust.Witnesses, func(y verify.Witness) bool { return y.Text == w.Text })
		c.r.Cosigners = append(c.r.Cosigners, Cosigner{Witness: w, Named: named})
	}
	x := &c.r.Cosigners[i]
	x.Checkpoint, x.At = p, at
	x.Count++
}

func (c *checker) stamped(size int64) error {
	name := StampName(size)
	b, ok := c.files[name]
	if !ok {
		return nil
	}
	c.used[name] = true
	s, err := verify.CheckStamp(b, c.notes[size], c.trust.Roots, verify.Nonce{})
	if err != nil {
		return refuse(CodeStamp, name)
	}
	c.r.Stamps = append(c.r.Stamps, Stamped{s, c.signs[size]})
	return nil
}

// Witnessed is the newest checkpoint that a witness cosigned whom the checker
// named; false when there is none.
func (r *Report) Witnessed() (best Cosigner, ok bool) {
	for _, x := range r.Cosigners {
		if x.Named && x.Checkpoint.Size > best.Checkpoint.Size {
			best, ok = x, true
		}
	}
	return best, ok
}
