package simulate

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// note is a job that does nothing.
type note struct{ name string }

func (note) do(*worker, time.Time) {}

// TestTheAgendaIsAnOpenLoop: what is due goes out in order and on time; what
// nobody is free for goes out late with the moment it was due, and the rest is
// not put off by it.
func TestTheAgendaIsAnOpenLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, out, start := newAgenda(time.Now), make(chan appointment), time.Now()
		for name, at := range map[string]time.Duration{"third": 30, "first": 10, "second": 20} {
			a.add(start.Add(at*time.Millisecond), note{name})
		}
		go a.run(t.Context(), out)
		for i, want := range []string{"first", "second", "third"} {
			got := <-out
			due := time.Duration(10*(i+1)) * time.Millisecond
			if got.job.(note).name != want || got.due.Sub(start) != due {
				t.Errorf("%d: got %v due at %s", i, got.job, got.due.Sub(start))
			}
			switch i {
			case 0: // on time; then busy past the second's moment
				if now := time.Since(start); now != due {
					t.Errorf("the first came at %s", now)
				}
				a.add(start.Add(40*time.Millisecond), note{"fourth"})
				time.Sleep(15 * time.Millisecond)
			case 1:
				if now := time.Since(start); now != 25*time.Millisecond {
					t.Errorf("the second came at %s", now)
				}
			}
			a.done()
		}
		if got := <-out; got.job.(note).name != "fourth" {
			t.Errorf("got %v", got.job)
		}
		synctest.Wait()
		select {
		case <-out:
			t.Error("ended while a job was under way that could have planned another")
		default:
		}
		a.done()
		if _, more := <-out; more {
			t.Error("there was more")
		}
	})
}

func TestAClosedAgendaEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, out := newAgenda(time.Now), make(chan appointment)
		a.add(time.Now().Add(time.Hour), note{})
		time.AfterFunc(time.Second, a.close)
		start := time.Now()
		a.run(context.Background(), out)
		a.add(time.Now(), note{})
		if took := time.Since(start); took != time.Second || len(a.queue) != 0 {
			t.Errorf("ended after %s with %d left", took, len(a.queue))
		}
	})
}

func TestAHeldAgendaWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, out, start := newAgenda(time.Now), make(chan appointment), time.Now()
		a.hold()
		time.AfterFunc(time.Minute, a.done)
		a.run(context.Background(), out)
		if took := time.Since(start); took != time.Minute {
			t.Errorf("ended after %s", took)
		}
	})
}
