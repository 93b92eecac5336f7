package ledger

import (
	"bytes"
	"cmp"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
)

// Books are the files of a ledger, read without a key and without changing
// anything, while no ledger has them or one does.
type Books struct {
	Dir   string
	Store string // store id
	// Public is the public key by the lock, and by ledger.pub of Dir; "" where there
	// is none.
	Pinned, Public string
	// Running tells that a ledger works on the files meanwhile: what it may be
	// about to write is then not asked for.
	Running bool
	// Key, where it is at hand, tells the store's own commits from others among those
	// that no checkpoint covers yet; nil: these cannot be told apart.
	Key *Key

	notes     map[string][]byte // the lock's
	histories map[string][]byte
	outsides  map[string][]byte
	keys      map[string]note.Verifier
}

// OpenBooks reads the keys and the lock. Nothing is wrong with books that are not
// there yet; an error is one of reading.
//
// The kept checkpoints are read before the lock, and whoever compares with a
// stream asks for its head after this: a running ledger writes in the other order,
// so that what is read later never has less.
func OpenBooks(ctx context.Context, dir, store string, lock Lock) (*Books, error) {
	b := &Books{Dir: dir, Store: store, histories: map[string][]byte{}, outsides: map[string][]byte{}, keys: map[string]note.Verifier{}}
	list, err := (&Ledger{o: Options{Dir: dir}}).known(nil)
	if err != nil && !gone(err) {
		return nil, err
	}
	for _, agency := range list {
		if b.histories[agency], err = read(filepath.Join(dir, agency, "checkpoints")); err != nil {
			return nil, err
		}
		if b.outsides[agency], err = read(filepath.Join(dir, agency, "outside")); err != nil {
			return nil, err
		}
	}
	pub, err := read(filepath.Join(dir, pubFile))
	if err != nil {
		return nil, err
	}
	b.Public = strings.TrimSuffix(string(pub), "\n")
	if b.Pinned, err = lock.Pinned(ctx); err != nil {
		return nil, err
	}
	b.notes, err = lock.Load(ctx)
	return b, err
}

// TakeKey takes the signing key out of the file ledger.key in dir, where it is
// there, can be read and is the store's; else the books do without.
func (b *Books) TakeKey(dir string) {
	text, err := os.ReadFile(filepath.Join(dir, keyFile))
	if err != nil {
		return
	}
	k, err := parseKey(strings.TrimSuffix(string(text), "\n"), b.Store)
	if err == nil && k.Public() == cmp.Or(b.Pinned, b.Public) {
		b.Key = k
	}
}

// Agencies lists those that have a log here or a checkpoint in the lock.
func (b *Books) Agencies() ([]string, error) {
	list, err := (&Ledger{o: Options{Dir: b.Dir}}).known(b.notes)
	if gone(err) {
		return slices.Sorted(maps.Keys(b.notes)), nil
	}
	return list, err
}

// Any tells whether there is anything of a ledger: in the data or in the lock.
func (b *Books) Any() (data, lock bool) { return b.Public != "", b.Pinned != "" || len(b.notes) > 0 }

// verifier is the public key of an agency's log; ErrOtherKey when the books have
// none of their store, or two.
func (b *Books) verifier(agency string) (note.Verifier, error) {
	if v := b.keys[agency]; v != nil {
		return v, nil
	}
	key := b.Pinned
	if key == "" {
		key = b.Public
	}
	if b.Public != "" && b.Public != key {
		return nil, fmt.Errorf("%w: ledger.pub in the data is another key than the lock's", ErrOtherKey)
	}
	damage := fmt.Errorf("%w: ledger.pub is no public key of this store", ErrDamaged)
	whole, err := note.NewVerifier(key)
	p := strings.SplitN(key, "+", 3)
	if err != nil || whole.Name() != "casefile/"+b.Store || len(p) != 3 {
		return nil, damage
	}
	raw, err := base64.StdEncoding.DecodeString(p[2])
	if err != nil || len(raw) != 1+ed25519.PublicKeySize {
		return nil, damage
	}
	own, err := note.NewEd25519VerifierKey(verify.Origin(b.Store, agency), ed25519.PublicKey(raw[1:]))
	if err != nil {
		return nil, damage
	}
	v, err := note.NewVerifier(own)
	if err == nil {
		b.keys[agency] = v
	}
	return v, err
}

