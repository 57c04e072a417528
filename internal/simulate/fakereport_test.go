package simulate

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"homing"
	"homing/internal/desk/control"
	"homing/internal/rule/device"
)

// Report answers as homing does, from the fake's lists, in another way than the
// simulation's sheet does it.
func (f *fake) Report(_ context.Context, q url.Values) (json.RawMessage, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.away > 0 {
		f.away--
		return nil, fmt.Errorf("%w: the warehouse is starting", homing.ErrUnavailable)
	}
	if f.crowded && !strings.HasPrefix(q.Get("where"), "account=") {
		return json.RawMessage(`{"notes":["Amounts are left out: accounts of several currencies stand in one row."]}`), nil
	}
	asked := q.Encode()
	if answer, ok := f.answered[asked]; ok && f.tamperReport != nil {
		return f.tampered(q, answer)
	}
	t := fakeTable{by: q.Get("by"), byClick: q.Get("basis") == "click", rows: map[string]map[string]int64{}}
	t.zone, _ = time.LoadLocation(q.Get("tz"))
	t.accounts = strings.Split(strings.TrimPrefix(q.Get("where"), "account="), ",")
	clicks := map[homing.ClickID]*control.Click{}
	seen := map[string]bool{}
	for i := range f.clicks {
		c := &f.clicks[i]
		clicks[c.ClickID] = c
		account := f.campaigns[c.Campaign-1].Account
		at, _ := time.Parse(time.RFC3339Nano, c.At)
		add := t.to(at, at, account, c.Campaign, 0, "", c)
		if c.Class != homing.Billable {
			add("bot_clicks", 1)
			continue
		}
		add("clicks", 1)
		visitor := fmt.Sprint(c.Campaign, at.UTC().YearDay(), c.UserAgent)
		if !seen[visitor] {
			seen[visitor] = true
			add("unique_clicks", 1)
		}
		if cost, err := homing.ParseMoney(c.Params["cost"]); err == nil {
			add("cost", int64(cost))
			add("profit", -int64(cost))
		}
	}
	for _, c := range f.conversions {
		at, _ := time.Parse(time.RFC3339Nano, c.At)
		clickAt, _ := time.Parse(time.RFC3339Nano, c.ClickAt)
		add := t.to(at, clickAt, c.Account, c.Campaign, c.Goal, "", clicks[c.ClickID])
		add(c.Status.String(), 1)
		add("conversions", 1)
		add("value", int64(c.Value.Money))
		add("cost", int64(c.Price))
		add("profit", int64(c.Value.Money-c.Price))
	}
	for _, p := range f.postbacks {
		at, _ := time.Parse(time.RFC3339Nano, p.At)
		clickAt := at
		id, _ := homing.ParseClickID(p.ClickID)
		if c := clicks[id]; c != nil {
			clickAt, _ = time.Parse(time.RFC3339Nano, c.At)
		}
		add := t.to(at, clickAt, p.Account, p.Campaign, p.Goal, p.Reason.String(), clicks[id])
		add("postbacks", 1)
		switch p.Result {
		case homing.Duplicate:
			add("duplicates", 1)
		case homing.Refused:
			add("refusals", 1)
		}
	}
	answer, err := json.Marshal(t.answer())
	if f.answered == nil {
		f.answered = map[string]json.RawMessage{}
	}
	f.answered[asked] = answer
	if f.tamperReport == nil || err != nil {
		return answer, err
	}
	return f.tampered(q, answer)
}

// tampered is an answer that was given before, with a mistake in it.
func (f *fake) tampered(q url.Values, text json.RawMessage) (json.RawMessage, error) {
	var answer map[string]any
	if err := json.Unmarshal(text, &answer); err != nil {
		return nil, err
	}
	f.tamperReport(q, answer)
	return json.Marshal(answer)
}

type fakeTable struct {
	by       string
	byClick  bool
	zone     *time.Location
	accounts []string
	rows     map[string]map[string]int64
	total    map[string]int64
}

// to finds the row of something that happened, and tells how to add to it.
func (t *fakeTable) to(at, clickAt time.Time, account homing.AccountID, campaign homing.CampaignID, goal homing.GoalID, reason string, c *control.Click) func(string, int64) {
	if !slices.Contains(t.accounts, account.String()) {
		return func(string, int64) {}
	}
	if t.byClick {
		at = clickAt
	}
	at = at.In(t.zone)
	key := ""
	switch t.by {
	case "hour":
		key = time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), 0, 0, 0, t.zone).Format(time.RFC3339)
	case "day":
		key = at.Format("2006-01-02")
	case "week":
		y, w := at.ISOWeek()
		key = fmt.Sprintf("%d-W%02d", y, w)
	case "month":
		key = at.Format("2006-01")
	case "hour_of_day":
		key = fmt.Sprint(at.Hour())
	case "weekday":
		key = fmt.Sprint(int(at.AddDate(0, 0, -1).Weekday()) + 1)
	case "account":
		key = account.String()
	case "campaign":
		key = campaign.String()
	case "goal":
		key = goal.String()
	case "reason":
		key = reason
	default:
		if c != nil {
			key = fakeFacet(c, t.by)
		}
	}
	if t.rows[key] == nil {
		t.rows[key] = map[string]int64{}
	}
	if t.total == nil {
		t.total = map[string]int64{}
	}
	return func(metric string, n int64) {
		t.rows[key][metric] += n
		t.total[metric] += n
	}
}

func fakeFacet(c *control.Click, by string) string {
	info := device.Parse(c.UserAgent)
	switch by {
	case "device":
		return info.Device
	case "os":
		return info.OS
	case "browser":
		return info.Browser
	case "language":
		return c.Params["accept"][:min(2, len(c.Params["accept"]))]
	case "referrer":
		u, _ := url.Parse(c.Referrer)
		return u.Host
	case "creative", "site", "adspot":
		return c.Params[by+"_id"]
	}
	return c.Params[by]
}

func (t *fakeTable) answer() map[string]any {
	line := func(figures map[string]int64) map[string]any {
		cells := map[string]any{}
		for m := range metricCount {
			cells[metricNames[m]] = figures[metricNames[m]]
			if m.isMoney() {
				cells[metricNames[m]] = homing.Money(figures[metricNames[m]]).String()
			}
		}
		return cells
	}
	rows := []map[string]any{}
	for key, figures := range t.rows {
		cells := line(figures)
		cells[t.by] = key
		if slices.Contains([]string{"account", "campaign", "goal", "hour_of_day", "weekday"}, t.by) {
			cells[t.by] = json.Number(key)
		}
		rows = append(rows, cells)
	}
	return map[string]any{"rows": rows, "totals": line(t.total)}
}
