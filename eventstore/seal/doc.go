// Package seal encrypts what describes a person, one section for each data
// category, and decrypts it only against the durable acknowledgement of an
// access event: no record, no plaintext (architecture §1.2, §5).
//
// # Keys
//
// Each scope (an agency, an owner such as a dossier, a retention class) has one
// random root key of 256 bits, which the vault keeps wrapped. Under the root
// stands a key tree: sixteen children a level, six levels, each child the
// HMAC-SHA-256 of its parent and its index. The leaf is chosen by the version of
// the aggregate that the commit made, and the key of one section is
//
//	HMAC-SHA-256(leaf, "casefile section v1" ‖ index of the event, 4 bytes, big-endian ‖ category)
//
// So a commit costs no write to the vault, destroying the root destroys a whole
// class, and a single commit is destroyed by replacing the root by the nodes
// beside the path to its leaf (a puncture). An aggregate has at most 16^6-1
// commits that seal anything; the next is refused with code "too_many_commits".
//
// # A sealed section
//
//	byte 0        format, 1
//	bytes 1-12    nonce, random
//	bytes 13-44   key commitment: HMAC-SHA-256(section key, "commitment")
//	bytes 45-     AES-256-GCM: ciphertext and tag of 16 bytes
//
// It is Overhead bytes longer than its plaintext, so its length tells the length
// of the plaintext. The associated data is, each with its length in 4 bytes
// before it, "casefile section v1", agency, owner, class, key id, event id, event
// type, schema (decimal) and category. The version and the index stand in the
// key. So a section opens in its own place only. The commitment is there because
// AES-GCM alone lets one ciphertext be made that opens under two keys.
//
// # What it protects, and what not
//
// A copy of the stream, of a projection or of a backup says nothing personal
// without the vault and the key-encryption key. A section that is changed, or
// moved to another dossier, event or category, does not open. Once a root, or
// the nodes above a leaf, are destroyed in every copy, what was sealed under
// them is gone for everyone, whatever copies of the ciphertext remain.
//
// It does not protect against whoever holds vault and key-encryption key
// together, or reads the memory of the running process, where unwrapped keys
// are cached; Go cannot promise that freed memory is overwritten. It does not
// hide that a section exists, its category, length, time or owner's id. A
// section is authentic only as far as the holders of its key are: that a commit
// is the one that was recorded is what the ledger proves. A wrapped key in a
// backup lives until the epoch that it is wrapped under is closed (package
// vault). Two aggregates that seal under one scope at the same version share the
// leaf, so puncturing it takes both; owners are therefore sealed from their own
// aggregate, apart from recipients, whose scope holds few sections.
package seal
