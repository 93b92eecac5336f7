package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/catalog"
)

// The table of catalogue §5, written down a second time, without Cedar: what
// each role may, by action. The test below compares the policies with it.

var (
	guideCommands = []string{
		"OpenDossier", "DeclineReferral", "StartTrajectory", "EndTrajectory", "ReopenTrajectory", "LogHours", "CorrectHours", "AttachDocument",
		"HandOutRegulation", "TakeOverInvoice", "ReceiveRequest", "ChangeClient", "AddRecord", "CorrectRecord", "CompleteRecord", "RestrictRecord",
		"LiftRestriction", "MoveRecord", "GiveConsent", "RefuseConsent", "WithdrawConsent", "ObjectToContactDisclosure", "WithdrawObjection", "Disclose",
		"GrantThirdPartyView", "EndThirdPartyView", "RecordRepresentative", "EndRepresentative", "AnswerQuestion", "ExtendRequest", "DecideRequest",
		"FulfilRequest", "WithdrawRequest", "NotifyRecipient", "NotifyClient", "RecordUnlawfulDisclosure", "FileComplaint", "ResolveComplaint",
		"AssignStaff", "UnassignStaff", "RegisterVolume",
	}
	frontOfficeCommands = []string{
		"OpenDossier", "DeclineReferral", "StartTrajectory", "EndTrajectory", "ReopenTrajectory", "LogHours", "CorrectHours", "AttachDocument",
		"HandOutRegulation", "TakeOverInvoice", "ReceiveRequest", "RegisterVolume", "CheckOutPaper", "CheckInPaper", "AttestCabinets", "DestroyPaper",
	}
	complyCommands = []string{
		"ReceiveRequest", "ExtendRequest", "DecideRequest", "FulfilRequest", "WithdrawRequest", "NotifyRecipient", "NotifyClient", "RecordUnlawfulDisclosure",
		"FileComplaint", "ResolveComplaint", "PlaceHold", "LiftHold", "ReviewBreakGlass", "ReviewAccess", "ReportIncident", "AssessIncident", "NotifyAuthority", "CloseIncident",
	}
	directCommands     = []string{"FileComplaint", "ResolveComplaint", "GrantAccess", "RevokeAccess", "AdoptRegulation", "AdoptPolicies", "ConfirmDisclosure", "ConfirmGrant", "ConfirmAdoption"}
	administerCommands = []string{
		"AssignStaff", "UnassignStaff", "EnrolStaff", "EndStaff", "SignConfidentiality", "GrantRole", "RevokeRole", "GrantMaintenance",
		"RegisterRecipient", "ChangeRecipient", "EndRecipient", "RevokeAccess",
	}
	administrationSees = []domain.Category{"contact", "invoice_name", "hours", "subsidy", "bank", "employment_form"}
	coachRegisters     = []string{"dossiers", "disclosures", "access", "retention", "deadlines", "obligations", "hours", "requests", "notices", "complaints", "incidents", "paper", "reminders", "reviews"}
	allRegisters       = append(slices.Clone(coachRegisters), "history", "activities", "recipients", "approvals")
	looks              = []string{"view", "search", "list", "print", "export"}
)

// commanded is the table for commands.
func commanded(role, command string, a *Ask) bool {
	switch role {
	case "coach":
		switch command {
		case "OpenDossier", "BreakGlass":
			return a.Of == OfDossier
		case "CheckOutPaper", "CheckInPaper", "AttestCabinets", "ReportIncident":
			return true
		}
		return slices.Contains(guideCommands, command) && a.Of == OfDossier && a.near()
	case "administration":
		return slices.Contains(frontOfficeCommands, command) || command == "ReportIncident"
	case "director":
		return slices.Contains(directCommands, command) || command == "ReportIncident"
	case "compliance_officer":
		return slices.Contains(complyCommands, command)
	case "administrator":
		return slices.Contains(administerCommands, command) || command == "ReportIncident"
	}
	return false
}

// special are the purposes that are no coach's.
func (a *Ask) special() bool {
	return slices.Contains([]string{"audit", "maintenance", "index", "research", "management_information"}, a.Purpose)
}

func (a *Ask) near() bool { return a.Assigned || a.Team }

