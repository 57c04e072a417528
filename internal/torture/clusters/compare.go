package clusters

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"time"

	"homing"
	"homing/internal/desk/control"
	"homing/internal/torture"
)

// compare compares what was acknowledged since a moment with the desk's lists: of
// clicks, from the warehouse, and of conversions, from the ledger.
func (h *house) compare(ctx context.Context, since homing.Millis) error {
	client := h.Desk.Client()
	defer client.Close()
	return h.asked(ctx, h.Compare(ctx, client, since, false))
}

// settle compares everything there is, lists and reports, once the rounds are over.
func (h *house) settle(ctx context.Context) error {
	client := h.Desk.Client()
	defer client.Close()
	if err := h.asked(ctx, h.Compare(ctx, client, 0, true)); err != nil {
		return err
	}
	difference, err := h.difference(ctx, 0)
	if err := h.asked(ctx, err); err != nil {
		return err
	}
	if difference != "" {
		h.Books.Wrong(torture.Other, "at last, %s", difference)
	}
	return nil
}

// asked makes a finding of an error of asking a cluster that ought to answer.
func (h *house) asked(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	h.Books.Wrong(torture.Other, "the desk does not answer: %v", err)
	return errFound
}

// sums are a campaign's.
type sums struct {
	Clicks      int64        `json:"clicks"`
	Conversions int64        `json:"conversions"`
	Value       homing.Money `json:"value"`
}

// difference tells how a report of the time since a moment differs, by campaign, from
// what the lists of clicks and conversions have; "" = not at all.
func (h *house) difference(ctx context.Context, since homing.Millis) (string, error) {
	client := h.Desk.Client()
	defer client.Close()
	since -= since % 1000 // as reports are asked
	held, err := heldSince(ctx, client, since)
	if err != nil {
		return "", err
	}
	told, err := reportedSince(ctx, client, since)
	if err != nil {
		return "", err
	}
	if maps.Equal(held, told) {
		return h.unknown(ctx, client, since)
	}
	for _, id := range slices.Sorted(maps.Keys(held)) {
		if held[id] != told[id] {
			return fmt.Sprintf("reports have of campaign %s %+v, warehouse and ledger have %+v", id, told[id], held[id]), nil
		}
	}
	return fmt.Sprintf("reports have %+v, warehouse and ledger have %+v", told, held), nil
}

func heldSince(ctx context.Context, client *control.Client, since homing.Millis) (map[homing.CampaignID]sums, error) {
	all := map[homing.CampaignID]sums{}
	for c, err := range client.Clicks(ctx, control.ClickFilter{Since: since}) {
		if err != nil {
			return nil, err
		}
		if c.Class == homing.Billable {
			s := all[c.Campaign]
			s.Clicks++
			all[c.Campaign] = s
		}
	}
	for c, err := range client.Conversions(ctx, control.ConversionFilter{Since: since}) {
		if err != nil {
			return nil, err
		}
		s := all[c.Campaign]
		s.Conversions++
		s.Value += c.Value.Money
		all[c.Campaign] = s
	}
	return all, nil
}

// unknown tells of conversions that a report knows no click of; "" = there are none.
// Every visit carries a number as sub1, and a conversion that was loaded before its
// click is completed when that comes.
func (h *house) unknown(ctx context.Context, client *control.Client, since homing.Millis) (string, error) {
	told, err := report(ctx, client, since, url.Values{"where": {"sub1="}})
	if err != nil || told.Totals.Conversions == 0 {
		return "", err
	}
	return fmt.Sprintf("reports know no click of %d conversions", told.Totals.Conversions), nil
}

// table is a report, as far as it is looked at.
type table struct {
	Rows []struct {
		Campaign homing.CampaignID `json:"campaign"`
		sums
	} `json:"rows"`
	Totals sums     `json:"totals"`
	Notes  []string `json:"notes"`
}

func report(ctx context.Context, client *control.Client, since homing.Millis, more url.Values) (t table, err error) {
	from := "2024-01-01"
	if since > 0 {
		from = time.UnixMilli(int64(since)).UTC().Format(time.RFC3339)
	}
	question := url.Values{"by": {"campaign"}, "metrics": {"clicks,conversions,value"}, "from": {from}, "to": {"2043-12-31"}}
	maps.Copy(question, more)
	text, err := client.Report(ctx, question)
	if err == nil {
		err = json.Unmarshal(text, &t)
	}
	return t, err
}

func reportedSince(ctx context.Context, client *control.Client, since homing.Millis) (map[homing.CampaignID]sums, error) {
	told, err := report(ctx, client, since, nil)
	if err != nil {
		return nil, err
	}
	if len(told.Notes) > 0 {
		return nil, fmt.Errorf("the report lacks something: %q", told.Notes)
	}
	all := map[homing.CampaignID]sums{}
	for _, row := range told.Rows {
		all[row.Campaign] = row.sums
	}
	return all, nil
}
