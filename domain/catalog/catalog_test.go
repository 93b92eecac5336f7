package catalog_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/agency"
	"github.com/casefile-engine/casefile/domain/catalog"
	sc "github.com/casefile-engine/casefile/domain/catalog/scenario"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/domain/regulation"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestTheListsAreWhole(t *testing.T) {
	if err := catalog.Check(); err != nil {
		t.Fatal(err)
	}
}

// Every type of event has its stored form in testdata, with every field filled
// in. A stored form never changes: a changed shape is a new schema beside it.
func TestEveryEventHasItsStoredForm(t *testing.T) {
	examples := samples(t)
	want := map[string]bool{}
	for _, s := range catalog.Events() {
		t.Run(s.Type, func(t *testing.T) {
			e := examples[s.Type]
			if e == nil {
				t.Fatal("no sample; add one to samples_test.go with every field filled in")
			}
			for f, v := range reflect.ValueOf(e).Elem().Fields() {
				if v.IsZero() {
					t.Errorf("the sample leaves %s empty", f.Name)
				}
			}
			raw, schema, err := catalog.Encode(e)
			if err != nil {
				t.Fatal(err)
			}
			name := s.Type + ".v" + string(rune('0'+schema)) + ".json"
			want[name] = true
			golden(t, filepath.Join("testdata", name), raw)
			back, err := catalog.Decode(s.Type, schema, raw)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(e, back, cmp.Comparer(func(a, b nl.Date) bool { return a == b }), cmpopts.EquateEmpty(), cmpopts.EquateComparable(nl.Term{})); diff != "" {
				t.Errorf("it does not come back as it was (-sample +decoded):\n%s", diff)
			}
		})
	}
	files, err := filepath.Glob("testdata/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if base := filepath.Base(f); !want[base] && strings.HasSuffix(base, ".v1.json") && catalog.SchemaOf(strings.TrimSuffix(base, ".v1.json")) == 0 {
			t.Errorf("%s belongs to no type of event; a type that was written once stays in the list", f)
		}
	}
}

// The adopting event carries the whole effective profile: what comes back from
// the stream says the same in every setting (architecture §1.6).
func TestTheAdoptedProfileComesBackWhole(t *testing.T) {
	for _, name := range []string{"click-2017", "solutions-vpr"} {
		w := sc.New(t)
		e := w.Given("2017-01-01", "AdoptRegulation", `{"profile":"`+name+`","version":1,"effective_from":"2017-01-01"}`).Facts[0].Event.(*agency.RegulationAdopted)
		s := w.State(domain.KindAgency, sc.Agency).(*agency.State) // through its stored form and a snapshot
		changes, err := regulation.Diff(&e.Document, s.ProfileAt(nl.MustDate("2017-01-01")))
		if err != nil || len(changes) > 0 {
			t.Errorf("%s: %v %v", name, changes, err)
		}
	}
}

func golden(t *testing.T, path string, raw []byte) {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", "  "); err != nil {
		t.Fatal(err)
	}
	b.WriteByte('\n')
	if *update {
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (run the tests with -update)", err)
	}
	if diff := cmp.Diff(string(have), b.String()); diff != "" {
		t.Errorf("the stored form has changed, which makes old streams unreadable (-golden +now):\n%s", diff)
	}
}

func TestDecodeRefusesWhatItDoesNotKnow(t *testing.T) {
	for _, c := range []struct {
		typ    string
		schema int
		raw    string
	}{
		{"dossier.burnt", 1, `{}`}, {"hours.logged", 2, `{}`}, {"hours.logged", 0, `{}`}, {"hours.logged", 1, `{"minutes":"five"}`}, {"hours.logged", 1, `{`},
	} {
		if e, err := catalog.Decode(c.typ, c.schema, json.RawMessage(c.raw)); err == nil {
			t.Errorf("%v decoded to %v", c, e)
		}
	}
}

