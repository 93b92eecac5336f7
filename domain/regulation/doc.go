// Package regulation holds the rules that an agency works by: its regulation
// profile, which is data, and the law layer beneath every profile, which no
// profile can loosen (requirements §6 and §7). It answers in one place whether
// something may be recorded, disclosed or shown, and how long it is kept.
//
// Everything is pure: no clock, no files but those embedded. A Profile that has
// come out of Effective is what an agency adopts; the adopting event carries it
// whole, so that a replay judges by the version that was in force.
//
// Where several rules forbid the same thing, the regulation's is named before
// the law's (catalogue §2).
package regulation
