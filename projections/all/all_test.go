package all_test

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/casefile-engine/casefile/domain/catalog"
	"github.com/casefile-engine/casefile/domain/regulation"
	"github.com/casefile-engine/casefile/projections"
	"github.com/casefile-engine/casefile/projections/all"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows/rowstest"
)

// T4: over a long history of every type of event, following and rebuilding give
// the same rows in every view, on both engines.
func TestEveryViewLiveAndRebuilt(t *testing.T) {
	h := rowstest.Synthetic(t, 7, 20, 1500)
	for _, p := range all.Projections() {
		t.Run(p.Name(), func(t *testing.T) { rowstest.SameLiveAndRebuilt(t, p, h) })
	}
}

// Every folder beside this one that has a projection stands in the list, once,
// with tables of its own name and versions from 1.
func TestTheListIsWhole(t *testing.T) {
	folders, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range all.Projections() {
		names = append(names, p.Name())
		if p.Version() < 1 {
			t.Errorf("%s has version %d", p.Name(), p.Version())
		}
		for _, table := range p.Tables() {
			if err := table.Validate(); err != nil {
				t.Error(err)
			}
			if table.Name != p.Name() && !strings.HasPrefix(table.Name, p.Name()+"_") {
				t.Errorf("table %s does not bear the name of %s", table.Name, p.Name())
			}
		}
	}
	if !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Errorf("not in order, or one twice: %v", names)
	}
	for _, f := range folders {
		if _, err := os.Stat("../" + f.Name() + "/project.go"); err == nil && !slices.Contains(names, f.Name()) {
			t.Errorf("projections/%s is not in the list", f.Name())
		}
	}
	for _, r := range all.Registers {
		if !slices.Contains(names, r) {
			t.Errorf("there is no register %s", r)
		}
	}
}

// P4: a register reads no commit without an event of its own, and every type
// that it names is one that exists.
func TestReadsNamesRealEvents(t *testing.T) {
	var known []string
	for _, s := range catalog.Events() {
		known = append(known, s.Type)
	}
	for _, p := range all.Projections() {
		if p.Reads() == nil && p.Name() != "commits" {
			t.Errorf("%s reads every commit", p.Name())
		}
		for _, typ := range p.Reads() {
			if !slices.Contains(known, typ) {
				t.Errorf("%s reads %s, which is no event", p.Name(), typ)
			}
		}
	}
}

// What may stand in a clear text column: ids, codes, dates, numbers, and lists
// of them. None of it is free text (architecture §1.4).
var (
	uuid   = `[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`
	code   = `[a-z][a-z0-9_.-]{0,39}`
	date   = `[0-9]{4}-[0-9]{2}-[0-9]{2}`
	number = `[A-Za-z0-9][A-Za-z0-9._/-]{0,39}`
	moment = date + `T[0-9:.]+Z`
	facet  = `(` + uuid + `|` + code + `|[0-9]{4}(-Q[1-4])?)` // of what overviews count

	forms = map[string]*regexp.Regexp{
		"id":           whole(uuid),
		"ids":          whole(uuid + `( ` + uuid + `)*`),
		"actor":        whole(`operator|engine|` + uuid),
		"actors":       whole(`operator|engine|` + uuid + `( ` + uuid + `)*`),
		"aggregate":    whole(`operator|engine|` + uuid + `|[0-9a-f]{64}|[a-z0-9-]{1,32}`),
		"item":         whole(uuid + `|` + code),
		"code":         whole(code),
		"codes":        whole(code + `( ` + code + `)*`),
		"date":         whole(date),
		"number":       whole(number),
		"cabinet":      whole(`[A-Za-z0-9]([A-Za-z0-9 ._/-]{0,18}[A-Za-z0-9])?`),
		"due":          whole(uuid + `|` + code + `|[A-Za-z0-9]([A-Za-z0-9 ._/-]{0,18}[A-Za-z0-9])?`),
		"digest":       whole(`[0-9a-f]{64}`),
		"trace":        whole(`[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}`),
		"owner":        whole(`(dossier|staff|recipient)/` + uuid),
		"key":          whole(`[A-Za-z0-9/-]+`),
		"facets":       whole(facet + `( ` + facet + `)*`),
		"counts":       whole(code + `:[0-9]+( ` + code + `:[0-9]+)*`),
		"trajectories": whole(tuple(number) + `( ` + tuple(number) + `)*`),
		"holds":        whole(held + `( ` + held + `)*`),
	}
	held = uuid + `\|` + code + `(,` + code + `)*\|` + moment + `\|(` + moment + `)?`
)

