package tracking

import (
	"cmp"
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/flow/catalog"
)

// sendersBox is the form of the permitted sender addresses.
type sendersBox struct {
	Path string
	Form *page.Form
	On   bool // some are permitted, all others refused
	// Networks are those, for who may only read.
	Networks []string
	// Recent are where good calls came from in the last 24 hours.
	Recent []sender
	// Outside are those of them that would be refused. Then it takes a further
	// word to save.
	Outside []sender
	Refused uint64 // calls that were, in the last 24 hours
	LogPath string
}

// sender is a network that calls came from, as far as it is kept.
type sender struct {
	Network netip.Prefix
	Calls   uint64
	// Partly: a part of the network is permitted, and which part a call came from
	// is not kept.
	Partly bool
}

func (b *sendersBox) complete(v *page.Visit, c *choice, d *day) {
	b.Path = c.with(page.AdvertiserPath(v.Account.ID) + "/senders#senders")
	b.On, b.Networks = len(v.Account.Senders) > 0, catalog.SenderTexts(v.Account.Senders)
	if b.Form == nil {
		b.Form = page.NewForm("senders", strings.Join(b.Networks, "\n"))
	}
	b.Recent = recentSenders(d)
	b.Refused = d.reasons[homing.ReasonSender]
	b.LogPath = logPath(v, "reason", homing.ReasonSender.String())
}

// mostSenders is how many are shown; the busiest come first.
const mostSenders = 20

func recentSenders(d *day) (list []sender) {
	for network, calls := range d.senders {
		list = append(list, sender{Network: network, Calls: calls})
	}
	slices.SortFunc(list, func(a, b sender) int {
		return cmp.Or(cmp.Compare(b.Calls, a.Calls), a.Network.Addr().Compare(b.Network.Addr()))
	})
	return list[:min(len(list), mostSenders)]
}

// setSenders saves the networks. If good calls of the last day came from
// elsewhere, it shows them first, and saves when that is confirmed.
func setSenders(v *page.Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	networks, err := catalog.ParseSenders(strings.FieldsFunc(f.Get("senders"), func(r rune) bool { return r == '\n' || r == '\r' || r == ',' }))
	f.Fail("senders", err)
	if f.Bad() {
		return renderTracking(v, http.StatusUnprocessableEntity, trackingPage{Senders: sendersBox{Form: f}})
	}
	if outside := outsideOf(recentSenders(dayOf(v)), networks); len(outside) > 0 && !f.On("sure") {
		return renderTracking(v, http.StatusUnprocessableEntity, trackingPage{Senders: sendersBox{Form: f, Outside: outside}})
	}
	_, err = v.Rooms.Catalog.UpdateAccount(v.R.Context(), v.Who.Actor(), v.Account.ID, func(a *homing.Account) { a.Senders = networks })
	if errors.Is(err, homing.ErrInvalid) {
		f.Fail("senders", err)
		return renderTracking(v, http.StatusUnprocessableEntity, trackingPage{Senders: sendersBox{Form: f}})
	} else if err != nil {
		return err
	}
	return v.See(choiceOf(v).to("done", "senders") + "#senders")
}

// outsideOf lists the senders that the networks do not take in whole.
func outsideOf(recent []sender, networks []netip.Prefix) (list []sender) {
	if len(networks) == 0 {
		return nil // from everywhere
	}
	for _, s := range recent {
		inside := false
		for _, n := range networks {
			if n.Bits() <= s.Network.Bits() && n.Contains(s.Network.Addr()) {
				inside = true
			}
			s.Partly = s.Partly || n.Overlaps(s.Network)
		}
		if !inside {
			list = append(list, s)
		}
	}
	return list
}
