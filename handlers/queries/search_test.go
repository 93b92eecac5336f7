package queries_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/access"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/seal"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/engine"
	"github.com/casefile-engine/casefile/handlers/queries"
	"github.com/casefile-engine/casefile/internal/testkit/pg"
)

// town is two agencies with clients, for those who search.
type town struct {
	*testing.T
	e             *engine.Engine
	dir           string
	follow        bool
	eva, bob, kim string // coach, another coach, the front office
	ids           map[string]string
}

func newTown(t *testing.T, o engine.Options) *town {
	t.Helper()
	dir := t.TempDir()
	o.Data, o.Create = filepath.Join(dir, "data"), true
	e, err := engine.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	w := &town{T: t, e: e, dir: dir, follow: o.Follow, eva: uuid.NewString(), bob: uuid.NewString(), kim: uuid.NewString(), ids: map[string]string{}}
	for _, agency := range []string{"click", "sol"} {
		w.do(agency, "AdoptRegulation", "", m{"profile": "click-2017", "version": 1, "effective_from": "2017-01-19"})
		for staff, role := range map[string]string{w.eva: "coach", w.bob: "coach", w.kim: "administration"} {
			w.do(agency, "EnrolStaff", "", m{"staff": staff, "name": "Medewerker " + role, "login": staff[:8]})
			w.do(agency, "SignConfidentiality", "", m{"staff": staff, "signed_on": "2019-01-01", "reference": "map 1"})
			w.do(agency, "GrantRole", "", m{"staff": staff, "role": role})
		}
	}
	w.ids["uwv"] = uuid.NewString()
	w.do("click", "RegisterRecipient", "", m{"recipient": w.ids["uwv"], "name": "UWV Werkbedrijf Zeeland", "class": "commissioner", "subtype": "uwv", "agreement": "overeenkomst 1", "agreement_until": "2030-01-01"})
	return w
}

func (w *town) do(agency, command, dossier string, data m) {
	w.Helper()
	w.at("2020-01-01T09:00:00Z", agency, command, dossier, data)
}

func (w *town) at(at, agency, command, dossier string, data m) {
	w.Helper()
	raw, err := json.Marshal(data)
	if err != nil {
		w.Fatal(err)
	}
	caller := commands.Caller{Door: commands.DoorImport, Staff: domain.Operator}
	if at == "" {
		caller.Door = commands.DoorCLI
	}
	o := w.e.Commands.Execute(w.Context(), caller, commands.Request{ID: uuid.NewString(), Agency: agency, Command: command, Dossier: dossier, At: at, Data: raw})
	if o.Outcome != commands.Accepted {
		w.Fatalf("%s: %+v", command, o)
	}
}

// client opens a dossier, assigned to a coach unless staff is "".
func (w *town) client(agency, key, family, given, staff string, more m) string {
	w.Helper()
	id := uuid.NewString()
	w.ids[key] = id
	particulars := m{"family_name": family, "given_names": given}
	data := m{"client": particulars, "service": "reintegration", "referral": "self", "standing": "none"}
	for k, v := range more {
		if k == "commissioner" {
			data["referral"], data["commissioner"], data["standing"] = "commissioned", v, "employee"
			continue
		}
		particulars[k] = v
	}
	w.do(agency, "OpenDossier", id, data)
	if staff != "" {
		w.at("2020-01-02T09:00:00Z", agency, "AssignStaff", id, m{"staff": staff})
	}
	return id
}

func (w *town) reader(staff string) queries.Reader {
	return queries.Reader{Caller: commands.Caller{Door: commands.DoorAPI, Agency: "click", Staff: staff}, Agency: "click", Purpose: "guidance", Action: "search"}
}

