// Package archtest holds what no compiler checks: which folder may import
// which, and the few other rules of the house, each with its reason.
package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/casefile-engine/casefile/"

// layers is the table of allowed imports inside the module: the first folder
// that is a prefix of the importing package counts.
var layers = []struct {
	from   string
	to     []string
	reason string
}{
	{"domain", []string{"domain"}, "rules are pure and know nothing of how they are stored or shown"},
	{"eventstore", []string{"domain", "eventstore", "internal/clock", "internal/testkit"}, "the stream knows events, not views or doors"},
	{"projections", []string{"domain", "eventstore", "projections", "internal/clock", "internal/testkit"}, "views follow the stream; nothing they hold is needed to write it"},
	{"handlers", []string{"domain", "eventstore", "projections", "handlers", "internal"}, "doors use everything below them and no command line"},
	{"cmd", []string{"domain", "eventstore", "projections", "handlers", "internal", "cmd", "docs"}, "the program ties all together"},
	{"internal/demo", []string{"domain", "handlers/commands", "internal"}, "the demonstration is a list of commands through the import's door"},
	{"internal/bench", []string{"domain", "eventstore", "projections", "handlers", "internal"}, "a benchmark measures the real parts"},
	{"internal/testkit", []string{"internal"}, "helpers of tests start real parts and know none of ours"},
	{"internal", []string{"domain", "internal"}, "leaves: anything may use them, so they use nothing above"},
	{"docs", []string{"internal", "domain", "docs"}, "documents are checked, they do not run the program"},
}

// impure are packages that a rule may not use: what a decision needs comes in
// as an argument, so that a replay decides the same.
var impure = []string{"context", "os", "net", "net/http", "math/rand", "math/rand/v2", "crypto/rand", "database/sql", "io/fs", "log", "log/slog"}

type file struct {
	path, pkg string // relative to the module's root
	test      bool
	ast       *ast.File
	fset      *token.FileSet
}

func files(t *testing.T) []file {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	var out []file
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != root || d.Name() == "testdata" || d.Name() == "bin") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		fset := token.NewFileSet()
		a, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		out = append(out, file{filepath.ToSlash(rel), filepath.ToSlash(filepath.Dir(rel)), strings.HasSuffix(path, "_test.go"), a, fset})
		return nil
	})
	if err != nil || len(out) == 0 {
		t.Fatalf("no files of the module found: %v", err)
	}
	return out
}

func imports(f file) []string {
	var out []string
	for _, i := range f.ast.Imports {
		p, _ := strconv.Unquote(i.Path.Value)
		out = append(out, p)
	}
	return out
}

func under(path, folder string) bool { return path == folder || strings.HasPrefix(path, folder+"/") }

// cmd → handlers → projections → eventstore → domain, never the other way.
func TestImportsFollowTheLayers(t *testing.T) {
	for _, f := range files(t) {
		if f.test {
			continue // a test may start the parts that it needs
		}
		i := slices.IndexFunc(layers, func(l struct {
			from   string
			to     []string
			reason string
		}) bool {
			return under(f.pkg, l.from)
		})
		if i < 0 {
			t.Errorf("%s: no layer is set for this folder; add it to the table with a reason", f.path)
			continue
		}
		for _, p := range imports(f) {
			in, ok := strings.CutPrefix(p, module)
			if ok && !slices.ContainsFunc(layers[i].to, func(to string) bool { return under(in, to) }) {
				t.Errorf("%s imports %s: %s", f.path, in, layers[i].reason)
			}
		}
	}
}

func TestDomainIsPure(t *testing.T) {
	for _, f := range files(t) {
		if f.test || !under(f.pkg, "domain") {
			continue
		}
		for _, p := range imports(f) {
			// nl's masked values say how they are logged; that writes nothing.
			if slices.Contains(impure, p) && !(p == "log/slog" && f.pkg == "domain/nl") {
				t.Errorf("%s imports %s: a decision depends on its arguments alone", f.path, p)
			}
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := s.X.(*ast.Ident); ok && x.Name == "time" && (s.Sel.Name == "Now" || s.Sel.Name == "Since") {
					t.Errorf("%s reads the clock: time comes in as an argument", f.fset.Position(n.Pos()))
				}
			}
			return true
		})
	}
}

// No init functions: every list is explicit, nothing happens by importing.
func TestNoInit(t *testing.T) {
	for _, f := range files(t) {
		for _, d := range f.ast.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				t.Errorf("%s: init(): put it in the one list of its kind", f.path)
			}
		}
	}
}

// No record, no plaintext: only the command handler, which appends access
// events, may turn an appended one into the acknowledgement that opens sections.
func TestOnlyTheHandlerAcknowledges(t *testing.T) {
	for _, f := range files(t) {
		if f.test || f.pkg == "handlers/commands" {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == "Acknowledge" {
				if x, ok := s.X.(*ast.Ident); ok && x.Name == "seal" {
					t.Errorf("%s calls seal.Acknowledge: only handlers/commands may", f.fset.Position(n.Pos()))
				}
			}
			return true
		})
	}
}

// Limits of the house: files under 500 lines, nothing left for later.
func TestTidy(t *testing.T) {
	for _, f := range files(t) {
		b, err := os.ReadFile("../../" + f.path)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(b), "\n"); n > 500 && !f.test {
			t.Errorf("%s has %d lines; split it", f.path, n)
		}
		for _, c := range f.ast.Comments {
			for _, w := range []string{"TODO", "FIXME", "XXX"} {
				if strings.Contains(c.Text(), w) && f.pkg != "internal/archtest" {
					t.Errorf("%s: %s in a comment: do it or say why not", f.fset.Position(c.Pos()), w)
				}
			}
		}
		if f.test && f.pkg != "internal/archtest" {
			ast.Inspect(f.ast, func(n ast.Node) bool {
				if drawsCases(n) {
					return false // a property test may reject a drawn case
				}
				if s, ok := n.(*ast.SelectorExpr); ok && (s.Sel.Name == "Skip" || s.Sel.Name == "Skipf" || s.Sel.Name == "SkipNow") {
					t.Errorf("%s: a test that skips shows nothing", f.fset.Position(n.Pos()))
				}
				return true
			})
		}
	}
}

// drawsCases tells whether n is a function of a *rapid.T.
func drawsCases(n ast.Node) bool {
	fn, ok := n.(*ast.FuncLit)
	if !ok || len(fn.Type.Params.List) != 1 {
		return false
	}
	star, ok := fn.Type.Params.List[0].Type.(*ast.StarExpr)
	if !ok {
		return false
	}
	sel, ok := star.X.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	x, ok := sel.X.(*ast.Ident)
	return ok && x.Name == "rapid"
}