// mayLook is the table for reads of a dossier.
func mayLook(role string, a *Ask) bool {
	special := a.special()
	if a.Broken || a.Granted && role != "auditor" && role != "supplier" {
		return true
	}
	switch role {
	case "coach":
		return a.near() && !special
	case "administration":
		return slices.Contains(administrationSees, a.Category) && slices.Contains([]string{"guidance", "absence", "subsidy", "invoicing", "rights_request"}, a.Purpose)
	case "compliance_officer":
		return a.Matter
	case "auditor":
		return a.Granted && a.Purpose == "audit"
	}
	return false
}

// mayRead is the table for registers: their rows, and with a category how many
// records of it they count. What one may not see does not show by its number.
func mayRead(role string, a *Ask) bool {
	public := a.Name == "activities" || a.Name == "recipients"
	if a.Category != "" && !public {
		switch role {
		case "administration":
			if !slices.Contains(administrationSees, a.Category) {
				return false
			}
		case "director", "administrator":
			return false
		}
	}
	if a.Category.Health() && !a.Own && role != "compliance_officer" && role != "auditor" {
		return false
	}
	switch role {
	case "coach":
		return a.Own && slices.Contains(coachRegisters, a.Name) && !a.special() || public
	case "administration":
		return slices.Contains([]string{"dossiers", "hours", "paper"}, a.Name) || public
	case "director":
		return slices.Contains([]string{"complaints", "deadlines", "dossiers", "approvals"}, a.Name) || public
	case "compliance_officer":
		return true
	case "auditor":
		return a.Purpose == "audit"
	case "administrator":
		return a.Name == "dossiers" || public
	}
	return false
}

func expected(role string, a *Ask) bool {
	switch {
	case a.Subject.Agency != a.Agency, !a.Active, !a.InScope:
		return false
	case slices.Contains(looks, a.Action) && a.Of == OfDossier:
		return a.Bound && a.KnownPurpose && mayLook(role, a)
	case slices.Contains(looks, a.Action) && a.Of == OfRegister:
		return a.KnownPurpose && (a.Bound || a.Name == "activities" || a.Name == "recipients") && mayRead(role, a)
	case slices.Contains(looks, a.Action):
		return a.KnownPurpose && role != "supplier" && (a.Action == "view" || a.Action == "list")
	case a.Action == "overview":
		return a.KnownPurpose && (role == "director" || role == "compliance_officer")
	case a.Self && slices.Contains([]string{"GrantRole", "GrantAccess", "GrantMaintenance", "AssignStaff"}, a.Action):
		return false
	case a.Action == "BreakGlass" && !a.FreshFactor && a.Door != "import":
		return false
	}
	if a.Action == "RecordAccess" {
		return a.Door == "import"
	}
	return commanded(role, a.Action, a)
}

// questions calls f with every question of the table: role × action × what it is
// asked of × relation × category, and each condition of the law turned off alone.
func questions(f func(role string, a Ask)) {
	good := Ask{Subject: Subject{Agency: "click", Staff: "s1", Active: true, Bound: true}, Agency: "click", KnownPurpose: true, InScope: true, FreshFactor: true, Door: "api", Purpose: "guidance"}
	relations := []Relation{{}, {Assigned: true}, {Team: true}, {Granted: true}, {Broken: true}, {Matter: true}}
	turned := []func(*Ask){
		func(*Ask) {}, func(a *Ask) { a.Subject.Agency = "solutions" }, func(a *Ask) { a.Active = false }, func(a *Ask) { a.Bound = false },
		func(a *Ask) { a.KnownPurpose = false }, func(a *Ask) { a.InScope = false }, func(a *Ask) { a.Self = true },
		func(a *Ask) { a.FreshFactor = false }, func(a *Ask) { a.Door = "import"; a.FreshFactor = false },
		func(a *Ask) { a.Purpose = "audit" }, func(a *Ask) { a.Purpose = "management_information" },
	}
	for _, role := range domain.Roles {
		for _, rel := range relations {
			for i, turn := range turned {
				if i > 0 && rel != (Relation{}) && !rel.Assigned && !rel.Granted {
					continue // each condition of the law for whoever is let in, and whoever is nobody
				}
				a := good
				a.Roles, a.Relation = []string{role}, rel
				turn(&a)
				for _, c := range append(catalog.Commands(), catalog.CommandSpec{Name: "ReviewBreakGlass", Dossier: true}, catalog.CommandSpec{Name: "BreakGlass", Dossier: true}, catalog.CommandSpec{Name: "ReviewAccess"}) {
					q := a
					q.Action, q.Of = c.Name, OfOffice
					if c.Dossier || c.MayDossier {
						q.Of = OfDossier
					}
					f(role, q)
				}
				for j, look := range looks {
					if i > 0 && j > 1 {
						break // the looks differ in no policy but the names' view and list
					}
					for _, cat := range append(slices.Clone(domain.Categories), "invoice_name", "file", "") {
						q := a
						q.Action, q.Of, q.Category = look, OfDossier, cat
						f(role, q)
					}
					for _, reg := range allRegisters {
						for _, cat := range []domain.Category{"", "contact", "report", "medical"} {
							q := a
							q.Action, q.Of, q.Name, q.Own, q.Category = look, OfRegister, reg, rel.Assigned, cat
							f(role, q)
						}
					}
					q := a
					q.Action, q.Of = look, OfOffice
					f(role, q)
				}
				q := a
				q.Action, q.Of = "overview", OfOffice
				f(role, q)
			}
		}
	}
}