// found gives the keys of the dossiers that a search shows, sorted.
func (w *town) found(staff, text string) string {
	w.Helper()
	reader := w.reader(staff)
	if w.follow { // what was assigned a moment ago is to be there
		var err error
		if reader.After, err = w.e.Store.Head(w.Context()); err != nil {
			w.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(w.Context(), time.Minute) // longer than a reader waits
		defer cancel()
		if err := w.e.Views.WaitFor(ctx, reader.After); err != nil {
			w.Fatal(err)
		}
	}
	r, err := w.e.Queries.Search(w.Context(), reader, text)
	if err != nil {
		w.Fatalf("%q: %v", text, err)
	}
	if r.Behind {
		w.Errorf("%q: the index is behind", text)
	}
	var out []string
	for _, h := range r.Hits {
		for key, id := range w.ids {
			if id == h.Dossier {
				out = append(out, key)
			}
		}
		if h.Name == "" || len(h.By) == 0 {
			w.Errorf("%q: %+v", text, h)
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// looks gives the newest access event of an actor, and how many there are.
func (w *town) looks(actor string) (last access.Recorded, n int) {
	w.Helper()
	err := w.e.Store.ReadAggregate(w.Context(), domain.Ref{Agency: "click", Kind: domain.KindAccess, ID: actor}, 0, func(c *eventstore.Commit) error {
		n++
		last = access.Recorded{}
		data, err := commands.ClearData(c, 0)
		if err != nil {
			return err
		}
		return json.Unmarshal(data, &last)
	})
	if err != nil {
		w.Fatal(err)
	}
	return last, n
}

func (w *town) people() {
	w.Helper()
	w.client("click", "renee", "van der Berg", "Renée", w.eva, m{"bsn": "111222333", "bsn_statute": "Wet SUWI 33"})
	w.client("click", "bergman", "Bergman", "Jan-Willem", w.eva, m{"commissioner": w.ids["uwv"]})
	w.client("click", "other", "van den Berg", "Renee", w.bob, m{"bsn": "123456782", "bsn_statute": "Wet SUWI 33"})
	w.client("sol", "elsewhere", "van der Berg", "Renée", w.eva, nil)
	w.at("2020-01-03T09:00:00Z", "click", "StartTrajectory", w.ids["renee"], m{"trajectory": "T-2020-0077"})
	w.at("2020-01-03T09:00:00Z", "click", "StartTrajectory", w.ids["other"], m{"trajectory": "T-2020-0078"})
}

// X-2, C-0d, T6: each searches among the dossiers that he may see.
func TestSearch_X_2(t *testing.T) {
	for name, o := range map[string]engine.Options{"brought up to date by the search": {}, "following": {Follow: true, Index: true}} {
		t.Run(name, func(t *testing.T) {
			w := newTown(t, o)
			w.people()
			for _, c := range []struct{ who, text, want string }{
				{w.eva, "berg", "bergman renee"},
				{w.eva, "van der", "renee"},
				{w.eva, "RENEE", "renee"},
				{w.eva, "renée van der berg", "renee"},
				{w.eva, "ergm", "bergman"},
				{w.eva, "jan-willem", "bergman"},
				{w.eva, "2020-007", "renee"},
				{w.eva, "t-2020", "renee"},
				{w.eva, "0078", ""},
				{w.eva, "renee 0077", "renee"},
				{w.eva, "bergman 0077", ""},
				{w.eva, "zeeland", "bergman"},
				{w.eva, "bergman werkbedrijf", "bergman"},
				{w.eva, "nobody", ""},
				{w.bob, "berg", "other"},
				{w.bob, "zeeland", ""},
				{w.kim, "berg", "bergman other renee"},
				{w.kim, "zeeland", "bergman"},
				{w.kim, "007", "other renee"},
			} {
				if got := w.found(c.who, c.text); got != c.want {
					t.Errorf("%q: found %q, want %q", c.text, got, c.want)
				}
			}
		})
	}
}

// L-U46: by the whole number and by none of its parts, and only by whoever may
// see the number; the record says that it was looked for.
func TestSearchByNumber_L_U46(t *testing.T) {
	w := newTown(t, engine.Options{})
	w.people()
	for _, c := range []struct{ who, text, want string }{
		{w.eva, "111222333", "renee"}, {w.eva, "1112.22.333", "renee"}, {w.eva, "111 222 333", "renee"},
		{w.eva, "11122233", ""}, {w.eva, "222333", ""}, {w.eva, "111", ""}, {w.eva, "123456782", ""},
		{w.bob, "111222333", ""}, {w.bob, "123456782", "other"},
		{w.kim, "111222333", ""}, // the front office sees names, and no numbers
	} {
		if got := w.found(c.who, c.text); got != c.want {
			t.Errorf("%q: found %q, want %q", c.text, got, c.want)
		}
	}
	w.found(w.eva, "111222333")
	if last, _ := w.looks(w.eva); !slices.Contains(last.Categories, domain.CatBSN) || !slices.Equal(last.Dossiers, []string{w.ids["renee"]}) {
		t.Errorf("the record: %+v", last)
	}
}

// C-2.1.4b, C-0d: the register shows each search and whom it listed, one event
// each, also when nothing was found; another's client leaves no trace in either.
func TestSearchIsOnRecord_C_2_1_4b(t *testing.T) {
	w := newTown(t, engine.Options{})
	w.people()
	w.found(w.eva, "berg")
	last, n := w.looks(w.eva)
	want := []string{w.ids["renee"], w.ids["bergman"]}
	slices.Sort(want)
	if last.Action != "search" || last.Outcome != access.Allowed || last.Ground != "assignment" || !slices.Equal(last.Dossiers, want) ||
		!slices.Equal(last.Categories, []domain.Category{domain.CatContact}) || len(last.Policies) == 0 {
		t.Errorf("the record: %+v", last)
	}
	var none []string
	for i, text := range []string{"nobody", "van den berg", "123456782"} {
		w.found(w.eva, text)
		got, count := w.looks(w.eva)
		if count != n+1+i || len(got.Dossiers) != 0 {
			t.Errorf("%q: %d records, %+v", text, count-n, got)
		}
		got.Categories = nil
		b, _ := json.Marshal(got)
		none = append(none, string(b))
	}
	if none[0] != none[1] || none[0] != none[2] {
		t.Errorf("what others' clients match differs from what nobody matches: %v", none)
	}
	rows := 0
	w.at("2020-01-04T09:00:00Z", "click", "GrantRole", "", m{"staff": w.bob, "role": "compliance_officer"})
	if err := w.e.CatchUp(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	r := w.reader(w.bob)
	r.Action = "export"
	err := w.e.Queries.Export(t.Context(), r, queries.ExportOptions{Register: "access"}, func(row any) error {
		if s := text(t, row); strings.Contains(s, `"search"`) && strings.Contains(s, w.ids["bergman"]) && strings.Contains(s, w.eva) {
			rows++
		}
		return nil
	})
	if err != nil || rows == 0 {
		t.Errorf("the register does not show the search: %d rows, %v", rows, err)
	}
}

// C-0d, C-2.7e: whoever is unassigned finds nothing at the next search, and a
// grant of the director opens what it names.
func TestSearchFollowsRights_C_0d(t *testing.T) {
	w := newTown(t, engine.Options{Follow: true, Index: true})
	w.people()
	if got := w.found(w.eva, "bergman"); got != "bergman" {
		t.Fatalf("found %q", got)
	}
	w.at("", "click", "AssignStaff", w.ids["bergman"], m{"staff": w.bob})
	w.at("", "click", "UnassignStaff", w.ids["bergman"], m{"staff": w.eva})
	if got := w.found(w.eva, "bergman"); got != "" {
		t.Errorf("after the end of the assignment: found %q", got)
	}
	if got := w.found(w.bob, "bergman"); got != "bergman" {
		t.Errorf("assigned a moment ago: found %q", got)
	}
	for _, agency := range []string{"sol", "click"} {
		r := w.reader(uuid.NewString())
		r.Caller.Agency = agency
		if res, err := w.e.Queries.Search(t.Context(), r, "bergman"); err == nil {
			t.Errorf("a stranger found %+v", res)
		}
	}
}

// A changed name is found at once, and the old one finds nothing any more.
func TestSearchFollowsNames_L_16(t *testing.T) {
	w := newTown(t, engine.Options{Follow: true, Index: true})
	w.people()
	if w.found(w.eva, "bergman") != "bergman" {
		t.Fatal("not there")
	}
	w.at("", "click", "ChangeClient", w.ids["bergman"], m{"fields": m{"family_name": "Zijlstra", "bsn": "123456782", "bsn_statute": "Wet SUWI 33"}, "valid_from": "2020-02-01", "source": "client"})
	w.at("2020-01-05T09:00:00Z", "click", "ChangeRecipient", "", m{"recipient": w.ids["uwv"], "name": "Gemeente Goes", "class": "commissioner", "subtype": "uwv", "agreement": "overeenkomst 1", "agreement_until": "2030-01-01"})
	for text, want := range map[string]string{"bergman": "", "zijlstra": "bergman", "jan-willem zijl": "bergman", "123456782": "bergman", "zeeland": "", "goes": "bergman"} {
		if got := w.found(w.eva, text); got != want {
			t.Errorf("%q: found %q, want %q", text, got, want)
		}
	}
	if err := w.e.Search.Rebuild(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := w.found(w.eva, "zijlstra"); got != "bergman" {
		t.Errorf("made anew: found %q", got)
	}
}

// Architecture §4: the engine opens names as a reader like any other, under one
// access event for each batch; and once made the index opens nothing more.
func TestIndexingIsOnRecord_C_2_1_4b(t *testing.T) {
	w := newTown(t, engine.Options{})
	w.people()
	w.found(w.eva, "berg")
	last, n := w.looks(domain.Engine)
	if n != 1 || last.Purpose != "index" || last.Ground != "engine" || len(last.Dossiers) != 3 || len(last.Owners) != 4 ||
		!slices.Equal(last.Categories, []domain.Category{domain.CatBSN, domain.CatContact, domain.CatRecipient}) {
		t.Errorf("%d records, the last: %+v", n, last)
	}
	w.found(w.eva, "renee")
	if _, again := w.looks(domain.Engine); again != n {
		t.Errorf("nothing changed, and the engine looked %d times more", again-n)
	}
}

// T8: the index holds nothing that can be read, nor the same for the same name.
func TestIndexHoldsNoPlaintext_T8(t *testing.T) {
	w := newTown(t, engine.Options{})
	w.client("click", "one", "Zeldzaamwoord", "Bijzonder", w.eva, m{"bsn": "111222333", "bsn_statute": "Wet SUWI 33"})
	w.client("click", "two", "Zeldzaamwoord", "Bijzonder", w.eva, nil)
	if got := w.found(w.eva, "zeldzaamwoord bijzonder"); got != "one two" {
		t.Fatalf("found %q", got)
	}
	var rows [][]byte
	all, err := w.e.State.QueryContext(t.Context(), "SELECT tags FROM search_names WHERE agency = 'click' AND kind = 'dossier'")
	if err != nil {
		t.Fatal(err)
	}
	defer all.Close()
	for all.Next() {
		var b []byte
		if err := all.Scan(&b); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, b)
	}
	if len(rows) != 2 || len(rows[0]) != len(rows[1]) {
		t.Fatalf("%d rows", len(rows))
	}
	for i := 0; i < len(rows[0]); i += 8 {
		if bytes.Contains(rows[1], rows[0][i:i+8]) {
			t.Error("two clients of one name have a tag in common")
		}
	}
	if err := w.e.Close(); err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(w.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		low := bytes.ToLower(b)
		for _, word := range []string{"zeldzaamwoord", "zeldzaam", "bijzonder", "111222333"} {
			if bytes.Contains(low, []byte(word)) {
				t.Errorf("%s holds %q", filepath.Base(path), word)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A dossier whose keys were destroyed leaves the index, and shows no name before.
func TestSearchForgetsTheDestroyed_C_2_5f(t *testing.T) {
	w := newTown(t, engine.Options{})
	w.people()
	w.found(w.eva, "berg")
	if _, err := w.e.Vault.Destroy(t.Context(), seal.Scope{Agency: "click", Owner: "dossier/" + w.ids["renee"], Class: domain.ClassDossier}); err != nil {
		t.Fatal(err)
	}
	if got := w.found(w.eva, "berg"); got != "bergman" {
		t.Errorf("found %q", got)
	}
	count := func(table string) (n int) {
		if err := w.e.State.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM "+table+" WHERE agency = 'click' AND id = '"+w.ids["renee"]+"'").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if err := w.e.Search.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := count("search_names") + count("search_bsn"); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}

// The same on PostgreSQL.
func TestSearchOnPostgres_X_2(t *testing.T) {
	w := newTown(t, engine.Options{PostgresURL: pg.Start(t), Follow: true, Index: true})
	w.people()
	for text, want := range map[string]string{"berg": "bergman renee", "van der": "renee", "111222333": "renee", "0077": "renee", "zeeland": "bergman", "nobody": ""} {
		if got := w.found(w.eva, text); got != want {
			t.Errorf("%q: found %q, want %q", text, got, want)
		}
	}
	if got := w.found(w.kim, "berg"); got != "bergman other renee" {
		t.Errorf("found %q", got)
	}
	if err := w.e.Search.Rebuild(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := w.found(w.eva, "berg"); got != "bergman renee" {
		t.Errorf("made anew: found %q", got)
	}
}

// T5: with the stream closed nothing comes out, and the error says why.
func TestSearchWithoutStream_T5(t *testing.T) {
	for name, o := range map[string]engine.Options{"not following": {}, "following": {Follow: true, Index: true}} {
		t.Run(name, func(t *testing.T) {
			w := newTown(t, o)
			w.people()
			w.found(w.eva, "berg")
			if err := w.e.Store.Close(); err != nil {
				t.Fatal(err)
			}
			r, err := w.e.Queries.Search(t.Context(), w.reader(w.eva), "berg")
			if de := domain.AsError(err); r != nil || err == nil || de.Kind != domain.KindUnavailable || de.Rule == "" {
				t.Errorf("%+v, %v", r, err)
			}
		})
	}
}