func tuple(first string) string { return first + strings.Repeat(`\|(`+date+`)?`, 3) }

func whole(re string) *regexp.Regexp { return regexp.MustCompile(`^(` + re + `)?$`) }

// clear says of every clear text column which form its values have. A column
// that is not here has not been thought about.
var clear = map[string]string{
	"commits.agency": "code", "commits.kind": "code", "commits.aggregate": "aggregate", "commits.command_id": "id",

	"dossiers.agency": "code", "dossiers.dossier": "id", "dossiers.service": "code", "dossiers.referral": "code",
	"dossiers.commissioner": "id", "dossiers.standing": "code", "dossiers.profile": "code", "dossiers.declined_on": "date",
	"dossiers.trajectories": "json", "dossiers.status": "code", "dossiers.guidance_ended_on": "date", "dossiers.assigned": "json",
	"dossiers.records": "counts", "dossiers.last_contact": "date",
	"dossiers_assignments.agency": "code", "dossiers_assignments.staff": "actor", "dossiers_assignments.dossier": "id", "dossiers_assignments.capacity": "code",
	"dossiers_records.agency": "code", "dossiers_records.dossier": "id", "dossiers_records.record": "id", "dossiers_records.category": "code",
	"dossiers_records.contains": "codes", "dossiers_records.class": "code", "dossiers_records.source": "code", "dossiers_records.obtained_on": "date",
	"dossiers_records.trajectory": "number", "dossiers_records.consent": "id",
	"dossiers_sections.agency": "code", "dossiers_sections.dossier": "id", "dossiers_sections.category": "code",
	"dossiers_sections.owner": "owner", "dossiers_sections.class": "code", "dossiers_sections.key_id": "key", "dossiers_sections.event_id": "id",
	"dossiers_sections.type": "code",

	"people_staff.agency": "code", "people_staff.staff": "id", "people_staff.left_on": "date", "people_staff.roles": "codes",
	"people_staff.signed_on": "date", "people_staff.signed_until": "date", "people_staff.name_key": "key", "people_staff.name_event": "id", "people_staff.name_type": "code",
	"people_recipients.agency": "code", "people_recipients.recipient": "id", "people_recipients.class": "code", "people_recipients.subtype": "code",
	"people_recipients.agreement_until": "date", "people_recipients.name_key": "key", "people_recipients.name_event": "id", "people_recipients.name_type": "code",
	"people_regulations.agency": "code", "people_regulations.profile": "code", "people_regulations.effective_from": "date", "people_regulations.approved_by": "actor",

	"people_grants.agency": "code", "people_grants.staff": "id", "people_grants.grant_id": "id",

	"disclosures.agency": "code", "disclosures.dossier": "id", "disclosures.disclosure": "id", "disclosures.recipient": "id",
	"disclosures.recipient_class": "code", "disclosures.recipient_subtype": "code", "disclosures.categories": "codes", "disclosures.records": "ids",
	"disclosures.ground": "code", "disclosures.purpose": "code", "disclosures.channel": "code", "disclosures.actor": "actor", "disclosures.consent": "id",
	"disclosures.approved_by": "actor", "disclosures.confidential_until": "date", "disclosures.profile": "code",
	"disclosures_changes.agency": "code", "disclosures_changes.dossier": "id", "disclosures_changes.item": "item",

	"disclosures_changes.act": "code",
	"disclosures_told.agency": "code", "disclosures_told.dossier": "id", "disclosures_told.disclosure": "id", "disclosures_told.item": "item",
	"disclosures_told.outcome": "code", "disclosures_told.about": "id",
	"disclosures_unlawful.agency": "code", "disclosures_unlawful.dossier": "id", "disclosures_unlawful.disclosure": "id", "disclosures_unlawful.recipient": "id",
	"disclosures_unlawful.categories": "codes", "disclosures_unlawful.records": "ids", "disclosures_unlawful.incident": "id",
	"disclosures_unlawful.occurred_on": "date",

	"complaints.agency": "code", "complaints.dossier": "id", "complaints.complaint": "id", "complaints.received_on": "date", "complaints.due": "date",
	"complaints.channel": "code", "complaints.about_staff": "id", "complaints.clause": "number", "complaints.handler": "actor", "complaints.answered_on": "date", "complaints.outcome": "code",

	"duties_handouts.agency": "code", "duties_handouts.dossier": "id", "duties_handouts.method": "code", "duties_handouts.sources": "codes",
	"duties_items.agency": "code", "duties_items.dossier": "id", "duties_items.item": "item", "duties_items.source": "code", "duties_items.categories": "codes",
	"duties_items.trajectory": "number", "duties_items.obtained": "date", "duties_items.consent": "id", "duties_items.was": "id",
	"duties_arriving.agency": "code", "duties_arriving.dossier": "id", "duties_arriving.cause": "id", "duties_arriving.item": "id",
	"duties_consents.agency": "code", "duties_consents.dossier": "id", "duties_consents.consent": "id",
	"duties_told.agency": "code", "duties_told.dossier": "id", "duties_told.about": "code", "duties_told.ref": "id", "duties_told.trajectory": "number",
	"duties_told.method": "code", "duties_told.notified_on": "date",
	"duties_views.agency": "code", "duties_views.dossier": "id", "duties_views.view": "id", "duties_views.recipient": "id", "duties_views.consent": "id",

	"incidents.agency": "code", "incidents.incident": "id", "incidents.kind": "code", "incidents.dossiers": "ids", "incidents.categories": "codes",
	"incidents.risk": "code", "incidents.closed_on": "date",

	"paper.agency": "code", "paper.volume": "id", "paper.dossier": "id", "paper.cabinet": "cabinet", "paper.holder": "actor", "paper.purpose": "code",
	"paper.method": "code", "paper.list": "id", "paper.witnessed_by": "actor",
	"paper_outs.agency": "code", "paper_outs.volume": "id", "paper_outs.dossier": "id", "paper_outs.cabinet": "cabinet", "paper_outs.holder": "actor", "paper_outs.purpose": "code",
	"paper_attested.agency": "code", "paper_attested.cabinet": "cabinet", "paper_attested.day": "date", "paper_attested.actor": "actor", "paper_attested.volumes_out": "ids",
	"paper_cabinets.agency": "code", "paper_cabinets.cabinet": "cabinet", "paper_cabinets.since": "date",

	"regulations.agency": "code", "regulations.profile": "code", "regulations.effective_from": "date", "regulations.assessed_on": "date", "regulations.document": "document",

	"reminders.agency": "code", "reminders.dossier": "id", "reminders.kind": "code", "reminders.ref": "due", "reminders.item": "item",
	"reminders.reminder": "id", "reminders.due": "date", "reminders.stage": "code", "reminders.staff": "ids", "reminders.role": "code",

	"requests.agency": "code", "requests.dossier": "id", "requests.request": "id", "requests.kind": "code", "requests.by_whom": "code", "requests.representative": "id",
	"requests.channel": "code", "requests.received_on": "date", "requests.due": "date", "requests.reason": "code", "requests.extended_until": "date", "requests.told_on": "date",
	"requests.decision": "code", "requests.decided_on": "date", "requests.answered_on": "date", "requests.fulfilled_on": "date", "requests.withdrawn_on": "date",

	"approvals.agency": "code", "approvals.of_id": "id", "approvals.id": "id", "approvals.kind": "code", "approvals.approver": "actor", "approvals.actor": "actor", "approvals.answer": "code",
	"approvals.recipient": "id", "approvals.categories": "codes", "approvals.ground": "code",

	"reviews.agency": "code", "reviews.dossier": "id", "reviews.id": "id", "reviews.kind": "code", "reviews.dossiers": "ids", "reviews.staff": "actors",
	"reviews.first_day": "date", "reviews.last_day": "date", "reviews.outcome": "code", "reviews.actor": "actor", "reviews.incident": "id",

	"access.agency": "code", "access.dossier": "id", "access.dossiers": "ids", "access.actor": "actor", "access.role": "code", "access.on_behalf_of": "actor",
	"access.action": "code", "access.categories": "codes", "access.purpose": "code", "access.ground": "code", "access.outcome": "code",
	"access.code": "code", "access.rule": "number", "access.policies": "codes", "access.digest": "digest", "access.trace": "trace", "access.door": "code",
	"access_listed.agency": "code", "access_listed.dossier": "id",

	"overviews.agency": "code", "overviews.actor": "actor", "overviews.outcome": "code", "overviews.asked": "overview",
	"overviews_dossiers.agency": "code", "overviews_dossiers.dossier": "id", "overviews_dossiers.opened": "date", "overviews_dossiers.service": "code",
	"overviews_dossiers.referral": "code", "overviews_dossiers.standing": "code", "overviews_dossiers.recipient": "id", "overviews_dossiers.commissioner": "code",
	"overviews_dossiers.trajectories": "json", "overviews_dossiers.codes": "facets",
	"overviews_past.agency": "code", "overviews_past.dossier": "id", "overviews_past.codes": "facets",
	"overviews_recipients.agency": "code", "overviews_recipients.recipient": "id", "overviews_recipients.commissioner": "code",

	"hours.agency": "code", "hours.dossier": "id", "hours.entry": "id", "hours.trajectory": "number", "hours.date": "date", "hours.activity": "code", "hours.actor": "actor",

	"retention.agency": "code", "retention.dossier": "id", "retention.declined_on": "date", "retention.trajectories": "trajectories", "retention.holds": "holds",
	"retention_profiles.agency": "code", "retention_profiles.profile": "code", "retention_profiles.effective_from": "date", "retention_profiles.rules": "rules",
}

