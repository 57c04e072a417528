package traffic_test

import (
	"fmt"
	"hash/fnv"
	"testing"
	"time"

	"homing"
	"homing/bench/reports/traffic"
	"homing/internal/engine/warehouse"
)

func period(clicks int64) traffic.Period {
	from := homing.MillisOf(time.Date(2026, 9, 30, 22, 0, 0, 0, time.UTC))
	until := homing.MillisOf(time.Date(2026, 10, 30, 22, 30, 0, 0, time.UTC))
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	return traffic.Period{From: from, Until: until, Clicks: clicks, Zone: warehouse.ZoneOf(berlin, from, until), Batch: 20_000}
}

// tally is what is seen of a stream.
type tally struct {
	clicks, billable, unique, conversions, versions, postbacks int64
	duplicates, refusals, late, pending, rejected              int64
	hash                                                       uint64
	sub1                                                       map[string]int64
	last                                                       homing.Origin
}

func watch(t *testing.T, seed uint64, clicks int64) (tally, *traffic.Books) {
	t.Helper()
	stream := traffic.New(seed).Stream(period(clicks))
	defer stream.Close()
	seen, hash := tally{sub1: map[string]int64{}}, fnv.New64a()
	for round := range stream.Rounds {
		for i := range round.Spool.Clicks {
			row := &round.Spool.Clicks[i]
			if row.Time < seen.last.Time || row.Time == seen.last.Time && row.Seq <= seen.last.Seq {
				t.Fatalf("%v comes after %v", row.Origin, seen.last)
			}
			seen.last = row.Origin
			seen.clicks++
			if row.Class == homing.Billable {
				seen.billable++
			}
			if row.Unique {
				seen.unique++
			}
			seen.sub1[row.Facets[warehouse.FacetSub1]]++
			if i%100 == 0 {
				fmt.Fprint(hash, *row)
			}
		}
		for _, list := range [][]warehouse.Postback{round.Spool.Postbacks, round.Ledger.Postbacks} {
			for i := range list {
				seen.postbacks++
				switch list[i].Verdict.Outcome {
				case homing.Duplicate:
					seen.duplicates++
				case homing.Refused:
					seen.refusals++
				}
			}
			fmt.Fprint(hash, list)
		}
		for i := range round.Ledger.Conversions {
			row := &round.Ledger.Conversions[i]
			seen.versions++
			seen.conversions = max(seen.conversions, int64(row.ID))
			switch row.Status {
			case homing.LateStatus:
				seen.late++
			case homing.Pending:
				seen.pending++
			case homing.Rejected:
				seen.rejected++
			}
			fmt.Fprint(hash, row.Conversion)
		}
		stream.Give(round)
	}
	seen.hash = hash.Sum64()
	return seen, stream.Books()
}

func TestSameSeedSameRows(t *testing.T) {
	a, _ := watch(t, 1, 10_000)
	b, _ := watch(t, 1, 10_000)
	if a.hash != b.hash {
		t.Errorf("the same seed made other rows")
	}
	if c, _ := watch(t, 2, 10_000); c.hash == a.hash {
		t.Errorf("another seed made the same rows")
	}
}

func TestLooksLikeANetwork(t *testing.T) {
	const clicks = 150_000
	seen, books := watch(t, 1, clicks)
	if seen.clicks != clicks {
		t.Errorf("%d clicks, want %d", seen.clicks, clicks)
	}
	within := func(what string, got int64, low, high float64) {
		t.Logf("%s: %.4f of clicks", what, float64(got)/clicks)
		if share := float64(got) / clicks; share < low || share > high {
			t.Errorf("%s are %.4f of clicks, want %.4f to %.4f", what, share, low, high)
		}
	}
	within("billable", seen.billable, 0.91, 0.93)
	within("unique", seen.unique, 0.76, 0.84) // 85 % of billable, more while campaigns are small
	within("conversions", seen.conversions, 0.007, 0.014)
	within("duplicates", seen.duplicates, 0.0008, 0.0018)
	within("refusals", seen.refusals, 0.0006, 0.0011)
	within("pending", seen.pending, 0.0002, 0.006)
	within("rejected", seen.rejected, 0.00005, 0.001)
	if seen.late == 0 {
		t.Errorf("nothing was late")
	}
	t.Logf("%d texts of sub1", len(seen.sub1))
	if len(seen.sub1) < 60_000 {
		t.Errorf("only %d texts of sub1", len(seen.sub1))
	}
	var sum traffic.Figures
	for _, campaigns := range books.Days {
		for _, f := range campaigns {
			sum.Clicks, sum.Unique = sum.Clicks+f.Clicks, sum.Unique+f.Unique
			sum.Conversions += f.Conversions
		}
	}
	if len(books.Days) != 30 {
		t.Errorf("%d days, want 30", len(books.Days))
	}
	if sum.Clicks != seen.billable || sum.Unique != seen.unique || sum.Conversions != seen.conversions-seen.late-seen.rejected {
		t.Errorf("the books say %+v, the rows %+v", sum, seen)
	}
}

func BenchmarkStream(b *testing.B) {
	stream := traffic.New(1).Stream(period(int64(b.N)))
	defer stream.Close()
	b.ReportAllocs()
	for round := range stream.Rounds {
		stream.Give(round)
	}
}
