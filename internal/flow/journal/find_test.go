package journal_test

import (
	"errors"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/spool"
	"homing/internal/flow/journal"
)

// Every entry is found by its request alone, wherever it is; old ones, too, and
// without a walk through all that came before.
func TestEntriesAreFoundByTheirRequest(t *testing.T) {
	s := open(t)
	var all []*homing.Postback
	for i := range 60 {
		s.now += 60_000
		switch i % 3 {
		case 0:
			all = append(all, s.counted(1))
		case 1:
			all = append(all, s.duplicate(1))
		default:
			all = append(all, s.refused(1))
		}
	}
	if _, err := s.spool.Append(spool.KindClick, s.now, []byte("click")); err != nil { // what went behind is durable now
		t.Fatal(err)
	}
	for _, p := range all {
		if e, ok := s.Remembered(p.Request); !ok || e.Request != p.Request {
			t.Errorf("%s is not remembered", p.Request)
		}
	}
	s.now += homing.Millis(48 * time.Hour / time.Millisecond)
	s.close()
	s.reopen()
	for _, p := range all {
		if _, ok := s.Remembered(p.Request); ok {
			t.Fatal("the memory is not empty")
		}
		e, err := s.Find(t.Context(), nil, p.Request)
		if err != nil || e.Request != p.Request || e.Verdict.Outcome != p.Verdict.Outcome {
			t.Errorf("%s (%s): %+v, %v", p.Request, p.Verdict.Outcome, e, err)
		}
	}
	for _, id := range []homing.RequestID{{}, {1}, homing.NewRequestID(all[0].At, 1, 999), homing.NewRequestID(1<<47, 1, 1)} {
		if _, err := s.Find(t.Context(), nil, id); !errors.Is(err, homing.ErrNotFound) {
			t.Errorf("%s: %v", id, err)
		}
	}
}

func TestAWatcherWhoIsTooSlowIsToldHowManyItMissed(t *testing.T) {
	s := open(t)
	w := s.Watch(journal.Filter{Also: func(e *journal.Entry) bool { return e.Account == 2 }})
	defer w.Close()
	for range 1500 {
		s.Counted(s.postback(2, homing.Counted, homing.ReasonCounted))
		s.Counted(s.postback(1, homing.Counted, homing.ReasonCounted))
	}
	if missed := w.Missed(); missed != 1500-1024 {
		t.Errorf("missed %d", missed)
	}
	if w.Missed() != 0 {
		t.Error("they are told twice")
	}
	if e := <-w.C; e.Account != 2 {
		t.Errorf("told of account %d", e.Account)
	}
}
