// Package docs checks the documents that are made from the code.
package docs

import (
	"flag"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/catalog"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/reminder"
	"github.com/casefile-engine/casefile/domain/review"
)

var update = flag.Bool("update", false, "write the documents anew")

const head = `# Commands

A command is a JSON object, one a line in an import file, or the body of ` + "`POST /api/v1/commands`" + `:

` + "```json" + `
{"id":"0199a3f0-0000-7000-8000-000000000001","agency":"click","actor":"operator","at":"2017-02-01T09:00:00+01:00","command":"OpenDossier","dossier":"0199a3f0-0000-7000-8000-000000000002","data":{}}
` + "```" + `

Ids are UUIDs that the sender may choose. ` + "`at`" + ` is when it happened; absent, it is now; never in the future. ` + "`actor`" + ` is a member of staff's id or ` + "`operator`" + ` in an import, and whoever is signed in elsewhere. The same id again answers ` + "`duplicate`" + ` with the first outcome, for ever; another content under it is refused. Unknown fields are refused.

Dates are ` + "`YYYY-MM-DD`" + `, times RFC 3339. Fields marked ? may be absent.

This page is made from the code: ` + "`go test ./docs -update`" + `.

| command | of | data |
|---|---|---|
`

const tail = `
## Codes

| what | codes |
|---|---|
`

func TestCommandsPageIsTrue(t *testing.T) {
	var b strings.Builder
	b.WriteString(head)
	for _, s := range catalog.Commands() {
		of := s.Kind
		if s.Dossier && s.Kind != domain.KindDossier {
			of += ", dossier"
		} else if s.MayDossier {
			of += ", dossier?"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", s.Name, of, fields(reflect.TypeOf(s.New()), 0))
	}
	b.WriteString(tail)
	for _, c := range []struct {
		what  string
		codes any
	}{
		{"data categories", domain.Categories}, {"retention classes", domain.Classes}, {"grounds", domain.Grounds},
		{"purposes", domain.Purposes}, {"recipient classes", domain.RecipientClasses}, {"channels", domain.Channels},
		{"methods", domain.Methods}, {"roles", domain.Roles}, {"sources", domain.Sources}, {"services", domain.Services},
		{"outcomes", domain.Outcomes}, {"activities", domain.Activities}, {"request kinds", domain.RequestKinds},
		{"incident kinds", domain.IncidentKinds}, {"incident risks", domain.IncidentRisks}, {"destructions of paper", domain.PaperDestructions},
		{"findings on break-glass", dossier.GlassFindings}, {"outcomes of a review of access", review.Outcomes},
		{"reminders", reminder.Kinds}, {"stages of a reminder", reminder.Stages},
	} {
		v := reflect.ValueOf(c.codes)
		var list []string
		for i := range v.Len() {
			list = append(list, "`"+v.Index(i).String()+"`")
		}
		slices.Sort(list)
		fmt.Fprintf(&b, "| %s | %s |\n", c.what, strings.Join(list, ", "))
	}
	if *update {
		if err := os.WriteFile("commands.md", []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("commands.md")
	if err != nil || string(got) != b.String() {
		t.Errorf("docs/commands.md is not what the commands say (%v); run go test ./docs -update", err)
	}
}

// fields lists the fields of a command's data in their order.
func fields(t reflect.Type, depth int) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	var out []string
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && name == "" {
			out = append(out, fields(f.Type, depth))
			continue
		}
		if name == "" || name == "-" {
			continue
		}
		if strings.Contains(options, "omit") || depth > 0 && f.Type.Kind() == reflect.Pointer {
			name += "?"
		}
		if inner := elem(f.Type); inner != nil && depth < 2 {
			name += "{" + fields(inner, depth+1) + "}"
		}
		out = append(out, name)
	}
	return strings.Join(slices.DeleteFunc(out, func(s string) bool { return s == "" }), ", ")
}

// elem is the struct of the domain behind a field, nil for values.
func elem(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() == reflect.Struct && strings.Contains(t.PkgPath(), "/domain/dossier") && t.Name() != "Moment" {
		return t
	}
	return nil
}
