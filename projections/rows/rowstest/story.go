package rowstest

import (
	"testing"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/agency"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/domain/regulation"
	"github.com/casefile-engine/casefile/projections"
	"github.com/casefile-engine/casefile/projections/readdb"
)

// Story is a history written with few words: the agencies click and sol, and
// events of their dossiers by number.
type Story struct {
	History
	T testing.TB
}

// Begin starts a story in which click has adopted click-2017 and sol
// solutions-vpr, both on 19 January 2017.
func Begin(t testing.TB) *Story {
	t.Helper()
	s := &Story{T: t}
	s.Adopt("click", "click-2017", "2017-01-19")
	s.Adopt("sol", "solutions-vpr", "2017-01-19")
	return s
}

// Adopt lets an agency adopt a profile on the day on which it takes effect.
func (s *Story) Adopt(name, profile, from string) {
	s.T.Helper()
	p, _, err := regulation.Adopt(profile, 1, nil)
	if err != nil {
		s.T.Fatal(err)
	}
	s.Event(On(name, domain.KindAgency, name), from+" 08:00", &agency.RegulationAdopted{
		Profile: p.Name, Version: p.Version, EffectiveFrom: nl.MustDate(from), Document: p})
}

// Event adds one event to an aggregate, at "2017-02-01 09:00" of Amsterdam or on
// a day, which stands for nine in the morning. The actor is ID(1).
func (s *Story) Event(ref domain.Ref, at string, e domain.Event, categories ...domain.Category) uint64 {
	s.T.Helper()
	fact := Plain(e)
	if len(categories) > 0 {
		fact = Sealed(e, ref.Kind+"/"+ref.ID, domain.ClassDossier, categories...)
	}
	return s.Add(s.T, Commit{Ref: ref, Actor: ID(1), At: Clock(at)}, fact)
}

// Dossier adds an event to a dossier of an agency.
func (s *Story) Dossier(name string, n int, at string, e domain.Event, categories ...domain.Category) uint64 {
	s.T.Helper()
	return s.Event(On(name, domain.KindDossier, ID(n)), at, e, categories...)
}

// Clock turns "2017-02-01 09:00" of Amsterdam, or a day, into RFC 3339 in UTC.
func Clock(at string) string {
	if len(at) == len(time.DateOnly) {
		at += " 09:00"
	}
	t, err := time.ParseInLocation("2006-01-02 15:04", at, nl.Amsterdam())
	if err != nil {
		panic(err)
	}
	return t.UTC().Format(time.RFC3339)
}

// Fold folds the story into a database in memory, as far as it had occurred by
// the end of a day ("" takes all of it).
func (s *Story) Fold(day string, list ...projections.Projection) *readdb.DB {
	s.T.Helper()
	h := &s.History
	if day != "" {
		h = h.Until(nl.MustDate(day).End())
	}
	db := Memory(s.T)
	for _, p := range list {
		Rebuild(s.T, db, p, h)
	}
	return db
}
