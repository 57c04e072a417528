// Package spooltest is the conformance suite of package spool: what the
// contract promises, tried through its door. Every implementation runs it.
package spooltest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"homing"
	"homing/internal/engine/spool"
)

// Opener opens one spool; every call opens the same one again, after it has been
// closed.
type Opener func() (spool.Spool, error)

// Run tries an implementation. Each call of fresh begins an empty spool, of
// which files (what Trim gives up at once) should be small: about 64 KiB.
func Run(t *testing.T, fresh func(t testing.TB) Opener) {
	t.Run("Empty", func(t *testing.T) { testEmpty(t, fresh(t)) })
	t.Run("RoundTrip", func(t *testing.T) { testRoundTrip(t, fresh) })
	t.Run("PositionsGoOnAfterReopening", func(t *testing.T) { testReopen(t, fresh(t)) })
	t.Run("InvalidRecords", func(t *testing.T) { testInvalid(t, fresh(t)) })
	t.Run("AppendCopies", func(t *testing.T) { testCopies(t, fresh(t)) })
	t.Run("BehindBecomesDurable", func(t *testing.T) { testBehind(t, fresh(t)) })
	t.Run("FollowerWaits", func(t *testing.T) { testFollowerWaits(t, fresh(t)) })
	t.Run("FollowFromEverywhere", func(t *testing.T) { testFollowFrom(t, fresh(t)) })
	t.Run("Scan", func(t *testing.T) { testScan(t, fresh(t)) })
	t.Run("Trim", func(t *testing.T) { testTrim(t, fresh(t)) })
	t.Run("TrimEverything", func(t *testing.T) { testTrimEverything(t, fresh(t)) })
	t.Run("Verify", func(t *testing.T) { testVerify(t, fresh(t)) })
	t.Run("Close", func(t *testing.T) { testClose(t, fresh(t)) })
	t.Run("ManyAtOnce", func(t *testing.T) { testManyAtOnce(t, fresh(t)) })
}

// at is some moment to date records from.
const at homing.Millis = 1_800_000_000_000

func mustOpen(t testing.TB, open Opener) spool.Spool {
	t.Helper()
	s, err := open()
	if err != nil {
		t.Fatalf("couldn't open: %v", err)
	}
	return s
}

func mustClose(t testing.TB, s spool.Spool) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatalf("couldn't close: %v", err)
	}
}

func mustAppend(t testing.TB, s spool.Spool, kind spool.Kind, at homing.Millis, data string) spool.Position {
	t.Helper()
	p, err := s.Append(kind, at, []byte(data))
	if err != nil {
		t.Fatalf("couldn't append: %v", err)
	}
	return p
}

// fill appends n clicks whose data tell their position.
func fill(t testing.TB, s spool.Spool, n int) {
	t.Helper()
	for range n {
		p := s.Durable()
		if got := mustAppend(t, s, spool.KindClick, at+homing.Millis(p), numbered(p)); got != p {
			t.Fatalf("Append returned position %s, want %s", got, p)
		}
	}
}

func numbered(p spool.Position) string { return fmt.Sprintf("record %s", p) }

// scan collects what Scan returns, data copied.
func scan(t testing.TB, s spool.Spool, q spool.Query) (records []spool.Record) {
	t.Helper()
	for r, err := range s.Scan(context.Background(), q) {
		if err != nil {
			t.Fatalf("scan: %v", err)
		}
		r.Data = bytes.Clone(r.Data)
		records = append(records, r)
	}
	return records
}

// follow collects n records, data copied.
func follow(t testing.TB, s spool.Spool, from spool.Position, n int) (records []spool.Record) {
	t.Helper()
	f, err := s.Follow(from)
	if err != nil {
		t.Fatalf("couldn't follow from %s: %v", from, err)
	}
	defer f.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for len(records) < n {
		b, err := f.Next(ctx)
		if err != nil {
			t.Fatalf("after %d of %d records: %v", len(records), n, err)
		}
		if len(b.Records) == 0 {
			t.Fatal("Next returned no records")
		}
		if last := b.Records[len(b.Records)-1].Position; b.Next != last+1 {
			t.Fatalf("Next is %s behind record %s", b.Next, last)
		}
		for _, r := range b.Records {
			r.Data = bytes.Clone(r.Data)
			records = append(records, r)
		}
	}
	return records
}

// gapless checks that records are numbered one after the other.
func gapless(t testing.TB, records []spool.Record, first spool.Position, n int) {
	t.Helper()
	if len(records) != n {
		t.Fatalf("%d records, want %d", len(records), n)
	}
	for i, r := range records {
		if want := first + spool.Position(i); r.Position != want {
			t.Fatalf("record %d has position %s, want %s", i, r.Position, want)
		}
	}
}