// architecture §1.4, T8: over a history of every type of event, no column but
// the sealed ones holds anything that could be free text.
func TestClearColumnsHoldNoFreeText(t *testing.T) {
	h := rowstest.Synthetic(t, 11, 4, 3000)
	db := rowstest.Memory(t)
	for _, p := range all.Projections() {
		rowstest.Rebuild(t, db, p, h)
		for _, table := range p.Tables() {
			for _, c := range table.Columns {
				if slices.Contains(table.Sealed, c.Name) || c.Type == readdb.Int {
					continue
				}
				if c.Type == readdb.Bytes && table.Name+"."+c.Name != "commits.leaf" {
					t.Errorf("%s.%s holds bytes and is not declared sealed", table.Name, c.Name)
				}
				if c.Type == readdb.Text {
					checkColumn(t, db, table.Name, c.Name)
				}
			}
		}
	}
}

func checkColumn(t *testing.T, db *readdb.DB, table, column string) {
	t.Helper()
	form := clear[table+"."+column]
	if form == "" {
		t.Errorf("say in this test which form the values of %s.%s have", table, column)
		return
	}
	rows, err := db.Query(t.Context(), `SELECT DISTINCT "`+column+`" FROM `+table)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var v string
		if err := rows.Scan(&v); err != nil {
			t.Fatal(err)
		}
		if !hasForm(t, form, v) {
			t.Errorf("%s.%s holds something that is no %s", table, column, form)
			return
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

func hasForm(t *testing.T, form, v string) bool {
	t.Helper()
	switch form {
	case "json":
		return v == "" || leaves(t, v)
	case "overview": // a question for an overview: codes, periods, numbers and keys of cells
		ok := whole(`(` + facet + `|\*)(/(` + facet + `|\*))*`)
		for _, s := range regexp.MustCompile(`"([^"]*)"`).FindAllStringSubmatch(v, -1) {
			if !ok.MatchString(s[1]) && s[1] != "C-1.2d" {
				return false
			}
		}
		return true
	case "document": // a regulation as it was adopted
		p := regulation.Profile{}
		if err := json.Unmarshal([]byte(v), &p); err != nil {
			return false
		}
		adopted, _, err := regulation.Adopt(p.Name, p.Version, nil)
		if err != nil {
			t.Fatal(err)
		}
		want, err := json.Marshal(&adopted)
		return err == nil && string(want) == v
	case "rules": // what a regulation says of retention, as it was adopted
		p := regulation.Profile{}
		if err := json.Unmarshal([]byte(v), &p); err != nil {
			return false
		}
		adopted, _, err := regulation.Adopt(p.Name, p.Version, nil)
		if err != nil {
			t.Fatal(err)
		}
		want, err := json.Marshal(regulation.Profile{Name: adopted.Name, Version: adopted.Version, Law: adopted.Law, Retention: adopted.Retention, Declined: adopted.Declined})
		return err == nil && string(want) == v
	}
	return forms[form].MatchString(v)
}

// leaves tells whether every text in a list of objects is an id, code, date,
// instant or trajectory number.
func leaves(t *testing.T, v string) bool {
	t.Helper()
	var list []map[string]any
	if err := json.Unmarshal([]byte(v), &list); err != nil {
		return false
	}
	ok := whole(uuid + `|` + code + `|` + date + `|` + number + `|` + moment)
	for _, object := range list {
		for _, field := range object {
			if s, text := field.(string); text && !ok.MatchString(s) {
				return false
			}
		}
	}
	return true
}

// The synthetic history has every type of event that a view reads, so that the
// tests above speak of all of them.
func TestSyntheticHasEveryEvent(t *testing.T) {
	seen := map[string]bool{}
	for _, d := range rowstest.Synthetic(t, 11, 4, 3000).Deliveries {
		for _, e := range d.Events {
			seen[e.Event.EventType()] = true
		}
	}
	for _, p := range all.Projections() {
		for _, typ := range p.Reads() {
			if !seen[typ] {
				t.Errorf("%s is never written", typ)
			}
		}
	}
}

// BenchmarkRebuild folds 100,000 commits into fresh tables and writes them, one
// view at a time, decoding left out (P4).
func BenchmarkRebuild(b *testing.B) {
	h := rowstest.Synthetic(b, 3, 2000, 100_000)
	for _, engine := range rowstest.Engines() {
		for _, p := range all.Projections() {
			b.Run(engine+"/"+p.Name(), func(b *testing.B) { rebuild(b, engine, p, h) })
		}
	}
}

func rebuild(b *testing.B, engine string, p projections.Projection, h *rowstest.History) {
	db := rowstest.Open(b, engine)
	busy := cpu(b)
	for b.Loop() {
		rowstest.Rebuild(b, db, p, h)
	}
	commits := float64(len(h.Deliveries)) * float64(b.N)
	b.ReportMetric(commits/b.Elapsed().Seconds(), "commits/s")
	b.ReportMetric(float64((cpu(b)-busy).Nanoseconds())/1e3/commits, "cpu-us/commit")
}

// cpu is what this process has used, which says more than the clock on a machine
// that others use too. PostgreSQL's own share is not in it.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
