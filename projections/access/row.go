package access

import (
	"time"

	"github.com/casefile-engine/casefile/domain"
)

// Row is one look at one dossier, allowed or denied, as the export `access`
// gives it (catalogue §3). A list view gives one row for each dossier that it
// showed, all with the list's position; a look that showed none (a search
// without a hit, the names of staff) gives one row without a dossier.
type Row struct {
	Position   uint64            `json:"position"`
	RecordedAt time.Time         `json:"recorded_at"`
	OccurredAt time.Time         `json:"occurred_at"`
	Agency     string            `json:"agency"`
	Dossier    string            `json:"dossier,omitempty"`
	Actor      string            `json:"actor"`
	Role       string            `json:"role,omitempty"`
	OnBehalfOf string            `json:"on_behalf_of,omitempty"`
	Action     string            `json:"action"`
	Categories []domain.Category `json:"categories,omitempty"`
	Purpose    string            `json:"purpose,omitempty"`
	Ground     string            `json:"ground,omitempty"`
	Outcome    string            `json:"outcome"`
}
