package postbacks_test

import (
	"testing"
	"time"

	"homing"
)

// Memory is of a day; the warehouse knows what was similar to an older call.
func TestCallsSimilarToAnOlderOne(t *testing.T) {
	h := newHouse(t)
	h.Operator()
	c := h.Campaign(h.Account("Northwind").ID, "Spring")
	h.Pass(40 * day)
	op := h.Operator() // sessions end meanwhile
	long := refuse(h, c, homing.ReasonKeyWrong, addr("203.0.113.9"))
	h.Pass(time.Minute)
	alike := refuse(h, c, homing.ReasonKeyWrong, addr("203.0.113.200"))
	refuse(h, c, homing.ReasonKeyWrong, addr("198.51.100.1"))
	refuse(h, c, homing.ReasonValueComma, addr("203.0.113.9"))
	settle(h, c)
	op.Get("/postbacks/"+long.String()).Want(200).Has("1 other call of the last 24 hours", "/postbacks/"+alike.String(), "from=24h")
	h.Pass(9 * day)
	h.Forget()
	op = h.Operator()
	path := op.Get("/postbacks/"+long.String()).Want(200).Has("1 other call around that day", "/postbacks/"+alike.String(), "from=2026-04-10&amp;").Lacks("from=24h")
	path.Lacks(`href="/postbacks/` + long.String() + `">`)
	op.Get("/postbacks?from=2026-04-10&reason=key_wrong&sender=203.0.113.0&to=2026-04-12").Want(200).Has(long.String(), alike.String())
}
