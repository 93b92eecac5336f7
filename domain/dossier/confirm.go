package dossier

import "github.com/casefile-engine/casefile/domain"

// Whoever a disclosure names as approving it says so himself, in his own name
// (C-2.1.5b): an urgent reason is disclosed on at once, and answered for afterwards.

// TypeDisclosureConfirmed is the type of its one event.
const TypeDisclosureConfirmed = "disclosure.confirmed"

// ConfirmDisclosure is the answer of whoever a disclosure names as approving it.
type ConfirmDisclosure struct {
	Disclosure domain.ID `json:"disclosure"`
	Answer     string    `json:"answer"` // one of domain.ApprovalAnswers
}

// DisclosureConfirmed is that answer; the last one holds. A disclosure that its
// approver denies was made all the same, and is looked into as an incident. No section.
type DisclosureConfirmed struct {
	Disclosure domain.ID `json:"disclosure"`
	By         string    `json:"by"` // the actor, who is the approver
	Answer     string    `json:"answer"`
}

// CommandName is the name in the catalogue.
func (*ConfirmDisclosure) CommandName() string { return "ConfirmDisclosure" }

// EventType is the constant.
func (*DisclosureConfirmed) EventType() string { return TypeDisclosureConfirmed }

// Validate tells what is wrong with the form of the command.
func (c *ConfirmDisclosure) Validate() error {
	var k domain.Check
	k.ID("disclosure", &c.Disclosure)
	k.Code("answer", c.Answer, domain.ApprovalAnswers)
	return k.Err()
}

func (d *decision) confirmDisclosure(c *ConfirmDisclosure) ([]domain.Fact, error) {
	x := d.s.Disclosures[c.Disclosure]
	if x == nil {
		return nil, unknown("disclosure", "unknown_disclosure", "C-2.1.5b", "this dossier has no such disclosure; compare its id")
	}
	if err := x.Approval.Judge(d.env, "disclosure", c.Answer); err != nil {
		return nil, err
	}
	return []domain.Fact{{Event: &DisclosureConfirmed{Disclosure: c.Disclosure, By: d.env.Actor, Answer: c.Answer}}}, nil
}
