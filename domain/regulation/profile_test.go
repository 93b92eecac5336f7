package regulation

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
)

// clauses are the ids of requirements §1; C-3.n are the rows of article 3 (§2).
const clauses = `C-0a C-0b C-0c C-0d C-0e C-0f C-0g C-I1 C-I2 C-I3 C-I4 C-1 C-1.1a C-1.1b C-1.1c C-1.2a C-1.2b C-1.2c C-1.2d C-1.2e
C-2.1.1 C-2.1.2 C-2.1.3 C-2.1.4a C-2.1.4b C-2.1.4c C-2.1.4d C-2.1.5 C-2.1.5b C-2.1.6 C-2.2 C-2.3 C-2.4 C-2.5a C-2.5b C-2.5c C-2.5d C-2.5e C-2.5f
C-2.6b C-2.6.1 C-2.6.2 C-2.6.3 C-2.6.4 C-2.6.5 C-2.6.6 C-2.6.7 C-2.7a C-2.7b C-2.7c C-2.7d C-2.7e C-2.7f C-2.8 C-2.9a C-2.9.1 C-2.9.2 C-2.9.3 C-2.9.3b
C-3 C-3.1 C-3.2 C-3.3 C-3.4 C-3.5 C-3.6 C-3.7 C-3.8 C-3.9 C-3.10 C-3.11 C-3.12 C-3.13 C-4a C-4b C-4c C-5
S-Alg S-Geg1 S-Geg2 S-Geg3 S-Doel S-Der S-Toe1 S-Toe2 S-Geh S-Bew1 S-Bew2 S-Bew3 S-Bew4 S-Kla S-Inz S-Bev1 S-Bev2 S-CBP`

// Every setting of both profiles points at a requirement that exists.
func TestEverySettingHasItsRequirement(t *testing.T) {
	known := strings.Fields(clauses)
	for _, name := range []string{"click-2017", "solutions-vpr"} {
		p := effective(t, name)
		values, err := p.flat()
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for path, v := range values {
			rule := strings.Trim(v, `"`)
			if !strings.HasSuffix(path, "/rule") && !strings.HasPrefix(path, "/limits/") && !strings.HasSuffix(path, "/consent_to_record") {
				continue
			}
			n++
			if !slices.Contains(known, rule) && !IsLaw(rule) {
				t.Errorf("%s%s: %s is no requirement", name, path, rule)
			}
			if name == "solutions-vpr" && strings.HasPrefix(rule, "C-") && !slices.Contains([]string{"C-2.5e", "C-0b", "C-1.2e", "C-2.6.3"}, rule) {
				t.Errorf("%s%s rests on the other agency's %s", name, path, rule)
			}
			if name == "click-2017" && strings.HasPrefix(rule, "S-") {
				t.Errorf("%s%s rests on the other agency's %s", name, path, rule)
			}
		}
		if n < 80 {
			t.Errorf("%s has %d rules", name, n)
		}
	}
}

