package catalog_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/casefile-engine/casefile/domain/catalog"
)

// What no compiler checks: every event that a package declares stands in the
// list and has its place in that package's Evolve, and every command has its
// place in a decision.
func TestEveryDeclaredEventAndCommandHasItsPlace(t *testing.T) {
	count := map[string]int{}
	for _, pkg := range []string{"agency", "staff", "dossier", "unique", "access", "incident", "paper", "reminder", "review", "ledger"} {
		declared, cases := map[string]string{}, map[string]bool{}
		files, err := filepath.Glob("../" + pkg + "/*.go")
		if err != nil || len(files) == 0 {
			t.Fatal(files, err)
		}
		for _, path := range files {
			if !strings.HasSuffix(path, "_test.go") {
				scan(t, path, declared, cases)
			}
		}
		for name, method := range declared {
			count[method]++
			if !cases[name] && pkg != "access" { // every look is judged by itself: nothing is folded
				t.Errorf("%s.%s has %s and no case anywhere: add it to Evolve, or to Decide", pkg, name, method)
			}
		}
	}
	if n := len(catalog.Events()); n != count["EventType"] {
		t.Errorf("%d types of event are declared and %d listed", count["EventType"], n)
	}
	if n := len(catalog.Commands()); n != count["CommandName"] {
		t.Errorf("%d commands are declared and %d listed", count["CommandName"], n)
	}
}

// scan notes the types with an EventType or CommandName method, and those that
// a type switch or assertion names.
func scan(t *testing.T, path string, declared map[string]string, cases map[string]bool) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	pointee := func(x ast.Expr) string {
		if s, ok := x.(*ast.StarExpr); ok {
			if i, ok := s.X.(*ast.Ident); ok {
				return i.Name
			}
		}
		return ""
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Recv != nil && (n.Name.Name == "EventType" || n.Name.Name == "CommandName") {
				declared[pointee(n.Recv.List[0].Type)] = n.Name.Name
			}
		case *ast.CaseClause:
			for _, x := range n.List {
				cases[pointee(x)] = true
			}
		case *ast.TypeAssertExpr:
			cases[pointee(n.Type)] = true
		}
		return true
	})
}