// T6, C-0d, C-0g, C-2.7a, C-2.7e, C-2.7f, C-2.8, S-Toe1, S-Toe2: the policies
// say what the catalogue's table says, question by question.
func TestThePoliciesSayWhatTheCatalogueSays(t *testing.T) {
	set, err := BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	questions(func(role string, a Ask) {
		n++
		d := set.Decide(a)
		if want := expected(role, &a); d.Allowed != want {
			t.Fatalf("%s: %s of %s %q: allowed %v, want %v (%+v)", role, a.Action, a.Of, a.Name, d.Allowed, want, a)
		}
		if d.Allowed && (d.Ground == "none" || d.Role == "" || len(d.Policies) == 0) || !d.Allowed && (d.Err == nil || d.Err.Code == "" || d.Err.Rule == "") {
			t.Fatalf("%s: %s: %+v says too little", role, a.Action, d)
		}
	})
	t.Logf("%d questions", n)
}

// permitsAll are an agency's own policies that permit everything; lawAlone is the
// same without the table above it, which shows what each of the law's does.
func permitsAll(t *testing.T) (bounded, lawAlone *Set) {
	t.Helper()
	bounded, err := New([]Text{{Name: "loose.cedar", Text: `@id("everything") permit (principal, action, resource);`}})
	if err != nil {
		t.Fatal(err)
	}
	alone := bounded.Without("")
	alone.table = nil
	return bounded, alone
}

// asked are the questions of the table and those that only the operator and the
// engine ask.
func asked() (list []Ask) {
	questions(func(_ string, a Ask) { list = append(list, a) })
	for _, staff := range []string{domain.Operator, domain.Engine} {
		for _, door := range []string{"cli", "engine", "api"} {
			list = append(list, Ask{Subject: Subject{Staff: staff}, Agency: "click", Action: "OpenDossier", Of: OfDossier, Door: door, InScope: true, KnownPurpose: true})
		}
	}
	return list
}

// T6: every single policy counts. Taken out, some question of the table, or one
// that only the operator and the engine ask, is answered otherwise; the law's
// prohibitions over an agency's policies that would permit everything. The table's
// count above an agency's own as well.
func TestEachPolicyCounts(t *testing.T) {
	set, err := BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	loose, lawAlone := permitsAll(t)
	all := asked()
	decided := map[*Set][]Decision{}
	for _, s := range []*Set{set, loose, lawAlone} {
		for _, a := range all {
			decided[s] = append(decided[s], s.Decide(a))
		}
	}
	counts := func(base *Set, id string) bool {
		without := base.Without(id)
		for i, d := range decided[base] {
			if slices.Contains(d.Policies, id) && without.Decide(all[i]).Allowed != d.Allowed {
				return true
			}
		}
		return false
	}
	for _, id := range set.IDs() {
		bases := []*Set{set, loose}
		if strings.HasPrefix(id, "law-") {
			bases = []*Set{lawAlone}
		}
		for _, base := range bases {
			if !counts(base, id) {
				t.Errorf("taking out %s changes no answer of the table: it is dead, or the table does not ask for it", id)
			}
		}
	}
}