// Requirements §6 and catalogue §1, value by value.
func TestTheTwoRegulations(t *testing.T) {
	click, sol := effective(t, "click-2017"), effective(t, "solutions-vpr")
	for _, p := range []*Profile{click, sol} {
		if len(p.Categories) != 22 {
			t.Errorf("%s has %d categories", p.Name, len(p.Categories))
		}
		for _, c := range domain.Categories {
			want := domain.ClassDossier
			switch c {
			case domain.CatMedical, domain.CatDisability:
				want = domain.ClassMedical
			case domain.CatSubsidy:
				want = domain.ClassSubsidy
			case domain.CatHours:
				want = domain.ClassFiscal
			}
			if got := p.ClassOf(c); got != want {
				t.Errorf("%s: %s is %s", p.Name, c, got)
			}
		}
		if p.ClassOf(domain.CatInvoiceName) != domain.ClassFiscal || p.ClassOf(domain.CatFile) != domain.ClassDossier || p.ClassOf(domain.CatStaff) != domain.ClassPerson {
			t.Errorf("%s: wrong class of what exists for sealing alone", p.Name)
		}
		for _, purpose := range domain.Purposes {
			if want := purpose != "absence" || p == sol; p.KnowsPurpose(purpose) != want {
				t.Errorf("%s knows %s: %v", p.Name, purpose, !want)
			}
		}
		for _, kind := range domain.RequestKinds {
			if _, ok := p.RightOf(kind); !ok {
				t.Errorf("%s: no right to %s (L-12)", p.Name, kind)
			}
		}
		if len(p.Representatives.Value) != 5 || !slices.Contains(p.Requests.Methods, "oral") || p.Requests.Fee != 0 || p.Requests.Extension != 0 || !p.SecondFactor.Value || p.Access.Model != "assigned" {
			t.Errorf("%s: the law layer is missing", p.Name)
		}
		if got := p.RequestDue(nl.MustDate("2017-02-01")).String(); got != "2017-03-01" {
			t.Errorf("%s: a request of 1 February is due on %s", p.Name, got)
		}
		x := p.Terms
		if got := []int{x.Request.Value, x.BreachHours.Value, x.IndirectNotice.Value, x.Handout.Value, x.Complaint.Value, x.Destruction.Value, x.CoolingOff.Value, x.BreakGlassReview.Value, x.AssignmentEnds.Value, x.DormantStart.Value, x.DormantActivity.Value}; !slices.Equal(got, []int{28, 72, 28, 0, 42, 30, 7, 7, 56, 60, 180}) {
			t.Errorf("%s: terms %v", p.Name, got)
		}
	}
	if len(click.Grounds) != 9 || len(sol.Grounds) != 3 {
		t.Errorf("%d and %d grounds", len(click.Grounds), len(sol.Grounds))
	}
	if click.Address.Value != "je" || sol.Address.Value != "u" || click.KnowsService("absence") || !sol.KnowsService("prevention") {
		t.Error("form of address or services")
	}
	if !sol.Requests.Fulfil || click.Requests.Fulfil || !click.Remainder.Allowed || sol.Remainder.Allowed || sol.Subsidy.Rule != "" {
		t.Error("requests, remainder or subsidies")
	}
	if click.EffectiveFrom.Value != nl.MustDate("2017-01-19") || !sol.EffectiveFrom.Value.IsZero() {
		t.Error("effective dates")
	}
}

