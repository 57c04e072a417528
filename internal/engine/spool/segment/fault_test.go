package segment

import (
	"errors"
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"homing"
	"homing/internal/engine/spool"
)

var errBroken = errors.New("broken on purpose")

// TestEveryOperationFailsOnce lets each of the first operations fail once, in
// each manner. Whatever Append said before and after must hold, and after a
// restart from what is on the disk everything must work.
func TestEveryOperationFailsOnce(t *testing.T) {
	for _, how := range []manner{notDone, halfDone, yetDone} {
		for n := range int64(60) {
			t.Run(fmt.Sprint("manner ", how, " operation ", n), func(t *testing.T) {
				t.Parallel()
				failOnce(t, n, how)
			})
		}
	}
}

func failOnce(t *testing.T, n int64, how manner) {
	disk := vfs.NewCrashableMem()
	var count, fatal atomic.Int64
	var failed atomic.Value
	fs := &faultFS{FS: disk, hook: func(op, name string) outcome {
		if count.Add(1)-1 == n {
			failed.Store(op + " " + name)
			return outcome{err: errBroken, how: how}
		}
		return outcome{}
	}}
	opts := options(fs)
	opts.SegmentSize = 28 << 10
	opts.Fatal = func(error) { fatal.Add(1) }
	j := newJournal()
	s, err := Open(opts)
	if err == nil {
		unavailable := 0
		for range 60 {
			if err := j.append(s, 800); errors.Is(err, homing.ErrUnavailable) {
				unavailable++
			} else if err != nil {
				t.Fatalf("failed %v: %v", failed.Load(), err)
			}
		}
		if unavailable > 2 && s.isDead() == nil {
			t.Errorf("failed %v: %d appends were refused after one failure", failed.Load(), unavailable)
		}
		if s.isDead() == nil {
			mustHold(t, s, j.acked)
		} else if _, err := s.Append(spool.KindClick, at, nil); !errors.Is(err, homing.ErrUnavailable) {
			t.Errorf("dead spool: %v", err)
		}
		_ = s.Close()
		if dead := s.isDead() != nil; dead != (fatal.Load() == 1) {
			time.Sleep(50 * time.Millisecond) // Fatal has a goroutine of its own
			if dead != (fatal.Load() == 1) {
				t.Errorf("failed %v: dead %v, Fatal called %d times", failed.Load(), dead, fatal.Load())
			}
		}
	}
	for _, percent := range []vfs.CrashCloneCfg{{}} {
		s := mustOpen(t, options(disk.CrashClone(percent)))
		mustHold(t, s, j.acked)
		if err := j.append(s, 100); err != nil {
			t.Fatal(err)
		}
		mustHold(t, s, j.acked)
		mustClose(t, s)
	}
}

// TestFailedSync ends the spool, once and for all.
func TestFailedSync(t *testing.T) {
	disk := vfs.NewCrashableMem()
	var broken atomic.Bool
	fatal := make(chan error, 10)
	opts := options(&faultFS{FS: disk, hook: func(op, name string) outcome {
		if broken.Load() && op == "sync" && name == fileName(0) {
			return outcome{err: errBroken}
		}
		if _, prepared := parseFileName(name); !prepared && broken.Load() && op == "sync" {
			return outcome{err: errBroken}
		}
		return outcome{}
	}})
	opts.SegmentSize = 1 << 20
	opts.Fatal = func(err error) { fatal <- err }
	s := mustOpen(t, opts)
	j := newJournal()
	for range 10 {
		if err := j.append(s, 100); err != nil {
			t.Fatal(err)
		}
	}
	f, err := s.Follow(10)
	if err != nil {
		t.Fatal(err)
	}
	broken.Store(true)
	if err := j.append(s, 100); !errors.Is(err, homing.ErrUnavailable) {
		t.Errorf("append over a failed fsync: %v", err)
	}
	broken.Store(false) // the disk lies: it works again
	if err := <-fatal; !errors.Is(err, errBroken) {
		t.Errorf("Fatal got %v", err)
	}
	if err := j.append(s, 100); !errors.Is(err, homing.ErrUnavailable) {
		t.Errorf("append to a dead spool: %v", err)
	}
	if _, err := f.Next(t.Context()); !errors.Is(err, homing.ErrUnavailable) {
		t.Errorf("follower of a dead spool: %v", err)
	}
	if err := s.Behind(spool.KindTally, at, nil); !errors.Is(err, homing.ErrUnavailable) {
		t.Errorf("Behind on a dead spool: %v", err)
	}
	if err := s.Close(); !errors.Is(err, homing.ErrUnavailable) {
		t.Errorf("closing a dead spool: %v", err)
	}
	if len(fatal) > 0 {
		t.Error("Fatal was called again")
	}
	s = mustOpen(t, options(disk.CrashClone(vfs.CrashCloneCfg{})))
	mustHold(t, s, j.acked)
	mustClose(t, s)
}

