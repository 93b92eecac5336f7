package policy

import (
	"testing"
	"time"

	"github.com/casefile-engine/casefile/domain"
)

// C-0d, C-2.7e, C-2.8: only active staff with a role, and only in their own agency.
func TestOnlyActiveStaffOfTheAgencyWithARole(t *testing.T) {
	rules, now := Simple(), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		given  string
		s      Subject
		agency string
		code   string
		ground string
	}{
		{"a coach", Subject{"click", "s1", []string{"coach"}, true}, "click", "", "role"},
		{"a coach of another agency", Subject{"sol", "s1", []string{"coach"}, true}, "click", "unknown_agency", "none"},
		{"a coach who left", Subject{"click", "s1", []string{"coach"}, false}, "click", "not_active", "none"},
		{"an account without a role", Subject{"click", "s1", nil, true}, "click", "no_role", "none"},
		{"nobody", Subject{}, "click", "unknown_agency", "none"},
		{"the operator", Subject{Staff: domain.Operator}, "click", "", "role"},
		{"the engine", Subject{Staff: domain.Engine}, "click", "", "engine"},
	} {
		d := rules.Decide(c.s, c.agency, now)
		if d.Allowed != (c.code == "") || d.Ground != c.ground || len(d.Digest) != 64 {
			t.Errorf("%s: got %+v", c.given, d)
		}
		if c.code != "" && (d.Err == nil || d.Err.Code != c.code || d.Err.Rule == "") {
			t.Errorf("%s: got %+v, want code %s", c.given, d.Err, c.code)
		}
	}
}