// What is wrong with a command is said without repeating what was typed.
func TestCommandsAreReadStrictly_C_2_1_4a(t *testing.T) {
	valid := `"entry":"` + sc.Entry + `","trajectory":"T-1","date":"2017-02-01","activity":"report"`
	for _, c := range []struct{ name, data, code, field, contains string }{
		{"absent data", ``, "missing", "entry", ""},
		{"unknown field of another command", `{` + valid + `,"minutes":5,"evidence":"x"}`, "unknown_field", "evidence", ""},
		{"unknown field of none", `{"Jan Jansen":1}`, "unknown_field", "data", "position"},
		{"field twice", `{"minutes":5,"minutes":6}`, "repeated_field", "data", ""},
		{"field in another case", `{"Minutes":5}`, "unknown_field", "data", ""},
		{"wrong kind", `{"minutes":"Jansen"}`, "invalid_type", "minutes", ""},
		{"no object", `"Jansen"`, "invalid_type", "", ""},
		{"no date", `{"date":"Jansen"}`, "invalid_date", "date", ""},
		{"a day that does not exist", `{"date":"2017-02-29"}`, "invalid_date", "date", ""},
		{"cut short", `{"minutes":`, "invalid_json", "data", "byte"},
		{"not UTF-8", "{\"note\":\"\xff\"}", "invalid_json", "data", "UTF-8"},
		{"no id", strings.Replace(`{`+valid+`,"minutes":5}`, sc.Entry, "Jansen", 1), "invalid_id", "entry", ""},
		{"out of range", `{` + valid + `,"minutes":1441}`, "out_of_range", "minutes", "1440"},
		{"unknown code", strings.Replace(`{`+valid+`,"minutes":5}`, "report", "Jansen", 1), "unknown_code", "activity", ""},
		{"too long", `{` + valid + `,"minutes":5,"note":"` + strings.Repeat("n", domain.MaxText+1) + `"}`, "too_long", "note", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			spec, _ := catalog.CommandOf("LogHours")
			_, err := catalog.DecodeCommand(spec, json.RawMessage(c.data))
			e := domain.AsError(err)
			if e == nil || e.Code != c.code || e.Rule != domain.RuleForm || c.field != "" && e.Field != c.field || !strings.Contains(e.Message, c.contains) {
				t.Fatalf("got %v, want %s in %s", err, c.code, c.field)
			}
			if strings.Contains(e.Error(), "Jan") {
				t.Fatalf("the error repeats what was typed: %v", e)
			}
		})
	}
}

func FuzzDecodeCommand(f *testing.F) {
	f.Add("LogHours", `{"minutes":5}`)
	f.Add("OpenDossier", sc.Open("self", "none", `,"bsn":"111222333"`))
	f.Add("Disclose", `{"evidence":{"a":[1,{"b":null}]}}`)
	f.Fuzz(func(t *testing.T, name, data string) {
		spec, ok := catalog.CommandOf(name)
		if !ok {
			return
		}
		if _, err := catalog.DecodeCommand(spec, json.RawMessage(data)); err != nil {
			if e := domain.AsError(err); e.Kind == domain.KindInternal || e.Code == "" || e.Rule == "" || e.Message == "" {
				t.Fatalf("%s: %v", name, err)
			}
		}
	})
}

