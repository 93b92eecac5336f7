package queries

import (
	"slices"
	"strings"
	"time"

	"github.com/casefile-engine/casefile/domain"
)

// sealsNames tells whether a category is one of those that exist for sealing the
// names of staff and recipients, which are no client's data.
func sealsNames(c domain.Category) bool { return c == domain.CatStaff || c == domain.CatRecipient }

// shows tells whether a section is open to the reader: its category, and all
// that its record contains, for the strictest of them governs (requirements §2).
func (v *DossierView) shows(c domain.Category, record string) bool {
	if v.only != nil && !v.only[record] {
		return false
	}
	if v.pass.whole || sealsNames(c) {
		return true
	}
	if !v.pass.sees(c) {
		return false
	}
	return !slices.ContainsFunc(v.holds[record], func(x domain.Category) bool { return !v.pass.sees(x) })
}

// frontOffice begins the types of the events that whoever sees the client's
// contact details may know of: none tells more about him than that he is guided.
var frontOffice = []string{"dossier.opened", "dossier.declined", "trajectory.", "hours.", "staff.assigned", "staff.unassigned", "regulation.handed"}

// redact leaves out of the view what its reader may not see. A line of the
// timeline stays for it, with its day alone, so that nobody takes a part for the
// whole (ui.md, timeline).
func (v *DossierView) redact() {
	if v.pass.whole {
		return
	}
	v.Partial, v.State = true, nil
	hidden := func(val Value) bool { return val.State == "hidden" }
	v.Contact, v.Personal, v.Values = slices.DeleteFunc(v.Contact, hidden), slices.DeleteFunc(v.Personal, hidden), slices.DeleteFunc(v.Values, hidden)
	if !v.pass.sees(domain.CatHours) {
		v.Minutes = 0
	}
	for i := range v.Timeline {
		e := &v.Timeline[i]
		// A name alone opens no line: who it is about would show to whom something
		// went that the reader may not know of.
		open := slices.ContainsFunc(e.Values, func(val Value) bool { return !hidden(val) && !sealsNames(val.Category) })
		front := v.only == nil && v.pass.sees(domain.CatContact) && slices.ContainsFunc(frontOffice, func(p string) bool { return strings.HasPrefix(e.Type, p) })
		if open || front {
			e.Values = slices.DeleteFunc(e.Values, hidden)
			continue
		}
		day := time.Date(e.Occurred.Year(), e.Occurred.Month(), e.Occurred.Day(), 0, 0, 0, 0, time.UTC)
		*e = TimelineEntry{Position: e.Position, Occurred: day, Recorded: day, Hidden: true}
	}
}
