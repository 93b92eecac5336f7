// Package jetstream is the Store over a NATS JetStream stream: over an external
// cluster as it is, and within package embedded, which adds the server and the
// shared sync.
//
// # Order and expectations
//
// Every aggregate has one literal subject, and every append names the position
// that the subject's last commit must have. The server checks that while it
// stores, so of two appends with one expectation exactly one is stored. The
// expectation is never on a wildcard (architecture §2).
//
// A sending whose answer is lost is sent again with the same expectation. If
// the first was stored after all, the second is a conflict, and what stands
// behind the expectation is read back: the caller's own command id there means
// success. So an append gives ErrUnknown only when the stream stays silent to
// the end of the patience.
//
// # Durability
//
// In a cluster the server acknowledges a message when a quorum has it; with
// `sync_interval: always` on each node it is then on their disks. A single
// embedded server acknowledges a message that is only written; its Syncer makes
// it durable before Append returns, and readers are held back to what is synced.
//
// # Windows
//
// AppendWindow foresees positions, since each commit names its predecessor's.
// A commit stored elsewhere than foreseen would leave a false chain behind, so
// every message carries the expected last sequence of the whole stream: after
// one message that is not stored, no later one is. A Sole store sends them
// without waiting; as other writers could fill exactly the hole of a refused
// message, a store that shares the stream sends atomic batches instead, of
// which all is stored or nothing.
//
// # Reading
//
// Who follows a Sole store closely gets the commits from memory, where the
// newest 8,192 (or 32 MiB) stay after their append; they are the bytes that were
// sent, given out when they are synced. All else comes from an ordered consumer
// and is decoded by a few goroutines in a row.
//
// # Gaps
//
// Nothing is ever deleted from the stream, so a missing position is damage and
// reading over it gives ErrDamaged; Options.KnownGap names the exceptions.
package jetstream
