package notice

import (
	"context"
	"fmt"
	"slices"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/warehouse"
)

// Silence is none of what is usual. Usual is what came in the same hours of the
// seven days before, on average. An account or a campaign is silent if there was
// no conversion in the shortest number of whole hours up to now for which
// usualSilence were usual, and in the hour that has begun.
//
// A week has days of rest, so half of that must have come on the same day of the
// week before, too. Of an account that is silent the campaigns are not told
// besides.
const (
	usualSilence = 8
	// usualWeek is the least in seven days for anything to be usual: 5 a day.
	usualWeek = 35
	// longestSilence is how many hours back are looked at: who has 8 in more time
	// than that has no hours that mean anything.
	longestSilence = 48
	// silentFor is how long silence stands at most: then it is usual.
	silentFor homing.Millis = 14 * 24 * hourLong

	hourLong homing.Millis = 60 * 60 * 1000
	daily                  = 24
	// seenHours is how far back conversions are counted: the longest silence a
	// week before.
	seenHours = longestSilence + 7*daily
	// staleFigures is how old figures may be for silence to be told from them.
	staleFigures = 10 * 60 * 1000
	// askedAtOnce is how many accounts or campaigns a query is narrowed to: their
	// hours must fit into an answer.
	askedAtOnce = 200
)

// hours are counts of one account or campaign: the last is of the hour that has
// begun.
type hours [seenHours + 1]int64

// silent tells whether nothing came for as long as usualSilence take: then how
// many whole hours, and how many conversions were usual in them.
func (h *hours) silent() (long int, usual int64, silent bool) {
	const last = seenHours
	var before, weekBefore int64
	for k := 1; k <= longestSilence; k++ {
		at := last - k
		for d := 1; d <= 7; d++ {
			before += h[at-d*daily]
		}
		weekBefore += h[at-7*daily]
		if before < 7*usualSilence {
			continue
		}
		for i := at; i <= last; i++ {
			if h[i] > 0 {
				return 0, 0, false
			}
		}
		return k, before / 7, weekBefore >= usualSilence/2
	}
	return 0, 0, false
}

// since counts what came from an hour on.
func (h *hours) since(place int) (n int64) {
	for i := max(place, 0); i < len(h); i++ {
		n += h[i]
	}
	return n
}

// lastHour is the place of the newest hour with anything in it; -1 if none has.
func (h *hours) lastHour() int {
	for i := len(h) - 1; i >= 0; i-- {
		if h[i] > 0 {
			return i
		}
	}
	return -1
}

func (w *Watch) silence() *source {
	if w.o.Figures == nil || w.o.Fresh == nil {
		return nil
	}
	return &source{name: "silence", kinds: []Kind{Silence}, every: 5 * 60 * 1000, look: w.lookForSilence}
}

// hush is one look for silence.
type hush struct {
	*Watch
	ctx   context.Context
	fresh homing.Millis
	begin homing.Millis // of the oldest hour that is counted
	found []Trouble
}

func (w *Watch) lookForSilence(ctx context.Context, now homing.Millis, stands []ledger.Notice) ([]Trouble, error) {
	fresh := w.o.Fresh()
	if fresh == 0 || now-fresh > staleFigures {
		return nil, unknown("figures are not complete")
	}
	fresh = min(fresh, now)
	l := &hush{Watch: w, ctx: ctx, fresh: fresh, begin: fresh - fresh%hourLong - seenHours*hourLong}
	accounts, campaigns, err := l.usual()
	if err != nil {
		return nil, err
	}
	silentAccounts, err := l.lookAt(warehouse.Account, accounts, stands, now)
	if err != nil {
		return nil, err
	}
	campaigns = slices.DeleteFunc(campaigns, func(id int64) bool {
		return silentAccounts[int64(w.o.View().Campaign(homing.CampaignID(id)).Account)]
	})
	_, err = l.lookAt(warehouse.Campaign, campaigns, stands, now)
	return l.found, err
}

