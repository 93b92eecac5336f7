// Package dossier is the client's dossier: one for each client of an agency,
// with its particulars, trajectories, records, hours, consents and disclosures
// (C-0a). Decide and Evolve are pure; Evolve sees clear events only, so that a
// destroyed dossier still folds.
package dossier