// T6, C-0d, C-2.7a, C-2.7e, C-2.1.4b, S-Toe1, S-Toe2: an agency narrows what the
// catalogue's table gives to each role, and widens nothing of it: no register, no
// category, no command, no overview, whatever it permits and whatever ground it
// claims. What goes on record is by what the table lets him in.
func TestAnAgencysOwnPoliciesOnlyNarrow(t *testing.T) {
	set, err := BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	loose, _ := permitsAll(t)
	claims, err := New([]Text{{Name: "claims.cedar", Text: `@id("claimed") @ground("assignment") @role("director") permit (principal, action, resource);`}})
	if err != nil {
		t.Fatal(err)
	}
	narrow, err := New(append(set.Texts()[1:], Text{Name: "narrow.cedar", Text: `@id("not-on-paper") forbid (principal, action == Action::"print", resource);`}))
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range asked() {
		by := set.Decide(a)
		d := claims.Decide(a)
		if d.Allowed != by.Allowed {
			t.Fatalf("%v: %s of %s %q: allowed %v, the table says %v (%+v)", a.Roles, a.Action, a.Of, a.Name, d.Allowed, by.Allowed, a)
		}
		if d.Allowed && !slices.ContainsFunc(set.asked(&a).permits, func(p *parsedPolicy) bool {
			return p.ground == d.Ground && (p.role == d.Role || p.role == "*" && d.Role == strings.Join(a.Roles, " "))
		}) {
			t.Fatalf("%v: %s: on record as %s by %s, which no policy of the table says", a.Roles, a.Action, d.Role, d.Ground)
		}
		if d.Allowed && !slices.Contains(d.Policies, by.Policies[0]) {
			t.Fatalf("%s rests on %v, without the table's %v", a.Action, d.Policies, by.Policies)
		}
		if d := narrow.Decide(a); d.Allowed != (by.Allowed && a.Action != "print") {
			t.Fatalf("%v: %s of %s: %v under the narrower policies", a.Roles, a.Action, a.Of, d.Allowed)
		}
	}
	if set.Digest() == loose.Digest() || loose.Digest() == claims.Digest() {
		t.Error("different policies have one digest")
	}
	if !slices.Contains(loose.Texts(), set.Texts()[1]) {
		t.Error("the table is not among the texts that the digest is of")
	}
}

// C-2.7a: where an agency leaves one of several grounds, that one goes on record.
func TestTheGroundIsOneThatTheAgencyLeaves(t *testing.T) {
	own, err := New([]Text{{Name: "own.cedar", Text: `@id("by-name") @ground("grant") permit (principal, action in Action::"read", resource is Dossier) when { context.granted };`}})
	if err != nil {
		t.Fatal(err)
	}
	a := Ask{Subject: Subject{Agency: "click", Staff: "s1", Roles: []string{"coach"}, Active: true, Bound: true}, Agency: "click", Action: "view", Of: OfDossier, Name: "d1",
		Relation: Relation{Assigned: true, Granted: true}, Purpose: "guidance", KnownPurpose: true, InScope: true, Door: "web"}
	if d := own.Decide(a); !d.Allowed || d.Ground != "grant" || !slices.Equal(d.Policies, []string{"authorised-by-the-director", "by-name", "coach-reads-assigned"}) {
		t.Errorf("assigned and authorised: %+v", d)
	}
	a.Granted = false
	if d := own.Decide(a); d.Allowed {
		t.Errorf("assigned alone: %+v", d)
	}
}

// C-0d, C-2.7a, C-2.7e, L-9, L-U30: who reads a dossier at most by the law's
// prohibitions, whatever any table permits: by what he himself has to do with it,
// and health data by nothing else.
func TestWhatNoAgencyCanPermit(t *testing.T) {
	_, loose := permitsAll(t)
	atMost := func(role string, r Relation, c domain.Category) bool {
		switch {
		case r.Assigned, r.Granted, r.Broken:
			return true
		case r.Team:
			return role == "coach" || role == "administration" && !c.Health()
		case r.Matter:
			return role == "compliance_officer" || role == "administration" && !c.Health()
		}
		return role == "administration" && !c.Health()
	}
	for _, role := range append(slices.Clone(domain.Roles), "") {
		for _, rel := range []Relation{{}, {Assigned: true}, {Team: true}, {Granted: true}, {Broken: true}, {Matter: true}} {
			for _, look := range looks {
				for _, c := range append(slices.Clone(domain.Categories), domain.CatInvoiceName, domain.CatFile) {
					a := Ask{Subject: Subject{Agency: "click", Staff: "s1", Active: true, Bound: true}, Agency: "click", Action: look, Of: OfDossier, Name: "d1",
						Relation: rel, Category: c, Purpose: "audit", KnownPurpose: true, InScope: true, FreshFactor: true, Door: "api"}
					if role != "" {
						a.Roles = []string{role}
					}
					if got, want := loose.Decide(a).Allowed, atMost(role, rel, c); got != want {
						t.Errorf("%q, %+v: %s of %s: %v, want %v", role, rel, look, c, got, want)
					}
				}
			}
		}
	}
}