// measured are conversions whatever has become of them: one that was rejected
// broke the silence, too.
var measured = warehouse.SetOf(warehouse.Conversions, warehouse.Rejected)

func conversionsOf(row *warehouse.Row) int64 {
	return row.Measures[warehouse.Conversions] + row.Measures[warehouse.Rejected]
}

// usual lists accounts and campaigns that usually have conversions.
func (l *hush) usual() (accounts, campaigns []int64, err error) {
	answer, err := l.o.Figures.Ask(l.ctx, &warehouse.Query{
		From: l.fresh - 7*daily*hourLong, Until: l.fresh, Basis: warehouse.ByConversion, By: []warehouse.Dimension{warehouse.Campaign}, Measures: measured,
	})
	if err != nil {
		return nil, nil, fmt.Errorf("couldn't count the week's conversions: %w", err)
	}
	sums := map[int64]int64{}
	for i := range answer.Rows {
		id, n := answer.Rows[i].Keys[0].Number, conversionsOf(&answer.Rows[i])
		account, live := l.campaignLives(id)
		if live {
			sums[int64(account)] += n
		}
		if live && n >= usualWeek {
			campaigns = append(campaigns, id)
		}
	}
	for id, n := range sums {
		if n >= usualWeek && l.accountLives(id) {
			accounts = append(accounts, id)
		}
	}
	slices.Sort(accounts)
	slices.Sort(campaigns)
	return accounts, campaigns, nil
}

// campaignLives tells whose a campaign is, if it is anybody's that is watched,
// and whether visitors are sent to it.
func (l *hush) campaignLives(id int64) (homing.AccountID, bool) {
	c := l.o.View().Campaign(homing.CampaignID(id))
	if c == nil || c.Owner.Erased || c.Owner.Demo {
		return 0, false
	}
	return c.Account, c.Status == homing.CampaignActive
}

// accountLives tells whether an account has a campaign that visitors are sent to.
func (l *hush) accountLives(id int64) bool {
	for _, c := range l.o.View().CampaignsOf(homing.AccountID(id)) {
		if _, live := l.campaignLives(int64(c.ID)); live {
			return true
		}
	}
	return false
}

