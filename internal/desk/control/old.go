package control

import (
	"context"
	"iter"
	"slices"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/spool"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/journal"
)

// The spool gives records up once they are loaded, sealed and two days old. What
// is older than it comes from the warehouse, so that lists go back as far as
// rows are kept at all. A list of what the spool has never asks the warehouse.

// outOfOrder is how far a record's time may lie from those of its neighbours in
// the spool: an append waits a few seconds at most.
const outOfOrder = homing.Millis(60_000)

// farAhead is what no node's clock is ahead of another's. Clocks that nobody looks after
// are minutes apart, and a click carries the time of the node that took it.
const farAhead = homing.Millis(24 * 60 * 60 * 1000)

// spooled is the moment from which on the spool has everything; 0 if it never
// gave anything up, or if there is nobody else to ask. Of a cluster it has a part
// only, and all comes from the warehouse.
func (d desk) spooled(ctx context.Context) (homing.Millis, error) {
	if d.Warehouse != nil && d.Shared {
		return homing.MillisOf(d.Clock()) + farAhead, nil
	}
	if d.Warehouse == nil || d.Spool.Oldest() == 0 {
		return 0, nil
	}
	for record, err := range d.Spool.Scan(ctx, spool.Query{}) {
		return record.At + outOfOrder, err
	}
	return homing.MillisOf(d.Clock()) + 1, nil // it has nothing now
}

// olderThan is the part of a list before a moment; ok is false if there is none.
func olderThan(cut, since, until homing.Millis) (l warehouse.List, ok bool) {
	if until == 0 || until > cut {
		until = cut
	}
	return warehouse.List{From: since, Until: until}, since < until
}

// only narrows a list to one thing, if there is one.
func only[T ~uint32](l *warehouse.List, dimension warehouse.Dimension, id T) {
	if id != 0 {
		l.Where = append(l.Where, warehouse.Condition{Dimension: dimension, Keys: []warehouse.Key{{Number: int64(id)}}})
	}
}

// oldList reads rows of the warehouse, turned into what is shown; what is not to
// be shown is left out.
type oldList[R, T any] struct {
	list  warehouse.List
	read  func(*warehouse.List) iter.Seq2[R, error]
	place func(*R) warehouse.Cursor
	show  func(*R) (T, bool)
}

// all reads everything, oldest first.
func (o oldList[R, T]) all(yield func(T, error) bool) {
	for row, err := range o.read(&o.list) {
		v, shown := o.show(&row)
		if err != nil {
			yield(v, err)
			return
		}
		if shown && !yield(v, nil) {
			return
		}
	}
}

// last reads the newest n, oldest first. It asks again when rows were left out.
func (o oldList[R, T]) last(n int) (found []T, err error) {
	l := o.list
	l.Newest, l.Limit = true, n
	for rows := n; rows == n && len(found) < n; {
		rows = 0
		for row, err := range o.read(&l) {
			if err != nil {
				return nil, err
			}
			rows++
			after := o.place(&row)
			l.After = &after
			if v, shown := o.show(&row); shown && len(found) < n {
				found = append(found, v)
			}
		}
	}
	slices.Reverse(found)
	return found, nil
}

// following lists what is old, then what is recent: everything, or the newest so
// many.
func following[R, T any](old oldList[R, T], recent iter.Seq2[T, error], limit int) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		if limit == 0 {
			more := true
			for v, err := range old.all {
				if more = yield(v, err) && err == nil; !more {
					return
				}
			}
			recent(yield)
			return
		}
		var none T
		var list []T
		for v, err := range newest(recent, limit) {
			if err != nil {
				yield(none, err)
				return
			}
			list = append(list, v)
		}
		if n := limit - len(list); n > 0 {
			before, err := old.last(n)
			if err != nil {
				yield(none, err)
				return
			}
			list = append(before, list...)
		}
		for _, v := range list {
			if !yield(v, nil) {
				return
			}
		}
	}
}

// oldClicks are those the spool does not have any more.
func (d desk) oldClicks(ctx context.Context, l warehouse.List) oldList[warehouse.Click, Click] {
	ring := d.Keyring()
	return oldList[warehouse.Click, Click]{
		list:  l,
		read:  func(l *warehouse.List) iter.Seq2[warehouse.Click, error] { return d.Warehouse.Clicks(ctx, l) },
		place: (*warehouse.Click).Place,
		show: func(c *warehouse.Click) (Click, bool) {
			return oldClickOf(c, ring), !d.erasedCampaign(c.Campaign)
		},
	}
}

// facetParams are the click parameters that facets were.
var facetParams = map[warehouse.Facet]homing.Param{
	warehouse.FacetCreative: homing.ParamCreativeID, warehouse.FacetSite: homing.ParamSiteID,
	warehouse.FacetAdspot: homing.ParamAdspotID, warehouse.FacetSource: homing.ParamSource,
	warehouse.FacetCountry: homing.ParamCountry, warehouse.FacetRegion: homing.ParamRegion, warehouse.FacetCity: homing.ParamCity,
	warehouse.FacetCarrier: homing.ParamCarrier, warehouse.FacetDevice: homing.ParamDeviceType, warehouse.FacetOS: homing.ParamOS,
	warehouse.FacetBrowser: homing.ParamBrowser, warehouse.FacetLanguage: homing.ParamLang,
}

// oldClickOf shows a click of the warehouse: its headers are kept no longer, and
// what was worked out from them stands with the parameters of that name.
func oldClickOf(c *warehouse.Click, ring *homing.Keyring) Click {
	shown := Click{
		ClickID: ring.Seal(c.Origin), At: when(c.Time), Campaign: c.Campaign, Class: c.Class, Addr: c.Addr,
		Referrer: c.Facets[warehouse.FacetReferrer], Params: map[string]string{},
	}
	for f, text := range c.Facets {
		f := warehouse.Facet(f)
		param, ok := facetParams[f]
		if f >= warehouse.FacetSub1 && f < warehouse.FacetReferrer {
			param, ok = homing.ParamSub1+homing.Param(f-warehouse.FacetSub1), true
		}
		if ok && text != "" {
			shown.Params[param.String()] = text
		}
	}
	for _, p := range c.More {
		shown.Params[p.Param.String()] = p.Text
	}
	if c.Cost != 0 {
		shown.Params[homing.ParamCost.String()] = c.Cost.String()
	}
	return shown
}

// oldPostbacks is the postback log before what the spool has: all of it, for the
// warehouse was told of the receipts, too.
func (d desk) oldPostbacks(ctx context.Context, l warehouse.List) oldList[warehouse.Postback, journal.Entry] {
	masker := d.Catalog.Masker()
	return oldList[warehouse.Postback, journal.Entry]{
		list:  l,
		read:  func(l *warehouse.List) iter.Seq2[warehouse.Postback, error] { return d.Warehouse.Postbacks(ctx, l) },
		place: (*warehouse.Postback).Place,
		show: func(p *warehouse.Postback) (journal.Entry, bool) {
			e := journal.Entry{Postback: p.Postback, Count: uint64(p.Count)}
			masker.Postback(&e.Postback)
			return e, !d.hidden(&e)
		},
	}
}

// erasedClicks are those that were erased one by one. The spool has them until
// it gives them up, and they are shown no more.
func (d desk) erasedClicks(ctx context.Context) (map[homing.Origin]bool, error) {
	erased := map[homing.Origin]bool{}
	for e, err := range ledger.AllErasures(ctx, d.Books) {
		if err != nil {
			return nil, err
		}
		if e.Account == 0 {
			erased[e.Click] = true
		}
	}
	return erased, nil
}
