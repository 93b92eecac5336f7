package regulation

import (
	"strings"

	"github.com/casefile-engine/casefile/domain"
)

// verdict gathers what forbids an act.
type verdict struct{ refusals []*domain.Error }

func (v *verdict) add(e *domain.Error) {
	if e != nil {
		v.refusals = append(v.refusals, e)
	}
}

func (v *verdict) refuse(code, rule, message string) { v.add(domain.Refused(code, rule, message)) }

// first is the refusal that is told: the first of the regulation, and failing
// that the first of the law (catalogue §2, "the one of the regulation before
// the law's").
func (v *verdict) first() *domain.Error {
	for _, e := range v.refusals {
		if !IsLaw(e.Rule) {
			return e
		}
	}
	if len(v.refusals) > 0 {
		return v.refusals[0]
	}
	return nil
}

// IsLaw tells whether a rule is an article of the law (L-9, L-U46) and not of a
// regulation.
func IsLaw(rule string) bool { return strings.HasPrefix(rule, "L-") }
