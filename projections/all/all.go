// Package all is THE list of projections: adding one is a folder beside this
// one and a line here.
package all

import (
	"github.com/casefile-engine/casefile/projections"
	"github.com/casefile-engine/casefile/projections/access"
	"github.com/casefile-engine/casefile/projections/commits"
	"github.com/casefile-engine/casefile/projections/disclosures"
	"github.com/casefile-engine/casefile/projections/dossiers"
	"github.com/casefile-engine/casefile/projections/hours"
	"github.com/casefile-engine/casefile/projections/people"
	"github.com/casefile-engine/casefile/projections/retention"
)

// Projections gives every projection, by name.
func Projections() []projections.Projection {
	return []projections.Projection{
		access.Projection{},
		commits.Projection{},
		disclosures.Projection{},
		dossiers.Projection{},
		hours.Projection{},
		people.Projection{},
		retention.Projection{},
	}
}

// Registers are the names of the registers alone (targets P4).
var Registers = []string{access.Name, disclosures.Name, hours.Name, retention.Name}
