package main

import (
	"os"
	"reflect"
	"testing"
	"time"

	"homing/internal/torture"
)

func TestAPartIsKeptUntilItsRowIsDone(t *testing.T) {
	dir := t.TempDir()
	if p, err := readPart(dir, "bit rot"); err != nil || p.Past.Result.Rounds != 0 {
		t.Fatalf("of nothing: %+v, %v", p, err)
	}
	p := part{Seed: 7, Took: time.Minute, Past: torture.Past{Result: torture.Result{Rounds: 500, Clicks: 184}, Counts: map[string]int{"the ledger: nothing lost": 41}}}
	if err := p.write(dir, "bit rot"); err != nil {
		t.Fatal(err)
	}
	got, err := readPart(dir, "bit rot")
	if err != nil || !reflect.DeepEqual(got, p) {
		t.Errorf("read %+v, %v; written was %+v", got, err, p)
	}
	if err := os.WriteFile(partFile(dir, "bit rot"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readPart(dir, "bit rot"); err == nil {
		t.Error("half a file is read")
	}
	for range 2 {
		if err := forgetPart(dir, "bit rot"); err != nil {
			t.Fatal(err)
		}
	}
	if p, err := readPart(dir, "bit rot"); err != nil || p.Seed != 0 {
		t.Errorf("forgotten: %+v, %v", p, err)
	}
}
