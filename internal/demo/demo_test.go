package demo

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
)

var now = time.Date(2025, 6, 18, 14, 0, 0, 0, time.UTC)

// Given the demonstration of today, when it is filled again tomorrow, then the
// commands are the same: nothing doubles and nothing is under a known id with
// other content.
func TestFillingAgainGivesTheSameCommands(t *testing.T) {
	for _, agency := range Agencies {
		first, err := Commands(agency, Anchor(now, time.Time{}))
		if err != nil {
			t.Fatal(err)
		}
		adopted, err := time.Parse(time.RFC3339, first[0].At)
		if err != nil || first[0].Command != "AdoptRegulation" {
			t.Fatalf("%+v %v", first[0], err)
		}
		again, err := Commands(agency, Anchor(now.Add(100*24*time.Hour), adopted.UTC()))
		if err != nil {
			t.Fatal(err)
		}
		a, _ := json.Marshal(first)
		b, _ := json.Marshal(again)
		if string(a) != string(b) {
			t.Errorf("%s: the second filling differs", agency)
		}
	}
}

func TestCommandsAreInOrderAndInThePast(t *testing.T) {
	for _, agency := range Agencies {
		rs, err := Commands(agency, Anchor(now, time.Time{}))
		if err != nil {
			t.Fatal(err)
		}
		ids, newest := map[string]bool{}, map[string]time.Time{}
		for _, r := range rs {
			at, err := time.Parse(time.RFC3339, r.At)
			if err != nil || at.After(now) || at.Before(newest[r.Dossier]) {
				t.Errorf("%s at %s: out of order or in the future (%v)", r.Command, r.At, err)
			}
			newest[r.Dossier] = at
			if _, err := domain.ParseID("id", r.ID); err != nil || ids[r.ID] {
				t.Errorf("%s has no id of its own", r.Command)
			}
			ids[r.ID] = true
		}
		if n := len(newest); n < 10 {
			t.Errorf("%s: %d dossiers", agency, n-1)
		}
	}
}

// Everybody in it is made up, and says so.
func TestEverybodyIsMadeUp(t *testing.T) {
	numbers := map[string]bool{}
	for _, agency := range Agencies {
		rs, err := Commands(agency, Anchor(now, time.Time{}))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rs {
			var d struct {
				Client struct {
					FamilyName string `json:"family_name"`
					BSN        string `json:"bsn"`
					Bank       string `json:"bank"`
				} `json:"client"`
			}
			if err := json.Unmarshal(r.Data, &d); err != nil {
				t.Fatal(err)
			}
			if r.Command == "OpenDossier" && !strings.HasSuffix(d.Client.FamilyName, "-Demo") {
				t.Errorf("%s could be somebody", d.Client.FamilyName)
			}
			if n := d.Client.BSN; n != "" {
				if _, err := nl.ParseBSN(n); err != nil || !strings.HasPrefix(n, "9999") || numbers[n] {
					t.Errorf("the number %s: %v", n, err)
				}
				numbers[n] = true
			}
			if d.Client.Bank != "" && !strings.Contains(d.Client.Bank, "DEMO") {
				t.Error("a bank account at a bank that exists")
			}
		}
	}
	if len(numbers) < 10 {
		t.Errorf("%d numbers", len(numbers))
	}
}

func TestEachAgencyHasEveryRoleThatSignsIn(t *testing.T) {
	for _, agency := range Agencies {
		logins, err := Logins(agency)
		if err != nil {
			t.Fatal(err)
		}
		roles := map[string]bool{}
		for _, l := range logins {
			for _, r := range l.Roles {
				roles[r] = true
			}
		}
		for _, r := range []string{"coach", "administration", "director", "compliance_officer", "administrator", "auditor"} {
			if !roles[r] {
				t.Errorf("%s has no %s", agency, r)
			}
		}
	}
	if len(Password) < 12 {
		t.Error("the password is too short")
	}
}
