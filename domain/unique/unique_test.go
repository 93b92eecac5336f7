package unique_test

import (
	"testing"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/unique"
)

func TestAReservationSaysWhoHasTheValue(t *testing.T) {
	holder := domain.Ref{Agency: "click", Kind: domain.KindDossier, ID: "d0000000-0000-4000-8000-000000000001"}
	f := unique.Reserve(unique.UseTrajectory, holder)
	if len(f.Sections) != 0 {
		t.Fatal("a reservation holds nothing personal")
	}
	s := unique.Evolve(unique.Zero(), domain.Recorded{Event: f.Event})
	if s.Use != unique.UseTrajectory || s.Kind != holder.Kind || s.Holder != holder.ID {
		t.Fatalf("%+v", s)
	}
}

func TestATakenValueRefusesWithItsRule(t *testing.T) {
	e := unique.Reservation{Code: "login_in_use", Rule: "C-0c", Field: "login", Message: "choose another"}.Refusal()
	if e.Code != "login_in_use" || e.Rule != "C-0c" || e.Kind != domain.KindRefused {
		t.Fatal(e)
	}
}
