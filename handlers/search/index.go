package search

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/seal"
	"github.com/casefile-engine/casefile/eventstore/seal/vault"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/projections/readdb"
)

// The kinds of entries.
const (
	kindDossier   = "dossier"
	kindRecipient = "recipient"
)

// KindDossier and KindRecipient say whose names are looked for.
const (
	KindDossier   = kindDossier
	KindRecipient = kindRecipient
)

// Keys is what the index needs of the vault beside opening and digests.
type Keys interface {
	Epochs(ctx context.Context) ([]vault.Epoch, error)
	List(ctx context.Context, agency string, f func(vault.KeyInfo) error) error
}

// Config is what an Index works with.
type Config struct {
	// State is the database of credentials and sessions, and Postgres whether it
	// is PostgreSQL, which several instances share.
	State    *sql.DB
	Postgres bool
	Store    eventstore.Store
	Commands *commands.Handler
	DB       *readdb.DB
	// Current returns when the named views are at the stream's head.
	Current  func(ctx context.Context, names ...string) error
	Opener   seal.Opener
	Digester seal.Digester
	Keys     Keys
	Log      *slog.Logger
}

// Index is the search index. All methods may be called from many goroutines.
type Index struct {
	Config
	store *store

	mu        sync.Mutex // one run over the stream at a time
	following atomic.Bool
	stop      context.CancelFunc
	done      chan struct{}
	// again makes the follower begin at its place in the database.
	again chan struct{}

	// seen is the newest commit that the follower has looked at, and wanted the
	// newest one that the index has to have; it is set first.
	seen, wanted atomic.Uint64
}

// New makes the tables where there are none.
func New(ctx context.Context, c Config) (*Index, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	x := &Index{Config: c, store: &store{db: c.State, postgres: c.Postgres, owner: uuid.NewString()}, again: make(chan struct{}, 1)}
	return x, x.store.make(ctx)
}

const (
	tagSize = 8
	bsnSize = 16
)

// use names the agency's keys of an epoch: the digests of another epoch are
// worth nothing any more.
func use(what string, epoch int) string { return what + "." + strconv.Itoa(epoch) }

// epoch is the newest epoch of the keys.
func (x *Index) epoch(ctx context.Context) (int, error) {
	list, err := x.Keys.Epochs(ctx)
	if err != nil || len(list) == 0 {
		return 0, err
	}
	return list[len(list)-1].ID, nil
}

// tag is what stands in the index for a token of an owner. digest is the keyed
// digest of the token, which nobody has without the key.
func tag(digest [32]byte, kind, id string) [tagSize]byte {
	b := append(append(append(append(make([]byte, 0, 96), digest[:]...), kind...), '/'), id...)
	sum := sha256.Sum256(b)
	return [tagSize]byte(sum[:tagSize])
}

// tagsOf makes the tags of a name, sorted.
func (x *Index) tagsOf(ctx context.Context, agency, kind, id string, epoch int, n Name) ([]byte, error) {
	var list [][tagSize]byte
	for _, t := range n.tokens() {
		d, err := x.Digester.Digest(ctx, agency, use("search", epoch), []byte(t))
		if err != nil {
			return nil, err
		}
		list = append(list, tag(d, kind, id))
	}
	slices.SortFunc(list, func(a, b [tagSize]byte) int { return bytes.Compare(a[:], b[:]) })
	out := make([]byte, 0, len(list)*tagSize)
	for _, t := range list {
		out = append(out, t[:]...)
	}
	return out, nil
}

func hasTag(tags []byte, t [tagSize]byte) bool {
	lo, hi := 0, len(tags)/tagSize
	for lo < hi {
		mid := (lo + hi) / 2
		switch bytes.Compare(tags[mid*tagSize:(mid+1)*tagSize], t[:]) {
		case 0:
			return true
		case -1:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return false
}

func (x *Index) bsnDigest(ctx context.Context, agency string, epoch int, bsn string) ([]byte, error) {
	d, err := x.Digester.Digest(ctx, agency, use("bsn-search", epoch), []byte(bsn))
	return d[:bsnSize], err
}

// Named gives for each dossier or recipient of an agency the words of the query
// that may be a part of its name; those without any are absent. It looks among
// ids alone, or at all when ids is nil, and its work depends on nothing else.
func (x *Index) Named(ctx context.Context, agency, kind string, ids []string, q Query) (map[string]Mask, error) {
	p, err := x.store.point(ctx)
	if err != nil {
		return nil, err
	}
	want := make([][][32]byte, len(q.parts)) // the digests for each word
	for i, part := range q.parts {
		for _, w := range part.words {
			for _, t := range wanted(w) {
				d, err := x.Digester.Digest(ctx, agency, use("search", p.epoch), []byte(t))
				if err != nil {
					return nil, err
				}
				want[i] = append(want[i], d)
			}
		}
	}
	out := map[string]Mask{}
	err = x.store.tags(ctx, agency, kind, ids, func(id string, tags []byte) {
		for i, list := range want {
			if len(list) > 0 && !slices.ContainsFunc(list, func(d [32]byte) bool { return !hasTag(tags, tag(d, kind, id)) }) {
				out[id] |= 1 << i
			}
		}
	})
	return out, err
}

// Numbered gives the dossiers of an agency with the query's citizen service
// number; none when it is not one.
func (x *Index) Numbered(ctx context.Context, agency string, q Query) ([]string, error) {
	if !q.BSN() {
		return nil, nil
	}
	p, err := x.store.point(ctx)
	if err != nil {
		return nil, err
	}
	d, err := x.bsnDigest(ctx, agency, p.epoch, q.bsn)
	if err != nil {
		return nil, err
	}
	return x.store.numbered(ctx, agency, d)
}

// Remove takes dossiers out of the index: their keys are gone.
func (x *Index) Remove(ctx context.Context, agency string, ids []string) error {
	return x.store.remove(ctx, agency, ids)
}

// Rebuild makes the index anew from the stream. It returns when it is whole.
func (x *Index) Rebuild(ctx context.Context) error {
	epoch, err := x.epoch(ctx)
	if err != nil {
		return err
	}
	if err := x.store.empty(ctx, epoch); err != nil {
		return err
	}
	if !x.following.Load() {
		return x.catchUp(ctx)
	}
	x.seen.Store(0)
	select {
	case x.again <- struct{}{}:
	default:
	}
	for {
		behind, err := x.Ready(ctx)
		if err != nil || !behind {
			return err
		}
	}
}

// Sweep removes the dossiers whose keys were destroyed.
func (x *Index) Sweep(ctx context.Context) error {
	agencies, err := x.store.agencies(ctx)
	if err != nil {
		return err
	}
	for _, agency := range agencies {
		var gone []string
		err := x.Keys.List(ctx, agency, func(k vault.KeyInfo) error {
			if id, ok := ownerID(k.Owner, kindDossier); ok && k.Class == classDossier && k.Status == vault.Destroyed {
				gone = append(gone, id)
			}
			return nil
		})
		if err == nil && len(gone) > 0 {
			err = x.store.remove(ctx, agency, gone)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// code is what a log may say of an error.
func code(err error) string {
	switch {
	case errors.Is(err, errLost):
		return "taken_over"
	case errors.Is(err, eventstore.ErrUnavailable):
		return "unavailable"
	}
	return codeOf(err)
}