// C-2.1.4b: nobody writes a look into the register by hand, whatever an agency permits.
func TestNobodyWritesLooksByHand_C_2_1_4b(t *testing.T) {
	loose, err := New([]Text{{Name: "loose.cedar", Text: `@id("everything") permit (principal, action, resource);`}})
	if err != nil {
		t.Fatal(err)
	}
	for door, want := range map[string]bool{"api": false, "web": false, "import": true} {
		a := Ask{Subject: Subject{Agency: "click", Staff: "s1", Active: true, Bound: true, Roles: []string{"coach"}}, Agency: "click", Action: "RecordAccess", Of: OfDossier, Name: "d1",
			Relation: Relation{Assigned: true}, KnownPurpose: true, InScope: true, FreshFactor: true, Door: door}
		if got := loose.Decide(a).Allowed; got != want {
			t.Errorf("by %s: %v", door, got)
		}
	}
}

// C-2.1.4a: an agency's policies that cannot be used are refused with the line.
func TestPoliciesThatCannotBeUsed(t *testing.T) {
	for name, c := range map[string]struct{ text, says string }{
		"no Cedar":             {`permit (principal action);`, "mine.cedar"},
		"no id":                {`permit (principal, action, resource);`, "line 1"},
		"an id of the law":     {`@id("law-active") permit (principal, action, resource);`, "line 1"},
		"a new id of the law":  {`@id("law-mine") permit (principal, action, resource);`, "law-"},
		"the same id twice":    {"@id(\"a\") permit (principal, action, resource);\n@id(\"a\") permit (principal, action, resource);", "line 2"},
		"an unknown action":    {`@id("a") permit (principal, action == Action::"ReadAll", resource);`, "ReadAll"},
		"an unknown attribute": {`@id("a") permit (principal, action == Action::"view", resource) when { context.friend };`, "friend"},
		"an unknown ground":    {`@id("a") @ground("friendship") permit (principal, action, resource);`, "@ground"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New([]Text{{Name: "mine.cedar", Text: c.text}})
			e := domain.AsError(err)
			if err == nil || e.Code != "invalid_policy" || !strings.Contains(e.Message, c.says) {
				t.Fatalf("got %v, want invalid_policy that names %q", err, c.says)
			}
		})
	}
}

// C-0a: every command of the catalogue is an action of the schema, and the
// schema has no action that is nothing.
func TestEveryCommandIsAnAction(t *testing.T) {
	set, err := BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	actions := set.Actions()
	for _, c := range catalog.Commands() {
		if !slices.Contains(actions, c.Name) {
			t.Errorf("%s is no action of the policies' schema", c.Name)
		}
	}
	for _, a := range actions {
		if _, ok := catalog.CommandOf(a); !ok && !slices.Contains(append(looks, "overview"), a) {
			t.Errorf("the schema's action %s is no command and no look", a)
		}
	}
}

func BenchmarkDecide(b *testing.B) {
	set, err := BuiltIn()
	if err != nil {
		b.Fatal(err)
	}
	a := Ask{Subject: Subject{Agency: "click", Staff: "s1", Roles: []string{"coach"}, Active: true, Bound: true}, Agency: "click", Action: "view", Of: OfDossier, Relation: Relation{Assigned: true}, KnownPurpose: true, InScope: true, Purpose: "guidance", Door: "web"}
	for _, c := range []struct {
		name string
		f    func(Ask) Decision
	}{{"remembered", set.Decide}, {"evaluated", func(a Ask) Decision { return set.decide(&a) }}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if d := c.f(a); !d.Allowed {
					b.Fatal(fmt.Sprint(d))
				}
			}
		})
	}
}
