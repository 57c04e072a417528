package clickhouse_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/clickhouse"
	"homing/internal/engine/warehouse/clickhouse/chtest"
	"homing/internal/engine/warehouse/warehousetest"
)

// edge is a node's own warehouse, behind a proxy that can hold its writes.
type edge struct {
	*clickhouse.Warehouse
	number int

	mu   sync.Mutex
	held map[string]*hold // guarded by mu: by the table that is written
}

// hold is a write that is held.
type hold struct{ come, release chan struct{} }

func newEdge(t *testing.T, on servers, database string, number int) *edge {
	t.Helper()
	e := &edge{number: number, held: map[string]*hold{}}
	proxy := chtest.NewProxy(t, on.URL(database), func(sql string) chtest.Fate {
		table, _, _ := strings.Cut(strings.TrimPrefix(sql, "INSERT INTO "), " ")
		e.mu.Lock()
		h := e.held[table]
		delete(e.held, table)
		e.mu.Unlock()
		if h != nil {
			close(h.come)
			<-h.release
		}
		return chtest.Pass
	})
	e.Warehouse = openDatabase(t, proxy, "")
	t.Cleanup(func() { must(t, e.Close()) })
	return e
}

// holdBefore holds the next write of a table, once.
func (e *edge) holdBefore(table string) *hold {
	h := &hold{make(chan struct{}), make(chan struct{})}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.held[table] = h
	return h
}

// click is one of a visitor whom nobody knows, at the edge.
func (e *edge) click(n int, visitor uint64, later homing.Millis) warehouse.Click {
	c := warehousetest.Click(n, noon+later)
	c.Node, c.Visitor = homing.NodeID(e.number), visitor
	return c
}

// loads loads clicks behind all that the edge has loaded.
func (e *edge) loads(t *testing.T, list ...warehouse.Click) error {
	source := fmt.Sprintf("spool/%d", e.number)
	mark, err := e.Mark(t.Context(), source)
	if err != nil {
		return err
	}
	return e.Load(t.Context(), &warehouse.Batch{Source: source, First: mark.Next, Next: mark.Next + 1, Clicks: list})
}

// uniques counts unique clicks as reports, lists and single clicks tell them.
func uniques(t *testing.T, w *clickhouse.Warehouse, of []warehouse.Click) [3]int {
	t.Helper()
	a, err := w.Ask(t.Context(), &warehouse.Query{From: noon - 1000, Until: noon + 3_600_000, Measures: warehouse.SetOf(warehouse.UniqueClicks)})
	must(t, err)
	told := [3]int{int(a.Rows[0].Measures[warehouse.UniqueClicks])}
	for c, err := range w.Clicks(t.Context(), &warehouse.List{From: noon - 1000, Until: noon + 3_600_000}) {
		must(t, err)
		if c.Unique {
			told[1]++
		}
	}
	for _, want := range of {
		c, err := w.Click(t.Context(), want.Origin)
		must(t, err)
		if c.Unique {
			told[2]++
		}
		if c.Visitor, c.Unique = want.Visitor, false; fmt.Sprintf("%+v", c) != fmt.Sprintf("%+v", want) {
			t.Errorf("the click is\n%+v, and was\n%+v", c, want)
		}
	}
	return told
}

