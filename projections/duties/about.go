package duties

import "slices"

// What a notice to a client is about (dossier.NoticeKinds), and which of the
// kinds above it meets. A notice in words of one's own meets what is owed about
// the record that it names.
var (
	aboutIndirect   = []string{"indirect_notice"}
	aboutUnexpected = []string{"unexpected_processing", "new_purpose"}
)

// AboutRegulation are the notices of a changed regulation (C-4b, L-13).
var AboutRegulation = []string{"new_purpose", "regulation_changed"}

// speaksOf tells whether a notice can meet a duty of that sort.
func (t Told) speaksOf(about []string) bool {
	return slices.Contains(about, t.About) || t.About == "other" && t.Ref != ""
}