// A profile is immutable by name and version: what an agency has adopted does
// not change under it. A change of these files is a new version.
func TestProfilesNeverChange_C_4b(t *testing.T) {
	for name, want := range map[string]string{
		"click-2017":    "9bddeea36303f8ed1694579a5691f5708fdd6feba1c3e272bda4482d4c4f51ac",
		"solutions-vpr": "0c559bd178f74843d67c6d4b16de78b8bbde0f28c0a66dcb2446fc11f641cd95",
	} {
		if got, err := effective(t, name).Digest(); err != nil || got != want {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
}

// The adopting event carries the profile whole.
func TestProfileTravelsInAnEvent(t *testing.T) {
	for _, name := range []string{"click-2017", "solutions-vpr"} {
		p := effective(t, name)
		b, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		var back Profile
		if err := json.Unmarshal(b, &back); err != nil || !reflect.DeepEqual(*p, back) {
			t.Errorf("%s is another one after the journey: %v", name, err)
		}
		if len(b) > MaxDocument {
			t.Errorf("%s takes %d bytes", name, len(b))
		}
		again, findings, err := Effective(back)
		if err != nil || !reflect.DeepEqual(again, back) || slices.ContainsFunc(findings, func(f Finding) bool { return f.Code == "law_adds" }) {
			t.Errorf("%s: the law layer twice is not the law layer once: %v", name, err)
		}
	}
}

// YAML and JSON are read alike, and a document cannot take a built-in name with
// other content.
func TestAdoptADocument_C_4b(t *testing.T) {
	raw, err := Find("click-2017", 1)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.MarshalIndent(raw, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	if p, _, err := Adopt("click-2017", 1, b); err != nil || !reflect.DeepEqual(p, *effective(t, "click-2017")) {
		t.Errorf("the same profile as JSON: %v", err)
	}
	doc, _ := Document("click-2017", 1)
	longer := bytes.Replace(doc, []byte("declined: {term: P28D"), []byte("declined: {term: P14D"), 1)
	if _, _, err := Adopt("click-2017", 1, longer); code(err) != "profile_changed" {
		t.Errorf("a changed version 1: %v", err)
	}
	second := bytes.Replace(longer, []byte("version: 1\n"), []byte("version: 2\n"), 1)
	p, _, err := Adopt("click-2017", 2, second)
	if err != nil || p.DueDeclined(nl.MustDate("2024-02-01")).String() != "2024-02-15" {
		t.Fatalf("a stricter version 2: %v", err)
	}
	if _, _, err := Adopt("click-2017", 3, second); code(err) != "profile_name" {
		t.Errorf("another version than the command's: %v", err)
	}
	if _, _, err := Adopt("click-2018", 1, nil); code(err) != "unknown_profile" {
		t.Errorf("an unknown profile: %v", err)
	}
	changes, err := Diff(effective(t, "click-2017"), &p)
	if err != nil || len(changes) != 2 || changes[0] != (Change{"/declined/term", `"P28D"`, `"P14D"`}) || changes[1].Path != "/version" {
		t.Errorf("differences %v, %v", changes, err)
	}
}

func code(err error) string {
	var e *domain.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// Requirements §7, "the stricter wins": what loosens the law is refused with
// the article and the line, what is stricter is taken. Each row changes one
// place of a profile.
func TestLawLayer(t *testing.T) {
	for _, c := range []struct {
		profile, old, new, rule, line string
	}{
		{"solutions-vpr", "term: P7Y, start: year_of_guidance_end", "term: P6Y, start: year_of_guidance_end", "L-17", "{class: fiscal"},
		{"solutions-vpr", "term: P7Y, start: year_of_guidance_end", "term: P7Y, start: guidance_end", "L-17", "{class: fiscal"},
		{"solutions-vpr", "term: P7Y, start: year_of_guidance_end", "term: P2500D, start: year_of_guidance_end", "L-17", "{class: fiscal"},
		{"solutions-vpr", "term: P7Y, start: year_of_guidance_end", "term: P8Y, start: guidance_end", "", ""},
		{"solutions-vpr", "{class: subsidy, term: P2Y", "{class: subsidy, term: P5Y", "L-5", "{class: subsidy"},
		{"solutions-vpr", "{class: subsidy, term: P2Y", "{class: subsidy, basis: 'ESF 2014 art. 20', term: P5Y", "", ""},
		{"solutions-vpr", "{class: dossier, term: P2Y", "{class: dossier, term: P1Y", "L-5", "{class: subsidy"},
		{"click-2017", "request: {value: 28", "request: {value: 29", "L-12", "request: {"},
		{"click-2017", "request: {value: 28", "request: {value: 14", "", ""},
		{"click-2017", "breach_hours: {value: 72", "breach_hours: {value: 96", "L-33", "breach_hours"},
		{"click-2017", "indirect_notice: {value: 28", "indirect_notice: {value: 31", "L-14", "indirect_notice"},
		{"click-2017", "handout: {value: 0", "handout: {value: 1", "L-13", "handout"},
		{"click-2017", "assignment_ends: {value: 56", "assignment_ends: {value: 365", "L-5", "assignment_ends"},
		{"click-2017", "declined: {term: P28D", "declined: {term: P1Y", "L-5", "declined"},
		{"click-2017", "minimum_cell: {value: 10", "minimum_cell: {value: 4", "L-5", "minimum_cell"},
		{"click-2017", "minimum_cell: {value: 10", "minimum_cell: {value: 20", "", ""},
		{"click-2017", "minimum_k: 10", "minimum_k: 3", "L-5", "minimum_k"},
		{"click-2017", "fields: [name, trajectory]", "fields: [name, trajectory, bsn]", "L-5", "fields"},
		{"click-2017", "  handled_by: coach\n", "  handled_by: coach\n  fee: 500\n", "L-12", "fee"},
		{"click-2017", "  handled_by: coach\n", "  handled_by: coach\n  extension: 90\n", "L-12", "extension"},
		{"click-2017", "guidance: [employer, capacity,", "guidance: [employer, medical, capacity,", "L-9", "guidance: [employer, medical"},
		{"click-2017", "    article: A6-4\n", "    article: A6-4\n    health: [A9-2-a]\n", "L-9", "health: [A9-2-a]\n    evidence: [assessment]"},
		{"click-2017", "evidence: [court, case_number, date]", "evidence: [court]", "L-5", "evidence: [court]"},
		{"click-2017", "    class: medical\n    special: health\n    consent_to_record: C-3.7", "    class: medical\n    consent_to_record: C-3.7", "L-9", "code: disability"},
		{"click-2017", "    class: dossier\n    special: bsn", "    class: dossier", "L-U46", "code: bsn"},
		{"click-2017", "C-3.13\n    label: {nl: 'voortgangs- en gespreksverslagen', en: 'progress and conversation reports'}\n    class: dossier", "C-3.13\n    label: {nl: 'voortgangs- en gespreksverslagen', en: 'progress and conversation reports'}\n    class: fiscal", "L-5", "class: fiscal\n    employer: 'item'"},
		{"click-2017", "    class: medical\n    special: health\n    consent_to_record: C-3.7", "    class: dossier\n    special: health\n    consent_to_record: C-3.7", "", ""},
	} {
		doc := changed(t, c.profile, c.old, c.new)
		p, findings, err := Check(doc)
		if c.rule == "" {
			if err != nil || p.Law != LawVersion {
				t.Errorf("%q: %v", c.new, err)
			}
			continue
		}
		var e *domain.Error
		if !errors.As(err, &e) || e.Rule != c.rule || e.Code != "below_the_law" || e.Field == "" {
			t.Errorf("%q: got %v, want %s", c.new, err, c.rule)
			continue
		}
		i := slices.IndexFunc(findings, func(f Finding) bool { return f.Severity == SeverityRefused })
		if want := lineOfText(doc, c.line); findings[i].Line != want || !strings.HasPrefix(e.Message, "line ") {
			t.Errorf("%q: line %d, want %d; %s", c.new, findings[i].Line, want, e.Message)
		}
	}
}

func changed(t *testing.T, profile, old, text string) []byte {
	t.Helper()
	doc, ok := Document(profile, 1)
	if !ok || !bytes.Contains(doc, []byte(old)) {
		t.Fatalf("%s has no %q", profile, old)
	}
	return bytes.Replace(doc, []byte(old), []byte(text), 1)
}

func lineOfText(doc []byte, text string) int {
	return 1 + bytes.Count(doc[:bytes.Index(doc, []byte(text))], []byte("\n"))
}

// What the law adds where the regulation is silent, under a profile that leaves
// it out.
func TestLawAdds_L_9_L_12_L_U5(t *testing.T) {
	doc := changed(t, "click-2017", "  - class: commissioner\n    subtype: company\n", "  - class: partner\n    subtype: ''\n")
	doc = bytes.Replace(doc, []byte("  - class: partner\n    rule: C-2.6.3\n    label: {nl: 'samenwerkingspartner', en: 'partner'}\n    guidance: [contact, education_work, plan, capacity, preferences]\n    secrecy: C-2.6.2\n"), nil, 1)
	doc = bytes.Replace(doc, []byte("    guidance: [employer, capacity, employment_form, plan]\n    never: [medical, disability]\n  - class: other"), []byte("    guidance: [employer, capacity, employment_form, plan]\n  - class: other"), 1)
	p, findings, err := Check(doc)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.MayReceive("commissioner", "company", domain.CatMedical, domain.GroundConsent); rule(got) != "C-2.6.5" {
		t.Errorf("a company that commissions got medical data: %v", got)
	}
	if got := p.MayReceive("commissioner", "company", domain.CatReport, domain.GroundGuidance); rule(got) != "C-2.6.3" {
		t.Errorf("a company that commissions got more than an employer: %v", got)
	}
	if got := p.MayReceive("employer", "current", domain.CatDisability, domain.GroundCourtOrder); rule(got) != "C-2.6.5" {
		t.Errorf("an employer got the nature of a disability: %v", got)
	}
	if !slices.ContainsFunc(findings, func(f Finding) bool { return f.Code == "law_adds" && f.Rule == "L-9" }) {
		t.Error("nothing says that the law has added it")
	}
}

// Findings: what is not refused and yet has no basis (C-0e, C-2.1.1, C-2.5a, C-4b).
func TestFindings(t *testing.T) {
	want := map[string][]string{
		"click-2017":    {"retention_without_basis C-2.5a", "processor_wording C-2.1.1", "change_without_notice L-13", "ground_wider_than_law L-6", "superseded_law L-30", "broken_sentence C-3.6", "law_adds L-U5"},
		"solutions-vpr": {"undated C-5", "telephone_open L-32", "superseded_law L-30", "law_adds L-16", "law_adds L-12"},
	}
	for name, list := range want {
		doc, _ := Document(name, 1)
		_, findings, err := Check(doc)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range findings {
			got = append(got, f.Code+" "+f.Rule)
			if f.Text.NL == "" || f.Text.EN == "" || f.Line == 0 && f.Path != "/effective_from" {
				t.Errorf("%s: %+v", name, f)
			}
		}
		for _, w := range list {
			if !slices.Contains(got, w) {
				t.Errorf("%s lacks the finding %s", name, w)
			}
		}
		if name == "solutions-vpr" && slices.Contains(got, "retention_without_basis C-2.5a") {
			t.Error("two years and seven have a basis")
		}
	}
	click := effective(t, "click-2017")
	if f := CheckEffective(click, nl.MustDate("2017-01-18")); len(f) != 1 || f[0].Code != "effective_before_regulation" {
		t.Errorf("a day before the regulation's own: %v", f)
	}
	if len(CheckEffective(click, nl.MustDate("2017-01-19"))) != 0 || len(CheckEffective(effective(t, "solutions-vpr"), nl.MustDate("2001-01-01"))) != 0 {
		t.Error("a finding without a reason")
	}
}
