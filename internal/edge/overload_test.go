package edge

import (
	"container/heap"
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
		heap.Push(&a, event{at: time.Duration(i)*10*time.Microsecond})
	}
	requests := uint32(0)
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
		heap.Push(&a, event{at: free + hold + again})
	}
}
