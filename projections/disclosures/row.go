package disclosures

import (
	"time"

	"github.com/casefile-engine/casefile/domain"
)

// Row is one disclosure, as the export `disclosures` gives it (catalogue §3).
// Lists are in byte order.
type Row struct {
	Disclosure     string            `json:"disclosure"`
	Agency         string            `json:"agency"`
	Dossier        string            `json:"dossier"`
	OccurredAt     time.Time         `json:"occurred_at"`
	RecordedAt     time.Time         `json:"recorded_at"`
	Recipient      string            `json:"recipient,omitempty"`
	RecipientClass string            `json:"recipient_class,omitempty"`
	Categories     []domain.Category `json:"categories,omitempty"`
	Records        []string          `json:"records,omitempty"`
	Ground         string            `json:"ground,omitempty"`
	Purpose        string            `json:"purpose,omitempty"`
	Channel        string            `json:"channel,omitempty"`
	Actor          string            `json:"actor"`
	Consent        string            `json:"consent,omitempty"`
	Profile        string            `json:"profile,omitempty"`
	Unlawful       bool              `json:"unlawful"`
	Position       uint64            `json:"position"`
	// NoticesPending counts the corrections of what was disclosed that this
	// recipient has not been told of (AVG 19).
	NoticesPending int `json:"notices_pending"`

	// ProfileVersion is the version of Profile that the disclosure was judged by.
	ProfileVersion int `json:"-"`
}