// TestAVisitorOfTwoEdgesAtOnce: both edges have looked, and found nobody, before
// either has written. Whatever comes first then, and whichever click is the earlier
// one, the visitor counts once.
func TestAVisitorOfTwoEdgesAtOnce(t *testing.T) {
	engine := chtest.StartEngine(t)
	for _, later := range []homing.Millis{-7, 7} {
		for _, order := range []string{"the first writes all before the second", "the second's click before the first's", "at the same time"} {
			t.Run(fmt.Sprintf("%s, %d", order, later), func(t *testing.T) {
				database := newDatabase()
				one, two := newEdge(t, engine, database, 1), newEdge(t, engine, database, 2)
				must(t, one.loads(t)) // tables are there
				a, b := one.click(1, 7, 0), two.click(2, 7, later)
				whole := func(e *edge, c warehouse.Click) chan error {
					done := make(chan error, 1)
					go func() { done <- e.loads(t, c) }()
					return done
				}
				holdOne, holdTwo := one.holdBefore("visitors"), two.holdBefore("visitors")
				doneOne, doneTwo := whole(one, a), whole(two, b)
				<-holdOne.come
				<-holdTwo.come
				switch order {
				case "the first writes all before the second":
					close(holdOne.release)
					must(t, <-doneOne)
					close(holdTwo.release)
				case "the second's click before the first's":
					click := one.holdBefore("clicks")
					close(holdOne.release)
					<-click.come
					close(holdTwo.release)
					must(t, <-doneTwo)
					doneTwo <- nil
					close(click.release)
					must(t, <-doneOne)
				default:
					close(holdOne.release)
					close(holdTwo.release)
					must(t, <-doneOne)
				}
				must(t, <-doneTwo)
				if got := uniques(t, one.Warehouse, []warehouse.Click{a, b}); got != [3]int{1, 1, 1} {
					t.Errorf("unique by a report, a list, and one by one: %v", got)
				}
				must(t, two.loads(t, two.click(3, 7, 2000)))
				if got := uniques(t, two.Warehouse, nil); got != [3]int{1, 1, 0} {
					t.Errorf("after one click more: %v", got)
				}
			})
		}
	}
}

// TestManyVisitorsOfTwoEdgesAtOnce, in batches that fail now and then and are loaded
// again: everybody counts once.
func TestManyVisitorsOfTwoEdgesAtOnce(t *testing.T) {
	manyVisitors(t, chtest.StartEngine(t), 6)
}

func manyVisitors(t *testing.T, on servers, batches int) {
	database := newDatabase()
	const each = 50
	var wait sync.WaitGroup
	begin := make(chan struct{})
	edges := []*clickhouse.Warehouse{openDatabase(t, on, database), openDatabase(t, on, database)}
	for number, w := range edges {
		e := &edge{Warehouse: w, number: number + 1}
		must(t, e.loads(t))
		wait.Go(func() {
			<-begin
			for n := range batches {
				var list []warehouse.Click
				for v := range each {
					list = append(list, e.click(n*each+v, uint64(1+n*each+v), homing.Millis((v*7+number*3)%11)))
				}
				for {
					err := e.loads(t, list...)
					if err == nil {
						break
					}
					if !errors.Is(err, homing.ErrUnavailable) {
						t.Error(err)
						return
					}
					time.Sleep(50 * time.Millisecond)
				}
			}
		})
	}
	close(begin)
	wait.Wait()
	for _, w := range edges {
		if got := uniques(t, w, nil); got[0] != batches*each || got[1] != batches*each {
			t.Errorf("%v unique clicks of %d visitors", got[:2], batches*each)
		}
		must(t, w.Close())
	}
}

// TestAContestAndAnErasure: what is put right for a visitor does not bring back what
// was erased meanwhile.
func TestAContestAndAnErasure(t *testing.T) {
	engine := chtest.StartEngine(t)
	database := newDatabase()
	one, two := newEdge(t, engine, database, 1), newEdge(t, engine, database, 2)
	must(t, one.loads(t))
	a, b := one.click(1, 7, 5), two.click(2, 7, 0) // b is the earlier one, and a is put right
	looked := two.holdBefore("visitors")
	done := make(chan error, 1)
	go func() { done <- two.loads(t, b) }()
	<-looked.come
	must(t, one.loads(t, a))
	// b's write, and what follows up to a's being written once more.
	written := two.holdBefore("clicks")
	close(looked.release)
	<-written.come
	again := two.holdBefore("clicks")
	close(written.release)
	<-again.come
	must(t, one.Erase(t.Context(), warehouse.Erasure{Click: a.Origin}))
	close(again.release)
	if err := <-done; !errors.Is(err, homing.ErrUnavailable) {
		t.Fatalf("the batch ended with %v", err)
	}
	must(t, two.loads(t, b))
	for c, err := range one.Clicks(t.Context(), &warehouse.List{From: noon - 1000, Until: noon + 1000}) {
		must(t, err)
		if isA := c.Origin == a.Origin; isA != (c.Addr == "") || c.Unique == isA {
			t.Errorf("listed: %+v", c)
		}
	}
	c, err := one.Click(t.Context(), a.Origin)
	if err != nil || c.Addr != "" || c.Unique {
		t.Errorf("alone: %+v, %v", c, err)
	}
}
