// Package verify checks what the ledger signs: checkpoints, inclusion,
// consistency, the verifiable map and the chain of the commits that name a
// dossier. It is pure: it opens no file, reads no clock, needs no store and no
// server, so an offline verifier stands on it alone. Who writes one in another
// language finds every rule that has to be applied the same in these docstrings.
//
// Hashes (all SHA-256, the first byte keeps the uses apart; ‖ joins):
//
//	leaf of the log     H(0x00 ‖ clear line)                        RFC 6962
//	node of the log     H(0x01 ‖ left ‖ right)                      RFC 6962
//	chain of a dossier  H(0x02 ‖ head before ‖ leaf index ‖ leaf)   Chain
//	leaf of the map     H(0x03 ‖ key ‖ value)                       Map
//	node of the map     H(0x04 ‖ left ‖ right)                      Map
//	value of the map    H(0x05 ‖ count ‖ head)                      ValueOf
//	key of the map      H(dossier id, 36 characters)                KeyOf
//
// Numbers in hashes are 8 bytes, big endian.
package verify