func wantErr(t testing.TB, what string, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("%s: %v, want %v", what, err, kind)
	}
}

func testEmpty(t *testing.T, open Opener) {
	for range 2 { // an empty spool is empty when it is opened again
		s := mustOpen(t, open)
		if s.Durable() != 0 || s.Oldest() != 0 || len(s.Damage()) > 0 {
			t.Errorf("durable %s, oldest %s, damage %v", s.Durable(), s.Oldest(), s.Damage())
		}
		if got := scan(t, s, spool.Query{}); len(got) > 0 {
			t.Errorf("scan found %v", got)
		}
		mustClose(t, s)
	}
}

func testRoundTrip(t *testing.T, fresh func(testing.TB) Opener) {
	type given struct {
		Kind spool.Kind
		At   homing.Millis
		Data []byte
	}
	record := rapid.Custom(func(t *rapid.T) given {
		return given{
			Kind: spool.Kind(rapid.Uint8Range(1, uint8(spool.MaxKind)).Draw(t, "kind")),
			At:   homing.Millis(rapid.Int64().Draw(t, "at")),
			Data: rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "data"),
		}
	})
	rapid.Check(t, func(rt *rapid.T) {
		open := fresh(t)
		s := mustOpen(t, open)
		want := rapid.SliceOfN(record, 1, 20).Draw(rt, "records")
		for i, w := range want {
			if p, err := s.Append(w.Kind, w.At, w.Data); err != nil || p != spool.Position(i) {
				rt.Fatalf("record %d: position %s, %v", i, p, err)
			}
			if rapid.IntRange(0, 9).Draw(rt, "reopen") == 0 {
				mustClose(t, s)
				s = mustOpen(t, open)
			}
		}
		got := scan(t, s, spool.Query{})
		followed := follow(t, s, 0, len(want))
		if len(got) != len(want) || len(followed) != len(want) {
			rt.Fatalf("%d records appended, %d scanned, %d followed", len(want), len(got), len(followed))
		}
		for i, w := range want {
			for _, r := range []spool.Record{got[i], followed[i]} {
				if r.Position != spool.Position(i) || r.Kind != w.Kind || r.At != w.At || !bytes.Equal(r.Data, w.Data) {
					rt.Fatalf("record %d: got %+v, want %+v", i, r, w)
				}
			}
		}
		mustClose(t, s)
	})
}

func testReopen(t *testing.T, open Opener) {
	for round := range 5 {
		s := mustOpen(t, open)
		if want := spool.Position(10 * round); s.Durable() != want {
			t.Fatalf("opened at %s, want %s", s.Durable(), want)
		}
		fill(t, s, 10)
		gapless(t, scan(t, s, spool.Query{}), 0, 10*round+10)
		mustClose(t, s)
	}
}

func testInvalid(t *testing.T, open Opener) {
	s := mustOpen(t, open)
	defer mustClose(t, s)
	_, err := s.Append(0, at, nil)
	wantErr(t, "kind 0", err, homing.ErrInvalid)
	_, err = s.Append(spool.MaxKind+1, at, nil)
	wantErr(t, "kind too large", err, homing.ErrInvalid)
	_, err = s.Append(spool.KindClick, at, make([]byte, spool.MaxRecord+1))
	wantErr(t, "record too large", err, homing.ErrInvalid)
	wantErr(t, "Behind, record too large", s.Behind(spool.KindClick, at, make([]byte, spool.MaxRecord+1)), homing.ErrInvalid)

	mustAppend(t, s, spool.MaxKind, at, "")
	mustAppend(t, s, spool.KindClick, at, string(make([]byte, spool.MaxRecord)))
	got := scan(t, s, spool.Query{})
	gapless(t, got, 0, 2)
	if len(got[0].Data) != 0 || len(got[1].Data) != spool.MaxRecord {
		t.Errorf("records of %d and %d bytes", len(got[0].Data), len(got[1].Data))
	}
}

func testCopies(t *testing.T, open Opener) {
	s := mustOpen(t, open)
	defer mustClose(t, s)
	data := []byte("first")
	if err := s.Behind(spool.KindTally, at, data); err != nil {
		t.Fatal(err)
	}
	copy(data, "spoil")
	mustAppend(t, s, spool.KindClick, at, "second")
	if got := scan(t, s, spool.Query{}); string(got[0].Data) != "first" {
		t.Errorf("got %q", got[0].Data)
	}
}

