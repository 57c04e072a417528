package edge

import (
	"container/heap"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// crowded is a model of a processor and of connections that ask again as soon as
// they are answered. What they ask is looked at in the order in which it came.
type crowded struct {
	connections    int
	click, refusal time.Duration // of the processor
	commit         time.Duration // a click waits for it besides
	rest           time.Duration // before a connection asks again after a refusal

	served, refused [2][]time.Duration // how long the answers took: at first, and later
}

// event is a request or a letter, which wait for the processor.
type event struct {
	at     time.Duration
	letter bool
}

type agenda []event

func (a agenda) Len() int           { return len(a) }
func (a agenda) Less(i, j int) bool { return a[i].at < a[j].at }
func (a agenda) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(x any)        { *a = append(*a, x.(event)) }
func (a *agenda) Pop() any {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	return last
}

// run lets it run until a moment.
func (c *crowded) run(o *overload, first, until time.Duration) {
	var a agenda
	for i := range c.connections {
		heap.Push(&a, event{at: time.Duration(i) * 10 * time.Microsecond})
	}
	requests := uint32(0)
	r := rand.New(rand.NewPCG(1, 2))
	look, free := time.Duration(0), time.Duration(0)
	for {
		begun := until
		if len(a) > 0 {
			begun = max(free, a[0].at)
		}
		if look <= begun { // a step does not wait
			o.step(look, requests, c.connections)
			if o.letter.post(look) {
				heap.Push(&a, event{look, true})
			}
			if look += stepTime; look >= until {
				return
			}
			continue
		}
		e := heap.Pop(&a).(event)
		if e.letter {
			o.letter.arrived(begun)
			continue
		}
		list, again := &c.served, time.Duration(0)
		hold, ok := o.admit()
		if ok {
			free, hold = begun+c.click, c.commit
		} else {
			free, list, again = begun+c.refusal, &c.refused, c.rest
		}
		requests++
		part := 0
		if e.at > first {
			part = 1
		}
		list[part] = append(list[part], free+hold-e.at)
		if again > 0 {
			again += time.Duration(r.Int64N(int64(again)))
		}
		heap.Push(&a, event{at: free + hold + again})
	}
}

// share is the part of the processor that went into what was served.
func (c *crowded) share(seconds float64) float64 {
	return float64(len(c.served[1])) * c.click.Seconds() / seconds
}

func quantileOf(all []time.Duration, q float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[int(q*float64(len(all)-1))]
}

// TestOverload: what a crowd gets from one processor, once it has settled. The
// costs are those that were measured.
func TestOverload(t *testing.T) {
	const from, until = 2 * time.Second, 6 * time.Second
	for _, c := range []struct {
		name            string
		crowd           crowded
		least           float64 // of what could be served
		served, refused time.Duration
	}{
		{"few", crowded{connections: 100}, 0.3, 20 * time.Millisecond, 0},
		{"few, and another has the processor", crowded{connections: 100, click: 500 * time.Microsecond}, 0.98, 70 * time.Millisecond, 0},
		{"as many as can be served soon", crowded{connections: 600}, 0.99, 30 * time.Millisecond, 0},
		{"more, who heed Retry-After", crowded{connections: 1280, rest: time.Second}, 0.95, 40 * time.Millisecond, 50 * time.Millisecond},
		{"many, who heed Retry-After", crowded{connections: 4000, rest: time.Second}, 0.9, 50 * time.Millisecond, 50 * time.Millisecond},
		{"on half the processor", crowded{connections: 1280, rest: time.Second, click: 64 * time.Microsecond, refusal: 52 * time.Microsecond}, 0.9, 50 * time.Millisecond, 50 * time.Millisecond},
		{"a few more, who ask again at once", crowded{connections: 1024}, 0.65, 50 * time.Millisecond, 150 * time.Millisecond},
		{"many, who ask again at once", crowded{connections: 4000}, 0.5, 70 * time.Millisecond, latest + 100*time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.crowd.click == 0 {
				c.crowd.click = 32 * time.Microsecond
			}
			if c.crowd.refusal == 0 {
				c.crowd.refusal = 26 * time.Microsecond
			}
			c.crowd.commit = 8 * time.Millisecond
			c.crowd.run(&overload{}, from, until)
			share, served, refused := c.crowd.share((until - from).Seconds()), quantileOf(c.crowd.served[1], 0.99), quantileOf(c.crowd.refused[1], 0.99)
			t.Logf("%.0f %% served, p99 %s; %d refused, p99 %s", share*100, served, len(c.crowd.refused[1]), refused)
			if share < c.least {
				t.Errorf("%.0f %% of what is possible is served, want %.0f %%", share*100, c.least*100)
			}
			if served > c.served {
				t.Errorf("p99 of what is served is %s, want at most %s", served, c.served)
			}
			if refused > c.refused {
				t.Errorf("p99 of refusals is %s, want at most %s", refused, c.refused)
			}
		})
	}
}

// TestOverloadEnds: after the crowd has gone nobody is refused any more.
func TestOverloadEnds(t *testing.T) {
	c := crowded{connections: 4000, click: 32 * time.Microsecond, refusal: 26 * time.Microsecond, rest: time.Second}
	o := &overload{}
	c.run(o, 0, 2*time.Second)
	if !o.refusing.Load() {
		t.Fatal("nobody is refused in an overload")
	}
	o.letter.arrived(2 * time.Second)
	for now := 2 * time.Second; now < 4*time.Second; now += stepTime {
		o.letter.post(now)
		o.letter.arrived(now + time.Millisecond)
		o.step(now+time.Millisecond, o.requests+1, 50)
		o.admit()
	}
	if o.refusing.Load() {
		t.Error("it is still refusing two seconds after the overload")
	}
}

// TestARefusalIsHeldBack: it is 503 with Retry-After, counted, and not given at
// once.
func TestARefusalIsHeldBack(t *testing.T) {
	h := newHouse(t, nil).open()
	h.overload.left.Store(0)
	h.overload.hold.Store(int64(answerBy))
	h.overload.refusing.Store(true)
	for door, request := range map[string]string{"click": "/c/slugA", "postback": action + h.fresh()} {
		h.overload.left.Store(0)
		h.overload.hold.Store(int64(answerBy))
		began := time.Now()
		a := h.get(request, false)
		if a.status != 503 || a.headers["retry-after"] != "1" || a.body != `{"error":{"msg":"temporarily unavailable"}}` {
			t.Errorf("%s: %+v", door, a)
		}
		if took := time.Since(began); took < answerBy/2 {
			t.Errorf("%s: refused after %s", door, took)
		}
		var out strings.Builder
		h.Metrics().WritePrometheus(&out)
		if want := `homing_unavailable_total{door="` + door + `",cause="processor"} 1`; !strings.Contains(out.String(), want) {
			t.Errorf("no %s", want)
		}
	}
	if a := h.get("/healthz", false); a.status != 200 {
		t.Errorf("health is refused in an overload: %+v", a)
	}
}
