package notice

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"homing"
	"homing/internal/engine/ledger"
)

// phase is what is told of a notice.
type phase string

const (
	begins  phase = "begun"
	ends    phase = "over"
	remains phase = "stands" // in a digest
)

// item is a notice in a message.
type item struct {
	phase phase
	ledger.Notice
	digest homing.Millis // of remains: each digest may name it again
	// overWords say how it ended; "" = as usual.
	overWords string
}

// key tells items apart, so that none is handed to a destination twice.
func (i *item) key() string {
	return fmt.Sprintf("%s %s %s %d %d", i.phase, i.Kind, i.Object, i.Since, i.digest)
}

// tell hands what has begun and what is over to the outbox, in one message to
// each destination.
func (w *Watch) tell(ctx context.Context, now homing.Millis, begun []ledger.Notice, over []item) {
	var items []item
	for _, n := range begun {
		items = append(items, item{phase: begins, Notice: n})
	}
	items = append(items, over...)
	if len(items) == 0 {
		return
	}
	parties := []party{operatorsParty}
	for _, i := range items {
		if info, _ := infoOf(Kind(i.Kind)); info.Advertisers && i.Account != 0 && !slices.Contains(parties, party(i.Account)) {
			parties = append(parties, party(i.Account))
		}
	}
	for _, p := range parties {
		w.tellParty(ctx, p, now, items)
	}
	w.told(ctx, begun, now)
}

// tellParty sends a party what of the items is its own, and is not switched off.
func (w *Watch) tellParty(ctx context.Context, p party, now homing.Millis, items []item) {
	wishes := w.wishes(p)
	own := slices.DeleteFunc(slices.Clone(items), func(i item) bool {
		return !concerns(p, Kind(i.Kind), i.Account) || off(&wishes, Kind(i.Kind))
	})
	if own = distinct(own); len(own) == 0 {
		return
	}
	for _, d := range w.destinations(p) {
		w.handOver(ctx, d, now, own)
	}
}

// distinct leaves out a second notice of the same thing: of a key, a week and a day
// before its end, when both are told at once.
func distinct(items []item) (list []item) {
	said := map[string]bool{}
	for _, i := range items {
		thing, _, _ := strings.Cut(i.Object, lastCall)
		if what := string(i.phase) + i.Kind + " " + thing; !said[what] {
			said[what] = true
			list = append(list, i)
		}
	}
	return list
}

// digestAfter is how long something must have stood since it was told to be in a
// digest, and how far digests lie apart.
const digestAfter homing.Millis = 24 * 60 * 60 * 1000

// tellDigests reminds every party of what has stood for a day, once a day.
func (w *Watch) tellDigests(ctx context.Context, now homing.Millis) {
	items := map[party][]item{}
	w.mu.Lock()
	for _, s := range w.stands {
		if s.Told == 0 || s.gone != 0 {
			continue
		}
		for _, p := range []party{operatorsParty, party(s.Account)} {
			if concerns(p, Kind(s.Kind), s.Account) && (p == operatorsParty || s.Account != 0) {
				items[p] = append(items[p], item{phase: remains, Notice: s.Notice, digest: now})
			}
			if s.Account == 0 {
				break // both are the operators
			}
		}
	}
	last := map[party]homing.Millis{}
	for p := range items {
		last[p] = w.digest[p]
	}
	w.mu.Unlock()
	for p, list := range items {
		wishes := w.wishes(p)
		list = slices.DeleteFunc(list, func(i item) bool { return off(&wishes, Kind(i.Kind)) })
		old := slices.ContainsFunc(list, func(i item) bool { return now-i.Told >= digestAfter })
		if !old || now-last[p] < digestAfter {
			continue
		}
		slices.SortFunc(list, func(a, b item) int {
			return cmp.Or(cmp.Compare(a.Since, b.Since), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Object, b.Object))
		})
		list = distinct(list)
		w.digestTo(ctx, p, now, list)
	}
}

func (w *Watch) digestTo(ctx context.Context, p party, now homing.Millis, list []item) {
	w.mu.Lock()
	w.digest[p] = now
	w.mu.Unlock()
	for _, d := range w.destinations(p) {
		w.handOver(ctx, d, now, list)
	}
	object := "operators"
	if p != operatorsParty {
		object = "account " + homing.AccountID(p).String()
	}
	w.keep(ctx, ledger.Notice{Kind: digestRow, Object: object, Account: homing.AccountID(p), Since: now, Told: now})
}
