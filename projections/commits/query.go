package commits

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
)

// Entry is one commit as it was stored.
type Entry struct {
	Position uint64
	Leaf     eventstore.Leaf
	Payload  []byte // eventstore.Unmarshal decodes it
}

// Checked decodes the entry after comparing its clear line with the leaf that
// stood on the stream and its ciphertexts with their digests. A copy that
// differs is eventstore.ErrDamaged: rebuild the view.
func (e *Entry) Checked() (*eventstore.Commit, error) {
	c, err := eventstore.Unmarshal(e.Payload)
	if err != nil {
		return nil, err
	}
	if eventstore.LeafHash(c.Clear) != e.Leaf {
		return nil, fmt.Errorf("%w: the copy of the commit at %d differs from its leaf", eventstore.ErrDamaged, e.Position)
	}
	if err := c.Verify(); err != nil {
		return nil, err
	}
	c.Position = e.Position
	return c, nil
}

// ReadAggregate calls f with every commit of one aggregate whose version is
// greater than afterVersion, oldest first. Versions have no gaps; the view may
// end before the stream does, which LastPosition tells. f may give rows.ErrStop.
func ReadAggregate(ctx context.Context, db *readdb.DB, ref domain.Ref, afterVersion uint64, f func(Entry) error) error {
	const q = `SELECT position, leaf, payload FROM commits
		WHERE agency = ? AND kind = ? AND aggregate = ? AND version > ? ORDER BY version`
	return rows.Query(ctx, db, q, []any{ref.Agency, ref.Kind, ref.ID, int64(afterVersion)}, func(scan func(...any) error) error {
		e, err := scanEntry(scan)
		if err != nil {
			return err
		}
		return f(e)
	})
}

func scanEntry(scan func(...any) error) (Entry, error) {
	var (
		position int64
		leaf     []byte
		e        Entry
	)
	if err := scan(&position, &leaf, &e.Payload); err != nil {
		return Entry{}, fmt.Errorf("reading a view: %w", err)
	}
	if len(leaf) != len(e.Leaf) {
		return Entry{}, fmt.Errorf("%w: the copy of the commit at %d has no leaf", eventstore.ErrDamaged, position)
	}
	e.Position = uint64(position)
	copy(e.Leaf[:], leaf)
	return e, nil
}

// Last gives the version and the position of the newest commit of an aggregate
// that the view has; both are 0 when it has none.
func Last(ctx context.Context, db *readdb.DB, ref domain.Ref) (version, position uint64, err error) {
	const q = `SELECT version, position FROM commits
		WHERE agency = ? AND kind = ? AND aggregate = ? ORDER BY version DESC LIMIT 1`
	_, err = rows.One(ctx, db, q, []any{ref.Agency, ref.Kind, ref.ID}, &version, &position)
	return version, position, err
}

// LastVersion is the version of an aggregate as far as the view goes; 0 for none.
func LastVersion(ctx context.Context, db *readdb.DB, ref domain.Ref) (uint64, error) {
	v, _, err := Last(ctx, db, ref)
	return v, err
}

// LastPosition is the position of an aggregate's newest commit as far as the
// view goes; 0 for none.
func LastPosition(ctx context.Context, db *readdb.DB, ref domain.Ref) (uint64, error) {
	_, p, err := Last(ctx, db, ref)
	return p, err
}

// FindCommand gives the position of the commit that a command made on an
// aggregate, for ever (catalogue §2, "Idempotency"); ok is false when the view
// has none.
func FindCommand(ctx context.Context, db *readdb.DB, ref domain.Ref, commandID string) (position uint64, ok bool, err error) {
	const q = `SELECT position FROM commits WHERE aggregate = ? AND command_id = ? AND agency = ? AND kind = ? ORDER BY position LIMIT 1`
	ok, err = rows.One(ctx, db, q, []any{ref.ID, commandID, ref.Agency, ref.Kind}, &position)
	return position, ok, err
}

