package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"homing"
	"homing/bench/reports/traffic"
	"homing/bench/show"
)

// question is one row of the table: what is asked, and how long it may take.
type question struct {
	letter   string // of the promise it belongs to; empty of extras
	title    string
	by       []string
	campaign homing.CampaignID // 0 = all
	order    string
	limit    int           // rows
	days     int           // length of the range; 0 = the month
	within   time.Duration // 0 = quoted only
	beside   bool          // asked while clicks come in, though it has no limit
	sqlite   bool
	brief    bool // only what quarter-hour totals know
}

// metrics of the questions: what an overview shows. Conversions come from
// another table than clicks, so every question reads two.
const (
	metrics      = "clicks,unique_clicks,conversions,value,cost,cr,epc"
	briefMetrics = "clicks,unique_clicks,cost"
)

// The campaigns that are asked about: one at the tenth part of all by its
// clicks, which the limits are for, and the largest, which has a sixth of all
// clicks and is quoted.
const midPlace = traffic.CampaignCount / 10

func questions(w *traffic.World, b *traffic.Books) []question {
	mid, largest := w.CampaignAt(midPlace), w.CampaignAt(0)
	of := func(name string, id homing.CampaignID) string {
		return fmt.Sprintf("of the %s campaign (%s clicks)", name, show.Grouped(clicksOf(b, id)))
	}
	midName, largestName := of("mid-size", mid), of("largest", largest)
	drill := []string{"day", "country", "device", "os"}
	return []question{
		{letter: "a", title: "day × campaign, 30 days, " + zoneName, by: []string{"day", "campaign"}, within: time.Second, sqlite: true},
		{title: "day × campaign × os, from raw rows", by: []string{"day", "campaign", "os"}, sqlite: true},
		{letter: "b", title: "top 100 sub1 " + midName, by: []string{"sub1"}, campaign: mid, order: "-clicks", limit: 100, within: 200 * time.Millisecond, sqlite: true},
		{title: "top 100 sub1 " + largestName, by: []string{"sub1"}, campaign: largest, order: "-clicks", limit: 100, beside: true, sqlite: true},
		{letter: "d", title: "day × country × device × os " + midName, by: drill, campaign: mid, within: 500 * time.Millisecond, sqlite: true},
		{title: "day × country × device × os " + largestName, by: drill, campaign: largest, beside: true, sqlite: true},
		{title: "campaign, clicks and cost only", by: []string{"campaign"}, brief: true},
		{title: "hour × country, 30 days", by: []string{"hour", "country"}},
		{title: "month × account, 90 days", by: []string{"month", "account"}, days: 90},
		{title: "top 100 sub1 of all campaigns", by: []string{"sub1"}, order: "-clicks", limit: 100},
	}
}

func clicksOf(b *traffic.Books, id homing.CampaignID) (sum int64) {
	for _, campaigns := range b.Days {
		sum += campaigns[id-1].Clicks
	}
	return sum
}

// parameters is the question as anybody would ask it over the API.
func (q *question) parameters() (map[string][]string, error) {
	first := firstDate
	if q.days > 0 {
		last, err := time.Parse(time.DateOnly, lastDate)
		if err != nil {
			return nil, err
		}
		first = last.AddDate(0, 0, 1-q.days).Format(time.DateOnly)
	}
	values := map[string][]string{
		"by": {strings.Join(q.by, ",")}, "metrics": {metrics},
		"from": {first}, "to": {lastDate}, "tz": {zoneName},
	}
	if q.brief {
		values["metrics"] = []string{briefMetrics}
	}
	if q.campaign != 0 {
		values["where"] = []string{"campaign=" + q.campaign.String()}
	}
	if q.order != "" {
		values["order"] = []string{q.order}
	}
	if q.limit != 0 {
		values["limit"] = []string{strconv.Itoa(q.limit)}
	}
	return values, nil
}
