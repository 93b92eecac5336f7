// Package ledger makes every change to the stream's past show. It keeps, for
// each agency, an RFC 6962 Merkle tree over the clear lines of its commits in
// stream order, signs the state of that tree (C2SP tlog-checkpoint) at least each
// second while there is traffic, keeps the newest signed state in a Lock apart
// from the stream's data, and stores the tree as C2SP tlog-tiles. Beside the tree
// goes a verifiable map (dossier → how many commits name it, and the head of
// their chain) whose root is anchored in the log by an event of its own, so that
// it can be proved that there are no other commits on a dossier.
//
// Nobody waits for the ledger: it follows the synced commits of a Store. What it
// gives out (Log) is as of the newest checkpoint.
//
// Files under Options.Dir; all but the last two follow from the stream:
//
//	ledger.pub                     public key of the store
//	sequenced                      stream position up to which nothing is left to do
//	map.db                         the maps
//	<agency>/tile/<L>/<N>[.p/<W>]  hash tiles (C2SP tlog-tiles)
//	<agency>/positions             stream position of each leaf
//	<agency>/checkpoints           history of signed checkpoints
//	<agency>/outside               what witnesses and time stamps say of these, if any
//
// The order of writing makes each crash harmless: tiles and positions are durable
// before the lock takes the checkpoint that covers them, the history gets it
// after the lock has it, and only then is it given out.
package ledger
