package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	namedFile = regexp.MustCompile("`((?:cmd|docs|domain|eventstore|handlers|projections|internal)/[\\w./-]+)`")
	namedTest = regexp.MustCompile("`((?:Test|Fuzz)\\w+)`")
	namedID   = regexp.MustCompile(`V\d+\.\d+\.\d+`)
	aTest     = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
)

// What the page on security points to is there: every file and every test, and no
// requirement stands both among what is met and what is not.
func TestSecurityPagePointsToWhatThereIs(t *testing.T) {
	raw, err := os.ReadFile("security.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(raw)
	tests := map[string]bool{}
	err = filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		b, err := os.ReadFile(path)
		for _, m := range aTest.FindAllSubmatch(b, -1) {
			tests[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range namedFile.FindAllStringSubmatch(page, -1) {
		if _, err := os.Stat(filepath.Join("..", m[1])); err != nil {
			t.Errorf("there is no %s", m[1])
		}
	}
	named := namedTest.FindAllStringSubmatch(page, -1)
	for _, m := range named {
		if !tests[m[1]] {
			t.Errorf("there is no test %s", m[1])
		}
	}
	ids := map[string]int{}
	for _, id := range namedID.FindAllString(page, -1) {
		if ids[id]++; ids[id] == 2 {
			t.Errorf("%s stands there twice", id)
		}
	}
	if len(named) < 100 || len(ids) < 150 {
		t.Errorf("%d tests and %d requirements: is this the whole page?", len(named), len(ids))
	}
}
