package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"homing"
	"homing/internal/desk/control"
)

// question is the flags of what is asked of the warehouse. Their texts go to
// the server as they are: panel, API and command line understand the same.
type question struct {
	From  string   `help:"From then on: a day, a moment (RFC 3339), or so long ago (24h, 7d)." placeholder:"TIME"`
	To    string   `help:"Until the end of that day, or before that moment." placeholder:"TIME"`
	Range string   `help:"Instead: today, yesterday, last_7_days, last_30_days, this_week, last_week, this_month or last_month." placeholder:"NAME"`
	TZ    string   `name:"tz" help:"The time zone of days, such as Europe/Berlin (the installation's)." placeholder:"ZONE"`
	Where []string `sep:"none" help:"Only these: country=DE,AT, sub1!=x, sub1^=beginning, referrer~=part. Repeat it for more conditions; all must hold." placeholder:"CONDITION"`
	Limit uint32   `help:"At most so many rows." placeholder:"N"`
}

func (q *question) parameters() url.Values {
	values := url.Values{}
	give(values, "from", q.From)
	give(values, "to", q.To)
	give(values, "range", q.Range)
	give(values, "tz", q.TZ)
	if len(q.Where) > 0 {
		values["where"] = q.Where
	}
	if q.Limit > 0 {
		give(values, "limit", fmt.Sprint(q.Limit))
	}
	return values
}

func give(values url.Values, name, text string) {
	if text != "" {
		values.Set(name, text)
	}
}

type reportCmd struct {
	By      string `help:"Up to four of hour, day, week, month, hour_of_day, weekday, account, campaign, creative, site, adspot, source, sub1 to sub10, referrer, country, region, city, carrier, isp, device, os, browser, language, goal, reason." placeholder:"NAMES"`
	Metrics string `help:"The columns, such as clicks,conversions,value,cr." placeholder:"NAMES"`
	Basis   string `help:"What places a conversion in time: conversion (when it came) or click (when its click was made)." placeholder:"BASIS"`
	Compare string `help:"With what to compare: previous, last_week, last_month, last_year, or the day it begins." placeholder:"RANGE"`
	Order   string `help:"What to sort by, such as --order=-value,campaign; a minus is descending." placeholder:"NAMES"`
	Fill    bool   `help:"By a single dimension of time: show buckets of which nothing is known, too."`
	question
	Format string `enum:"table,json,csv,jsonl,parquet" default:"table" help:"table is for people; json is one document with totals; csv, jsonl and parquet have the rows."`
	output
}

// Help gives examples.
func (c *reportCmd) Help() string {
	return `All that was acknowledged before the question is in the answer; if not, a note says what it lacks.

  homing report --by day,campaign --range last_30_days --tz Europe/Berlin
  homing report --by sub1 --where campaign=4 --order=-value --limit 100 --format csv --output sub1.csv`
}

// Run answers the report.
func (c *reportCmd) Run(s *session) error {
	values := c.parameters()
	give(values, "by", c.By)
	give(values, "metrics", c.Metrics)
	give(values, "basis", c.Basis)
	give(values, "compare", c.Compare)
	give(values, "order", c.Order)
	if c.Fill {
		values.Set("fill", "1")
	}
	return s.ask(func(client *control.Client) error {
		return c.write(s, func(w io.Writer) ([]string, error) {
			if c.Format != formatJSON {
				return client.WriteReport(s.ctx, c.Format, values, w)
			}
			text, err := client.Report(s.ctx, values)
			if err != nil {
				return nil, err
			}
			return nil, indent(w, text)
		})
	})
}

// indent writes one JSON document for people, too.
func indent(w io.Writer, text json.RawMessage) error {
	var out bytes.Buffer
	if err := json.Indent(&out, bytes.TrimSpace(text), "", "  "); err != nil {
		return fmt.Errorf("couldn't read the answer: %w", err)
	}
	_, err := w.Write(append(out.Bytes(), '\n'))
	return err
}

type exportCmd struct {
	Table  string `arg:"" enum:"clicks,postbacks,conversions" help:"clicks, postbacks or conversions."`
	Order  string `help:"newest or oldest first (newest)." placeholder:"ORDER"`
	Class  string `help:"Of clicks, only billable, bot, preview, prefetch, head or test." placeholder:"CLASSES"`
	Result string `help:"Of postbacks, only counted, duplicate, late, ignored or refused." placeholder:"RESULTS"`
	Status string `help:"Of conversions, only pending, approved, rejected or late." placeholder:"STATUSES"`
	question
	Format string `enum:"csv,jsonl,parquet" default:"csv" help:"csv has a header and is safe for spreadsheets; jsonl is one object a line."`
	output
}

// Run exports the rows.
func (c *exportCmd) Run(s *session) error {
	values := c.parameters()
	give(values, "order", c.Order)
	give(values, "class", c.Class)
	give(values, "outcome", c.Result)
	give(values, "status", c.Status)
	return s.ask(func(client *control.Client) error {
		return c.write(s, func(w io.Writer) ([]string, error) {
			return client.Export(s.ctx, c.Table, c.Format, values, w)
		})
	})
}

// wrongly makes an error of the server's about the question one of usage.
func wrongly(err error) error {
	if errors.Is(err, homing.ErrInvalid) {
		return usage{errors.New(strings.TrimPrefix(err.Error(), "invalid question: "))}
	}
	return err
}
