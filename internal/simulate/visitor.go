package simulate

import (
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	"homing"
	"homing/internal/simulate/wire"
)

// visit is one visitor following an ad: the click URL, and where it leads.
type visit struct{ offer *offer }

// browser is what a visitor looks like, how such a click is to be held, and what
// reports are to call it.
type browser struct {
	weight   int
	class    homing.ClickClass
	method   string
	headers  string // %d is its build
	device   string
	os, name string
	language string
	referrer string // host
}

// builds are how many builds there are of each browser: what tells visitors of
// one address apart.
const builds = 60

var browsers = []browser{
	{250, homing.Billable, "GET", "User-Agent: Mozilla/5.0 (Linux; Android 14; SM-A546B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.6478.%d Mobile Safari/537.36\r\nAccept-Language: de-DE,de;q=0.9\r\n",
		"mobile", "Android", "Chrome", "de", ""},
	{250, homing.Billable, "GET", "User-Agent: Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5.%d Mobile/15E148 Safari/604.1\r\nAccept-Language: en-US\r\n",
		"mobile", "iOS", "Safari", "en", ""},
	{50, homing.Billable, "GET", "User-Agent: Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5.%d Mobile/15E148 Safari/604.1\r\nAccept-Language: fr-CH, fr;q=0.9, en;q=0.8\r\nReferer: https://m.social.example/feed?id=7\r\n",
		"tablet", "iOS", "Safari", "fr", "m.social.example"},
	{250, homing.Billable, "GET", "User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.6422.%d Safari/537.36\r\nReferer: https://news.example/\r\n",
		"desktop", "Windows", "Chrome", "", "news.example"},
	{100, homing.Billable, "GET", "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:127.%d) Gecko/20100101 Firefox/127.%d\r\n",
		"desktop", "Linux", "Firefox", "", ""},
	{40, homing.Billable, "GET", "", "", "", "", "", ""},
	{20, homing.BotClick, "GET", "User-Agent: Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)\r\n",
		"bot", "", "Googlebot", "", ""},
	{10, homing.BotClick, "GET", "User-Agent: Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)\r\n",
		"bot", "", "Bingbot", "", ""},
	{8, homing.PreviewClick, "GET", "User-Agent: WhatsApp/2.24.11.%d A\r\n",
		"bot", "", "WhatsApp", "", ""},
	{15, homing.PrefetchClick, "GET", "User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.6367.%d Safari/537.36\r\nSec-Purpose: prefetch;prerender\r\n",
		"desktop", "Windows", "Chrome", "", ""},
	{7, homing.HeadClick, "HEAD", "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.%d) Gecko/20100101 Firefox/128.%d\r\n",
		"desktop", "Linux", "Firefox", "", ""},
}

// anyBrowser draws one by weight: 6 % are no billable visitors.
func anyBrowser(r *rand.Rand) uint8 {
	n := r.IntN(1000)
	for i := range browsers {
		if n -= browsers[i].weight; n < 0 {
			return uint8(i)
		}
	}
	return 0
}

// do follows the click URL. A visitor who gets no answer leaves, except that a
// browser repeats on a new connection what met a closing one.
func (v visit) do(w *worker, due time.Time) {
	f := drawFacts(w.rand)
	b := f.browser()
	query, rest := f.query()
	l := &w.plain
	if w.secure.Secure != nil && w.rand.IntN(10) == 0 {
		l = &w.secure
	}
	w.request = wire.Request(w.request[:0], b.method, v.offer.path+query, l.Address(), f.headers())
	w.play.sent.clicks.Add(1)
	reused := l.Open()
	a, err := l.Send(w.ctx, w.request, b.method == "HEAD")
	if err != nil && reused && !errors.Is(err, wire.ErrNotSent) {
		w.play.books.clickDoubted(v.offer.id)
		w.play.sent.broken.Add(1)
		a, err = l.Send(w.ctx, w.request, b.method == "HEAD")
	}
	if err == nil {
		w.play.clickTimes.Add(w.play.clock().Sub(due))
	}
	v.judge(w, f, a, err, rest)
}

// judge compares the answer with what a visitor may expect, and notes it.
func (v visit) judge(w *worker, f facts, a wire.Answer, err error, rest string) {
	class := f.browser().class
	books, sent := w.play.books, &w.play.sent
	switch {
	case errors.Is(err, wire.ErrNotSent):
		sent.unsent.Add(1)
		return
	case err != nil:
		books.clickDoubted(v.offer.id)
		sent.broken.Add(1)
		return
	case a.Status == 503:
		books.clickDoubted(v.offer.id)
		sent.shed.Add(1)
		return
	}
	id, ok := v.landed(a, rest)
	if a.Status != 302 || !ok {
		books.differ(other, "a visitor of campaign %s was answered %d, Location %q", v.offer.id, a.Status, a.Location)
		return
	}
	if !a.NoStore {
		books.differ(other, "the redirect of click %s may be cached", id)
	}
	books.click(id, v.offer.number, f)
	w.play.redirected(class)
	if class == homing.Billable && w.rand.Float64() < w.play.conversionRate {
		w.play.convert(w.rand, v.offer, id)
	} else if w.play.reserve != nil {
		w.play.reserve.keep(v.offer, id)
	}
}

// landed takes the click id out of the destination.
func (v visit) landed(a wire.Answer, rest string) (id homing.ClickID, ok bool) {
	text, ok := strings.CutPrefix(string(a.Location), v.offer.before)
	if !ok {
		return id, false
	}
	if text, ok = strings.CutSuffix(text, rest); !ok {
		return id, false
	}
	return homing.ParseClickID(text)
}