// lookAt looks at accounts or campaigns hour by hour, at those that stand
// besides, and notes which are silent.
func (l *hush) lookAt(of warehouse.Dimension, ids []int64, stands []ledger.Notice, now homing.Millis) (silent map[int64]bool, err error) {
	standing := map[int64]ledger.Notice{}
	for _, n := range stands {
		if id, ok := numberIn(n.Object, of.String()); ok && l.lives(of, id) && now-n.Since < silentFor {
			standing[id] = n
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	counts, err := l.count(of, ids, measured, conversionsOf)
	if err != nil {
		return nil, err
	}
	silent = map[int64]bool{}
	var fresh []int64
	for _, id := range ids {
		h := counts[id]
		if n, stands := standing[id]; stands {
			if h.since(int((n.Since-n.Since%hourLong-l.begin)/hourLong)) == 0 {
				l.found = append(l.found, Trouble{Silence, n.Object, n.Account, wordsOf(n.Detail)})
				silent[id] = true
			}
			continue
		}
		if _, _, is := h.silent(); is {
			silent[id] = true
			fresh = append(fresh, id)
		}
	}
	return silent, l.describe(of, fresh, counts)
}

func (l *hush) lives(of warehouse.Dimension, id int64) bool {
	if of == warehouse.Account {
		return l.accountLives(id)
	}
	_, live := l.campaignLives(id)
	return live
}

// count counts by the hour.
func (l *hush) count(of warehouse.Dimension, ids []int64, measures warehouse.Measures, figure func(*warehouse.Row) int64) (map[int64]*hours, error) {
	counts := map[int64]*hours{}
	for _, id := range ids {
		counts[id] = new(hours)
	}
	for chunk := range slices.Chunk(ids, askedAtOnce) {
		keys := l.keysOf(of, chunk)
		if len(keys) == 0 {
			continue
		}
		answer, err := l.o.Figures.Ask(l.ctx, &warehouse.Query{
			From: l.begin, Until: l.fresh + 1, Basis: warehouse.ByConversion, By: []warehouse.Dimension{of, warehouse.Hour},
			Measures: measures, Where: []warehouse.Condition{{Dimension: warehouse.Campaign, Op: warehouse.In, Keys: keys}},
		})
		if err != nil {
			return nil, fmt.Errorf("couldn't count by the hour: %w", err)
		}
		for i := range answer.Rows {
			row := &answer.Rows[i]
			place := (homing.Millis(row.Keys[1].Number) - l.begin) / hourLong
			if h := counts[row.Keys[0].Number]; h != nil && place >= 0 && int(place) < len(h) {
				h[place] += figure(row)
			}
		}
	}
	return counts, nil
}

// keysOf are the campaigns that count: those that visitors are sent to. What a
// campaign brought before it was paused is not usual any more.
func (l *hush) keysOf(of warehouse.Dimension, ids []int64) (keys []warehouse.Key) {
	for _, id := range ids {
		if of == warehouse.Campaign {
			keys = append(keys, warehouse.Key{Number: id})
			continue
		}
		for _, c := range l.o.View().CampaignsOf(homing.AccountID(id)) {
			if _, live := l.campaignLives(int64(c.ID)); live {
				keys = append(keys, warehouse.Key{Number: int64(c.ID)})
			}
		}
	}
	return keys
}

// describe finds the words for what has fallen silent.
func (l *hush) describe(of warehouse.Dimension, ids []int64, counts map[int64]*hours) error {
	if len(ids) == 0 {
		return nil
	}
	clicks, err := l.count(of, ids, warehouse.SetOf(warehouse.Clicks), func(row *warehouse.Row) int64 { return row.Measures[warehouse.Clicks] })
	if err != nil {
		return err
	}
	for _, id := range ids {
		long, usual, _ := counts[id].silent()
		sent := clicks[id].since(seenHours - long)
		t := Trouble{Kind: Silence, Object: fmt.Sprintf("%s %d", of, id)}
		var whom string
		if of == warehouse.Account {
			a := l.o.View().Account(homing.AccountID(id))
			t.Account, whom = a.ID, nameOf(a.Name)
			t.Path = "/postbacks?account=" + a.ID.String()
		} else {
			c := l.o.View().Campaign(homing.CampaignID(id))
			t.Account, whom = c.Account, fmt.Sprintf("the campaign %s of %s", nameOf(c.Name), nameOf(c.Owner.Name))
			t.Path = "/postbacks?account=" + c.Account.String() + "&campaign=" + c.ID.String()
		}
		t.Title = "No conversions from " + whom
		t.Text = l.silenceText(counts[id].lastHour(), long, usual)
		if sent == 0 {
			t.Text += " No visitors were sent on in that time either."
			t.Fix = "Look first whether the traffic is on: the campaign, and what sends visitors to its click URL."
		} else {
			t.Text += fmt.Sprintf(" %s visitors were sent on in that time.", grouped(sent))
			t.Fix = "Look into the postback log. If calls are refused there, it says why; if none come in, run the test on the tracking page and see whether the tracker still sends postbacks."
		}
		l.found = append(l.found, t)
	}
	return nil
}

func (l *hush) silenceText(last, long int, usual int64) string {
	at := func(place int) string { return l.clockOf(l.begin + homing.Millis(place)*hourLong) }
	text := fmt.Sprintf("There has been no conversion since %s; about %d are usual in that time.", at(seenHours-long), usual)
	if last >= 0 {
		text += fmt.Sprintf(" The last one came in the hour from %s.", at(last))
	}
	return text
}

// numberIn reads the number of an object such as "account 3".
func numberIn(object, of string) (n int64, ok bool) {
	var rest string
	read, _ := fmt.Sscanf(object, of+" %d%s", &n, &rest)
	return n, read == 1
}
