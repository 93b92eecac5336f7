package vault

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"sync"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore/seal"
	"github.com/casefile-engine/casefile/eventstore/seal/internal/keytree"
)

// material is one root key, unwrapped: what is left of its tree.
type material struct {
	scope  seal.Scope // never changes
	status string     // never changes: a change makes new material

	mu    sync.Mutex // guards what follows
	gone  bool       // wiped: read it anew
	nodes []keytree.Node
	// parent is the node above the leaf used last, whose path starts with the
	// first Levels-1 digits of near: the next commit mostly lies beside it.
	parent    keytree.Key
	near      keytree.Path
	hasParent bool
}

func (m *material) wipe() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.gone, m.hasParent = true, false
	clear(m.nodes)
	clear(m.parent[:])
	m.nodes = nil
}

var errGone = errors.New("vault: cached key was dropped meanwhile")

// leaf derives the leaf at p; ok is false when it was punctured.
func (m *material) leaf(p keytree.Path) (leaf keytree.Key, ok bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.gone {
		return leaf, false, errGone
	}
	if m.hasParent && [keytree.Levels - 1]byte(m.near[:keytree.Levels-1]) == [keytree.Levels - 1]byte(p[:keytree.Levels-1]) {
		return keytree.LeafBelow(&m.parent, p), true, nil
	}
	for i := range m.nodes {
		n := &m.nodes[i]
		if !n.Covers(p) {
			continue
		}
		if len(n.Prefix) == keytree.Levels {
			return n.Key, true, nil
		}
		m.parent, m.near, m.hasParent = n.Parent(p), p, true
		return keytree.LeafBelow(&m.parent, p), true, nil
	}
	return leaf, false, nil
}

// Seal encrypts plaintext for its place. Errors: domain codes "destroyed",
// "too_many_commits", "key_missing", "vault_unavailable".
func (v *Vault) Seal(ctx context.Context, p seal.Place, plaintext []byte) ([]byte, error) {
	if p.Version >= keytree.Leaves {
		return nil, domain.Refused("too_many_commits", "C-2.1.4d",
			"this file has 16,777,215 changes, which is the most that can be kept; nothing more can be added to it")
	}
	leaf, err := v.leaf(ctx, p)
	if err != nil {
		return nil, err
	}
	return seal.SealSection(&leaf, p, plaintext)
}

// Open decrypts one section, if ack covers it. Errors: domain codes
// "not_acknowledged", "destroyed", "section_damaged", "key_missing",
// "vault_damaged", "vault_unavailable".
func (v *Vault) Open(ctx context.Context, ack seal.Acknowledgement, s seal.Sealed) ([]byte, error) {
	return seal.OpenSection(ack, s, func(p seal.Place) (seal.Leaf, error) { return v.leaf(ctx, p) })
}

// leaf gives the leaf for a place from the cache or the tables.
func (v *Vault) leaf(ctx context.Context, p seal.Place) (seal.Leaf, error) {
	path, ok := keytree.PathOf(p.Version)
	if !ok || p.Version == 0 {
		return seal.Leaf{}, keyMissing("no commit has this version")
	}
	if err := v.fresh(ctx); err != nil {
		return seal.Leaf{}, err
	}
	for {
		m, err := v.material(ctx, p.Key)
		if err != nil {
			return seal.Leaf{}, err
		}
		if m.scope != p.Scope {
			return seal.Leaf{}, keyMissing("the key belongs to another scope")
		}
		if m.status == Destroyed {
			return seal.Leaf{}, destroyed()
		}
		leaf, there, err := m.leaf(path)
		switch {
		case errors.Is(err, errGone):
			continue
		case err != nil:
			return seal.Leaf{}, err
		case !there:
			return seal.Leaf{}, destroyed()
		}
		return seal.Leaf(leaf), nil
	}
}

// material finds a key in the cache or unwraps it.
func (v *Vault) material(ctx context.Context, id string) (*material, error) {
	v.mu.Lock()
	m, ok := v.keys.get(id)
	purges := v.purges
	v.mu.Unlock()
	if ok {
		return m, nil
	}
	m, err := v.load(ctx, v.db, id)
	if err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	// What was read before a removal may be what was removed: it serves this
	// call, which began before the removal, but no later one.
	if v.purges == purges {
		if other, ok := v.keys.get(id); ok {
			return other, nil
		}
		v.keys.put(id, m)
	}
	return m, nil
}

// load reads and unwraps all nodes of a key and checks them against each other.
func (v *Vault) load(ctx context.Context, q querier, id string) (*material, error) {
	m := &material{}
	var epoch int
	var committed []byte
	found := false
	rows, err := q.QueryContext(ctx, v.db.q(`SELECT k.agency, k.owner, k.class, k.epoch, k.commitment, k.status, n.prefix, n.wrapped
		FROM root_keys k LEFT JOIN nodes n ON n.key_id = k.id WHERE k.id = ?`), keyID(id))
	err = eachRow(rows, err, func(r *sql.Rows) error {
		var prefix sql.NullString
		var wrapped []byte
		if err := r.Scan(&m.scope.Agency, &m.scope.Owner, &m.scope.Class, &epoch, &committed, &m.status, &prefix, &wrapped); err != nil {
			return err
		}
		found = true
		if !prefix.Valid {
			return nil
		}
		key, err := v.unwrapKey(ctx, epoch, wrapped, v.nodeData(id, m.scope, prefix.String, epoch))
		if err != nil {
			return err
		}
		n := keytree.Node{Prefix: prefix.String, Key: key}
		m.nodes = append(m.nodes, n)
		return n.Check()
	})
	if err != nil {
		return nil, unavailable(err)
	}
	if !found {
		return nil, keyMissing("the vault has no such key")
	}
	return m, m.check(id, committed)
}

// check compares the status, the nodes and the commitment.
func (m *material) check(id string, committed []byte) error {
	switch {
	case m.status == Destroyed && len(m.nodes) == 0:
		return nil
	case m.status == Intact && len(m.nodes) == 1 && m.nodes[0].Prefix == "":
		if !bytes.Equal(commitment(id, &m.nodes[0].Key), committed) {
			return vaultDamaged("a root key differs from its commitment")
		}
		return nil
	case m.status == Punctured:
		for _, n := range m.nodes {
			if n.Prefix == "" {
				return vaultDamaged("a punctured key has its root")
			}
		}
		return nil
	}
	return vaultDamaged("the status of a key and its nodes contradict each other")
}

func destroyed() error {
	return domain.Refused("destroyed", "C-2.5c",
		"this was destroyed and cannot be read or added to any more; the certificate of destruction says when and why")
}

func keyMissing(why string) error {
	return &domain.Error{Kind: domain.KindInternal, Code: "key_missing", Rule: "C-2.1.4c",
		Message: "the vault has no key for a sealed section; put the newest copy of the vault in its place and run casefile verify",
		Cause:   errors.New("vault: " + why)}
}
