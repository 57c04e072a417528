package loader

import (
	"net/netip"

	"homing"
	"homing/internal/engine/geo"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/catalog"
	"homing/internal/rule/mask"
)

// enricher makes rows of records. It is for one goroutine; what it returns
// shares nothing with the record, and is never written again.
//
// What the ad server said stands before what is worked out, as in macros. A
// text that cannot be what its facet promises (a country of three letters, an
// unheard-of kind of device) leaves it to the next source, and is kept in More.
type enricher struct {
	view   *catalog.View
	masker *mask.Masker // nil = nothing is masked
	geo    geo.Finder
	salts  salts
	// unknown holds campaigns of clicks that no view had.
	unknown map[homing.CampaignID]bool
	// lookAgain gives a newer view, for a campaign that is unknown.
	lookAgain func(homing.CampaignID) *catalog.View
	// source names the spool, if it is one of several; else it is empty.
	source string
	// shared gives the salt of a day that all nodes have; nil = salts makes them.
	shared func(warehouse.Day) (salt, error)
	// failed: something that is needed for the row could not be had now, which says
	// nothing of the record. Nothing may become of the row.
	failed error

	agents agents
	texts  texts
	params params

	click  homing.Click
	masked []byte            // what was masked of it
	buf    []byte            // for texts that are put together
	more   []warehouse.Param // of the click at hand
	used   usedParams
}

// usedParams are the parameters of a click that became facets, or the cost.
type usedParams uint64

func (u *usedParams) add(p homing.Param) { *u |= 1 << p }

func (u usedParams) has(p homing.Param) bool { return u&(1<<p) != 0 }

// enrich makes a row of a click's record.
func (e *enricher) enrich(row *warehouse.Click, record []byte) error {
	c := &e.click
	if err := homing.DecodeClick(c, record); err != nil {
		return err
	}
	if e.masker != nil {
		e.masked = e.masker.Click(c, e.masked[:0])
	}
	a := e.agents.of(c.UserAgent)
	*row = warehouse.Click{Origin: c.Origin, Class: c.Class}
	if row.Class == homing.Billable {
		row.Class = a.class // the lists may have grown since
	}
	erased := e.owner(row)
	if e.failed != nil {
		return e.failed
	}
	if row.Class == homing.Billable {
		key, err := e.saltOf(warehouse.DayAt(c.Origin.Time))
		if err != nil {
			e.failed = err
			return err
		}
		row.Visitor = key.visitor(c.Origin.Campaign, c.Addr, a)
	}
	e.used = 0
	e.facets(&row.Facets, a)
	row.Cost = e.cost()
	row.Addr = e.addr(c.Addr)
	row.More = e.rest()
	if erased {
		blank(row)
	}
	return nil
}

// owner fills in whose the click is. Settings are committed before the first
// click of a campaign is minted, so they are read again for one that is not
// there; if that does not help, they were lost, and the click is nobody's.
func (e *enricher) owner(row *warehouse.Click) (erased bool) {
	campaign := e.view.Campaign(row.Campaign)
	if campaign == nil && !e.unknown[row.Campaign] && len(e.unknown) < maxUnknown {
		e.view = e.lookAgain(row.Campaign)
		if e.failed != nil {
			return false
		}
		if campaign = e.view.Campaign(row.Campaign); campaign == nil {
			e.unknown[row.Campaign] = true
		}
	}
	if campaign == nil {
		return false
	}
	row.Account = campaign.Account
	return campaign.Owner.Erased
}

// maxUnknown bounds the campaigns that are remembered as unknown.
const maxUnknown = 100

// blank leaves of an erased account's click what an erasure leaves: it may have
// been under way when the account went.
func blank(row *warehouse.Click) {
	country, kind := row.Facets[warehouse.FacetCountry], row.Facets[warehouse.FacetDevice]
	row.Facets = warehouse.Facets{}
	row.Facets[warehouse.FacetCountry], row.Facets[warehouse.FacetDevice] = country, kind
	row.Addr, row.More, row.Cost = "", nil, 0
}

// maxCost is the most that one click is believed to cost. Visitors can write
// into the click URL, and one absurd amount would spoil every sum.
const maxCost = 1_000_000 * homing.Unit

// cost reads what the ad server says the click costs. What is no amount, or an
// absurd one, is none, and stays in More.
func (e *enricher) cost() homing.Money {
	text := e.click.Params[homing.ParamCost]
	if len(text) == 0 {
		return 0
	}
	d, err := homing.ParseDecimal(text)
	if err != nil || d.Negative || d.Above(maxCost) {
		return 0
	}
	e.used.add(homing.ParamCost)
	return d.Micros
}

// addr cuts an address by policy and writes it.
func (e *enricher) addr(addr netip.Addr) string {
	if addr = homing.CutAddr(addr); !addr.IsValid() {
		return ""
	}
	e.buf = addr.AppendTo(e.buf[:0])
	return e.texts.keep(e.buf)
}

// rest collects the parameters that became nothing else. A referrer is not
// among them, whatever became of it: it is a page, and its host is enough.
func (e *enricher) rest() []warehouse.Param {
	e.more = e.more[:0]
	for i, value := range e.click.Params {
		p := homing.Param(i)
		if len(value) == 0 || e.used.has(p) || p == homing.ParamReferrer {
			continue
		}
		e.more = append(e.more, warehouse.Param{Param: p, Text: e.texts.facet(value)})
	}
	return e.params.list(e.more)
}
