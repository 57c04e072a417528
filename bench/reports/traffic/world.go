// Package traffic makes the clicks, conversions and postbacks of a month of a
// network, as the loader would hand them to a warehouse, for benchmarks.
//
//	World ──► Stream ──► Round (a batch of the spool, a batch of the ledger), in order
//
// It promises that the same seed makes the same rows, byte for byte, and that it
// knows beforehand what any report on them must say (Books). Cardinalities, skew
// and what depends on what are those of ad networks: few campaigns have most
// clicks, a publisher's zones run into the million, a share of texts is other
// networks' random click ids, which nothing compresses.
package traffic

import (
	"strconv"
	"strings"
	"time"

	"homing"
)

// How many there are of what.
const (
	AccountCount   = 60
	CampaignCount  = 200
	siteCount      = 3_000
	adspotCount    = 8_000
	creativeCount  = 2_000
	sourceCount    = 500
	sub1Count      = 1_000_000
	sub2Count      = 4_000
	hostCount      = 20_000
	categoryCount  = 120
	keywordCount   = 5_000
	leadShare      = 0.2 // of accounts: send lead codes
	holdShare      = 0.2 // of campaigns: conversions begin pending
	conversionRate = 0.0107
)

// World is who takes part. Making it takes a second; it never changes.
type World struct {
	Accounts  []homing.Account
	Campaigns []homing.Campaign

	campaigns []campaign
	pick      wheel // of a campaign, by its clicks

	countries []country
	onMobile  wheel
	onDesktop wheel

	sites, adspots   []string
	siteOfAdspot     []uint16
	adspotPick       wheel
	hosts            []string
	sub1, sub2       []string
	sub4, sub5, subX []string
	extras           [][]extra
	seed             uint64
}

// campaign is what clicks of a campaign have in common.
type campaign struct {
	id        homing.CampaignID
	account   homing.AccountID
	countries wheel
	clients   *wheel
	creatives []string
	creative  wheel
	sources   []string
	source    wheel
	// Its zones are spread over all: zone r is sub1[(first + r*step) % sub1Count].
	zones           float64 // logarithm of their number
	first, step     int
	cost            homing.Money // of a click, about
	dynamic         bool         // the cost is an auction's, to the micro-unit
	rate            float64      // of conversions
	window          homing.Millis
	hold, leads     bool
	goals           int
	payout          homing.Money // of a conversion, about; 0 = values are not sent
	fixed           bool         // the payout is always the same
	price           homing.Money // what a conversion costs the advertiser
	keywords, slots bool         // sends more than facets
}

// New makes a world.
func New(seed uint64) *World {
	d := &dice{state: mix(seed, 1)}
	w := &World{seed: seed, countries: places(d)}
	w.onMobile, w.onDesktop = clientWheels()
	w.place(d)
	w.found(d)
	return w
}

// place makes where ads stand.
func (w *World) place(d *dice) {
	w.hosts = hosts(d, hostCount)
	w.sites = several(siteCount, func(i int) string { return strconv.Itoa(10_000 + 7*i) })
	w.adspots = several(adspotCount, func(i int) string { return strconv.Itoa(200_000 + 13*i) })
	w.siteOfAdspot = make([]uint16, adspotCount)
	logSites := logRanks(siteCount)
	for i := range w.siteOfAdspot {
		w.siteOfAdspot[i] = uint16(i) // each site has one, large ones have more
		if i >= siteCount {
			w.siteOfAdspot[i] = uint16(d.rank(logSites))
		}
	}
	w.adspotPick = newWheel(zipf(adspotCount, 0.9))
	w.sub1 = subs(d, sub1Count)
	w.sub2 = several(sub2Count, func(i int) string { return "b" + padded(i, 4) + "_" + strconv.Itoa(d.between(1, 9)) + "x" })
	w.sub4 = several(50, func(i int) string { return "lp" + strconv.Itoa(i) })
	w.sub5 = several(200, func(int) string { return strings.ToLower(coin(d)) })
	w.subX = several(1000, func(i int) string { return "seg-" + strconv.Itoa(i*37) })
	w.extras = extras(d)
}

