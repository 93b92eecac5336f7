// Package bundle has the form of an evidence bundle, and checks one: that the
// commits in it stood in an agency's log, that there are no others that name the
// dossier, and that nothing in the file was changed since it was signed. It is
// pure: no clock, no network, no store, no keys but the public one.
//
// A bundle is a zip that holds its files as they are, without compression, in
// byte order of their names, with one fixed time and no other metadata, so that
// there is exactly one form of a given content and any changed byte is found:
//
//	README.html, report.pdf             for people; they prove nothing themselves
//	anchors/<leaf>.json, .tlog-proof    the commits that say how log and map stood
//	bundle.json                         Contents
//	checkpoints/<size>.checkpoint       C2SP tlog-checkpoint
//	checkpoints/<older>-<newer>.add-checkpoint
//	                                    body of C2SP tlog-witness add-checkpoint: the
//	                                    consistency proof and the newer checkpoint
//	checkpoints/<size>.cosigned         the same checkpoint with the cosignatures of
//	                                    witnesses (C2SP tlog-cosignature), where there are any
//	checkpoints/<size>.tsr              time stamp over the .checkpoint file (RFC 3161), likewise
//	commits/<leaf>.json                 a clear line as it was stored: the entry of the log
//	commits/<leaf>.list                 of a commit that named several dossiers: the entries
//	                                    of its lists that name this one (FormatEntries)
//	commits/<leaf>.tlog-proof           C2SP tlog-proof of it
//	completeness.json                   Completeness
//	keys/log.vkey                       the log's public key, C2SP signed-note
//	keys/witnesses.vkeys                the keys of the witnesses that cosigned, one a line
//	manifest.sha256                     digests of all other files, as sha256sum writes them
//	manifest.note                       C2SP signed-note by the log's key over the digest of the manifest
//	opened/<leaf>-<n>.json              the plaintext of a sealed section, when it was opened
//	policies/<digest>.txt               policies; their SHA-256 is the name
//	profiles/<digest>.json              regulations; their SHA-256 is the name
//	sealed/<leaf>-<n>.bin               the ciphertext that an opened section came from
//	supporting/<leaf>.json, .tlog-proof commits that do not name the dossier: adoptions, names of staff
package bundle
