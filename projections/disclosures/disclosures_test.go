package disclosures_test

import (
	"testing"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/projections/disclosures"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
	"github.com/casefile-engine/casefile/projections/rows/rowstest"
)

var (
	anna   = rowstest.ID(1)
	uwv    = rowstest.ID(31)
	record = rowstest.ID(41)
	client = rowstest.On("click", domain.KindDossier, rowstest.ID(11))
	other  = rowstest.On("sol", domain.KindDossier, rowstest.ID(12))
)

func disclosure(id int, categories []domain.Category, records ...string) *dossier.DisclosureMade {
	return &dossier.DisclosureMade{
		Disclosure: rowstest.ID(id), Recipient: uwv, RecipientClass: "commissioner", RecipientSubtype: "uwv",
		Categories: categories, Records: records, Ground: domain.GroundGuidance, Purpose: "guidance", Channel: "secure_mail",
		Profile: "click-2017", ProfileVersion: 1,
	}
}

// history discloses a report and the address, corrects both, and then writes
// down a disclosure that had happened before the correction.
func history(t *testing.T) *rowstest.History {
	h := &rowstest.History{}
	add := func(ref domain.Ref, at string, facts ...domain.Fact) {
		h.Add(t, rowstest.Commit{Ref: ref, Actor: anna, At: at}, facts...)
	}
	made := func(e *dossier.DisclosureMade) domain.Fact {
		return rowstest.Sealed(e, "recipient/"+uwv, domain.ClassPerson, domain.CatRecipient)
	}
	withConsent := disclosure(51, []domain.Category{"report", "contact"}, record)
	withConsent.Ground, withConsent.Consent = domain.GroundConsent, rowstest.ID(61)
	withConsent.ConfidentialUntil = nl.MustDate("2018-01-01")
	add(client, "2017-02-01T09:00:00Z", made(withConsent))
	add(client, "2017-02-01T10:00:00Z", rowstest.Plain(&dossier.DisclosureRefused{
		Disclosure: rowstest.ID(52), Code: "consent_withdrawn", Rule: "C-2.6.1", Recipient: uwv,
		Categories: []domain.Category{"medical"}, Ground: "consent", Purpose: "guidance", Channel: "letter",
	}))
	add(other, "2017-02-02T09:00:00Z", made(disclosure(51, []domain.Category{"report"}, record)))
	add(client, "2017-02-03T09:00:00Z", rowstest.Plain(&dossier.RecordCorrected{
		Record: record, Category: "report", Class: domain.ClassDossier, Source: "client"}))
	add(client, "2017-02-04T09:00:00Z", rowstest.Sealed(&dossier.ClientChanged{
		Fields: []string{"address"}, ValidFrom: nl.MustDate("2017-02-04"), Source: "client"},
		"dossier/"+client.ID, domain.ClassDossier, domain.CatContact))
	add(client, "2017-02-05T09:00:00Z", rowstest.Sealed(&dossier.ClientChanged{
		Fields: []string{"address"}, ValidFrom: nl.MustDate("2017-02-01"), Source: "client", Correction: true},
		"dossier/"+client.ID, domain.ClassDossier, domain.CatContact, domain.CatInvoiceName))
	add(client, "2017-02-02T12:00:00Z", made(disclosure(53, []domain.Category{"report"}, record)))
	add(client, "2017-02-06T09:00:00Z", made(disclosure(54, []domain.Category{"contact", "report"}, record)))
	add(client, "2017-02-07T09:00:00Z", rowstest.Plain(&dossier.RecordRestricted{Record: record}))
	return h
}

func list(t *testing.T, db *readdb.DB, f rows.Filter) []disclosures.Row {
	t.Helper()
	return rowstest.Collect(t, func(each func(disclosures.Row) error) error { return disclosures.List(t.Context(), db, f, each) })
}

// C-2.6.1, L-19: every disclosure with the notices that are still owed. A
// refused one is not in the register (catalogue §3).
func TestRegisterOfDisclosures(t *testing.T) {
	rowstest.OnBoth(t, func(t *testing.T, db *readdb.DB) {
		rowstest.Rebuild(t, db, disclosures.Projection{}, history(t))
		rowstest.Golden(t, "disclosures", list(t, db, rows.Filter{}))
	})
}

// L-19: a recipient is owed a notice of what was corrected after the
// disclosure happened, whenever that was written down; a change of
// circumstances is no correction; another dossier's record is not this one.
func TestNoticesPending(t *testing.T) {
	db := rowstest.Memory(t)
	rowstest.Rebuild(t, db, disclosures.Projection{}, history(t))
	want := map[string]int{
		"click/" + rowstest.ID(51): 3, // the correction, the particulars, the restriction
		"sol/" + rowstest.ID(51):   0,
		"click/" + rowstest.ID(53): 2, // written down late, before the correction
		"click/" + rowstest.ID(54): 1, // after both corrections, before the restriction
	}
	got := map[string]int{}
	for _, r := range list(t, db, rows.Filter{}) {
		got[r.Agency+"/"+r.Disclosure] = r.NoticesPending
	}
	for id, n := range want {
		if got[id] != n {
			t.Errorf("%s: %d notices pending, want %d", id, got[id], n)
		}
	}
	if len(got) != len(want) {
		t.Errorf("the register has %d rows, want %d", len(got), len(want))
	}
}

func TestDisclosureFilters(t *testing.T) {
	db := rowstest.Memory(t)
	rowstest.Rebuild(t, db, disclosures.Projection{}, history(t))
	for name, c := range map[string]struct {
		filter rows.Filter
		want   int
	}{
		"agency":            {rows.Filter{Agency: "click"}, 3},
		"dossier":           {rows.Filter{Dossier: other.ID}, 1},
		"another's dossier": {rows.Filter{Agency: "sol", Dossier: client.ID}, 0},
		"from":              {rows.Filter{From: rowstest.At("2017-02-02T12:00:00Z")}, 2},
		"until":             {rows.Filter{Until: rowstest.At("2017-02-02T12:00:00Z")}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			if got := list(t, db, c.filter); len(got) != c.want {
				t.Fatalf("got %d rows, want %d", len(got), c.want)
			}
		})
	}
}

func TestDisclosuresLiveAndRebuilt(t *testing.T) {
	rowstest.SameLiveAndRebuilt(t, disclosures.Projection{}, history(t))
}
