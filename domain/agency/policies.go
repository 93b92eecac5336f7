package agency

import (
	"fmt"
	"time"

	"github.com/casefile-engine/casefile/domain"
)

// MaxPolicies is the most bytes that an agency's policies have together.
const MaxPolicies = 256 << 10

// PolicyFile is one file of policies, as people read it. It holds rules and no
// personal data.
type PolicyFile struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// AdoptPolicies puts policies of the agency's own in the place of the built-in
// ones, from now on; without files the built-in ones hold again. The law's
// prohibitions stand beneath either, and own ones permit nothing that the built-in
// ones do not (C-2.1.4a, C-2.7a). Whether the texts can be used is checked before
// anything is decided.
type AdoptPolicies struct {
	Files      []PolicyFile `json:"files,omitzero"`
	ApprovedBy domain.ID    `json:"approved_by,omitzero"`
}

// CommandName is the name in the catalogue.
func (*AdoptPolicies) CommandName() string { return "AdoptPolicies" }

// Validate tells what is wrong with the form of the command.
func (c *AdoptPolicies) Validate() error {
	var k domain.Check
	k.OptionalID("approved_by", &c.ApprovedBy)
	size, seen := 0, map[string]bool{}
	for i, f := range c.Files {
		at := fmt.Sprintf("files.%d.", i)
		k.Text(at+"name", f.Name, domain.MaxShort)
		size += len(f.Text)
		if f.Text == "" || seen[f.Name] {
			k.Fail(domain.Invalid("invalid_policy", at+"text", "each file of policies has a name of its own and a text"))
		}
		seen[f.Name] = true
	}
	if size > MaxPolicies {
		k.Fail(domain.Invalid("too_long", "files", "an agency's policies have at most 256 KiB together"))
	}
	return k.Err()
}

// PoliciesAdopted says which policies hold from its occurred_at: their whole
// texts, so that each decision can be understood by what held then. No section.
type PoliciesAdopted struct {
	Files      []PolicyFile `json:"files,omitzero"`       // none: the built-in ones
	ApprovedBy domain.ID    `json:"approved_by,omitzero"` // staff id
}

// EventType is the constant.
func (*PoliciesAdopted) EventType() string { return TypePoliciesAdopted }

// PoliciesFrom are an agency's policies from an instant.
type PoliciesFrom struct {
	From  time.Time    `json:"from"`
	Files []PolicyFile `json:"files,omitzero"`
}

// PoliciesAt are the agency's own policies at an instant; none: the built-in ones.
func (s *State) PoliciesAt(t time.Time) (files []PolicyFile) {
	if s == nil {
		return nil
	}
	for _, p := range s.Policies {
		if !p.From.After(t) {
			files = p.Files
		}
	}
	return files
}

func adoptPolicies(c *AdoptPolicies, env *domain.Env) ([]domain.Fact, error) {
	if err := env.Approve("approved_by", c.ApprovedBy); err != nil {
		return nil, err
	}
	return []domain.Fact{{Event: &PoliciesAdopted{Files: c.Files, ApprovedBy: c.ApprovedBy}}}, nil
}
