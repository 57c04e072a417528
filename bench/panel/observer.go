package main

import (
	"errors"
	"fmt"
	"strings"

	"homing"
	"homing/bench/reports/traffic"
)

// listLen is how many lines the list has that is compared.
const listLen = 10_000

// observer looks on while the data is written, and picks what is looked at
// later.
type observer struct {
	keyring   func() *homing.Keyring
	accounts  [traffic.AccountCount + 1]account
	campaigns [traffic.CampaignCount + 1]int64
	of        [traffic.CampaignCount + 1]homing.AccountID
	clicks    int64
	made      made
}

// account is what was seen of one.
type account struct {
	clicks      int64
	conversions []sample // the first ones
	last        sample
	unconverted []string // ids of clicks
}

func newObserver(keyring func() *homing.Keyring) *observer { return &observer{keyring: keyring} }

func (o *observer) see(round *traffic.Round) {
	o.clicks += int64(len(round.Spool.Clicks))
	for i := range round.Spool.Clicks {
		row := &round.Spool.Clicks[i]
		a := &o.accounts[row.Account]
		a.clicks++
		o.campaigns[row.Campaign]++
		o.of[row.Campaign] = row.Account
		if len(a.unconverted) < listLen {
			a.unconverted = append(a.unconverted, o.id(row.Origin))
		}
	}
	o.made.Postbacks += int64(len(round.Spool.Postbacks) + len(round.Ledger.Postbacks))
	o.made.Conversions += int64(len(round.Ledger.Postbacks))
	for i := range round.Ledger.Postbacks {
		p := &round.Ledger.Postbacks[i]
		a := &o.accounts[p.Account]
		a.last = sample{Conversion: p.Conversion, Request: p.Request.String(), Click: o.id(p.Origin), Value: p.Value.String()}
		if len(a.conversions) < listLen {
			a.conversions = append(a.conversions, a.last)
		}
	}
}

func (o *observer) id(origin homing.Origin) string {
	return string(o.keyring().Seal(origin).AppendHex(nil))
}

// tell fills in what is looked at of the largest account. Its list has nine
// parts of conversions, if there are so many, and clicks that never converted.
func (o *observer) tell(m *made) error {
	for id := range o.accounts {
		if o.accounts[id].clicks > o.accounts[m.Account].clicks {
			m.Account = homing.AccountID(id)
		}
	}
	for id, clicks := range o.campaigns {
		if o.of[id] == m.Account && clicks > o.campaigns[m.Campaign] {
			m.Campaign = homing.CampaignID(id)
		}
	}
	a := &o.accounts[m.Account]
	if len(a.conversions) == 0 {
		return errors.New("the largest account has no conversion: take more clicks")
	}
	m.Share = a.clicks * 100 / o.clicks
	m.Conversions, m.Postbacks = o.made.Conversions, o.made.Postbacks
	m.Old, m.New = a.conversions[len(a.conversions)/10], a.last
	var list strings.Builder
	list.WriteString("click_id,value\n")
	lines := a.conversions[:min(len(a.conversions), listLen*9/10)]
	for _, line := range lines {
		fmt.Fprintf(&list, "%s,%s\n", line.Click, line.Value)
	}
	for _, id := range a.unconverted[:listLen-len(lines)] {
		fmt.Fprintf(&list, "%s,1.00\n", id)
	}
	m.List = list.String()
	return nil
}
