package mistake

import (
	"strings"
	"testing"
)

// TestMistakesFit: whoever changes a line that a mistake replaces finds out at
// once, not when the long proofs run.
func TestMistakesFit(t *testing.T) {
	names := map[string]bool{}
	for _, m := range All {
		if err := m.Fits(); err != nil {
			t.Error(err)
		}
		if m.Name == "" || m.What == "" || names[m.Name] {
			t.Errorf("%q needs a name of its own and a sentence", m.Name)
		}
		names[m.Name] = true
	}
}

func TestAMistakeThatDoesNotFitIsRefused(t *testing.T) {
	for _, e := range []Edit{
		{File: "internal/torture/mistake/mistake.go", Old: "this text is not " + "there"},
		{File: "internal/torture/mistake/mistake.go", Old: "return"},
		{File: "nowhere.go", Old: "x"},
	} {
		m := Mistake{Name: "m", Edits: []Edit{e}}
		if err := m.Fits(); err == nil || !strings.Contains(err.Error(), "no longer fits") {
			t.Errorf("%+v: %v", e, err)
		}
	}
}
