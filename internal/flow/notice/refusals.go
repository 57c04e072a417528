package notice

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/flow/journal"
)

const (
	// refusalsWithin is the time of which calls are looked at.
	refusalsWithin homing.Millis = 60 * 60 * 1000
	// So many calls must have come, and more than so many in a hundred must have
	// been refused; what stands stays down to a lower share, of fewer calls.
	leastCalls, refusedShare   = 20, 20
	stayingCalls, stayingShare = 5, 10
)

// refusals looks at the newest calls, in memory. A busy installation's memory
// holds less than an hour: then it is of that time, which does for a share. Calls
// that name no advertiser are all refused and come from anybody, so nobody is told
// of them.
func (w *Watch) refusals() *source {
	if w.o.Calls == nil {
		return nil
	}
	return &source{name: "refusals", kinds: []Kind{Refusals}, look: w.lookForRefusals}
}

// heard is what one account's calls came to.
type heard struct {
	calls, refused uint64
	byReason       map[homing.Reason]uint64
}

func (w *Watch) lookForRefusals(_ context.Context, now homing.Millis, stands []ledger.Notice) (list []Trouble, err error) {
	accounts := map[homing.AccountID]*heard{}
	w.o.Calls.Survey(journal.Filter{Since: now - refusalsWithin}, func(e *journal.Entry) {
		if e.Account == 0 || e.Verdict.Flags.Has(homing.FlagTest) || e.Verdict.Flags.Has(homing.FlagReplayed) {
			return
		}
		h := accounts[e.Account]
		if h == nil {
			h = &heard{byReason: map[homing.Reason]uint64{}}
			accounts[e.Account] = h
		}
		h.calls += e.Count
		if e.Verdict.Outcome == homing.Refused {
			h.refused += e.Count
			h.byReason[e.Verdict.Reason] += e.Count
		}
	})
	for id, h := range accounts {
		a := w.o.View().Account(id)
		if a == nil || a.Erased || a.Demo {
			continue
		}
		object := "account " + id.String()
		calls, share := uint64(leastCalls), uint64(refusedShare)
		if slices.ContainsFunc(stands, func(n ledger.Notice) bool { return n.Object == object }) {
			calls, share = stayingCalls, stayingShare
		}
		if h.calls >= calls && h.refused*100 > share*h.calls {
			list = append(list, h.trouble(a, object))
		}
	}
	return list, nil
}

func (h *heard) trouble(a *homing.Account, object string) Trouble {
	var most homing.Reason
	for r, n := range h.byReason {
		if n > h.byReason[most] || n == h.byReason[most] && cmp.Less(r, most) {
			most = r
		}
	}
	info := most.Info()
	t := Trouble{Kind: Refusals, Object: object, Account: a.ID}
	t.Title = fmt.Sprintf("Many calls from %s are refused", nameOf(a.Name))
	t.Text = fmt.Sprintf("Of %s calls in the last hour %s were refused (%d %%), most of them (%s) for this: %s %s",
		grouped(int64(h.calls)), grouped(int64(h.refused)), h.refused*100/h.calls, grouped(int64(h.byReason[most])), info.Title, info.Cause)
	t.Fix = info.Fix
	t.Path = "/postbacks?account=" + a.ID.String() + "&outcome=refused&reason=" + info.Code
	return t
}
