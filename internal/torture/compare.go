package torture

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"homing"
	"homing/internal/desk/control"
	"homing/internal/simulate/process"
)

// Compare compares the server's books with ours; what it finds goes to the
// Books. Between two comparisons of everything it is enough to look at what was
// acknowledged since the last one (all = false), so that thousands of rounds are
// not each as long as all before: lists are then asked for from since on.
//
//	clicks        every acknowledged one is held, once, with its serial number; of the
//	              doubts each is held at most once
//	conversions   every acknowledged one is held, once, with its value
//
// The error is of the asking.
func (d *Driver) Compare(ctx context.Context, client *control.Client, since homing.Millis, all bool) error {
	b := d.Books
	b.mu.Lock()
	defer b.mu.Unlock()
	if all {
		since = 0
	}
	if err := d.compareClicks(ctx, client, since, all); err != nil {
		return fmt.Errorf("couldn't read the clicks: %w", err)
	}
	if err := d.compareConversions(ctx, client, since, all); err != nil {
		return fmt.Errorf("couldn't read the conversions: %w", err)
	}
	b.recent = b.recent[:0]
	clear(b.touched)
	return nil
}

// compareClicks compares clicks. mu is held.
func (d *Driver) compareClicks(ctx context.Context, client *control.Client, since homing.Millis, all bool) error {
	b := d.Books
	held := map[homing.ClickID]bool{}
	serials := map[uint64]homing.ClickID{}
	for c, err := range client.Clicks(ctx, control.ClickFilter{Since: since}) {
		if err != nil {
			return err
		}
		serial, err := strconv.ParseUint(c.Params["sub1"], 10, 64)
		if err != nil || serial == 0 || serial > b.next {
			b.found.Add(Other, "a click is held that nobody made: %s with sub1=%q", c.ClickID, c.Params["sub1"])
			continue
		}
		if other, there := serials[serial]; there {
			b.found.Add(Double, "visit %d is held twice: as click %s and as %s", serial, other, c.ClickID)
		}
		if held[c.ClickID] {
			b.found.Add(Double, "click %s is held twice", c.ClickID)
		}
		held[c.ClickID], serials[serial] = true, c.ClickID
		if e := b.clicks[c.ClickID]; e != nil && (e.serial != serial || d.cast[e.campaign].id != c.Campaign) {
			b.found.Add(Other, "click %s is held with sub1=%d of campaign %s, and was made with %d", c.ClickID, serial, c.Campaign, e.serial)
		}
		if id, told := b.serials[serial]; told && id != c.ClickID {
			b.found.Add(Double, "visit %d was answered with click %s and is held as %s", serial, id, c.ClickID)
		}
	}
	wanted := b.recent
	if all {
		wanted = wanted[:0:0]
		for id := range b.clicks {
			wanted = append(wanted, id)
		}
	}
	for _, id := range wanted {
		if !held[id] {
			b.found.Add(Lost, "click %s (visit %d)", id, b.clicks[id].serial)
		}
	}
	return nil
}

// compareConversions compares conversions. mu is held.
func (d *Driver) compareConversions(ctx context.Context, client *control.Client, since homing.Millis, all bool) error {
	b := d.Books
	held := map[Claim]bool{}
	for c, err := range client.Conversions(ctx, control.ConversionFilter{Since: since}) {
		if err != nil {
			return err
		}
		k := Claim{c.ClickID, c.LeadCode}
		if held[k] {
			b.found.Add(Double, "%s is held twice", k)
		}
		held[k] = true
		switch {
		case b.clicks[c.ClickID] == nil:
			b.found.Add(Other, "a conversion is held of click %s, which nobody was given", c.ClickID)
		case !c.Value.Given || c.Value.Money != k.Value():
			b.found.Add(Other, "%s is held with value %s instead of %s", k, c.Value, k.Value())
		case c.Status != homing.Approved:
			b.found.Add(Other, "%s is held as %s", k, c.Status)
		}
	}
	if all {
		for k := range b.claims {
			if !held[k] {
				b.found.Add(Lost, "%s", k)
			}
		}
		return nil
	}
	// What was told to be a duplicate may be of long ago.
	for k, fresh := range b.touched {
		if fresh && !held[k] {
			b.found.Add(Lost, "%s", k)
		}
	}
	return nil
}

// freshTime is how long the warehouse may take to have everything, a restart of
// its process among it.
const freshTime = time.Minute

// CompareReports compares the totals of reports with what the ledger and the
// spool hold: a report that is told from the warehouse must equal them. Nobody
// may send anything meanwhile.
func (d *Driver) CompareReports(ctx context.Context, client *control.Client) error {
	var held totals
	for c, err := range client.Clicks(ctx, control.ClickFilter{}) {
		if err != nil {
			return err
		}
		if c.Class == homing.Billable {
			held.Clicks++
		}
	}
	for c, err := range client.Conversions(ctx, control.ConversionFilter{}) {
		if err != nil {
			return err
		}
		held.Conversions++
		held.Value += c.Value.Money
	}
	told, err := d.askTotals(ctx, client)
	if err != nil {
		return fmt.Errorf("couldn't ask for a report: %w", err)
	}
	if told != held {
		d.Books.Wrong(Other, "reports have %d clicks, %d conversions, value %s; spool and ledger have %d, %d, %s",
			told.Clicks, told.Conversions, told.Value, held.Clicks, held.Conversions, held.Value)
	}
	return nil
}

type totals struct {
	Clicks      int64        `json:"clicks"`
	Conversions int64        `json:"conversions"`
	Value       homing.Money `json:"value"`
}

// askTotals asks until the report lacks nothing, as long as freshTime.
func (d *Driver) askTotals(ctx context.Context, client *control.Client) (t totals, err error) {
	question := url.Values{"by": {"campaign"}, "metrics": {"clicks,conversions,value"}, "from": {"2024-01-01"}, "to": {"2043-12-31"}}
	for began := d.Stage.Clock(); ; {
		text, err := client.Report(ctx, question)
		var told struct {
			Totals totals   `json:"totals"`
			Notes  []string `json:"notes"`
		}
		if err == nil {
			err = json.Unmarshal(text, &told)
		}
		if err == nil && len(told.Notes) > 0 {
			err = fmt.Errorf("it lacks something: %q", told.Notes)
		}
		if err == nil || d.Stage.Clock().Sub(began) > freshTime {
			return told.Totals, err
		}
		if err := Sleep(ctx, 100*time.Millisecond); err != nil {
			return t, err
		}
	}
}

// Settle ends a row: it compares everything once more, and reports, and keeps
// what the server tells on /metrics, where keys are looked for. Nobody may send
// anything meanwhile.
func (d *Driver) Settle(ctx context.Context, p *process.Process) error {
	client := p.Client()
	defer client.Close()
	if err := d.Compare(ctx, client, 0, true); err != nil {
		return err
	}
	if err := d.CompareReports(ctx, client); err != nil {
		return err
	}
	return d.keepMetrics(ctx, client)
}

// Result is what was found after so many rounds.
func (d *Driver) Result(rounds int) Result {
	clicks, conversions := d.Books.Count()
	return Result{Rounds: rounds, Clicks: clicks, Conversions: conversions, Tally: d.Books.Found()}
}