// TestFullDisk fills the disk, in the middle of appending, and empties it again.
func TestFullDisk(t *testing.T) {
	for _, how := range []manner{notDone, halfDone} {
		disk := vfs.NewCrashableMem()
		var full atomic.Bool
		opts := options(&faultFS{FS: disk, hook: func(op, name string) outcome {
			if full.Load() && (op == "write" || op == "create") {
				return outcome{err: syscall.ENOSPC, how: how}
			}
			return outcome{}
		}})
		s := mustOpen(t, opts)
		j := newJournal()
		for range 3 {
			for range 30 {
				if err := j.append(s, 1000); err != nil {
					t.Fatal(err)
				}
			}
			full.Store(true)
			for range 20 {
				_ = j.append(s, 1000) // the prepared file may take one
			}
			begun := time.Now()
			err := j.append(s, 1000)
			if !errors.Is(err, homing.ErrUnavailable) || !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("append to a full disk: %v", err)
			}
			if took := time.Since(begun); took > time.Second { // a hanging disk is given three
				t.Errorf("append to a full disk took %s", took)
			}
			if err := s.Behind(spool.KindTally, at, []byte("kept")); err != nil {
				t.Errorf("Behind: %v", err)
			}
			time.Sleep(50 * time.Millisecond)
			full.Store(false)
			deadline := time.Now().Add(5 * time.Second)
			for j.append(s, 1000) != nil {
				if time.Now().After(deadline) {
					t.Fatal("the spool does not recover from a full disk")
				}
				time.Sleep(time.Millisecond)
			}
			mustHold(t, s, j.acked)
		}
		kept := 0
		for range s.Scan(t.Context(), spool.Query{Kinds: spool.SetOf(spool.KindTally)}) {
			kept++
		}
		if kept != 3 {
			t.Errorf("%d of 3 records that nobody waited for survived the full disk", kept)
		}
		mustClose(t, s)
		s = mustOpen(t, options(disk.CrashClone(vfs.CrashCloneCfg{})))
		mustHold(t, s, j.acked)
		mustClose(t, s)
	}
}

// TestOpenOnFullDisk opens, reads, and goes on when there is room.
func TestOpenOnFullDisk(t *testing.T) {
	disk := vfs.NewMem()
	s := mustOpen(t, options(disk))
	j := newJournal()
	if err := j.append(s, 10); err != nil {
		t.Fatal(err)
	}
	mustClose(t, s)
	var full atomic.Bool
	full.Store(true)
	s = mustOpen(t, options(&faultFS{FS: disk, hook: func(op, _ string) outcome {
		if full.Load() && op == "write" {
			return outcome{err: syscall.ENOSPC}
		}
		return outcome{}
	}}))
	mustHold(t, s, j.acked)
	if err := j.append(s, 10); !errors.Is(err, homing.ErrUnavailable) {
		t.Errorf("append: %v", err)
	}
	full.Store(false)
	time.Sleep(prepareAgain + 50*time.Millisecond)
	if err := j.append(s, 10); err != nil {
		t.Errorf("append with room: %v", err)
	}
	mustHold(t, s, j.acked)
	mustClose(t, s)
}

