// Package scrub reads a whole stream and compares it with everything that says
// what it must be: the server's checksums, the form of a commit, the digests of
// sealed sections, the chain of each aggregate, the order of the stream, the tail
// journal, and the ledger's tiles, checkpoints and lock. It needs no keys, writes
// nothing, and names each commit that is not as it was signed.
//
// What it cannot see: data and lock put back together from the same old copy are
// one consistent whole. Only who keeps a checkpoint elsewhere (a witness, a print)
// can tell, by comparing it with the newest one in the report.
package scrub
