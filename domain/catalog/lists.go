package catalog

import (
	"fmt"

	"github.com/casefile-engine/casefile/domain"
)

// Apart gives an event as its clear data hold it on an aggregate, and the entries
// of the lists that were taken out of it (docs/adr/0009). An event that names one
// dossier alone, or on a dossier that one alone, stays as it is and has none. The
// event that is given is not changed.
func Apart(on domain.Ref, e domain.Event) (rest domain.Event, entries []string, err error) {
	l, ok := e.(domain.Lister)
	if !ok || !several(on, l.Lists().Named()) {
		return e, nil, nil
	}
	if entries, err = l.Lists().Entries(); err != nil {
		return nil, nil, fmt.Errorf("catalog: %s: %w", e.EventType(), err)
	}
	s := eventTable()[e.EventType()]
	if s == nil {
		return nil, nil, fmt.Errorf("catalog: events of type %q are not in the list", e.EventType())
	}
	rest = s.Copy(e)
	if l, ok := rest.(domain.Lister); ok {
		l.Lists().Empty()
	}
	return rest, entries, nil
}

// several tells whether dossiers are more than one, together with the one that an
// event on them is on.
func several(on domain.Ref, named []domain.ID) bool {
	if on.Kind != domain.KindDossier && on.Kind != domain.KindReminder {
		return len(named) > 1
	}
	return len(named) > 1 || len(named) == 1 && named[0] != on.ID
}

// Whole puts the entries of its lists back into a decoded event, which it changes.
func Whole(e domain.Event, entries []string) error {
	l, ok := e.(domain.Lister)
	if !ok {
		return fmt.Errorf("catalog: %s has no lists, and some are stored beside it", e.EventType())
	}
	if err := l.Lists().Fill(entries); err != nil {
		return fmt.Errorf("catalog: %s: %w", e.EventType(), err)
	}
	return nil
}
