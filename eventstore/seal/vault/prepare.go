package vault

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/seal"
	"github.com/casefile-engine/casefile/eventstore/seal/internal/keytree"
)

// record is a row of root_keys. Those in the cache are changed under Vault.mu.
type record struct {
	id, status       string
	commitment       []byte // empty when there never was a key
	scope            seal.Scope
	epoch            int
	created, changed int64
	announced        bool
}

const recordColumns = "k.id, k.agency, k.owner, k.class, k.epoch, k.created, k.commitment, k.status, k.changed, k.announced"

func scanRecord(rows *sql.Rows) (*record, error) {
	r := &record{}
	var raw []byte
	var announced int
	err := rows.Scan(&raw, &r.scope.Agency, &r.scope.Owner, &r.scope.Class, &r.epoch, &r.created, &r.commitment, &r.status, &r.changed, &announced)
	if err != nil {
		return r, err
	}
	id, err := uuid.FromBytes(raw)
	if err != nil {
		return r, vaultDamaged("a key id has another form")
	}
	r.id, r.announced = id.String(), announced != 0
	return r, nil
}

// Prepare makes sure that the root keys of the scopes exist, durably; see
// seal.Sealer. Callers that come while a creating transaction runs share the
// next one. Two callers with the same new scope get the same key, and both are
// told to announce it.
func (v *Vault) Prepare(ctx context.Context, scopes []seal.Scope) ([]eventstore.KeyCreated, error) {
	if err := v.fresh(ctx); err != nil {
		return nil, err
	}
	found, missing := v.cachedScopes(scopes)
	if len(missing) > 0 {
		for _, s := range missing {
			if !domain.ValidAgency(s.Agency) || s.Owner == "" || s.Class == "" {
				return nil, errors.New("vault: a scope needs an agency, an owner and a class")
			}
		}
		if err := v.findOrCreate(ctx, missing, found); err != nil {
			return nil, err
		}
	}
	return v.toAnnounce(scopes, found)
}

// importWindow is the number of unknown scopes from which a caller is taken to
// bring in new dossiers: the insertion then finds those that have a key, and a
// look beforehand would double the work.
const importWindow = 200

func (v *Vault) findOrCreate(ctx context.Context, missing []seal.Scope, found map[seal.Scope]*record) error {
	if len(missing) < importWindow {
		var err error
		if missing, err = v.readScopes(ctx, missing, found); err != nil || len(missing) == 0 {
			return err
		}
	}
	return v.create(ctx, missing, found)
}

// toAnnounce gives the keys that no stored commit is known to announce, in the
// order of scopes, each once.
func (v *Vault) toAnnounce(scopes []seal.Scope, found map[seal.Scope]*record) ([]eventstore.KeyCreated, error) {
	var out []eventstore.KeyCreated
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, s := range scopes {
		r := found[s]
		if r == nil {
			continue // a repetition
		}
		if r.status == Destroyed {
			return nil, destroyed()
		}
		if !r.announced && !v.pending[r.id] {
			out = append(out, eventstore.KeyCreated{ID: r.id, Owner: s.Owner, Class: s.Class, Commitment: hex.EncodeToString(r.commitment)})
		}
		delete(found, s)
	}
	return out, nil
}

func (v *Vault) cachedScopes(scopes []seal.Scope) (found map[seal.Scope]*record, missing []seal.Scope) {
	found = make(map[seal.Scope]*record, len(scopes))
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, s := range scopes {
		if r, ok := v.scopes.get(s); ok {
			found[s] = r
		} else {
			missing = append(missing, s)
		}
	}
	return found, missing
}

