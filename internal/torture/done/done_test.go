package done

import (
	"os"
	"path/filepath"
	"testing"
)

// TestBrief: the document says what was found, and nothing of where it was run.
func TestBrief(t *testing.T) {
	for text, want := range map[string]string{
		"click lost": "click lost",
		"it ended: 813\n  set up http://127.0.0.1:1/welcome/token\nhoming: --data-dir /home/ann/rows/kill: in use\n": "it ended: 813 … homing: --data-dir kill: in use",
		"couldn't read /var/tmp/x/spool/1.seg: EIO": "couldn't read 1.seg: EIO",
	} {
		if got := Brief(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestWhatIsKeptIsRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "below", "done.json")
	got := []int{1}
	if err := Read(path, &got); err != nil || len(got) != 1 {
		t.Errorf("of a missing file came %v, %v", got, err)
	}
	if err := Write(path, []int{2, 3}); err != nil {
		t.Fatal(err)
	}
	if err := Read(path, &got); err != nil || len(got) != 2 {
		t.Errorf("read %v, %v", got, err)
	}
	if err := os.WriteFile(path, []byte("[2,"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Read(path, &got); err == nil {
		t.Error("half a file was read")
	}
}
