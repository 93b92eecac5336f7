// Package stream brings the stream to Watermill's router.
//
// Subscriber delivers the commits of an eventstore.Store, in order and from a
// given position, to whoever keeps a checkpoint of its own: the projections and
// the ledger. Durable delivers the messages of a JetStream stream to a named
// group whose progress the server keeps: the reactions. Both have one message
// in flight for each subscription, as order exists in Watermill's router only
// while a subscriber waits for the acknowledgement before it sends on; both give
// a message again, and no other, after a negative one.
package stream
