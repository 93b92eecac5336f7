// Package blocks reads the files in which the pinned NATS server keeps a stream,
// without the server and without writing: what a server does with damage (it cuts
// the stream there, and says nothing) must not happen before somebody has looked.
//
// The form is that of nats-server v2.15.2, file store, without encryption and
// compression. In the folder of a stream:
//
//	meta.inf        configuration, JSON
//	meta.sum        HighwayHash-64 of meta.inf in hex, key SHA-256(stream)
//	msgs/<n>.blk    records, one after the other
//	msgs/index.db   what the server would find by reading the blocks, and its
//	                HighwayHash-64; dropped by the server when it does not fit
//
// A record, numbers in little endian:
//
//	length (4; the highest bit: it has headers) ‖ sequence (8; the highest bit:
//	erased, the next one: a mark of a deletion) ‖ time (8, ns since 1970) ‖ length
//	of the subject (2) ‖ subject ‖ [length of the headers (4) ‖ headers] ‖ message ‖
//	HighwayHash-64 (8) of sequence, time, subject, headers and message, key
//	SHA-256("<stream>-<n>")
//
// The lengths are not under the checksum. Whoever uses a record compares its
// subject and payload with each other, as eventstore/scrub does.
//
// A test reads a stream by the server and by this package; it fails when a newer
// server changes the form, and TestTheServerIsTheOneThisReaderIsFor says so first.
package blocks
