// Package notices is the register of notices (C-I2, C-I3, L-14, L-19): what
// clients and the recipients of disclosures must be told, what they were told,
// and what was given up with a reason. It has no tables: it is worked out from
// the facts of other views. What was written stays sealed.
package notices

import (
	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
)

// To whom a notice goes.
const (
	ToClient    = "client"
	ToRecipient = "recipient"
)

// KindRecipient is the kind of a notice to a recipient; those of clients are
// duties.IndirectNotice, duties.ClientNotice, and for what was told without a
// duty the code of what it was about.
const KindRecipient = "recipient_notice"

// The states of a notice. The last three are the outcomes of the catalogue.
const (
	StatePending          = "pending"
	StateSent             = "sent"
	StateImpossible       = "impossible"
	StateDisproportionate = "disproportionate"
)

// Row is one notice, as the export `notices` gives it. Days are YYYY-MM-DD,
// lists in byte order; what is not known or does not apply is absent.
type Row struct {
	Agency  string `json:"agency"`
	Dossier string `json:"dossier"`
	To      string `json:"to"` // client, recipient
	// Kind is indirect_notice, client_notice, recipient_notice, or the code of
	// what a notice without a duty was about.
	Kind string `json:"kind"`
	// Ref is the record that it is about (of several the first), or the disclosure.
	Ref string `json:"ref,omitempty"`
	// Recipient, Item (a record or a category of particulars) and Act
	// (rectification, completion, restriction, removal) are of a notice to a
	// recipient.
	Recipient string `json:"recipient,omitempty"`
	Item      string `json:"item,omitempty"`
	Act       string `json:"act,omitempty"`
	// Source, Categories and Trajectory say what data from others is meant.
	Source     string            `json:"source,omitempty"`
	Categories []domain.Category `json:"categories,omitempty"`
	Trajectory string            `json:"trajectory,omitempty"`
	// Since is the day from which it is owed, Due the last day.
	Since nl.Date `json:"since,omitzero"`
	Due   nl.Date `json:"due,omitzero"`
	State string  `json:"state"` // pending, sent, impossible, disproportionate
	// Method is how a client was told, NotifiedOn the day on which the notice was
	// given, or given up.
	Method     string  `json:"method,omitempty"`
	NotifiedOn nl.Date `json:"notified_on,omitzero"`
	Position   uint64  `json:"position"` // of what it is about
}