// Audit compares one agency's commits, given in stream order, with all that was
// signed and written down about them.
type Audit struct {
	Agency string
	// Lock is the newest checkpoint by the lock; Kept those of the history, oldest
	// first, whose signatures hold. Size 0: none.
	Lock Signed
	Kept []Signed
	// Outside are what witnesses and time stamps say of checkpoints of this agency,
	// each checked by the key or certificate that it names, by size.
	Outside []Outside
	// Faults are what is wrong with the books themselves, as far as is known by now.
	Faults []error

	b     *Books
	tiles tiles
	edge  edge
	pos   *os.File
	next  int // of Kept
	said  int // next of Outside
	agree int64
	bad   map[string]bool // paths of tiles that differ
	wrong int             // commits that stand at other positions than was written down
	named *anchorAudit
	fork  bool
	// against are of Outside those that the commits contradict.
	against []Outside
	// newest is the newest commit, latest the latest time that one was recorded at.
	newest newest
	latest time.Time
	untrue []Signed

	movedFrom, movedTo uint64
}

// Audit opens what there is of an agency.
func (b *Books) Audit(agency string) *Audit {
	a := &Audit{Agency: agency, b: b, tiles: tiles{filepath.Join(b.Dir, agency)}, bad: map[string]bool{}, named: newAnchorAudit()}
	a.checkpoints()
	a.outside()
	f, err := os.Open(filepath.Join(b.Dir, agency, "positions"))
	switch {
	case err == nil:
		a.pos = f
	case !gone(err) || len(a.Kept) > 0:
		a.fault(fmt.Errorf("%w: %s/positions: %w", ErrDamaged, agency, err))
	}
	return a
}

func (a *Audit) fault(err error) { a.Faults = append(a.Faults, err) }

// checkpoints takes what was kept and what the lock has.
func (a *Audit) checkpoints() {
	v, err := a.b.verifier(a.Agency)
	if err != nil {
		a.fault(err)
		return
	}
	history := a.b.histories[a.Agency]
	for at := 0; at < len(history); {
		n, ok := takeRecord(history[at:])
		if !ok && a.b.unfinished(history[at:], a.b.notes[a.Agency]) {
			break
		}
		if !ok {
			a.fault(fmt.Errorf("%w: %s/checkpoints is damaged or cut short behind its record %d, at byte %d", ErrDamaged, a.Agency, len(a.Kept), at))
			break
		}
		c, err := verify.Open(n, v)
		switch {
		case err != nil:
			a.fault(fmt.Errorf("%w: %s/checkpoints, record %d: %w", ErrDamaged, a.Agency, len(a.Kept)+1, err))
		case len(a.Kept) > 0 && c.Size <= a.Kept[len(a.Kept)-1].Size:
			a.fault(fmt.Errorf("%w: %s/checkpoints, the record at byte %d is none that comes next", ErrDamaged, a.Agency, at))
		default:
			a.Kept = append(a.Kept, Signed{c, n})
		}
		at += historyHeader + len(n)
	}
	signed := a.b.notes[a.Agency]
	if signed == nil {
		return
	}
	c, err := verify.Open(signed, v)
	if err != nil {
		a.fault(fmt.Errorf("%w: the lock's checkpoint of %s: %w", ErrDamaged, a.Agency, err))
		return
	}
	a.Lock = Signed{c, signed}
}

// outside takes what others said of the checkpoints.
func (a *Audit) outside() {
	v, err := a.b.verifier(a.Agency)
	if err != nil {
		return // told by checkpoints
	}
	b := a.b.outsides[a.Agency]
	end, err := eachOutside(b, func(_ int, payload []byte) error {
		x, err := openOutside(payload, v)
		if err == nil {
			a.Outside = append(a.Outside, x)
		}
		return err
	})
	switch {
	case err != nil:
		a.fault(fmt.Errorf("%w: %s/outside, which has cosignatures and time stamps: %w", ErrDamaged, a.Agency, err))
	case end < len(b) && !a.b.Running:
		a.fault(fmt.Errorf("%w: %s/outside, which has cosignatures and time stamps, is cut short at byte %d; the next start drops what is behind it", ErrDamaged, a.Agency, end))
	}
	slices.SortStableFunc(a.Outside, func(x, y Outside) int { return cmp.Compare(x.Signed.Size, y.Signed.Size) })
}

