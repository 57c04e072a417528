package settings

import "testing"

// Each scope of a token has words.
func TestEveryScopeHasWords(t *testing.T) {
	var all = scopeWords[0].Scope
	for _, w := range scopeWords {
		all |= w.Scope
		if w.Means == "" {
			t.Errorf("%s has no words", w.Scope)
		}
	}
	if len(all.Names()) != len(scopeWords) {
		t.Errorf("%d scopes, %d words", len(all.Names()), len(scopeWords))
	}
}
