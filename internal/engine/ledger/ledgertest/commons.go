package ledgertest

import (
	"bytes"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/ledger"
)

// CommonStore makes an empty store for one test, and returns what opens it: each
// call opens it for one more node, beside the others.
type CommonStore func(t testing.TB) (open func() ledger.Commons)

// RunCommons asks an implementation of ledger.Commons everything that the contract
// promises.
func RunCommons(t *testing.T, store CommonStore) {
	for _, part := range []struct {
		name string
		test func(*testing.T, func() ledger.Commons)
	}{
		{"values", commonValues},
		{"one writer wins", commonRace},
		{"names", commonNames},
		{"duties", dutyLife},
		{"duties by one clock", dutyClocks},
		{"one holder at a time", dutyRace},
	} {
		t.Run(part.name, func(t *testing.T) { part.test(t, store(t)) })
	}
}

func common(t testing.TB, l ledger.Commons, name string) string {
	t.Helper()
	value, err := l.Common(ctx(t), name)
	must(t, err)
	if value == nil {
		return "nothing"
	}
	return fmt.Sprintf("%q", value)
}

func commonValues(t *testing.T, open func() ledger.Commons) {
	one, two := open(), open()
	equal(t, "at first", common(t, one, "keys"), "nothing")
	must(t, one.PutCommon(ctx(t), "keys", nil, []byte("a")))
	equal(t, "on another node", common(t, two, "keys"), `"a"`)
	mustBe(t, two.PutCommon(ctx(t), "keys", nil, []byte("b")), homing.ErrConflict)
	mustBe(t, two.PutCommon(ctx(t), "keys", []byte("b"), []byte("c")), homing.ErrConflict)
	mustBe(t, two.PutCommon(ctx(t), "keys", nil, nil), homing.ErrConflict)
	mustBe(t, two.PutCommon(ctx(t), "keys", []byte("b"), nil), homing.ErrConflict)
	mustBe(t, two.PutCommon(ctx(t), "other", []byte("a"), []byte("b")), homing.ErrConflict)
	equal(t, "after what was refused", common(t, one, "keys"), `"a"`)
	must(t, two.PutCommon(ctx(t), "keys", []byte("a"), []byte("a\x00\xff")))
	equal(t, "changed", common(t, one, "keys"), `"a\x00\xff"`)
	must(t, one.PutCommon(ctx(t), "keys", []byte("a\x00\xff"), []byte{}))
	equal(t, "empty, which is not nothing", common(t, two, "keys"), `""`)
	must(t, one.PutCommon(ctx(t), "keys", []byte{}, bytes.Repeat([]byte{'x'}, 100_000)))
	must(t, one.PutCommon(ctx(t), "keys", bytes.Repeat([]byte{'x'}, 100_000), nil))
	equal(t, "removed", common(t, two, "keys"), "nothing")
	must(t, one.PutCommon(ctx(t), "keys", nil, nil))
	must(t, two.PutCommon(ctx(t), "keys", nil, []byte("again")))
	equal(t, "made again", common(t, one, "keys"), `"again"`)
}

// commonRace lets all nodes propose at once, and then count up: none is lost.
func commonRace(t *testing.T, open func() ledger.Commons) {
	const nodes, steps = 4, 10
	var won atomic.Int32
	together(nodes, func(i int) {
		l := open()
		switch err := l.PutCommon(ctx(t), "salt", nil, []byte{byte(i)}); {
		case err == nil:
			won.Add(1)
		case !errors.Is(err, homing.ErrConflict):
			t.Error(err)
		}
		for n := 0; n < steps; {
			value, err := l.Common(ctx(t), "salt")
			if err != nil || len(value) == 0 {
				t.Errorf("%q, %v", value, err)
				return
			}
			switch err := l.PutCommon(ctx(t), "salt", value, append(bytes.Clone(value), byte(i))); {
			case err == nil:
				n++
			case !errors.Is(err, homing.ErrConflict):
				t.Error(err)
				return
			}
		}
	})
	equal(t, "first writers", won.Load(), 1)
	value, err := open().Common(ctx(t), "salt")
	must(t, err)
	equal(t, "steps", len(value), 1+nodes*steps)
}

