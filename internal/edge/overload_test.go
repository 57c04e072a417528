package edge

import (
	"container/heap"
	"testing"
	"time"
)

// crowdOf is a model of a processor and of connections that ask without pause:
// what they ask is looked at in the order in which it came.
type crowdOf struct {
	connections     int
	click, refusal  time.Duration // processor
	commit          time.Duration // a click waits for it, without the processor
	rest            time.Duration // a connection does after a refusal, before it asks again
	nothingIsGuard  bool          // nobody is refused
	now, busy, span time.Duration
	served, refused []time.Duration // how long the answers took, after the first second
	bySecond        []int
}

type event struct {
	at   time.Duration
	kind int // 0 request, 1 letter, 2 step
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

func (c *crowdOf) run(o *overload, span time.Duration) {
	var a agenda
	var requests uint32
	for i := range c.connections {
		heap.Push(&a, event{time.Duration(i) * 10 * time.Microsecond, 0})
	}
	heap.Push(&a, event{0, 2})
	c.bySecond = make([]int, span/time.Second+1)
	for free := time.Duration(0); ; {
		e := heap.Pop(&a).(event)
		if e.at > span {
			return
		}
		if e.kind == 2 { // its timer goes first
			o.step(e.at, requests, c.connections)
			heap.Push(&a, event{e.at + stepTime, 2})
			if o.letter.post(e.at) {
				heap.Push(&a, event{e.at, 1})
			}
			continue
		}
		if free > e.at && e.at >= 0 { // waits; what came is looked at in order
			// An event that has to wait goes back with the moment at which it is
			// looked at, so that steps in between are done before.
		}
		begin := max(free, e.at)
		for len(a) > 0 && a[0].kind == 2 && a[0].at <= begin {
			s := heap.Pop(&a).(event)
			o.step(s.at, requests, c.connections)
			heap.Push(&a, event{s.at + stepTime, 2})
			if o.letter.post(s.at) {
				heap.Push(&a, event{s.at, 1})
			}
		}
		if e.kind == 1 {
			o.letter.arrived(begin)
			continue
		}
		requests++
		hold, ok := time.Duration(0), true
		if !c.nothingIsGuard {
			hold, ok = o.admit()
		}
		if ok {
			free = begin + c.click
			done := free + c.commit
			if e.at > time.Second {
				c.served = append(c.served, done-e.at)
			}
			if done < span {
				c.bySecond[done/time.Second]++
			}
			heap.Push(&a, event{done + 100*time.Microsecond, 0})
		} else {
			free = begin + c.refusal
			done := free + hold
			if e.at > time.Second {
				c.refused = append(c.refused, done-e.at)
			}
			heap.Push(&a, event{done + c.rest + 100*time.Microsecond, 0})
		}
	}
}