func testBehind(t *testing.T, open Opener) {
	s := mustOpen(t, open)
	for i := range 50 {
		if err := s.Behind(spool.KindTally, at, []byte(numbered(spool.Position(i)))); err != nil {
			t.Fatal(err)
		}
	}
	gapless(t, follow(t, s, 0, 50), 0, 50)
	if err := s.Behind(spool.KindTally, at, []byte("the last one")); err != nil {
		t.Fatal(err)
	}
	mustClose(t, s) // makes it durable
	s = mustOpen(t, open)
	gapless(t, scan(t, s, spool.Query{}), 0, 51)
	mustClose(t, s)
}

func testFollowerWaits(t *testing.T, open Opener) {
	s := mustOpen(t, open)
	f, err := s.Follow(0)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	_, err = f.Next(ctx)
	cancel()
	wantErr(t, "Next with nothing to read", err, context.DeadlineExceeded)

	for i := range 100 {
		go s.Append(spool.KindClick, at, []byte("x"))
		b, err := f.Next(context.Background())
		if err != nil || b.Records[0].Position != spool.Position(i) || b.Next != spool.Position(i+1) {
			t.Fatalf("round %d: %+v, %v", i, b, err)
		}
	}
	waiting := make(chan error)
	go func() {
		_, err := f.Next(context.Background())
		waiting <- err
	}()
	mustClose(t, s)
	wantErr(t, "Next when the spool is closed", <-waiting, homing.ErrUnavailable)
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

func testFollowFrom(t *testing.T, open Opener) {
	s := mustOpen(t, open)
	const n = 60
	var wg sync.WaitGroup // several in one commit, so that positions lie within blocks
	for range n {
		wg.Go(func() { s.Append(spool.KindClick, at, make([]byte, 2000)) })
	}
	wg.Wait()
	for from := range spool.Position(n) {
		gapless(t, follow(t, s, from, n-int(from)), from, n-int(from))
		if got := scan(t, s, spool.Query{From: from}); len(got) != n-int(from) {
			t.Fatalf("scan from %s: %d records", from, len(got))
		}
	}
	mustClose(t, s)
}

func testScan(t *testing.T, open Opener) {
	s := mustOpen(t, open)
	defer mustClose(t, s)
	kinds := []spool.Kind{spool.KindClick, spool.KindPostback, spool.KindTally}
	const n = 300
	for i := range n {
		mustAppend(t, s, kinds[i%3], at+homing.Millis(i), string(make([]byte, 1000)))
	}
	cases := []struct {
		name string
		q    spool.Query
		fits func(i int) bool
	}{
		{"everything", spool.Query{}, func(int) bool { return true }},
		{"from", spool.Query{From: 123}, func(i int) bool { return i >= 123 }},
		{"from the end", spool.Query{From: n}, func(int) bool { return false }},
		{"since", spool.Query{Since: at + 200}, func(i int) bool { return i >= 200 }},
		{"until", spool.Query{Until: at + 100}, func(i int) bool { return i < 100 }},
		{"one moment", spool.Query{Since: at + 7, Until: at + 8}, func(i int) bool { return i == 7 }},
		{"kinds", spool.Query{Kinds: spool.SetOf(spool.KindTally, spool.KindClick)}, func(i int) bool { return i%3 != 1 }},
		{"all of it", spool.Query{From: 50, Since: at + 60, Until: at + 90, Kinds: spool.SetOf(spool.KindPostback)},
			func(i int) bool { return i >= 60 && i < 90 && i%3 == 1 }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var want, got []spool.Position
			for i := range n {
				if c.fits(i) {
					want = append(want, spool.Position(i))
				}
			}
			for _, r := range scan(t, s, c.q) {
				got = append(got, r.Position)
			}
			if !slices.Equal(got, want) {
				t.Errorf("got %v\nwant %v", got, want)
			}
		})
	}
	for range s.Scan(context.Background(), spool.Query{}) {
		break // may be left at any time
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, err := range s.Scan(ctx, spool.Query{}) {
		wantErr(t, "scan with a cancelled context", err, context.Canceled)
	}
}

func testTrim(t *testing.T, open Opener) {
	s := mustOpen(t, open)
	const n = 400
	for range n {
		mustAppend(t, s, spool.KindClick, at, homing.RandomText(2000)) // several files
	}
	if err := s.Trim(n / 2); err != nil {
		t.Fatal(err)
	}
	oldest := s.Oldest()
	if oldest == 0 || oldest > n/2 {
		t.Errorf("oldest is %s after Trim(%d)", oldest, n/2)
	}
	_, err := s.Follow(oldest - 1)
	wantErr(t, "following what was trimmed", err, homing.ErrNotFound)
	for range 2 {
		gapless(t, scan(t, s, spool.Query{}), oldest, n-int(oldest))
		gapless(t, follow(t, s, oldest, n-int(oldest)), oldest, n-int(oldest))
		mustClose(t, s)
		if s = mustOpen(t, open); s.Oldest() != oldest || s.Durable() != n {
			t.Errorf("opened from %s to %s, want %s to %d", s.Oldest(), s.Durable(), oldest, n)
		}
	}
	mustClose(t, s)
}

func testTrimEverything(t *testing.T, open Opener) {
	s := mustOpen(t, open)
	fill(t, s, 100)
	if err := s.Trim(1 << 60); err != nil {
		t.Fatal(err)
	}
	for range 3 { // positions go on, though nothing may be left
		mustClose(t, s)
		s = mustOpen(t, open)
		if s.Durable() != 100 || s.Oldest() > 100 {
			t.Fatalf("opened from %s to %s", s.Oldest(), s.Durable())
		}
		if err := s.Trim(1 << 60); err != nil {
			t.Fatal(err)
		}
	}
	fill(t, s, 1)
	got := scan(t, s, spool.Query{From: 100})
	gapless(t, got, 100, 1)
	mustClose(t, s)
}

func testVerify(t *testing.T, open Opener) {
	s := mustOpen(t, open)
	defer mustClose(t, s)
	fill(t, s, 200)
	var done, total int64
	if err := s.Verify(context.Background(), func(d, of int64) { done, total = d, of }); err != nil {
		t.Fatal(err)
	}
	if done != total || total == 0 {
		t.Errorf("progress ended at %d of %d", done, total)
	}
	if d := s.Damage(); len(d) > 0 {
		t.Errorf("damage in a sound spool: %+v", d)
	}
}

func testClose(t *testing.T, open Opener) {
	s := mustOpen(t, open)
	fill(t, s, 3)
	mustClose(t, s)
	_, err := s.Append(spool.KindClick, at, nil)
	wantErr(t, "Append", err, homing.ErrUnavailable)
	wantErr(t, "Behind", s.Behind(spool.KindClick, at, nil), homing.ErrUnavailable)
	_, err = s.Follow(0)
	wantErr(t, "Follow", err, homing.ErrUnavailable)
	wantErr(t, "Trim", s.Trim(2), homing.ErrUnavailable)
	for _, err := range s.Scan(context.Background(), spool.Query{}) {
		wantErr(t, "Scan", err, homing.ErrUnavailable)
	}
	wantErr(t, "Verify", s.Verify(context.Background(), nil), homing.ErrUnavailable)
}

// testManyAtOnce lets 64 writers, followers, scans and a trimmer loose.
func testManyAtOnce(t *testing.T, open Opener) {
	s := mustOpen(t, open)
	const writers, each = 64, 100
	var mu sync.Mutex
	stored := map[spool.Position]string{}
	var followers, others sync.WaitGroup
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for range 3 {
		followers.Go(func() {
			got := follow(t, s, 0, writers*each)
			gapless(t, got, 0, writers*each)
			mu.Lock()
			defer mu.Unlock()
			for _, r := range got {
				if want, ok := stored[r.Position]; ok && want != string(r.Data) {
					t.Errorf("position %s holds %q, was acknowledged as %q", r.Position, r.Data, want)
				}
			}
		})
	}
	stop := make(chan struct{})
	others.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			last := spool.Position(0)
			for r, err := range s.Scan(ctx, spool.Query{From: last, Kinds: spool.SetOf(spool.KindPostback)}) {
				if err != nil || r.Kind != spool.KindPostback || r.Position < last {
					t.Errorf("scan: %+v, %v", r, err)
					return
				}
				last = r.Position
			}
		}
	})
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				data := fmt.Sprintf("writer %d, record %d", w, i)
				p, err := s.Append(spool.Kind(1+i%3), at, []byte(data))
				if err != nil {
					t.Error(err)
					return
				}
				if s.Durable() <= p {
					t.Errorf("record %s acknowledged, durable is %s", p, s.Durable())
				}
				mu.Lock()
				if other, taken := stored[p]; taken {
					t.Errorf("position %s given to %q and %q", p, other, data)
				}
				stored[p] = data
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	followers.Wait()
	others.Go(func() {
		for p := range s.Durable() {
			if err := s.Trim(p); err != nil {
				t.Error(err)
			}
		}
	})
	close(stop)
	others.Wait()
	mustClose(t, s)
	s = mustOpen(t, open)
	if s.Durable() != writers*each {
		t.Errorf("durable is %s after reopening", s.Durable())
	}
	for _, r := range scan(t, s, spool.Query{}) {
		if stored[r.Position] != string(r.Data) {
			t.Errorf("position %s holds %q, was acknowledged as %q", r.Position, r.Data, stored[r.Position])
		}
	}
	mustClose(t, s)
}