// found makes accounts and their campaigns.
func (w *World) found(d *dice) {
	leads := make([]bool, AccountCount)
	for i := range AccountCount {
		leads[i] = d.in(leadShare)
		w.Accounts = append(w.Accounts, homing.Account{
			ID: homing.AccountID(i + 1), PublicID: "acct" + padded(i+1, 8), Name: coin(d) + " Media", MultiLead: leads[i],
			PriceMin: homing.DefaultPriceMin, PriceMax: homing.DefaultPriceMax, Currency: homing.DefaultCurrency, Created: 1,
		})
	}
	owner := newWheel(zipf(AccountCount, 0.6))
	for i := range CampaignCount {
		account := i % AccountCount // everybody has one
		if i >= AccountCount {
			account = owner.spin(d)
		}
		w.campaigns = append(w.campaigns, w.newCampaign(d, i, account, leads[account]))
	}
	w.pick = newWheel(campaignShares())
}

// campaignShares are the campaigns' shares of all clicks: Zipf, but which number
// has which place is shuffled.
func campaignShares() []float64 {
	shares, by := make([]float64, CampaignCount), zipf(CampaignCount, 1)
	for i := range shares {
		shares[i] = by[placeOf(i)]
	}
	return shares
}

// placeOf is the place of a campaign among all by its clicks, 0 for the largest.
// 37 has no divisor in common with 200.
func placeOf(i int) int { return (i*37 + 11) % CampaignCount }

// CampaignAt is the campaign at a place by clicks, 0 for the largest.
func (w *World) CampaignAt(place int) homing.CampaignID {
	for i := range w.campaigns {
		if placeOf(i) == place {
			return w.campaigns[i].id
		}
	}
	panic("traffic: there is no such place")
}

func (w *World) newCampaign(d *dice, i, account int, leads bool) campaign {
	c := campaign{
		id: homing.CampaignID(i + 1), account: homing.AccountID(account + 1),
		zones: logRanks(d.between(8_000, 60_000)), first: d.below(sub1Count), step: 2*d.below(100_000) + 1,
		dynamic: d.in(0.5), rate: d.part() * d.part() * 4 * conversionRate, window: 30 * day,
		hold: d.in(holdShare), leads: leads, fixed: d.in(0.6),
		keywords: d.in(0.1), slots: d.in(0.3),
	}
	c.clients = &w.onMobile
	if d.in(0.35) {
		c.clients = &w.onDesktop
	}
	c.countries = w.aim(d)
	c.creatives = several(creativeCount/CampaignCount, func(n int) string { return strconv.Itoa(30_000 + i*10 + n) })
	c.creative = newWheel(zipf(len(c.creatives), 0.7))
	c.sources = several(d.between(3, 40), func(int) string { return "src-" + strconv.Itoa(d.below(sourceCount)) })
	c.source = newWheel(zipf(len(c.sources), 1))
	switch d.below(10) {
	case 0:
		c.window = day
	case 1, 2, 3:
		c.window = 7 * day
	}
	if d.in(0.3) {
		c.goals = d.between(1, 3)
	}
	if d.in(0.85) {
		c.payout = homing.Money(d.between(20, 4000)) * homing.Unit / 100
	}
	c.cost = homing.Money(d.between(2, 80)) * homing.Unit / 1000
	if d.in(0.2) { // paid by the conversion
		c.cost, c.price = 0, homing.Money(d.between(50, 1500))*homing.Unit/100
	}
	w.Campaigns = append(w.Campaigns, c.settings(coin(d)))
	return c
}

// aim picks the countries that a campaign is for: all, or a few.
func (w *World) aim(d *dice) wheel {
	weights := zipf(len(w.countries), 0.9)
	if d.in(0.3) {
		return newWheel(weights)
	}
	few := make([]float64, len(weights))
	for range d.between(1, 12) {
		i := d.below(len(weights))
		few[i] = weights[i]
	}
	return newWheel(few)
}

func (c *campaign) settings(name string) homing.Campaign {
	settings := homing.Campaign{
		ID: c.id, Account: c.account, Name: name, Slug: "slug" + padded(int(c.id), 6),
		URL: "https://offer" + c.id.String() + ".example/?cid={click_id}", Status: homing.CampaignActive,
		Window: time.Duration(c.window) * time.Millisecond, Hold: c.hold, Created: 1,
	}
	for goal := range c.goals {
		settings.Goals = append(settings.Goals, homing.Goal{ID: homing.GoalID(goal + 1), Name: "goal " + strconv.Itoa(goal+1)})
	}
	return settings
}

const (
	second homing.Millis = 1000
	minute               = 60 * second
	hour                 = 60 * minute
	day                  = 24 * hour
)
