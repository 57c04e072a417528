package tracking

import (
	"net/netip"
	"strings"
	"time"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/flow/journal"
)

// day is what the log's memory holds of an advertiser's last 24 hours.
type day struct {
	// since is from when on it is complete; midnight when today began, for the
	// reader.
	since, midnight homing.Millis
	outcomes        map[homing.Outcome]uint64
	reasons         map[homing.Reason]uint64 // of refusals
	lastGood        homing.Millis
	// senders are the networks that good calls came from, as far as they are kept.
	senders map[netip.Prefix]uint64
	keys    map[homing.KeyID]*keyDay
	// strayKeys are calls with a key where none belongs.
	strayKeys uint64
}

// keyDay is how a key was used today.
type keyDay struct {
	count, browser uint64
	last           homing.Millis
	lastCall       homing.RequestID
}

// aDay is how far back it goes.
const aDay = homing.Millis(24 * time.Hour / time.Millisecond)

func dayOf(v *page.Visit) *day {
	d := &day{
		midnight: midnightOf(v), outcomes: map[homing.Outcome]uint64{}, reasons: map[homing.Reason]uint64{},
		senders: map[netip.Prefix]uint64{}, keys: map[homing.KeyID]*keyDay{},
	}
	filter := journal.Filter{Account: v.Account.ID, Since: max(1, min(v.Now-aDay, d.midnight))}
	d.since = v.Rooms.Journal.Survey(filter, func(e *journal.Entry) { d.see(e, v.Now) })
	return d
}

// midnightOf is when the reader's today began; a zone may put a day's begin
// elsewhere than its clock's midnight.
func midnightOf(v *page.Visit) homing.Millis {
	now := v.Now.Time().In(v.Local())
	return homing.MillisOf(time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location()))
}

func (d *day) see(e *journal.Entry, now homing.Millis) {
	d.seeKey(e)
	if e.At < now-aDay || e.Click != (homing.ClickID{}) && e.Origin.Test() {
		return // test traffic is in no total
	}
	d.outcomes[e.Verdict.Outcome] += e.Count
	switch e.Verdict.Outcome {
	case homing.Refused:
		d.reasons[e.Verdict.Reason] += e.Count
	case homing.Counted, homing.Duplicate, homing.Late:
		if e.Verdict.Outcome == homing.Counted {
			d.lastGood = max(d.lastGood, e.At)
		}
		if network := networkOf(e.Addr); network.IsValid() {
			d.senders[network] += e.Count
		}
	}
}

// seeKey notes the use of a key, and one that stands where none belongs: there
// the log has a mark in its place.
func (d *day) seeKey(e *journal.Entry) {
	if e.At < d.midnight {
		return
	}
	if strings.Contains(e.Lead, "key:") || strings.Contains(e.UserAgent, "key:") {
		d.strayKeys += e.Count
	}
	if e.Key == 0 || e.Verdict.Outcome == homing.Refused {
		return
	}
	k := d.keys[e.Key]
	if k == nil {
		k = &keyDay{}
		d.keys[e.Key] = k
	}
	k.count += e.Count
	if e.Verdict.Flags.Has(homing.FlagBrowser) {
		k.browser += e.Count
	}
	if e.At >= k.last {
		k.last, k.lastCall = e.At, e.Request
	}
}

// networkOf is the network that is kept of an address.
func networkOf(addr netip.Addr) netip.Prefix {
	if !addr.IsValid() {
		return netip.Prefix{}
	}
	addr = homing.CutAddr(addr)
	bits := homing.KeptBits6
	if addr.Is4() {
		bits = homing.KeptBits4
	}
	return netip.PrefixFrom(addr, bits)
}

// product is the program that a User-Agent names: "Java/17" of "Java/17.0.2".
func product(agent string) string {
	word, _, _ := strings.Cut(strings.TrimSpace(agent), " ")
	if word == "Mozilla/5.0" {
		return "a browser"
	}
	if name, version, ok := strings.Cut(word, "/"); ok {
		major, _, _ := strings.Cut(version, ".")
		word = name + "/" + major
	}
	if len(word) > 40 {
		word = strings.ToValidUTF8(word[:40], "") + "…"
	}
	return word
}
