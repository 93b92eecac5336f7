package duties

import "slices"

// What a notice to a client is said to be about, in dossier.ClientNotified, and
// which of the kinds above it meets.
var (
	aboutIndirect   = []string{"indirect_notice"}
	aboutUnexpected = []string{"client_notice"}
)

// Owed tells whether a notice about that meets a duty which Notices works out.
func Owed(about string) bool {
	return slices.Contains(aboutIndirect, about) || slices.Contains(aboutUnexpected, about)
}
