package postbacks

import (
	"net/netip"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/flow/journal"
	"homing/internal/flow/report"
)

// line is a row of the log: a call, or a number of refused ones that were only
// counted.
type line struct {
	Request  string // empty = only counted
	At       homing.Millis
	Verdict  homing.Verdict
	Lead     string
	Value    homing.Value
	Addr     netip.Addr
	Count    int64
	Test     bool
	Account  homing.AccountID
	Campaign homing.CampaignID
	// Advertiser and Name are what these two are called; empty = none.
	Advertiser, Name string
	loaded           bool // it came from the warehouse

	table
}

// table is what all rows of a table have in common.
type table struct {
	Now page.Present
	// All shows whose call it was, Money what it was worth.
	All, Money bool
}

func (f *filters) table(v *page.Visit) table {
	return table{Now: v.Present(), All: v.Who.Operator() && f.account == 0, Money: !f.scope.HideMoney}
}

// ofEntry makes a row of an entry in memory.
func (t table) ofEntry(v *page.Visit, e *journal.Entry) line {
	row := line{
		At: e.At, Verdict: e.Verdict, Lead: e.Lead, Value: e.Value, Addr: homing.CutAddr(e.Addr), Count: int64(e.Count),
		Account: e.Account, Campaign: e.Campaign, Test: e.Click != homing.ClickID{} && e.Origin.Test(), table: t,
	}
	if e.Request != (homing.RequestID{}) {
		row.Request = e.Request.String()
	}
	if !t.Money {
		row.Value = homing.Value{}
	}
	if a := v.View.Account(e.Account); a != nil {
		row.Advertiser = a.Name
	}
	if c := v.View.Campaign(e.Campaign); c != nil {
		row.Name = c.Name
	}
	return row
}

// ofReport makes a row of one that the warehouse has.
func (t table) ofReport(p *report.Postback) line {
	addr, _ := netip.ParseAddr(p.Addr) // none is shown as none
	return line{
		Request: p.Request, At: p.Time(), Lead: p.LeadCode, Value: p.Value, Addr: addr, Count: p.Count, Test: p.Test,
		Verdict: homing.Verdict{Outcome: p.Result, Reason: p.Reason, Flags: flagsNamed(p.Flags)},
		Account: p.Account, Campaign: p.Campaign, Advertiser: p.AccountName, Name: p.CampaignName, loaded: true, table: t,
	}
}

// flagsNamed finds flags by their names.
func flagsNamed(names []string) (f homing.Flags) {
	for _, name := range names {
		f |= flagByName[name]
	}
	return f
}

var flagByName = func() map[string]homing.Flags {
	all := map[string]homing.Flags{}
	for _, info := range homing.AllFlags.Infos() {
		all[info.Name] = info.Flag
	}
	return all
}()

// Replayed tells whether an operator had it judged once more.
func (l line) Replayed() bool { return l.Verdict.Flags.Has(homing.FlagReplayed) }

// same tells rows apart when both stores have them.
type same struct {
	request string
	at      homing.Millis
	account homing.AccountID
	addr    netip.Addr
	reason  homing.Reason
}

func (l *line) same() same {
	if l.Request != "" {
		return same{request: l.Request}
	}
	return same{"", l.At, l.Account, l.Addr, l.Verdict.Reason}
}
