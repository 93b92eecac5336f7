// Package witness is a small witness of transparency logs (C2SP tlog-witness):
// it cosigns a checkpoint of a log that it knows when the log goes on from the
// newest one that it cosigned, and never two that contradict each other. Whoever
// runs one vouches for a log without seeing what is in it: a checkpoint has a
// name, a size, a hash and times.
//
// Its directory holds
//
//	witness.key  the private key, its owner's alone
//	state        the newest checkpoint of each log, replaced as a whole
//
// The state is durable before an answer goes out. A directory with a key and
// without a state is refused: the key has vouched for what the witness no longer
// knows.
package witness
