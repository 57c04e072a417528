package spooltest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"

	"homing"
	"homing/internal/engine/spool"
)

// Copied opens a spool that is made of the files of a copy, by their names.
type Copied func(t testing.TB, files map[string][]byte) spool.Spool

// RunCopies tries what an implementation promises of copies. fresh is as in Run.
func RunCopies(t *testing.T, fresh func(t testing.TB) Opener, open Copied) {
	t.Run("Empty", func(t *testing.T) { testCopyEmpty(t, fresh(t), open) })
	t.Run("Copy", func(t *testing.T) { testCopy(t, fresh(t), open) })
	t.Run("CopyWhileAppending", func(t *testing.T) { testCopyUnderLoad(t, fresh(t), open) })
	t.Run("CopyWhileTrimming", func(t *testing.T) { testCopyTrimmed(t, fresh(t), open) })
	t.Run("CopyEndsWithItsContext", func(t *testing.T) { testCopyGivenUp(t, fresh(t)) })
}

func mustHold(t testing.TB, s spool.Spool) spool.Hold {
	t.Helper()
	h, err := s.Hold()
	if err != nil {
		t.Fatalf("couldn't hold: %v", err)
	}
	return h
}

// copyOf gathers the files of a copy.
func copyOf(t testing.TB, h spool.Hold) (files map[string][]byte, next spool.Position) {
	t.Helper()
	files = map[string][]byte{}
	next, err := h.Copy(context.Background(), func(name string, size int64, from io.Reader) error {
		if files[name] != nil {
			return fmt.Errorf("%s comes twice", name)
		}
		data, err := io.ReadAll(from)
		if err == nil && int64(len(data)) != size {
			err = fmt.Errorf("%s has %d bytes, %d were said", name, len(data), size)
		}
		files[name] = data
		return err
	})
	if err != nil {
		t.Fatalf("couldn't copy: %v", err)
	}
	return files, next
}

// sameAs wants a copy to hold exactly the records from first up to next, and to go
// on there.
func sameAs(t testing.TB, c spool.Spool, first, next spool.Position) {
	t.Helper()
	if got := c.Durable(); got != next {
		t.Fatalf("the copy ends at %s, want %s", got, next)
	}
	if got := c.Oldest(); got > first {
		t.Fatalf("the copy begins at %s, want %s", got, first)
	}
	records := scan(t, c, spool.Query{From: first})
	gapless(t, records, first, int(next-first))
	for _, r := range records {
		if want := numbered(r.Position); string(r.Data) != want {
			t.Fatalf("record %s of the copy is %q, want %q", r.Position, r.Data, want)
		}
	}
	if err := c.Verify(context.Background(), nil); err != nil || len(c.Damage()) > 0 {
		t.Fatalf("the copy does not verify: %v, damage %+v", err, c.Damage())
	}
	fill(t, c, 3)
	mustClose(t, c)
}

func testCopyEmpty(t *testing.T, open Opener, copied Copied) {
	s := mustOpen(t, open)
	h := mustHold(t, s)
	files, next := copyOf(t, h)
	if next != 0 || h.First() != 0 {
		t.Errorf("from %s to %s", h.First(), next)
	}
	h.Release()
	mustClose(t, s)
	sameAs(t, copied(t, files), 0, 0)
	if _, err := s.Hold(); !errors.Is(err, homing.ErrUnavailable) {
		t.Errorf("a closed spool can be held: %v", err)
	}
}

func testCopy(t *testing.T, open Opener, copied Copied) {
	s := mustOpen(t, open)
	fill(t, s, 700)
	mustClose(t, s)
	s = mustOpen(t, open)
	h := mustHold(t, s)
	files, next := copyOf(t, h) // right after opening: nothing is in the last file
	sameAs(t, copied(t, files), 0, 700)
	if next != 700 {
		t.Errorf("next is %s", next)
	}
	fill(t, s, 500)
	again, next := copyOf(t, h)
	sameAs(t, copied(t, again), 0, next)
	if next != 1200 {
		t.Errorf("after more records next is %s", next)
	}
	var bytes int64
	for _, data := range again {
		bytes += int64(len(data))
	}
	if told, err := h.Bytes(); err != nil || told != bytes {
		t.Errorf("%d bytes were foretold, %d came: %v", told, bytes, err)
	}
	h.Release()
	h.Release()
	fill(t, s, 1)
	mustClose(t, s)
}

func testCopyUnderLoad(t *testing.T, open Opener, copied Copied) {
	s := mustOpen(t, open)
	fill(t, s, 10)
	stop := make(chan struct{})
	var player sync.WaitGroup
	player.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				fill(t, s, 1)
			}
		}
	})
	for range 5 {
		h := mustHold(t, s)
		before := s.Durable()
		files, next := copyOf(t, h)
		if next < before {
			t.Errorf("the copy ends at %s, but %s was durable before", next, before)
		}
		sameAs(t, copied(t, files), 0, next)
		h.Release()
	}
	close(stop)
	player.Wait()
	mustClose(t, s)
}

// testCopyTrimmed trims under a hold: the copy has it all, and afterwards it is
// gone.
func testCopyTrimmed(t *testing.T, open Opener, copied Copied) {
	s := mustOpen(t, open)
	record := bytes.Repeat([]byte("x"), 1<<10)
	for n := range 600 {
		if _, err := s.Append(spool.KindClick, at, append(record, fmt.Sprint(n, record[:n])...)); err != nil {
			t.Fatal(err)
		}
	}
	h := mustHold(t, s)
	second := mustHold(t, s)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(s.Trim(s.Durable()))
	oldest := s.Oldest()
	if oldest == 0 {
		t.Skip("one file holds it all")
	}
	if h.First() != 0 {
		t.Errorf("held from %s on", h.First())
	}
	h.Release() // the second still holds
	files, next := copyOf(t, second)
	c := copied(t, files)
	gapless(t, scan(t, c, spool.Query{}), 0, 600)
	if next != 600 {
		t.Errorf("next is %s", next)
	}
	mustClose(t, c)
	second.Release()
	last := mustHold(t, s)
	if files, _ := copyOf(t, last); last.First() != oldest || len(files) != 1 {
		t.Errorf("after the hold a copy begins at %s and has %d files, want %s and 1", last.First(), len(files), oldest)
	}
	last.Release()
	mustClose(t, s)
	s = mustOpen(t, open)
	if got := s.Oldest(); got != oldest {
		t.Errorf("opened again it begins at %s, want %s", got, oldest)
	}
	mustClose(t, s)
}

func testCopyGivenUp(t *testing.T, open Opener) {
	s := mustOpen(t, open)
	fill(t, s, 100)
	h := mustHold(t, s)
	ctx, cancel := context.WithCancel(context.Background())
	_, err := h.Copy(ctx, func(_ string, _ int64, from io.Reader) error {
		cancel()
		_, err := io.Copy(io.Discard, from)
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	h.Release()
	fill(t, s, 1)
	mustClose(t, s)
}