// readScopes adds what the tables have to found and gives the scopes that they
// have not.
func (v *Vault) readScopes(ctx context.Context, scopes []seal.Scope, found map[seal.Scope]*record) ([]seal.Scope, error) {
	v.mu.Lock()
	purges := v.purges
	v.mu.Unlock()
	read, err := v.selectScopes(ctx, v.db, scopes)
	if err != nil {
		return nil, unavailable(err)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	var rest []seal.Scope
	for _, s := range scopes {
		r := read[s]
		if r == nil {
			rest = append(rest, s)
			continue
		}
		found[s] = r
		if v.purges == purges {
			v.scopes.put(s, r)
		}
	}
	return rest, nil
}

func (v *Vault) selectScopes(ctx context.Context, q querier, scopes []seal.Scope) (map[seal.Scope]*record, error) {
	found := make(map[seal.Scope]*record, len(scopes))
	for part := range slices.Chunk(scopes, maxParams/3) {
		args := make([]any, 0, 3*len(part))
		text := make([]byte, 0, 300+8*len(part))
		text = append(text, "WITH want (agency, owner, class) AS (VALUES "...)
		for i, s := range part {
			if i > 0 {
				text = append(text, ',')
			}
			text = append(text, "(?,?,?)"...)
			args = append(args, s.Agency, s.Owner, string(s.Class))
		}
		text = append(text, ") SELECT "+recordColumns+` FROM want w JOIN root_keys k
			ON k.agency = w.agency AND k.owner = w.owner AND k.class = w.class`...)
		rows, err := q.QueryContext(ctx, v.db.q(string(text)), args...)
		err = eachRow(rows, err, func(rows *sql.Rows) error {
			r, err := scanRecord(rows)
			found[r.scope] = r
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// batch is what the callers of create that came since the last transaction want
// together.
type batch struct {
	want map[seal.Scope]*record // guarded by Vault.mu until run, then by Vault.write
	done bool                   // guarded by Vault.write
	err  error
}

// create makes the keys of scopes in one transaction with those of all callers
// that wait meanwhile, and adds them to found: its own, or those of whoever was
// quicker. Whoever gets the write lock first works for all of its batch.
func (v *Vault) create(ctx context.Context, scopes []seal.Scope, found map[seal.Scope]*record) error {
	v.mu.Lock()
	if v.next == nil {
		v.next = &batch{want: map[seal.Scope]*record{}}
	}
	b := v.next
	for _, s := range scopes {
		b.want[s] = nil
	}
	v.mu.Unlock()

	v.write.Lock()
	defer v.write.Unlock()
	if !b.done {
		v.mu.Lock()
		v.next = nil
		v.mu.Unlock()
		// Others wait for this: one caller's end must not be theirs.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		b.err = v.run(ctx, b)
		b.done = true
		cancel()
	}
	for _, s := range scopes {
		found[s] = b.want[s]
	}
	return b.err
}

// newKey is a root key that is being created.
type newKey struct {
	record
	root    keytree.Key
	wrapped []byte
}

// run creates the keys of a batch. The caller holds v.write.
func (v *Vault) run(ctx context.Context, b *batch) error {
	scopes := make([]seal.Scope, 0, len(b.want))
	for s := range b.want {
		scopes = append(scopes, s)
	}
	slices.SortFunc(scopes, compareScopes) // one order of row locks for all instances
	fresh, err := v.draw(ctx, scopes)
	if err != nil {
		return err
	}
	var mine []*newKey
	var written []string
	others := map[seal.Scope]*record{}
	err = v.db.inTx(ctx, func(tx *sql.Tx) (err error) {
		if written, err = v.writeAnnounced(ctx, tx); err != nil {
			return err
		}
		if mine, others, err = v.insertKeys(ctx, tx, fresh); err != nil {
			return err
		}
		return v.copy.keys(mine)
	})
	if err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, id := range written {
		delete(v.pending, id)
	}
	for s, r := range others {
		b.want[s] = r
		v.scopes.put(s, r)
	}
	for _, k := range mine {
		r := &k.record
		b.want[r.scope] = r
		v.scopes.put(r.scope, r)
		v.keys.put(r.id, &material{scope: r.scope, status: Intact, nodes: []keytree.Node{{Key: k.root}}})
		clear(k.root[:])
	}
	return nil
}

// draw makes new random keys and wraps them.
func (v *Vault) draw(ctx context.Context, scopes []seal.Scope) ([]*newKey, error) {
	noise := make([]byte, 32*len(scopes))
	if _, err := rand.Read(noise); err != nil {
		return nil, fmt.Errorf("vault: drawing keys: %w", err)
	}
	defer clear(noise)
	now := v.now()
	keys := make([]*newKey, len(scopes))
	for i, s := range scopes {
		id, err := uuid.NewV7()
		if err != nil {
			return nil, fmt.Errorf("vault: drawing a key id: %w", err)
		}
		k := &newKey{root: keytree.Key(noise[32*i:])}
		k.record = record{id: id.String(), scope: s, epoch: v.epoch, status: Intact, created: now, commitment: commitment(id.String(), &k.root)}
		if k.wrapped, err = v.wrapNode(ctx, k.id, s, &keytree.Node{Key: k.root}); err != nil {
			return nil, err
		}
		keys[i] = k
	}
	return keys, nil
}

// insertKeys writes the keys whose scope is still free, and gives those and
// the records of the others.
func (v *Vault) insertKeys(ctx context.Context, tx *sql.Tx, keys []*newKey) (mine []*newKey, others map[seal.Scope]*record, err error) {
	args := make([]any, 0, 7*len(keys))
	for _, k := range keys {
		args = append(args, keyID(k.id), k.scope.Agency, k.scope.Owner, string(k.scope.Class), k.epoch, k.created, k.commitment)
	}
	n, err := v.db.execRows(ctx, tx, "INSERT INTO root_keys (id, agency, owner, class, epoch, created, commitment) VALUES ", 7, args,
		" ON CONFLICT (agency, owner, class) DO NOTHING")
	if err != nil {
		return nil, nil, err
	}
	mine = keys
	if n < int64(len(keys)) {
		if mine, others, err = v.split(ctx, tx, keys); err != nil {
			return nil, nil, err
		}
	}
	args = args[:0]
	for _, k := range mine {
		args = append(args, keyID(k.id), "", k.wrapped)
	}
	_, err = v.db.execRows(ctx, tx, "INSERT INTO nodes (key_id, prefix, wrapped) VALUES ", 3, args, "")
	return mine, others, err
}

// split tells the keys that were inserted from those whose scope had one.
func (v *Vault) split(ctx context.Context, tx *sql.Tx, keys []*newKey) (mine []*newKey, others map[seal.Scope]*record, err error) {
	scopes := make([]seal.Scope, len(keys))
	for i, k := range keys {
		scopes[i] = k.scope
	}
	others, err = v.selectScopes(ctx, tx, scopes)
	if err != nil {
		return nil, nil, err
	}
	for _, k := range keys {
		switch r := others[k.scope]; {
		case r == nil:
			return nil, nil, vaultDamaged("a key that exists cannot be found by its scope")
		case r.id == k.id:
			mine = append(mine, k)
			delete(others, k.scope)
		}
	}
	return mine, others, nil
}

// maxPending is how many announcements wait in memory before they are written.
const maxPending = 10_000

// Announced reports that a durable commit announces these keys; see
// seal.Sealer.
func (v *Vault) Announced(ctx context.Context, ids []string) error {
	v.mu.Lock()
	for _, id := range ids {
		v.pending[id] = true
		if m, ok := v.keys.get(id); ok {
			if r, ok := v.scopes.get(m.scope); ok && r.id == id {
				r.announced = true
			}
		}
	}
	full := len(v.pending) >= maxPending
	v.mu.Unlock()
	if full {
		return v.flushAnnounced(ctx)
	}
	return nil
}

// flushAnnounced writes what Announced has left.
func (v *Vault) flushAnnounced(ctx context.Context) error {
	v.write.Lock()
	defer v.write.Unlock()
	v.mu.Lock()
	none := len(v.pending) == 0
	v.mu.Unlock()
	if none {
		return nil
	}
	var written []string
	err := v.db.inTx(ctx, func(tx *sql.Tx) (err error) {
		written, err = v.writeAnnounced(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, id := range written {
		delete(v.pending, id)
	}
	return nil
}

// writeAnnounced writes the announcements that are pending now, in the order of
// their ids. They stay pending until the transaction is known to be stored.
func (v *Vault) writeAnnounced(ctx context.Context, tx *sql.Tx) ([]string, error) {
	v.mu.Lock()
	ids := make([]string, 0, len(v.pending))
	for id := range v.pending {
		ids = append(ids, id)
	}
	v.mu.Unlock()
	slices.Sort(ids)
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = keyID(id)
	}
	_, err := v.db.execRows(ctx, tx, "UPDATE root_keys SET announced = 1 WHERE id IN (", 1, args, ")")
	return ids, err
}

// KeyID is the id of a scope's root key, after Prepare.
func (v *Vault) KeyID(ctx context.Context, s seal.Scope) (string, error) {
	found, missing := v.cachedScopes([]seal.Scope{s})
	if len(missing) > 0 {
		if _, err := v.readScopes(ctx, missing, found); err != nil {
			return "", err
		}
	}
	r := found[s]
	if r == nil {
		return "", errors.New("vault: the scope has no key; Prepare comes first")
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if r.status == Destroyed {
		return "", destroyed()
	}
	return r.id, nil
}

func compareScopes(a, b seal.Scope) int {
	return cmp.Or(cmp.Compare(a.Agency, b.Agency), cmp.Compare(a.Owner, b.Owner), cmp.Compare(a.Class, b.Class))
}
