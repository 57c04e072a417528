package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"homing"
	"homing/bench/reports/traffic"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/sqlite"
	"homing/internal/engine/spool"
	"homing/internal/engine/spool/segment"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/duckdb"
	"homing/internal/flow/catalog"
	"homing/internal/flow/loader"
)

// caughtUp tells how fast the loader itself is: from records in a spool and a
// ledger, as the doors wrote them, to rows in a warehouse.
type caughtUp struct {
	rows          int64
	took          time.Duration
	parent, child time.Duration // processor time
}

// catchUpClicks are those that wait in the spool. More would only take longer.
const catchUpClicks = 4_000_000

// catchUp fills a spool and a ledger, then lets a loader go through them.
func (b *bench) catchUp(ctx context.Context) (c caughtUp, err error) {
	dir := filepath.Join(b.dir, "catch-up")
	if err := os.RemoveAll(dir); err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return c, err
	}
	clicks := min(b.clicks, catchUpClicks)
	p, err := period(clicks)
	if err != nil {
		return c, err
	}
	end := p.Until.Time()
	clock := func() time.Time { return end }
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	ring, err := homing.NewKeyring(homing.MasterKey{ID: "00000001"})
	if err != nil {
		return c, err
	}
	keyring := func() *homing.Keyring { return ring }
	kept, err := segment.Open(segment.Options{Dir: filepath.Join(dir, "spool"), Clock: clock, Logger: log})
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, kept.Close()) }()
	books, err := sqlite.Open(sqlite.Options{Path: filepath.Join(dir, "ledger.db"), Logger: log})
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, books.Close()) }()
	b.progress.begin("writing %s clicks into a spool", grouped(clicks))
	if c.rows, err = b.writeDown(ctx, p, kept, books, keyring); err != nil {
		return c, err
	}
	settled, err := catalog.Open(ctx, catalog.Options{Ledger: settings{world: b.world}, Clock: clock, Keyring: keyring})
	if err != nil {
		return c, err
	}
	into, err := duckdb.Open(duckdb.Options{Dir: filepath.Join(dir, warehouseDir), Clock: b.now, Log: log})
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, into.Close()) }()
	l := loader.Open(loader.Options{
		Spool: kept, Books: books, Warehouse: into, View: settled.View, Keyring: keyring, Clock: b.now, Log: log, NoArchive: true,
	})
	b.progress.begin("catching up with them")
	ctx, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	began, before := b.now(), used()
	running.Go(func() { l.Run(ctx) })
	err = l.CatchUp(ctx)
	c.took = b.now().Sub(began)
	after := used()
	c.parent, c.child = after.parent-before.parent, after.child
	stop()
	running.Wait()
	b.progress.end()
	return c, err
}

// writeDown brings a stream into a spool and a ledger, as the doors do, and tells
// how many rows are to come of it.
func (b *bench) writeDown(ctx context.Context, p traffic.Period, kept spool.Spool, books *sqlite.Ledger, keyring func() *homing.Keyring) (rows int64, err error) {
	stream := b.world.Stream(p)
	defer stream.Close()
	var buf []byte
	var click homing.Click
	for round := range stream.Rounds {
		for i := range round.Spool.Clicks {
			row := &round.Spool.Clicks[i]
			record(&click, row, i)
			buf = homing.AppendClick(buf[:0], &click)
			if err := kept.Behind(spool.KindClick, row.Time, buf); err != nil {
				return rows, err
			}
			if i%512 == 511 { // what is written behind is bounded
				if _, err := kept.Append(spool.KindClick, row.Time, buf); err != nil {
					return rows, err
				}
				rows++
			}
		}
		if err := claim(ctx, books, round.Ledger.Conversions, keyring); err != nil {
			return rows, err
		}
		rows += int64(len(round.Spool.Clicks)) + 2*int64(len(round.Ledger.Conversions))
		stream.Give(round)
	}
	_, err = kept.Append(spool.KindClick, click.Origin.Time, buf)
	return rows + 1, err
}

// browsers are what visitors' programs call themselves; the digits change, so
// that no cache knows them all.
var browsers = []string{
	"Mozilla/5.0 (Linux; Android 14; SM-A%d6B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/12%d.0.0.0 Mobile Safari/537.36",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 17_%d like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.%d Mobile/15E148 Safari/604.1",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/12%d.0.%d.0 Safari/537.36",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:12%d.0) Gecko/20100101 Firefox/12%d.0",
}

var agents = func() (list [][]byte) {
	for _, b := range browsers {
		for i := range 100 {
			list = append(list, fmt.Appendf(nil, b, i/10, i%10))
		}
	}
	return list
}()

// record is the click that a row was made of.
func record(c *homing.Click, row *warehouse.Click, n int) {
	*c = homing.Click{
		Origin: row.Origin, Class: row.Class, UserAgent: agents[(int(row.Visitor)&0xffff)%len(agents)], Language: []byte("de-DE,de;q=0.9,en;q=0.8"),
		Addr: netip.AddrFrom4([4]byte{byte(row.Visitor), byte(row.Visitor >> 8), byte(row.Visitor >> 16), byte(row.Visitor >> 24)}),
	}
	for f, text := range row.Facets {
		if p, ok := homing.ParamNamed([]byte(paramOf(warehouse.Facet(f)))); ok && text != "" {
			c.Params[p] = []byte(text)
		}
	}
	for _, m := range row.More {
		c.Params[m.Param] = []byte(m.Text)
	}
	if host := row.Facets[warehouse.FacetReferrer]; host != "" {
		c.Referrer = []byte("https://" + host + "/page/" + strconv.Itoa(n))
	}
	if row.Cost != 0 {
		c.Params[homing.ParamCost] = []byte(row.Cost.String())
	}
}

// paramOf is how the ad server tells a facet.
func paramOf(f warehouse.Facet) string {
	switch f {
	case warehouse.FacetCreative, warehouse.FacetSite, warehouse.FacetAdspot:
		return f.String() + "_id"
	case warehouse.FacetLanguage, warehouse.FacetReferrer, warehouse.FacetDevice, warehouse.FacetOS, warehouse.FacetBrowser:
		return "" // told by the visitor's headers
	}
	return f.String()
}

// claim brings conversions into the ledger, many at a time, as many doors do.
func claim(ctx context.Context, books *sqlite.Ledger, list []warehouse.Conversion, keyring func() *homing.Keyring) error {
	const doors = 64
	var wait sync.WaitGroup
	failed := make([]error, doors)
	for door := range doors {
		wait.Go(func() {
			for i := door; i < len(list) && failed[door] == nil; i += doors {
				v := &list[i]
				p := homing.Postback{
					Request: v.Request, At: v.At, Method: "GET", Account: v.Account, Campaign: v.Campaign, Click: keyring().Seal(v.Click),
					Origin: v.Click, Lead: v.Lead, Value: v.Value, HTTPS: true,
					Verdict: homing.Verdict{Outcome: homing.Counted, Reason: homing.ReasonCounted},
				}
				_, failed[door] = books.Decide(ctx, &ledger.Claim{
					Click: v.Click, Goal: v.Goal, Lead: []byte(v.Lead), Account: v.Account, Campaign: v.Campaign, Status: homing.Approved,
					Value: v.Value, Price: v.Price, Currency: v.Currency, At: v.At, Request: v.Request, Receipt: homing.AppendPostback(nil, &p),
				})
			}
		})
	}
	wait.Wait()
	return errors.Join(failed...)
}