func TestTargets(t *testing.T) {
	for _, c := range []struct{ command, data, dossier, want string }{
		{"AdoptRegulation", `{"profile":"click-2017","version":1,"effective_from":"2017-01-01"}`, "", "casefile.click.agency.click"},
		{"EnrolStaff", `{"staff":"` + sc.Coach + `","name":"n","login":"l"}`, "", "casefile.click.staff." + sc.Coach},
		{"StartTrajectory", `{"trajectory":"T-1"}`, sc.Dossier, "casefile.click.dossier." + sc.Dossier},
		{"RecordAccess", `{"action":"view","categories":["report"],"purpose":"audit"}`, sc.Dossier, "casefile.click.access." + sc.Admin},
		{"StartTrajectory", `{"trajectory":"T-1"}`, "", ""},
		{"EnrolStaff", `{"staff":"` + sc.Coach + `","name":"n","login":"l"}`, sc.Dossier, ""},
	} {
		spec, _ := catalog.CommandOf(c.command)
		cmd, err := catalog.DecodeCommand(spec, json.RawMessage(c.data))
		if err != nil {
			t.Fatal(err)
		}
		ref, err := catalog.Target(sc.Agency, c.dossier, sc.Admin, cmd)
		if got := ref.Subject(); (err == nil) != (c.want != "") || err == nil && got != c.want {
			t.Errorf("%s on %q: %v %v", c.command, c.dossier, ref, err)
		}
	}
}

// Late is what can be written down later, and nothing else (catalogue §2, "Time").
func TestWhatMayComeInLate(t *testing.T) {
	var late, now []string
	for _, s := range catalog.Commands() {
		if s.Timing.Late {
			late = append(late, s.Name)
		}
		if s.Timing.Now {
			now = append(now, s.Name)
		}
	}
	slices.Sort(late)
	slices.Sort(now)
	if want := []string{"AddRecord", "AttachDocument", "CompleteRecord", "Disclose", "HandOutRegulation", "LogHours", "NotifyClient", "NotifyRecipient", "ReceiveRequest", "RecordAccess", "RecordUnlawfulDisclosure"}; !slices.Equal(late, want) {
		t.Errorf("late: %v", late)
	}
	if want := []string{"AssignStaff", "BreakGlass", "ConfirmGrant", "EndThirdPartyView", "GrantAccess", "GrantMaintenance", "GrantRole", "GrantThirdPartyView", "LiftHold", "PlaceHold", "RaiseReminder", "RevokeAccess", "RevokeRole", "UnassignStaff", "WithdrawConsent"}; !slices.Equal(now, want) {
		t.Errorf("now: %v", now)
	}
}

func BenchmarkDecode(b *testing.B) {
	raw, _, err := catalog.Encode(&dossier.HoursLogged{Entry: sc.Entry, Trajectory: "T-1", Date: nl.MustDate("2017-02-01"), Minutes: 45, Activity: "report", WorkedBy: sc.Coach})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := catalog.Decode(dossier.TypeHoursLogged, 1, raw); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeStandardLibrary(b *testing.B) {
	raw, _, _ := catalog.Encode(&dossier.HoursLogged{Entry: sc.Entry, Trajectory: "T-1", Date: nl.MustDate("2017-02-01"), Minutes: 45, Activity: "report", WorkedBy: sc.Coach})
	for b.Loop() {
		if err := json.Unmarshal(raw, &dossier.HoursLogged{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecide(b *testing.B) {
	w := sc.Opened(b, "click-2017")
	s := w.State(domain.KindDossier, sc.Dossier)
	ref := domain.Ref{Agency: sc.Agency, Kind: domain.KindAgency, ID: sc.Agency}
	agg, _ := catalog.AggregateOf(domain.KindDossier)
	spec, _ := catalog.CommandOf("AddRecord")
	data := json.RawMessage(`{"record":"` + sc.Record + `","category":"report","title":"t","text":"` + strings.Repeat("x", 400) + `","source":"client"}`)
	for b.Loop() {
		c, err := catalog.DecodeCommand(spec, data)
		if err != nil {
			b.Fatal(err)
		}
		env := &catalog.Env{Env: domain.Env{
			Now: w.Now, At: w.Now.Add(-time.Hour), Agency: sc.Agency, Dossier: sc.Dossier, Actor: sc.Coach,
			Known: map[domain.Ref]any{ref: w.State(domain.KindAgency, sc.Agency)},
		}}
		if _, err := agg.Decide(s, c, env); err != nil {
			b.Fatal(err)
		}
	}
}
