package agency

import "github.com/casefile-engine/casefile/domain"

// Whoever the adoption of a regulation or of policies names as approving it says so
// himself, in his own name (C-2.1.5b).

// TypeAdoptionConfirmed is the type of its one event.
const TypeAdoptionConfirmed = "adoption.confirmed"

// ConfirmAdoption is the answer of whoever an adoption names as approving it.
type ConfirmAdoption struct {
	// Adoption is the id of the command that adopted.
	Adoption domain.ID `json:"adoption"`
	Answer   string    `json:"answer"` // one of domain.ApprovalAnswers
}

// AdoptionConfirmed is that answer; the last one holds. What was adopted stays in
// force until another is adopted: dossiers were judged by it. No section.
type AdoptionConfirmed struct {
	Adoption domain.ID `json:"adoption"`
	By       string    `json:"by"` // the actor, who is the approver
	Answer   string    `json:"answer"`
}

// CommandName is the name in the catalogue.
func (*ConfirmAdoption) CommandName() string { return "ConfirmAdoption" }

// EventType is the constant.
func (*AdoptionConfirmed) EventType() string { return TypeAdoptionConfirmed }

// Validate tells what is wrong with the form of the command.
func (c *ConfirmAdoption) Validate() error {
	var k domain.Check
	k.ID("adoption", &c.Adoption)
	k.Code("answer", c.Answer, domain.ApprovalAnswers)
	return k.Err()
}

func confirmAdoption(s *State, c *ConfirmAdoption, env *domain.Env) ([]domain.Fact, error) {
	a, known := s.Approvals[c.Adoption]
	if !known {
		e := domain.RefusedField("adoption", "unknown_adoption", "C-2.1.5b", "no adoption of this agency that names an approver has this id; give the id of the command that adopted")
		e.Kind = domain.KindNotFound
		return nil, e
	}
	if err := a.Judge(env, "adoption", c.Answer); err != nil {
		return nil, err
	}
	return []domain.Fact{{Event: &AdoptionConfirmed{Adoption: c.Adoption, By: env.Actor, Answer: c.Answer}}}, nil
}

// approved keeps whom an adoption names as approving it.
func (s *State) approved(by domain.ID, m domain.Meta) {
	if by == "" {
		return
	}
	if s.Approvals == nil {
		s.Approvals = map[domain.ID]domain.Approval{}
	}
	s.Approvals[m.CommandID] = domain.Named(by, m.Actor)
}

// confirm keeps the answer to an adoption.
func (s *State) confirm(e *AdoptionConfirmed) {
	if a, ok := s.Approvals[e.Adoption]; ok {
		a.Answer = e.Answer
		s.Approvals[e.Adoption] = a
	}
}
