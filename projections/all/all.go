// Package all is THE list of projections: adding one is a folder beside this
// one and a line here.
package all

import (
	"github.com/casefile-engine/casefile/projections"
	"github.com/casefile-engine/casefile/projections/access"
	"github.com/casefile-engine/casefile/projections/approvals"
	"github.com/casefile-engine/casefile/projections/commits"
	"github.com/casefile-engine/casefile/projections/complaints"
	"github.com/casefile-engine/casefile/projections/disclosures"
	"github.com/casefile-engine/casefile/projections/dossiers"
	"github.com/casefile-engine/casefile/projections/duties"
	"github.com/casefile-engine/casefile/projections/hours"
	"github.com/casefile-engine/casefile/projections/incidents"
	"github.com/casefile-engine/casefile/projections/overviews"
	"github.com/casefile-engine/casefile/projections/paper"
	"github.com/casefile-engine/casefile/projections/people"
	"github.com/casefile-engine/casefile/projections/regulations"
	"github.com/casefile-engine/casefile/projections/reminders"
	"github.com/casefile-engine/casefile/projections/requests"
	"github.com/casefile-engine/casefile/projections/retention"
	"github.com/casefile-engine/casefile/projections/reviews"
)

// Projections gives every projection, by name.
func Projections() []projections.Projection {
	return []projections.Projection{
		access.Projection{},
		approvals.Projection{},
		commits.Projection{},
		complaints.Projection{},
		disclosures.Projection{},
		dossiers.Projection{},
		duties.Projection{},
		hours.Projection{},
		incidents.Projection{},
		overviews.Projection{},
		paper.Projection{},
		people.Projection{},
		regulations.Projection{},
		reminders.Projection{},
		requests.Projection{},
		retention.Projection{},
		reviews.Projection{},
	}
}

// Registers are the names of the projections of registers alone (targets P4).
var Registers = []string{
	access.Name, approvals.Name, complaints.Name, disclosures.Name, duties.Name, hours.Name, incidents.Name, paper.Name,
	regulations.Name, requests.Name, retention.Name, reviews.Name,
}
