// Package outside asks others to vouch for the checkpoints of an agency's log:
// witnesses, which cosign that it goes on from all they saw before (C2SP
// tlog-witness), and a time-stamping authority (RFC 3161). What they answer is
// stored beside the checkpoints (ledger.Log.AddCosignature, AddStamp).
//
// It works behind the ledger's back: it looks at what is signed, and neither an
// append nor a signature waits for it. What fails is tried again, less and less
// often. What a witness says that contradicts the log is an alarm and is not
// repaired.
//
// A checkpoint names the store by its random id, the agency by its code, the
// number of its commits and when the newest was recorded. Nothing else goes out.
package outside