// At gives the commit of an agency at a position; ok is false when the view has none.
func At(ctx context.Context, db *readdb.DB, agency string, position uint64) (e Entry, ok bool, err error) {
	const q = `SELECT position, leaf, payload FROM commits WHERE agency = ? AND position = ?`
	err = rows.Query(ctx, db, q, []any{agency, int64(position)}, func(scan func(...any) error) error {
		ok = true
		var err error
		e, err = scanEntry(scan)
		return err
	})
	return e, ok, err
}

// HistoryRow is one commit of the history (catalogue §3, export `history`): the
// clear metadata as a CloudEvent, exactly as stored, its position and its leaf hash.
type HistoryRow struct {
	Position uint64          `json:"position"`
	Leaf     string          `json:"leaf"` // RFC 6962 leaf hash, hex
	Event    json.RawMessage `json:"event"`
	// Lists are those of its events, as they are stored beside the clear line, as a
	// JSON array; with them whoever reads on can apply the rule of verify.NamesWith.
	Lists json.RawMessage `json:"lists,omitempty"`

	Recorded time.Time `json:"-"`
}

// HistoryFilter narrows the history. Zero fields do not narrow.
type HistoryFilter struct {
	// Dossier keeps the commits on that dossier.
	Dossier string
	// From and Until bound occurred_at: From <= occurred_at < Until.
	From, Until time.Time
	// KnownAt keeps the stream up to the last commit that had been recorded by
	// then, that instant included (Horizon).
	KnownAt time.Time
	// UpTo keeps the stream up to a position, that one included; 0 all.
	UpTo uint64
	// After keeps the commits behind a position, for reading on.
	After uint64
}

// Each calls f with the commits of an agency as they were stored, in stream
// order; "" is every agency. f may give rows.ErrStop.
func Each(ctx context.Context, db *readdb.DB, agency string, filter HistoryFilter, f func(Entry) error) error {
	var w rows.Where
	if !filter.KnownAt.IsZero() {
		known, err := Horizon(ctx, db, filter.KnownAt)
		if err != nil {
			return err
		}
		w.And("position <= ?", int64(known))
	}
	w.If(filter.UpTo > 0, "position <= ?", int64(filter.UpTo))
	w.If(agency != "", "agency = ?", agency)
	w.If(filter.Dossier != "", "kind = ? AND aggregate = ?", domain.KindDossier, filter.Dossier)
	w.If(!filter.From.IsZero(), "occurred >= ?", rows.Instant(filter.From))
	w.If(!filter.Until.IsZero(), "occurred < ?", rows.Instant(filter.Until))
	w.If(filter.After > 0, "position > ?", int64(filter.After))
	q := "SELECT position, leaf, payload FROM commits" + w.String() + " ORDER BY position"
	return rows.Query(ctx, db, q, w.Args, func(scan func(...any) error) error {
		e, err := scanEntry(scan)
		if err != nil {
			return err
		}
		return f(e)
	})
}

// History calls f with the commits of an agency, in stream order; "" is every
// agency. f may give rows.ErrStop.
func History(ctx context.Context, db *readdb.DB, agency string, filter HistoryFilter, f func(HistoryRow) error) error {
	return Each(ctx, db, agency, filter, func(e Entry) error {
		c, err := eventstore.Unmarshal(e.Payload)
		if err != nil {
			return err
		}
		lists, err := listsOf(c)
		if err != nil {
			return err
		}
		return f(HistoryRow{
			Position: e.Position, Leaf: hex.EncodeToString(e.Leaf[:]),
			Event: json.RawMessage(c.Clear), Lists: lists, Recorded: c.Envelope.Recorded,
		})
	})
}

// listsOf gives the lists of a commit's events as a JSON array; nil for none.
func listsOf(c *eventstore.Commit) (json.RawMessage, error) {
	lists, err := c.Lists()
	if err != nil || len(lists) == 0 {
		return nil, err
	}
	var blocks []json.RawMessage
	for _, l := range lists {
		blocks = append(blocks, l.Block())
	}
	return json.Marshal(blocks)
}
