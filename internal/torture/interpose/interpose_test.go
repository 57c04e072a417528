package interpose

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// actor makes the test's program play the program that is watched.
const actor = "HOMING_TEST_ACTOR"

func TestMain(m *testing.M) {
	Main()
	if dir := os.Getenv(actor); dir != "" {
		act(dir)
		return
	}
	os.Exit(m.Run())
}

// act writes twice to a file, syncs after each, and tells what it was told.
func act(dir string) {
	f, err := os.OpenFile(filepath.Join(dir, "new"), os.O_RDWR|os.O_CREATE, 0o600)
	tell("create", err)
	if err != nil {
		return
	}
	for i, text := range []string{"first first", "second"} {
		n, err := f.WriteAt([]byte(text), 0)
		tell(fmt.Sprint("write ", i, " ", n), err)
		tell(fmt.Sprint("sync ", i), f.Sync())
	}
	tell("rename", os.Rename(filepath.Join(dir, "new"), filepath.Join(dir, "named")))
}

func tell(what string, err error) {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		what += " " + errno.Error()
	}
	fmt.Println(what)
}

// run runs the actor, decided by f, and gives what it said and what it did.
func run(t *testing.T, dir string, f func(Operation) Outcome) (said string, did []string) {
	t.Helper()
	if why := Needs(); why != "" {
		t.Skip(why)
	}
	w, err := New(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}()
	var mu sync.Mutex
	w.Decide(func(op Operation) Outcome {
		mu.Lock()
		defer mu.Unlock()
		did = append(did, fmt.Sprintf("%s %s", op.Call, op.Path))
		if f == nil {
			return Outcome{}
		}
		return f(op)
	})
	around, err := w.Around()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(around[0], append(around[1:], os.Args[0])...)
	cmd.Env = append(os.Environ(), actor+"="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	mu.Lock()
	defer mu.Unlock()
	return string(out), did
}

func TestEverythingIsSeenAndLetBe(t *testing.T) {
	dir := t.TempDir()
	said, did := run(t, dir, nil)
	if want := "create\nwrite 0 11\nsync 0\nwrite 1 6\nsync 1\nrename\n"; said != want {
		t.Errorf("it says\n%s", said)
	}
	if want := []string{"create new", "write new", "sync new", "write new", "sync new", "rename named"}; !slices.Equal(did, want) {
		t.Errorf("it did %q", did)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "named")); err != nil || string(text) != "secondfirst" {
		t.Errorf("%q, %v", text, err)
	}
}

// nth decides about the n-th operation of a kind.
func nth(call Call, n int, o Outcome) func(Operation) Outcome {
	return func(op Operation) Outcome {
		if op.Call == call {
			if n--; n == 0 {
				return o
			}
		}
		return Outcome{}
	}
}

func TestOutcomes(t *testing.T) {
	for name, c := range map[string]struct {
		decide func(Operation) Outcome
		said   string // among other things
		left   string // in the file
	}{
		"a write fails":                     {nth(Write, 2, Outcome{Errno: syscall.EIO}), "write 1 0 input/output error", "first first"},
		"a write is cut":                    {nth(Write, 2, Outcome{Half: true}), "write 1 6", "secondfirst"}, // Go writes the rest
		"a sync fails":                      {nth(Sync, 2, Outcome{Errno: syscall.EIO}), "sync 1 input/output error", "secondfirst"},
		"a sync fails, what it had is gone": {nth(Sync, 2, Outcome{Errno: syscall.EIO, Forget: true}), "sync 1 input/output error", "first first"},
		"all that was never synced is gone": {nth(Sync, 1, Outcome{Errno: syscall.EIO, Forget: true}), "sync 0 input/output error",
			"second" + strings.Repeat("\x00", 5)},
		"a sync was done and fails":  {nth(Sync, 2, Outcome{Errno: syscall.EIO, Done: true, Forget: true}), "sync 1 input/output error", "secondfirst"},
		"a file cannot be made":      {nth(Create, 1, Outcome{Errno: syscall.ENOSPC}), "create no space left on device", ""},
		"a file cannot be renamed":   {nth(Rename, 1, Outcome{Errno: syscall.EIO}), "rename input/output error", "secondfirst"},
		"nothing of another kind is": {nth(MakeDir, 1, Outcome{Errno: syscall.EIO}), "rename\n", "secondfirst"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			said, _ := run(t, dir, c.decide)
			if !strings.Contains(said, c.said) {
				t.Errorf("it says\n%s", said)
			}
			text, err := os.ReadFile(filepath.Join(dir, "named"))
			if err != nil {
				text, _ = os.ReadFile(filepath.Join(dir, "new")) // there may be none
			}
			if string(text) != c.left {
				t.Errorf("left is %q", text)
			}
		})
	}
}