func commonNames(t *testing.T, open func() ledger.Commons) {
	l := open()
	for _, name := range []string{"salt/2026-11-22", "salt/2026-11-21", "salt", "keys", "salz", "SALT/x", "salt/%", "salt/ä"} {
		must(t, l.PutCommon(ctx(t), name, nil, []byte("x")))
	}
	for prefix, want := range map[string]string{
		"salt/": "[salt/% salt/2026-11-21 salt/2026-11-22 salt/ä]", "sal": "[salt salt/% salt/2026-11-21 salt/2026-11-22 salt/ä salz]",
		"%": "[]", "": "[SALT/x keys salt salt/% salt/2026-11-21 salt/2026-11-22 salt/ä salz]",
	} {
		names, err := l.CommonNames(ctx(t), prefix)
		must(t, err)
		equal(t, "names with "+prefix, fmt.Sprint(names), want)
	}
}

// shortly is how long duties of the suite last: long enough for a slow machine to
// ask in between.
const shortly homing.Millis = 1500

func dutyLife(t *testing.T, open func() ledger.Commons) {
	one, two := open(), open()
	must(t, one.Hold(ctx(t), "loader", 1, Noon, Noon+60_000))
	must(t, one.Hold(ctx(t), "loader", 1, Noon+5, Noon+70_000)) // for longer
	mustBe(t, two.Hold(ctx(t), "loader", 2, Noon, Noon+60_000), homing.ErrConflict)
	must(t, two.Hold(ctx(t), "housekeeping", 2, Noon, Noon+60_000)) // another duty
	must(t, two.Hold(ctx(t), "loader", 2, Noon, Noon))              // gives up what it has not
	mustBe(t, two.Hold(ctx(t), "loader", 2, Noon, Noon+60_000), homing.ErrConflict)
	must(t, one.Hold(ctx(t), "loader", 1, Noon, Noon-1)) // gives it up
	must(t, two.Hold(ctx(t), "loader", 2, Noon, Noon+60_000))
	mustBe(t, one.Hold(ctx(t), "loader", 1, Noon, Noon+60_000), homing.ErrConflict)
	mustBe(t, one.Hold(ctx(t), "loader", 0, Noon, Noon+60_000), homing.ErrInvalid)
	must(t, two.Hold(ctx(t), "loader", 2, Noon, Noon+1)) // kept for shorter
	time.Sleep(20 * time.Millisecond)
	must(t, one.Hold(ctx(t), "loader", 1<<63+5, Noon, Noon+60_000)) // a large one, too
	must(t, one.Hold(ctx(t), "loader", 1<<63+5, Noon, Noon+60_000))
}

// dutyClocks lets a node whose clock is minutes ahead ask for what another holds,
// and hold it when the other is gone.
func dutyClocks(t *testing.T, open func() ledger.Commons) {
	const skew homing.Millis = 10 * 60 * 1000
	slow, fast := open(), open()
	must(t, slow.Hold(ctx(t), "loader", 1, Noon, Noon+shortly))
	mustBe(t, fast.Hold(ctx(t), "loader", 2, Noon+skew, Noon+skew+shortly), homing.ErrConflict)
	time.Sleep(time.Duration(shortly+100) * time.Millisecond) // the holder has crashed
	must(t, fast.Hold(ctx(t), "loader", 2, Noon+skew, Noon+skew+shortly))
	time.Sleep(time.Duration(shortly+100) * time.Millisecond) // so has this one
	must(t, slow.Hold(ctx(t), "loader", 1, Noon, Noon+shortly))
}

// dutyRace lets nodes take a duty, work, and give it up or let it run out: no two
// ever believe at one moment that it is theirs.
func dutyRace(t *testing.T, open func() ledger.Commons) {
	const nodes, lasts = 4, 60 * time.Millisecond
	var theirs atomic.Pointer[time.Time] // until when somebody believes so
	var held atomic.Int32
	end := time.Now().Add(1200 * time.Millisecond)
	together(nodes, func(i int) {
		l, me := open(), uint64(i+1)
		for time.Now().Before(end) {
			until := time.Now().Add(lasts)
			if err := l.Hold(ctx(t), "loader", me, Noon, Noon+homing.Millis(lasts.Milliseconds())); err != nil {
				mustBe(t, err, homing.ErrConflict)
				time.Sleep(5 * time.Millisecond)
				continue
			}
			if other := theirs.Swap(&until); other != nil {
				if now := time.Now(); now.Before(*other) && now.Before(until) {
					t.Error("two believe that it is theirs")
				}
			}
			held.Add(1)
			time.Sleep(time.Duration(i+1) * lasts / 8)
			if theirs.CompareAndSwap(&until, nil) && i%2 == 0 {
				must(t, l.Hold(ctx(t), "loader", me, Noon, Noon))
			}
		}
	})
	if held.Load() < 5 {
		t.Errorf("held %d times", held.Load())
	}
}