// unfinished tells that rest is what a crash left of the record of the lock's
// checkpoint, which the next start writes again, or what a running ledger is just
// about to write.
func (b *Books) unfinished(rest, signed []byte) bool {
	if b.Running {
		return len(rest) < historyHeader || int64(binary.BigEndian.Uint32(rest)) > int64(len(rest)-historyHeader)
	}
	whole := recordOf(signed)
	return len(rest) < len(whole) && bytes.HasPrefix(whole, bytes.TrimRight(rest, "\x00"))
}

// Size is the greatest number of leaves that a signature covers.
func (a *Audit) Size() int64 { return max(a.Lock.Size, a.last()) }

func (a *Audit) last() int64 {
	if n := len(a.Kept); n > 0 {
		return a.Kept[n-1].Size
	}
	return 0
}

// Commit takes the next commit of the agency, and its leaf. It gives
// eventstore.ErrDamaged where a list of the commit is not the one that its clear
// line commits to; the commit counts all the same.
func (a *Audit) Commit(c *eventstore.Commit, leaf eventstore.Leaf) error {
	err := a.named.commit(c, tlog.Hash(leaf))
	a.newest = newest{c.Position, c.Envelope.Recorded}
	if a.latest.Before(c.Envelope.Recorded) {
		a.latest = c.Envelope.Recorded
	}
	a.leaf(c.Position, leaf)
	return err
}

func (a *Audit) leaf(position uint64, leaf eventstore.Leaf) {
	index := a.edge.size
	if index < a.last() && a.pos != nil {
		want, err := (&positions{f: a.pos}).at(index)
		switch {
		case err != nil:
			a.fault(err)
		case want != position:
			if a.wrong++; a.wrong == 1 {
				a.movedFrom = position
			}
			a.movedTo = position
		}
	}
	_ = a.edge.add(tlog.Hash(leaf), func(level int, n int64, hashes []tlog.Hash) error { // compare gives no error
		if (n+1)*tileWidth<<(8*level) <= a.last() {
			a.compare(level, n, hashes)
		}
		return nil
	})
	for a.next < len(a.Kept) && a.Kept[a.next].Size == a.edge.size {
		a.judge(a.Kept[a.next])
		a.next++
	}
	if a.Lock.Size == a.edge.size {
		a.judge(a.Lock)
	}
	for ; a.said < len(a.Outside) && a.Outside[a.said].Signed.Size == a.edge.size; a.said++ {
		if a.edge.root() != a.Outside[a.said].Signed.Root {
			a.against = append(a.against, a.Outside[a.said])
		}
	}
	if a.edge.size == a.last() {
		for l, hashes := range a.edge.levels {
			if len(hashes) > 0 && !a.b.Running {
				a.compare(l, a.edge.size>>(8*(l+1)), hashes)
			}
		}
	}
}

// judge compares the tree as it is now with a checkpoint of its size.
func (a *Audit) judge(s Signed) {
	switch {
	case a.edge.root() != s.Root:
		a.fork = true
	case !a.fork:
		a.agree = max(a.agree, s.Size)
		known := len(a.untrue) > 0 && a.untrue[len(a.untrue)-1].Size == s.Size // the lock's is kept too
		if !known && (s.Position != a.newest.position || s.Recorded.Before(a.newest.recorded) || s.Recorded.After(a.latest)) {
			a.untrue = append(a.untrue, s)
		}
	}
}

// compare compares a tile with its file.
func (a *Audit) compare(level int, n int64, hashes []tlog.Hash) {
	var want []byte
	for _, h := range hashes {
		want = append(want, h[:]...)
	}
	if got, err := a.tiles.read(level, n, len(hashes)); err != nil || !bytes.Equal(got, want) {
		a.bad[filepath.Join(a.Agency, filepath.FromSlash(TilePath(level, n, len(hashes))))] = true
	}
}

