package obligations_test

import (
	"testing"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/agency"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/staff"
	"github.com/casefile-engine/casefile/projections/rows/rowstest"
)

// C-2.1.5b: who is named as approving a disclosure says so himself; until he has, it
// is owed. What he denies is owed until it is recorded as unlawful.
func TestApprovalOfADisclosure_C_2_1_5b(t *testing.T) {
	const boss = 9
	s := rowstest.Begin(t)
	made := func(n, id, by int, on string) {
		s.Dossier("click", n, on, &dossier.DisclosureMade{Disclosure: rowstest.ID(id), Recipient: rowstest.ID(31), RecipientClass: "other", Categories: []domain.Category{"contact"},
			Ground: domain.GroundUrgentReason, Purpose: "guidance", Channel: "letter", ApprovedBy: rowstest.ID(by), Profile: "click-2017", ProfileVersion: 1})
	}
	answered := func(n, id int, on, answer string) {
		s.Dossier("click", n, on, &dossier.DisclosureConfirmed{Disclosure: rowstest.ID(id), By: rowstest.ID(boss), Answer: answer})
	}
	open(s, "click", 11, "2017-02-01")
	open(s, "click", 12, "2017-02-01")
	made(11, 71, boss, "2017-02-06")
	made(12, 71, boss, "2017-02-07") // another dossier's, under the same id
	made(12, 72, 1, "2017-02-07")    // by whoever discloses: his own word
	answered(11, 71, "2017-02-08", domain.ApprovalDenied)
	answered(12, 71, "2017-02-09", domain.ApprovalConfirmed)
	answered(11, 71, "2017-02-10", domain.ApprovalConfirmed)
	answered(11, 71, "2017-02-13", domain.ApprovalDenied)
	s.Dossier("click", 11, "2017-02-14", &dossier.UnlawfulDisclosure{Disclosure: rowstest.ID(71), Channel: "letter", OccurredOn: day("2017-02-06"), Incident: rowstest.ID(67)})
	for on, want := range map[string][2][]string{
		"2017-02-05": {},
		"2017-02-07": {{"click 11 approval_unconfirmed 2017-02-06 71", "click 12 approval_unconfirmed 2017-02-07 71"}},
		"2017-02-08": {{"click 12 approval_unconfirmed 2017-02-07 71"}, {"click 11 approval_denied 2017-02-08 71"}},
		"2017-02-09": {nil, {"click 11 approval_denied 2017-02-08 71"}},
		"2017-02-10": {},
		"2017-02-13": {nil, {"click 11 approval_denied 2017-02-13 71"}},
		"2017-02-14": {},
	} {
		expect(s, on, "approval_unconfirmed", want[0]...)
		expect(s, on, "approval_denied", want[1]...)
	}
}

// C-2.1.5b, C-2.7a, C-2.7f: the same of access and maintenance windows, of which a
// denial is the end, and of what an agency adopts, where it is owed until something
// else is adopted.
func TestApprovalOfGrantsAndAdoptions_C_2_1_5b(t *testing.T) {
	s := rowstest.Begin(t)
	person, office := rowstest.On("click", domain.KindStaff, rowstest.ID(2)), rowstest.On("click", domain.KindAgency, "click")
	from := rowstest.At(rowstest.Clock("2017-03-01"))
	s.Event(person, "2017-03-01", &staff.AccessGranted{Grant: rowstest.ID(51), Team: true, Categories: []domain.Category{"contact"}, Purpose: "guidance", From: from, Until: from.AddDate(0, 1, 0), AuthorisedBy: rowstest.ID(9)})
	s.Event(person, "2017-03-02", &staff.MaintenanceGranted{Grant: rowstest.ID(52), From: from, Until: from.AddDate(0, 0, 7), ApprovedBy: rowstest.ID(9)})
	s.Event(person, "2017-03-03", &staff.GrantConfirmed{Grant: rowstest.ID(51), By: rowstest.ID(9), Answer: domain.ApprovalConfirmed})
	s.Event(person, "2017-03-04", &staff.GrantConfirmed{Grant: rowstest.ID(52), By: rowstest.ID(9), Answer: domain.ApprovalDenied})
	adopted := rowstest.CommandAt(s.Event(office, "2017-03-06", &agency.PoliciesAdopted{ApprovedBy: rowstest.ID(9)}))
	s.Event(office, "2017-03-07", &agency.AdoptionConfirmed{Adoption: adopted, By: rowstest.ID(9), Answer: domain.ApprovalDenied})
	s.Event(office, "2017-03-08", &agency.PoliciesAdopted{})
	expect(s, "2017-03-02", "approval_unconfirmed", "click - approval_unconfirmed 2017-03-01 51", "click - approval_unconfirmed 2017-03-02 52")
	expect(s, "2017-03-03", "approval_unconfirmed", "click - approval_unconfirmed 2017-03-02 52")
	expect(s, "2017-03-04", "approval_unconfirmed")
	expect(s, "2017-03-04", "approval_denied")
	expect(s, "2017-03-06", "approval_unconfirmed", rowstest.Short("click", "", "approval_unconfirmed", "2017-03-06", adopted))
	expect(s, "2017-03-07", "approval_denied", rowstest.Short("click", "", "approval_denied", "2017-03-07", adopted))
	expect(s, "2017-03-08", "approval_denied")
}
