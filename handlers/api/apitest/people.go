package apitest

import (
	"context"
	"strings"

	"github.com/casefile-engine/casefile/handlers/queries"
)

// Dora is the administrator of click, Fleur its compliance officer and Gijs its
// director; Evert was its coach and has left.
const (
	Fleur = "018f0000-0000-7000-8000-00000000000f"
	Gijs  = "018f0000-0000-7000-8000-000000000010"
	Dora  = "018f0000-0000-7000-8000-00000000000d"
	Evert = "018f0000-0000-7000-8000-00000000000e"
)

var staff = []struct {
	agency, id, login, name string
	roles                   []string
	left                    bool
}{
	{"click", Anna, "anna", "Anna de Coach", []string{"coach"}, false},
	{"click", Cleo, "cleo", "Cleo Tweede", []string{"coach"}, false},
	{"click", Dora, "dora", "Dora Beheer", []string{"administrator"}, false},
	{"click", Evert, "evert", "Evert Vertrokken", nil, true},
	{"click", Fleur, "fleur", "Fleur Toezicht", []string{"compliance_officer"}, false},
	{"click", Gijs, "gijs", "Gijs Directeur", []string{"director"}, false},
	{"sol", Bram, "bram", "Bram Ander", []string{"coach"}, false},
}

// RolesOf are the roles of a member of staff.
func (e *Engine) RolesOf(_ context.Context, agency, id string) ([]string, error) {
	for _, s := range staff {
		if s.agency == agency && s.id == id {
			return s.roles, nil
		}
	}
	return nil, nil
}

// ActiveStaff tells whether a member of staff has not left.
func (e *Engine) ActiveStaff(_ context.Context, agency, id string) (bool, error) {
	for _, s := range staff {
		if s.agency == agency && s.id == id {
			return !s.left, nil
		}
	}
	return false, nil
}

// HolderOf is who has a login.
func (e *Engine) HolderOf(_ context.Context, agency, login string) (string, error) {
	for _, s := range staff {
		if s.agency == agency && s.login == strings.ToLower(strings.TrimSpace(login)) {
			return s.id, nil
		}
	}
	return "", nil
}

// Adopted tells whether an agency is there.
func (e *Engine) Adopted(_ context.Context, agency string) (bool, error) {
	return agency == "click" || agency == "sol", nil
}

// People are the members of staff of an agency.
func (e *Engine) People(_ context.Context, r queries.Reader) (out []queries.StaffName, _ []queries.Recipient, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.look(r); err != nil {
		return nil, nil, err
	}
	for _, s := range staff {
		if s.agency == r.Agency {
			name := s.name
			if e.names != "" {
				name = e.names
			}
			out = append(out, queries.StaffName{Staff: s.id, Name: name, Roles: s.roles})
		}
	}
	return out, nil, nil
}