// TestHangingDisk lets an fsync hang: who waits is told after Patience, who
// comes is told at once, and when the disk answers the spool goes on.
func TestHangingDisk(t *testing.T) {
	disk := vfs.NewMem()
	var hang atomic.Pointer[chan struct{}]
	opts := options(&faultFS{FS: disk, hook: func(op, name string) outcome {
		if c := hang.Load(); c != nil && op == "sync" {
			<-*c
		}
		return outcome{}
	}})
	opts.Patience = 200 * time.Millisecond
	opts.SegmentSize = 1 << 20
	opts.MaxQueue = 4000
	s := mustOpen(t, opts)
	j := newJournal()
	if err := j.append(s, 10); err != nil {
		t.Fatal(err)
	}
	c := make(chan struct{})
	hang.Store(&c)
	answers := make(chan error, 2)
	begun := time.Now()
	go func() { answers <- j.append(s, 10) }()
	time.Sleep(20 * time.Millisecond)
	go func() { answers <- j.append(s, 10) }() // waits for the batch behind
	for range 2 {
		if err := <-answers; !errors.Is(err, homing.ErrUnavailable) {
			t.Errorf("append to a hanging disk: %v", err)
		}
	}
	if took := time.Since(begun); took < opts.Patience/2 {
		t.Errorf("appenders waited %s", took)
	}
	begun = time.Now()
	if err := j.append(s, 10); !errors.Is(err, homing.ErrUnavailable) || time.Since(begun) >= opts.Patience {
		t.Errorf("append while the disk is known to hang: %v after %s", err, time.Since(begun))
	}
	var err error
	for range 1000 {
		if err = s.Behind(spool.KindTally, at, make([]byte, 10)); err != nil {
			break
		}
	}
	if !errors.Is(err, homing.ErrOverloaded) {
		t.Errorf("Behind with a full queue: %v", err)
	}
	hang.Store(nil)
	close(c)
	deadline := time.Now().Add(5 * time.Second)
	for j.append(s, 10) != nil {
		if time.Now().After(deadline) {
			t.Fatal("the spool does not go on")
		}
		time.Sleep(time.Millisecond)
	}
	mustHold(t, s, j.acked)
	mustClose(t, s)
}

// TestOverload refuses at once what does not fit the queue.
func TestOverload(t *testing.T) {
	release := make(chan struct{})
	var hang atomic.Bool
	opts := options(&faultFS{FS: vfs.NewMem(), hook: func(op, _ string) outcome {
		if hang.Load() && op == "sync" {
			<-release
		}
		return outcome{}
	}})
	opts.SegmentSize, opts.MaxQueue = 4<<20, 1<<20
	s := mustOpen(t, opts)
	hang.Store(true)
	results := make(chan error, 40)
	for range 40 {
		go func() {
			_, err := s.Append(spool.KindClick, at, make([]byte, 60<<10))
			results <- err
		}()
	}
	overloaded := 0
	for overloaded < 40-17 {
		if err := <-results; !errors.Is(err, homing.ErrOverloaded) {
			t.Fatalf("answer %d: %v", overloaded, err)
		}
		overloaded++
	}
	close(release)
	for range 40 - overloaded {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	mustClose(t, s)
}

// TestCloseOnHangingDisk does not hang itself.
func TestCloseOnHangingDisk(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	var hang atomic.Bool
	opts := options(&faultFS{FS: vfs.NewMem(), hook: func(op, _ string) outcome {
		if hang.Load() && op == "sync" {
			<-release
		}
		return outcome{}
	}})
	opts.Patience = 100 * time.Millisecond
	s := mustOpen(t, opts)
	hang.Store(true)
	if err := s.Behind(spool.KindTally, at, nil); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); !errors.Is(err, homing.ErrUnavailable) {
		t.Errorf("Close: %v", err)
	}
}
