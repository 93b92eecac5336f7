package staff

import (
	"slices"

	"github.com/casefile-engine/casefile/domain"
)

// Whoever a grant of access or a maintenance window names as approving it says so
// himself, in his own name (C-2.1.5b, C-2.7a, C-2.7f).

// TypeGrantConfirmed is the type of its one event.
const TypeGrantConfirmed = "grant.confirmed"

// ConfirmGrant is the answer of whoever a grant or a maintenance window of Staff
// names as approving it.
type ConfirmGrant struct {
	Staff  domain.ID `json:"staff"`
	Grant  domain.ID `json:"grant"`
	Answer string    `json:"answer"` // one of domain.ApprovalAnswers
}

// GrantConfirmed is that answer; the last one holds. What its approver denies ends
// at once, and is not opened again by a later answer. No section.
type GrantConfirmed struct {
	Grant  domain.ID `json:"grant"`
	By     string    `json:"by"` // the actor, who is the approver
	Answer string    `json:"answer"`
}

// CommandName is the name in the catalogue.
func (*ConfirmGrant) CommandName() string { return "ConfirmGrant" }

// EventType is the constant.
func (*GrantConfirmed) EventType() string { return TypeGrantConfirmed }

// Validate tells what is wrong with the form of the command.
func (c *ConfirmGrant) Validate() error {
	var k domain.Check
	k.ID("staff", &c.Staff)
	k.ID("grant", &c.Grant)
	k.Code("answer", c.Answer, domain.ApprovalAnswers)
	return k.Err()
}

func confirmGrant(s *State, c *ConfirmGrant, env *domain.Env) ([]domain.Fact, error) {
	i := slices.IndexFunc(s.Grants, func(g Grant) bool { return g.ID == c.Grant })
	if i < 0 {
		e := domain.RefusedField("grant", "unknown_grant", "C-2.7a", "this member of staff has no such grant; compare its id")
		e.Kind = domain.KindNotFound
		return nil, e
	}
	if err := s.Grants[i].Approval.Judge(env, "grant", c.Answer); err != nil {
		return nil, err
	}
	return []domain.Fact{{Event: &GrantConfirmed{Grant: c.Grant, By: env.Actor, Answer: c.Answer}}}, nil
}

// confirm keeps the answer to a grant.
func (s *State) confirm(e *GrantConfirmed, r domain.Recorded) {
	for i := range s.Grants {
		if s.Grants[i].ID == e.Grant {
			s.Grants[i].Approval.Answer = e.Answer
		}
	}
	if e.Answer == domain.ApprovalDenied {
		s.revoke(e.Grant, r.Meta.Occurred)
	}
}
