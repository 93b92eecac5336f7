package disclosures

import (
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
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
	// OccurredOn is the day on which an unlawful disclosure went out, where that is
	// another than the day of OccurredAt: it is mostly found and written down later
	// (C-2.6b). Of several registrations the first that says so counts.
	OccurredOn nl.Date `json:"occurred_on,omitzero"`

	// ProfileVersion is the version of Profile that the disclosure was judged by.
	ProfileVersion int `json:"-"`
}
