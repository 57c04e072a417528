package overview

import (
	"cmp"
	"net/url"
	"slices"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/flow/journal"
)

// refusal is why calls were refused, and how many.
type refusal struct {
	Title, Fix, Path string
	Count            uint64
	Last             homing.Millis
}

const (
	recently      homing.Millis = 24 * 60 * 60 * 1000
	mostRefusals                = 20_000
	shownRefusals               = 6
)

// refusals groups what was refused in the last day by its reason, the most
// frequent first. more is how many reasons are not shown.
func refusals(v *page.Visit) (list []refusal, more int) {
	filter := journal.Filter{Outcome: homing.Refused, Since: v.Now - recently}
	if v.Account != nil {
		filter.Account = v.Account.ID
	}
	found := map[homing.Reason]*refusal{}
	for _, e := range v.Rooms.Journal.Recent(filter, mostRefusals) {
		if a := v.View.Account(e.Account); a != nil && a.Demo && filter.Account == 0 {
			continue // made up, as the figures beside leave it out
		}
		r := found[e.Verdict.Reason]
		if r == nil {
			info := e.Verdict.Reason.Info()
			r = &refusal{Title: info.Title, Fix: info.Fix, Path: refusalsPath(v, info.Code)}
			found[e.Verdict.Reason] = r
		}
		r.Count += e.Count
		r.Last = max(r.Last, e.At)
	}
	for _, r := range found {
		list = append(list, *r)
	}
	slices.SortFunc(list, func(a, b refusal) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Title, b.Title))
	})
	shown := list[:min(len(list), shownRefusals)]
	return shown, len(list) - len(shown)
}

func refusalsPath(v *page.Visit, reason string) string {
	q := url.Values{"outcome": {"refused"}}
	if reason != "" {
		q.Set("reason", reason)
	}
	if v.Account != nil && v.Who.Operator() {
		q.Set("account", v.Account.ID.String())
	}
	return "/postbacks?" + q.Encode()
}
