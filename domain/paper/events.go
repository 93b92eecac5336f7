// Package paper is the paper of an agency: its volumes, the cabinets in which
// they stand, who has one out, and the attestation that a cabinet is complete
// (C-1.1b, C-2.7d, S-Bev1). All volumes of an agency are one aggregate, so that
// an attestation and a check-out cannot pass each other (docs/adr/0005).
package paper

import (
	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
)

// The types of event of the paper.
const (
	TypeVolumeRegistered = "volume.registered"
	TypeCheckedOut       = "paper.checked_out"
	TypeCheckedIn        = "paper.checked_in"
	TypeAttested         = "cabinets.attested"
	TypeDestroyed        = "paper.destroyed"
)

// Place is a volume with the dossier that it belongs to and its cabinet.
type Place struct {
	Volume  domain.ID `json:"volume"`
	Dossier domain.ID `json:"dossier"`
	Cabinet string    `json:"cabinet"`
}

// VolumeRegistered puts a volume in a cabinet. No section.
type VolumeRegistered struct{ Place }

// CheckedOut takes a volume out: the actor has it from its occurred_at. Section
// of the dossier: file {note}.
type CheckedOut struct {
	Place
	Purpose string `json:"purpose"` // domain.Purposes
}

// CheckedIn puts a volume back, in the cabinet of Place. No section.
type CheckedIn struct{ Place }

// Attested says that a cabinet was found closed and complete on a day but for
// the volumes of Out, which are explained (S-Bev1). Sections, one for each
// dossier with a volume out: file {explanations: {volume: text}}.
type Attested struct {
	Date    nl.Date     `json:"date"`
	Cabinet string      `json:"cabinet"`
	Out     []domain.ID `json:"out,omitzero"` // in byte order
}

// Destroyed ends a volume (S-Bew4, C-1.1b). Section of the dossier: file
// {method}, where it is no code.
type Destroyed struct {
	Place
	List        domain.ID `json:"list,omitzero"`
	Method      string    `json:"method"` // domain.PaperDestructions
	WitnessedBy string    `json:"witnessed_by"`
}

// EventType names are the constants above.

func (*VolumeRegistered) EventType() string { return TypeVolumeRegistered }
func (*CheckedOut) EventType() string       { return TypeCheckedOut }
func (*CheckedIn) EventType() string        { return TypeCheckedIn }
func (*Attested) EventType() string         { return TypeAttested }
func (*Destroyed) EventType() string        { return TypeDestroyed }
