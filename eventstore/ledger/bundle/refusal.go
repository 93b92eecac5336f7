package bundle

import "fmt"

// Codes of refusals. A refusal says that the file is no proof of anything.
const (
	CodeNoBundle   = "not_a_bundle"
	CodeTruncated  = "truncated"
	CodeTooLarge   = "too_large"
	CodeCompressed = "compressed"
	CodeName       = "bad_name"
	CodeForm       = "other_form"   // of the zip
	CodeMissing    = "file_missing" // a file that belongs in it
	CodeExtra      = "file_extra"
	CodeAltered    = "file_altered"
	CodeSignature  = "bad_signature"
	CodeKey        = "bad_key"
	CodeOtherKey   = "other_key" // than the one that was given
	CodeOtherLog   = "other_log" // parts of two logs
	CodeCheckpoint = "bad_checkpoint"
	CodeProof      = "bad_proof"
	CodeContents   = "bad_contents" // a file that says something else than the rest
	CodeHistory    = "history_rewritten"
	CodeIncomplete = "incomplete"
	CodeForeign    = "foreign_commit" // a commit of another agency, or not on the dossier
	CodeList       = "bad_list"       // an entry of a list is not in it, or not this dossier's
	CodeChain      = "chain_broken"   // of the dossier's own commits
	CodeOpened     = "opened_differs"
	CodeText       = "text_differs" // of policies or profiles
	CodeWitness    = "bad_cosignature"
	CodeStamp      = "bad_time_stamp"
)

// Refusal is the error of a bundle that does not hold. File is the file of the
// bundle that it is about, or "".
type Refusal struct {
	Code string
	File string
}

func refuse(code, file string) error { return &Refusal{code, file} }

func (r *Refusal) Error() string {
	if r.File == "" {
		return "bundle: " + r.Code
	}
	return fmt.Sprintf("bundle: %s: %s", r.Code, r.File)
}
