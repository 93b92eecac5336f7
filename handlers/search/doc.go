// Package search finds dossiers by what only their keys can read: a part of a
// name, with and without accents and prefixes, or a whole citizen service number
// . It keeps a blind index beside the credentials: tags that nobody can read
// or compare without the agency's key for it. The index is no projection. It
// stands outside rebuild digests and checks, since making it needs plaintext:
// the engine is then a reader like any other, with an access event of its own for
// each batch (architecture §4).
//
// The tag of three letters of a name is made of a keyed digest of the letters
// and of the dossier's id. So two clients of the same name have nothing in common
// in the index, and it tells neither how often a name occurs nor, since tags are
// sorted, which letters are neighbours. Citizen service numbers have a table and
// a key of their own, and are found whole or not at all (L-U46).
//
// It may name a dossier whose name has all the letters of a search in another
// order of words. Whoever shows something opens the name first, under the access
// event, and compares.
package search
