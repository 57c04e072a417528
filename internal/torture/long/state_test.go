package main

import "testing"

// TestBrief: the document says what was found, and nothing of where it was run.
func TestBrief(t *testing.T) {
	for text, want := range map[string]string{
		"click lost": "click lost",
		"it ended: 813\n  set up http://127.0.0.1:1/welcome/token\nhoming: --data-dir /home/ann/rows/kill: in use\n": "it ended: 813 … homing: --data-dir kill: in use",
		"couldn't read /var/tmp/x/spool/1.seg: EIO": "couldn't read 1.seg: EIO",
	} {
		if got := brief(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
