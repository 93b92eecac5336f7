// Package vault keeps the root keys of package seal, wrapped, in a SQLite file
// or a PostgreSQL schema, and seals and opens sections with them.
//
// # What is stored
//
//	meta         store id, schema version, revision
//	epochs       id (from 1), opened, closed, method of destruction, check value
//	root_keys    key id, scope, epoch, created, commitment, status, announced
//	nodes        key id, prefix, wrapped: what is left of the key's tree
//	digest_keys  agency, use, epoch, wrapped
//
// An intact key has one node, with the empty prefix: the root. A punctured key
// has the nodes beside the paths to its punctured leaves. A destroyed key has
// none; its row stays, so that what was sealed under it reads as destroyed.
//
// Nothing in the tables is a key in the clear. Each node is wrapped with AEAD
// under the key-encryption key of its epoch; the associated data binds it to
// key id, prefix, scope, store id and epoch, so that no row can stand in for
// another. While a key is intact, its commitment, which stands in the event that
// announced it, is checked on each unwrap.
//
// # Durability
//
// A key is on disk, and in the second copy when one is configured, before
// Prepare returns it. SQLite runs with WAL and synchronous=FULL, PostgreSQL with
// synchronous_commit=on. Callers that create keys at the same time share one
// transaction.
//
// # Epochs and destruction
//
// Destroying a key deletes its nodes. SQLite overwrites deleted content
// (secure_delete) and its write-ahead log is truncated; but the file system,
// PostgreSQL's dead rows and its log, backups and the second copy may still hold
// the wrapped form. It is worthless once the key-encryption key of its epoch is
// destroyed. So destruction is proven by the close of the epoch, not by the
// deletion: surviving keys are wrapped anew under the next epoch, then
// KEKProvider.Destroy ends the old one and says by what method.
//
// # Binding
//
// The data directory, the keys directory and the lock carry the same random
// store id (Bind), and so do the tables and every wrapped key. Keys of another
// store are refused, and missing keys are never replaced by new ones: they
// would open nothing, and would hide the loss.
//
// # Several instances
//
// On PostgreSQL several instances may share the vault. Each looks at the
// revision in meta when it uses a key more than a second after its last look,
// and drops every cached key when another instance destroyed or punctured one.
// So a destroyed key is used by no instance for longer than about a second, but
// it may stay in the memory of an idle one until it is next used or stops.
package vault
