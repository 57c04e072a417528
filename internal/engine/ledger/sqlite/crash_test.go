package sqlite

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	osexec "os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/ledger/ledgertest"
)

const (
	crashPath  = "HOMING_TEST_CRASH_LEDGER" // set in the child: the file to claim in
	crashBase  = "HOMING_TEST_CRASH_BASE"   // the child's first click
	crashLives = 6
)

func TestMain(m *testing.M) {
	if path := os.Getenv(crashPath); path != "" {
		claimUntilKilled(path, os.Getenv(crashBase))
	}
	registerSummed() // as in a server: before anybody uses SQLite otherwise
	os.Exit(m.Run())
}

// claimUntilKilled claims each click from two goroutines, and says a line for
// each answer, after the answer.
func claimUntilKilled(path, base string) {
	var first int
	if _, err := fmt.Sscan(base, &first); err != nil {
		panic(err)
	}
	l, err := Open(Options{Path: path})
	if err != nil {
		panic(err)
	}
	for w := range 16 {
		go func() {
			for n := first + w/2; ; n += 8 {
				d, err := l.Decide(context.Background(), ledgertest.Claim(ledgertest.Origin(n), "lead"))
				if err != nil {
					panic(err)
				}
				fmt.Fprintf(os.Stdout, "%d %d %v\n", n, d.Conversion, d.First)
			}
		}()
	}
	select {}
}

// Kill -9, over and over: what was acknowledged is stored, once.
func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	path := filepath.Join(t.TempDir(), "ledger.db")
	told := map[int]homing.ConversionID{}
	firsts := map[int]int{}
	for life := range crashLives {
		runAndKill(t, path, life*1_000_000, told, firsts)
	}
	if len(told) == 0 {
		t.Fatal("nothing was acknowledged")
	}
	l := openWith(t, Options{Path: path})
	if err := l.Check(t.Context()); err != nil {
		t.Error(err)
	}
	for n, id := range told {
		found, err := l.ConversionsOf(t.Context(), ledgertest.Origin(n))
		if err != nil || len(found) != 1 || found[0].ID != id {
			t.Fatalf("click %d was told to be conversion %v, and is %+v, %v", n, id, found, err)
		}
		if firsts[n] > 1 {
			t.Errorf("click %d was told to be first %d times", n, firsts[n])
		}
	}
	t.Logf("%d acknowledged, %d stored", len(told), count(t, l))
}

func runAndKill(t *testing.T, path string, base int, told map[int]homing.ConversionID, firsts map[int]int) {
	child := osexec.Command(os.Args[0], "-test.run=^$")
	child.Env = append(os.Environ(), crashPath+"="+path, fmt.Sprintf("%s=%d", crashBase, base))
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	kill := func() { _ = child.Process.Signal(syscall.SIGKILL) }
	killed := false
	if base%3_000_000 == 0 { // perhaps before it has opened anything
		time.AfterFunc(100*time.Millisecond+rand.N(200*time.Millisecond), kill)
		killed = true
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if !killed { // at work, however long it took to begin
			time.AfterFunc(rand.N(200*time.Millisecond), kill)
			killed = true
		}
		var n, id int
		var first bool
		if _, err := fmt.Sscan(lines.Text(), &n, &id, &first); err != nil {
			continue // cut off by the kill
		}
		told[n] = homing.ConversionID(id)
		if first {
			firsts[n]++
		}
	}
	_ = child.Wait() // killed
}

// A full disk: nothing acknowledged is lost, nothing else is kept, and claims
// succeed again when there is room.
func TestFullDisk(t *testing.T) {
	dir := smallDisk(t, "16m")
	l := openWith(t, Options{Path: filepath.Join(dir, "ledger.db"), Fatal: func(err error) { t.Error("fatal:", err) }})
	filler := filepath.Join(dir, "filler")
	if err := os.WriteFile(filler, make([]byte, 4<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	acknowledged, refused, n := 0, 0, 0
	for ; refused < 50 && n < 100_000; n++ {
		if err := claimOnce(t, l, n); err == nil {
			acknowledged++
		} else {
			wantKind(t, err, homing.ErrUnavailable)
			refused++
		}
	}
	if refused == 0 || acknowledged == 0 {
		t.Fatalf("%d acknowledged, %d refused", acknowledged, refused)
	}
	if stored := count(t, l); stored != acknowledged {
		t.Errorf("%d acknowledged, %d stored", acknowledged, stored)
	}
	if err := claimOnce(t, l, 0); err != nil { // a duplicate needs no room
		t.Error("a duplicate:", err)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	for i := range 50 {
		if err := claimOnce(t, l, n+i); err != nil {
			t.Fatal("after there was room:", err)
		}
	}
	if err := l.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if stored := count(t, l); stored != acknowledged+50 {
		t.Errorf("%d acknowledged, %d stored", acknowledged+50, stored)
	}
}
