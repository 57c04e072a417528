package edge

import (
	"fmt"
	"math/rand/v2"

	"github.com/valyala/fasthttp"

	"homing"
	"homing/internal/engine/spool"
	"homing/internal/flow/catalog"
	"homing/internal/rule/macro"
	"homing/internal/rule/target"
)

// How many bytes of a click's headers are kept.
const (
	maxUserAgent = 512
	maxReferrer  = 1024
	maxLanguage  = 128
)

var (
	headerReferer        = []byte("Referer")
	headerAcceptLanguage = []byte("Accept-Language")
)

// serveClick records a click and sends the visitor on.
func (w *work) serveClick(t *target.Target) {
	e, h := w.edge, &w.ctx.Request.Header
	if !h.IsGet() && !h.IsHead() {
		e.metrics.clickNot[noClickMethod].Inc()
		w.refuseMethod(allowGetHead)
		return
	}
	if w.body != bare {
		e.metrics.clickNot[noClickBody].Inc()
		w.answer(fasthttp.StatusBadRequest, bodyRequest)
		return
	}
	if len(t.Query) > target.MaxClickQuery {
		e.metrics.clickNot[noClickTooLong].Inc()
		w.answer(fasthttp.StatusRequestURITooLong, bodyTooLong)
		return
	}
	campaign := e.options.Catalog.View().BySlug(t.Slug)
	switch {
	case campaign == nil:
		w.sendElsewhere(noClickUnknown)
	case campaign.Status != homing.CampaignActive:
		w.sendElsewhere(noClickPaused)
	default:
		w.take(campaign, t.Query)
	}
}

// sendElsewhere answers a click that no campaign takes.
func (w *work) sendElsewhere(why noClick) {
	e := w.edge
	e.metrics.clickNot[why].Inc()
	if e.options.FallbackURL == "" {
		w.answer(fasthttp.StatusNotFound, bodyNotFound)
		return
	}
	e.metrics.fallback.Inc()
	w.text = append(w.text[:0], e.options.FallbackURL...)
	w.redirect(w.text)
}

// take mints, records and redirects, in this order: from the append on the
// click is on stable storage, so the visitor may have the id.
func (w *work) take(campaign *catalog.Campaign, query []byte) {
	e, c := w.edge, &w.click
	w.readSource()
	w.readClick(query)
	var err error
	if c.ID, c.Origin, err = e.options.Minter.MintAt(campaign.ID, w.at); err != nil {
		w.unavailable(clickDoor, causeOf(err), fmt.Errorf("couldn't mint a click id: %w", err))
		return
	}
	w.recordClick()
	if _, err = e.options.Spool.Append(spool.KindClick, c.Origin.Time, w.record); err != nil {
		err = fmt.Errorf("couldn't record a click: %w", err)
		if !e.options.RedirectUnrecorded {
			w.unavailable(clickDoor, causeOf(err), err)
			return
		}
		e.metrics.unrecorded.Inc()
		e.faults.tell(causeOf(err), err)
	}
	e.metrics.clicks[c.Class].Inc()
	w.sendOn(campaign)
}

// readClick reads what the request tells of the click.
func (w *work) readClick(query []byte) {
	c, h := &w.click, &w.ctx.Request.Header
	*c = homing.Click{Addr: w.addr}
	c.UserAgent = cut(h.UserAgent(), maxUserAgent)
	c.Referrer = cut(h.PeekCanonical(headerReferer), maxReferrer)
	c.Language = cut(h.PeekCanonical(headerAcceptLanguage), maxLanguage)
	c.Class = classOf(h)
	w.queryBuf = room(w.queryBuf, len(query))
	target.ClickParams(query, &c.Params, w.queryBuf)
}

func cut(text []byte, n int) []byte { return text[:min(len(text), n)] }

// sendOn answers with the advertiser's URL.
func (w *work) sendOn(campaign *catalog.Campaign) {
	w.values = macro.Values{
		Click: &w.click, CampaignName: campaign.Name, Addr: w.addr, Random: rand.Uint32(),
	}
	needs := campaign.Template.Needs()
	if needs&macro.NeedsDevice != 0 {
		info := w.edge.devices.of(w.click.UserAgent)
		w.values.Device, w.values.OS, w.values.Browser = info.Device, info.OS, info.Browser
	}
	if needs&macro.NeedsGeo != 0 {
		w.fillPlace()
	}
	w.text = campaign.Template.Append(w.text[:0], &w.values)
	w.redirect(w.text)
}

// fillPlace tells the template where the visitor is. {carrier} is the provider
// where no mobile carrier is known.
func (w *work) fillPlace() {
	place := w.edge.options.Geo.Find(w.addr)
	v := &w.values
	v.Country, v.Region, v.City = place.Country, place.Region, place.City
	if v.Carrier = place.Carrier; v.Carrier == "" {
		v.Carrier = place.ISP
	}
}