// Outcome is what a whole reading showed.
type Outcome struct {
	Found int64 // commits
	// Agree is the size of the newest checkpoint with which the commits agree.
	Agree int64
	// Forked tells that they contradict a later one; Short that they end before it.
	Forked, Short bool
	// Tiles are the files of the tree that differ from the commits.
	Tiles []string
	// Moved are the commits that stand at other positions than was written down,
	// the first and the last of them at these.
	Moved              int
	MovedFrom, MovedTo uint64
	// Untrue are the checkpoints whose commits are as they were signed, and which name
	// another position or recorded time than the newest of these has: by such a one a
	// commit could be moved out of a period.
	Untrue []Signed
	// Anchors is how many anchors were compared, Wrong those that the commits do not
	// bear out.
	Anchors int
	Wrong   []WrongAnchor
	// Against are what others said of a tree that the commits contradict; Beyond of
	// one that is larger than all commits.
	Against, Beyond []Outside
}

// Outcome is called after the last Commit.
func (a *Audit) Outcome() Outcome {
	o := Outcome{Found: a.edge.size, Agree: a.agree, Forked: a.fork, Short: a.edge.size < a.Size(), Moved: a.wrong, MovedFrom: a.movedFrom, MovedTo: a.movedTo}
	o.Untrue = a.untrue
	o.Anchors, o.Wrong = a.named.checked, a.named.wrong
	o.Against, o.Beyond = a.against, a.Outside[a.said:]
	o.Tiles = slices.Sorted(maps.Keys(a.bad))
	return o
}

// Leaves gives the leaves that were signed, with their stream positions, as far
// as the tiles have them; each is checked against the newest checkpoint that the
// tiles give. Errors: ErrDamaged when they give none, or what f gives.
func (a *Audit) Leaves(f func(index int64, position uint64, leaf eventstore.Leaf) error) error {
	s := a.Lock
	if _, err := a.tiles.load(s.Size, s.Root); s.Size == 0 || err != nil {
		if s = (Signed{}); len(a.Kept) > 0 {
			s = a.Kept[len(a.Kept)-1]
		}
	}
	if s.Size == 0 {
		return nil
	}
	if _, err := a.tiles.load(s.Size, s.Root); err != nil {
		return damaged(err)
	}
	r := a.tiles.reader(s.Size, s.Root)
	p := &positions{f: a.pos}
	for from := int64(0); from < s.Size; from += tileWidth {
		var list []int64
		for i := from; i < min(from+tileWidth, s.Size); i++ {
			list = append(list, tlog.StoredHashIndex(0, i))
		}
		hashes, err := r.ReadHashes(list)
		if err != nil {
			return damaged(err)
		}
		for i, h := range hashes {
			var at uint64
			if a.pos != nil {
				if at, err = p.at(from + int64(i)); err != nil {
					at = 0 // the file of positions is told of by Commit
				}
			}
			if err := f(from+int64(i), at, eventstore.Leaf(h)); err != nil {
				return err
			}
		}
	}
	return nil
}

// Close lets go of the files.
func (a *Audit) Close() error {
	if a.pos == nil {
		return nil
	}
	return a.pos.Close()
}

// Reaches tells whether the tiles go as far as the lock's checkpoint.
func (a *Audit) Reaches() bool {
	if a.Lock.Size == 0 {
		return false
	}
	_, err := a.tiles.load(a.Lock.Size, a.Lock.Root)
	return err == nil
}

// Tail calls f with the newest leaves that the lock's checkpoint covers and whose
// positions are from or later, newest first; each is checked against the
// checkpoint. ok is false when the tiles do not go that far.
func (a *Audit) Tail(from uint64, f func(position uint64, leaf eventstore.Leaf)) (ok bool, err error) {
	if a.Lock.Size == 0 || a.pos == nil {
		return a.Lock.Size == 0, nil
	}
	if !a.Reaches() {
		return false, nil
	}
	p := &positions{f: a.pos}
	first, err := p.before(a.Lock.Size, from)
	if err != nil {
		return false, err
	}
	first = min(first, a.Lock.Size-1) // the newest one at least
	var list []int64
	for i := first; i < a.Lock.Size; i++ {
		list = append(list, tlog.StoredHashIndex(0, i))
	}
	hashes, err := a.tiles.reader(a.Lock.Size, a.Lock.Root).ReadHashes(list)
	if err != nil {
		return false, damaged(err)
	}
	for i := a.Lock.Size - 1; i >= first; i-- {
		at, err := p.at(i)
		if err != nil {
			return false, err
		}
		f(at, eventstore.Leaf(hashes[i-first]))
	}
	return true, nil
}
