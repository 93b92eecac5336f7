package rows

import (
	"fmt"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/projections"
	"github.com/casefile-engine/casefile/projections/readdb"
)

// Each calls f with every decoded event of a delivery, with its place in the
// commit, its stored form and its ciphertexts, in the order of the commit. A
// delivery may hold some of the commit's events only; those are found by type.
func Each(d *projections.Delivery, f func(place int, stored *eventstore.StoredEvent, sealed [][]byte, r *domain.Recorded) error) error {
	stored := d.Commit.Envelope.Data.Events
	rest := d.Commit.Sealed
	next := 0
	for place := range stored {
		if next == len(d.Events) {
			return nil
		}
		n := len(stored[place].Sections)
		if n > len(rest) {
			return fmt.Errorf("rows: the commit at %d lacks a sealed section", d.Commit.Position)
		}
		sealed := rest[:n]
		rest = rest[n:]
		r := &d.Events[next]
		if r.Event.EventType() != stored[place].Type {
			continue
		}
		next++
		if err := f(place, &stored[place], sealed, r); err != nil {
			return err
		}
	}
	if next != len(d.Events) {
		return fmt.Errorf("rows: the commit at %d does not hold the events delivered with it", d.Commit.Position)
	}
	return nil
}

// Columns gives a list of columns from "name:t", "name:i" and "name:b", for
// text, integers and bytes, so that a table reads as one block.
func Columns(specs ...string) []readdb.Column {
	out := make([]readdb.Column, len(specs))
	for i, s := range specs {
		n := len(s) - 2
		t := map[string]readdb.ColumnType{":t": readdb.Text, ":i": readdb.Int, ":b": readdb.Bytes}
		kind, ok := t[s[n:]]
		if !ok {
			panic("rows: a column is written name:t, name:i or name:b")
		}
		out[i] = readdb.Column{Name: s[:n], Type: kind}
	}
	return out
}
