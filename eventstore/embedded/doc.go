// Package embedded is the Store of one machine: a NATS server in this process,
// without a listening socket, on one directory, with shared syncs.
//
// # Why an acknowledged commit survives a loss of power
//
// The server runs without SyncAlways, so it acknowledges a message that is
// written but not synced. Append acknowledges to its caller later, when a
// Syncer has seen to it that
//
//  1. the data of every block file that was written since the last sync is on
//     the medium (fdatasync of each, from the one synced last to the newest);
//  2. the directory entry of every new block file is (fsync of the directory);
//  3. the tail journal names the newest of these commits.
//
// One round of this serves all callers that wait at its beginning; those that
// come meanwhile share the next one. Readers are held back to the last
// finished round, so nobody builds on what a loss of power can take away.
//
// This leans on two facts of the pinned server version (nats-server v2.15.2,
// file store with one replica):
//
//   - a message is handed to the operating system (pwrite on its block file)
//     before it is acknowledged, and messages are stored and acknowledged in the
//     order of their sequences; so when sequence n is acknowledged, a sync covers
//     everything up to n;
//   - the blocks are <dir>/jetstream/$G/streams/<stream>/msgs/<number>.blk, in
//     rising numbers; only the newest one is written to, and none is replaced
//     while nothing is deleted from the stream and it is not compressed.
//
// Both are proved at each start on a scratch stream and on the stream itself
// (check.go), and by the tests that cut the power after any sync. When the
// proof fails, the server is started again with SyncAlways, where each message
// is synced before its acknowledgement; Status.SyncMode then says "always".
//
// Everything else in the directory (index.db, the state of consumers) can be
// lost or torn: the server rebuilds it from the blocks. meta.inf and the
// directories themselves are synced at each start before the first append.
//
// A sync that fails is final: the kernel may have dropped the pages. The store
// is read-only from then on, until it is opened again and has found its tail.
//
// # Damage at the end
//
// After a crash and one damaged byte the server cuts its stream at the damaged
// record without a word and would give the sequences out again. The tail
// journal, kept away from the data beside the ledger's lock, remembers position
// and leaf of the newest synced commit. At start the stream must have that
// commit; when it has not, the store opens read-only with code "damaged_tail".
// The journal is written before an append is acknowledged, so it survives the
// death of the process, and synced in the background some ten
// milliseconds later (Options.StrictJournal: before the acknowledgement). So
// only damage to the last milliseconds before a loss of power could pass for a
// shorter stream, never the loss of power alone, as those commits are synced.
//
// # Positions without a commit
//
// A loss of power can leave an index that knows of sequences whose (never
// acknowledged) messages are gone; the server then goes on behind them. Such a
// gap at the end is found at start and recorded beside the journal; any other
// missing position is damage.
package embedded
