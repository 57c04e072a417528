package torture

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestGuaranteesNameTheirProofs: what docs/guarantees.md names as a proof exists,
// and every row is named there.
func TestGuaranteesNameTheirProofs(t *testing.T) {
	text, err := os.ReadFile("../../docs/guarantees.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range Rows() {
		if !strings.Contains(string(text), "row "+row.Name) {
			t.Errorf("the row %q is not named", row.Name)
		}
	}
	for _, found := range regexp.MustCompile(`row ([a-zA-Z ]+?)(,|;| \||\n)`).FindAllStringSubmatch(string(text), -1) {
		known := strings.HasPrefix(found[1], "leaves") // prose
		for _, row := range Rows() {
			known = known || row.Name == found[1]
		}
		if !known {
			t.Errorf("there is no row %q", found[1])
		}
	}
	tests := allTests(t)
	for _, found := range regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z]+)`").FindAllStringSubmatch(string(text), -1) {
		if !tests[found[1]] {
			t.Errorf("there is no %s", found[1])
		}
	}
}

// allTests are the names of all tests of the repository.
func allTests(t *testing.T) map[string]bool {
	all := map[string]bool{}
	name := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	err := filepath.WalkDir("../..", func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() && (e.Name() == "node_modules" || strings.HasPrefix(e.Name(), ".") && e.Name() != ".." && path != "../..") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		for _, found := range name.FindAllSubmatch(text, -1) {
			all[string(found[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
