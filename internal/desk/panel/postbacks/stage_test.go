package postbacks_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/desk/panel/door"
	"homing/internal/desk/panel/page"
	"homing/internal/desk/panel/paneltest"
	"homing/internal/desk/panel/postbacks"
	"homing/internal/flow/journal"
)

// newHouse is a house with the postback log.
func newHouse(t *testing.T) *paneltest.House {
	return paneltest.New(t, func(h *paneltest.House) []page.Screen {
		return []page.Screen{door.New(), postbacks.New(postbacks.Options{Court: h.Court})}
	})
}

// refuse logs a call for a fresh click of a campaign that was refused.
func refuse(h *paneltest.House, c homing.Campaign, reason homing.Reason, change func(*homing.Postback)) homing.RequestID {
	return h.Call(c, func(p *homing.Postback) {
		p.Verdict = homing.Verdict{Outcome: homing.Refused, Reason: reason}
		p.Value = homing.Value{}
		if change != nil {
			change(p)
		}
	})
}

// settle makes everything so far durable and loaded.
func settle(h *paneltest.House, c homing.Campaign) {
	h.Click(c, nil) // what went behind is durable when this is
	h.Load()
}

func last(h *paneltest.House) journal.Entry { return h.Journal.Recent(journal.Filter{}, 1)[0] }

// rows are the requests that a page lists, in order.
func rows(a paneltest.Answer) (ids []string) {
	for _, part := range strings.Split(a.Text, `<tr id="r-`)[1:] {
		ids = append(ids, part[:24])
	}
	return ids
}

func wantRows(t *testing.T, what string, a paneltest.Answer, want ...homing.RequestID) {
	t.Helper()
	var ids []string
	for _, id := range want {
		ids = append(ids, id.String())
	}
	if got := rows(a.Want(200)); fmt.Sprint(got) != fmt.Sprint(ids) {
		t.Errorf("%s lists\n%v, want\n%v", what, got, ids)
	}
}

func addr(text string) func(*homing.Postback) {
	return func(p *homing.Postback) { p.Addr = netip.MustParseAddr(text) }
}

const day = 24 * time.Hour
