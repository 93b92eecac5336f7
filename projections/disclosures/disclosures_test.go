package disclosures_test

import (
	"slices"
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

// unlawful has a wrong e-mail, a disclosure that turned out to be unlawful, and
// notices about both.
func unlawful(t *testing.T) *rowstest.Story {
	s := rowstest.Begin(t)
	on := func(at string, e domain.Event) { s.Dossier("click", 11, at, e) }
	on("2017-02-01", disclosure(51, []domain.Category{"report"}, record))
	on("2017-02-03", &dossier.RecordCorrected{Record: record, Category: "report", Class: domain.ClassDossier, Source: "client"})
	on("2017-02-04", &dossier.UnlawfulDisclosure{Disclosure: rowstest.ID(52), Categories: []domain.Category{"report"}, Records: []domain.ID{record},
		Channel: "email", OccurredOn: nl.MustDate("2017-02-02"), Incident: rowstest.ID(91), Profile: "click-2017", ProfileVersion: 1})
	on("2017-02-05", &dossier.UnlawfulDisclosure{Disclosure: rowstest.ID(51), Recipient: uwv, Categories: []domain.Category{"medical"},
		Channel: "telephone", OccurredOn: nl.MustDate("2017-02-01"), Incident: rowstest.ID(92), Registered: true})
	on("2017-02-06", &dossier.RecordMoved{Record: record, ToDossier: rowstest.ID(12), Incident: rowstest.ID(93)})
	on("2017-02-07", &dossier.RecipientNotified{Disclosure: rowstest.ID(52), Items: []string{record}, Outcome: "impossible"})
	return s
}

// C-2.6b: what went out wrongly stands in the register too; one that had been
// registered as lawful keeps its row, with all that went out.
func TestUnlawfulDisclosures(t *testing.T) {
	s := unlawful(t)
	rowstest.OnBoth(t, func(t *testing.T, db *readdb.DB) {
		rowstest.Rebuild(t, db, disclosures.Projection{}, &s.History)
		rowstest.Golden(t, "unlawful", list(t, db, rows.Filter{}))
	})
	before := list(t, s.Fold("2017-02-04", disclosures.Projection{}), rows.Filter{})
	if len(before) != 2 || before[0].Unlawful || !before[1].Unlawful || before[1].NoticesPending != 1 {
		t.Errorf("as of 4 February: %+v", before)
	}
}

// C-2.6b: a wrong e-mail is mostly found later. The day on which it went out
// stands in the register where it is another than that of occurred_at.
func TestDayOfAnUnlawfulDisclosure(t *testing.T) {
	s := rowstest.Begin(t)
	wrong := func(id int, at, on string, registered bool) {
		s.Dossier("click", 11, at, &dossier.UnlawfulDisclosure{Disclosure: rowstest.ID(id), Categories: []domain.Category{"report"},
			Channel: "email", OccurredOn: nl.MustDate(on), Incident: rowstest.ID(91), Registered: registered})
	}
	s.Dossier("click", 11, "2017-02-01", disclosure(51, []domain.Category{"report"}, record))
	wrong(52, "2017-02-04", "2017-02-02", false)
	wrong(53, "2017-02-04", "2017-02-04", false)
	s.Dossier("click", 11, "2017-02-05", disclosure(54, []domain.Category{"report"}, record))
	wrong(54, "2017-02-06", "2017-02-05", true) // as it was registered
	wrong(51, "2017-02-07", "2017-01-31", true) // it had gone out the day before
	wrong(51, "2017-02-08", "2017-01-30", true)
	days := func(on string) (out []string) {
		for _, r := range list(t, s.Fold(on, disclosures.Projection{}), rows.Filter{}) {
			out = append(out, rowstest.Short(r.Disclosure, r.OccurredOn.String()))
		}
		return out
	}
	for on, want := range map[string][]string{
		"2017-02-06": {"51 -", "52 2017-02-02", "53 -", "54 -"},
		"2017-02-08": {"51 2017-01-31", "52 2017-02-02", "53 -", "54 -"},
	} {
		if got := days(on); !slices.Equal(got, want) {
			t.Errorf("on %s: %v, want %v", on, got, want)
		}
	}
}

// L-19, C-2.9.3b: a notice settles what had changed of its items by then, sent
// or given up with a reason; what is moved out of a wrong file is told as well.
func TestNoticesSettled(t *testing.T) {
	s := unlawful(t)
	pending := func(on string) (n []int) {
		for _, r := range list(t, s.Fold(on, disclosures.Projection{}), rows.Filter{}) {
			n = append(n, r.NoticesPending)
		}
		return n
	}
	for on, want := range map[string][]int{"2017-02-03": {1}, "2017-02-06": {2, 2}, "2017-02-07": {2, 0}} {
		if got := pending(on); !slices.Equal(got, want) {
			t.Errorf("on %s: %v, want %v", on, got, want)
		}
	}
	var acts []string
	err := disclosures.Notices(t.Context(), s.Fold("", disclosures.Projection{}), rows.Filter{}, func(n disclosures.Notice) error {
		acts = append(acts, rowstest.Short(n.Disclosure, n.Act, n.Outcome))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"51 rectification -", "51 removal -", "52 rectification impossible", "52 removal impossible"}
	if !slices.Equal(acts, want) {
		t.Errorf("%v, want %v", acts, want)
	}
}

func TestUnlawfulLiveAndRebuilt(t *testing.T) {
	rowstest.SameLiveAndRebuilt(t, disclosures.Projection{}, &unlawful(t).History)
}
