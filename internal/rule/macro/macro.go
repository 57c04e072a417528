// Package macro turns an advertiser's URL template into the URL of one click.
// Templates are compiled once, when a campaign is set up; on the click path
// only slices are joined.
//
// A value passes through like this: [Compile] checks the template and cuts it
// at its macros; [Template.Needs] tells the door what it must find out first;
// [Template.Append] writes what stands between the macros as it is and each
// value percent-encoded. [Lint] and [Highlight] read a template for people.
//
// {click_id} has the aliases the field uses: {clickid}, {CLICK_ID}, ${CLICK_ID},
// {{click_id}}, [CLICK_ID], [[click_id]], %CLICK_ID%, #click_id#, ##CLICK_ID##, __CLICK_ID__ and
// the percent-encoded %7Bclick_id%7D. Every other name is written {name},
// ${name}, {{name}} or percent-encoded, in lower case only: upper case and
// other brackets belong to OpenRTB (${AUCTION_ID}), VAST ([TIMESTAMP]) and PHP's
// array parameters (a[sub1]=…). Known names are replaced in one pass, so a
// value is never read as a macro; unknown ones stay untouched, for they may
// belong to the next tracker. Nothing is replaced in scheme and host.
//
// What no value can do, whatever it holds: change scheme or host, add a
// parameter, end a path or a query, climb in the path ("..", see Append), or
// bring a space or a control character into the URL.
package macro

import (
	"net/netip"

	"homing"
)

// Template is a compiled URL template. It is immutable and safe for concurrent
// use.
type Template struct {
	pieces []piece
	rest   string // what follows the last macro
	needs  Needs
}

// piece is one macro and the text before it.
type piece struct {
	before string
	field  field
	inPath bool
}

// Needs tells what a template asks for that costs something to find out.
type Needs uint8

const (
	// NeedsDevice: device_type, os or browser, from the User-Agent.
	NeedsDevice Needs = 1 << iota
	// NeedsGeo: geo, country, region, city or carrier, from the address.
	NeedsGeo
)

// Values are what a template is filled with. Query parameters of the click
// stand before what was worked out from the request; only click_id, ip,
// user_agent, timestamp, random, campaign and campaign_id are never taken from
// the query. An empty parameter counts as not given.
type Values struct {
	Click        *homing.Click // never nil
	CampaignName string
	Addr         netip.Addr
	Random       uint32 // for {random}
	// Worked out only if the template needs them.
	Device, OS, Browser            string
	Country, Region, City, Carrier string
}

// MaxTemplateLen is the longest template, in bytes.
const MaxTemplateLen = 2048

// Compile checks a template and compiles it. It must be an absolute http or
// https URL with a host and no user name, of at most 2,048 bytes, without control
// characters or spaces. The error is homing.ErrInvalid and says what to do.
//
// Letters outside ASCII are percent-encoded in the compiled form, because a
// Location header is ASCII; in the host they are refused.
func Compile(url string) (*Template, error) {
	start, err := checkShape(url)
	if err != nil {
		return nil, err
	}
	t := &Template{}
	at := 0
	for _, tok := range scan(url, start) {
		if err := checkBefore(url[at:tok.start], url[tok.start:tok.end]); err != nil {
			return nil, err
		}
		t.pieces = append(t.pieces, piece{asciiOnly(url[at:tok.start]), tok.field, tok.part == inPath})
		t.needs |= table[tok.field].needs
		at = tok.end
	}
	t.rest = asciiOnly(url[at:])
	if err := checkResult(t); err != nil {
		return nil, err
	}
	return t, nil
}

// Needs tells what to find out before Append.
func (t *Template) Needs() Needs { return t.needs }

// Append appends the URL of a click to dst. It allocates nothing if dst has
// room. A missing value is written as nothing.
//
// In the path a value of dots only is written as nothing too: "." and ".." are
// unreserved, and browsers take even their percent-encoded form as a step up,
// so there is no way to write them that does not move the visitor.
func (t *Template) Append(dst []byte, v *Values) []byte {
	for i := range t.pieces {
		p := &t.pieces[i]
		dst = append(dst, p.before...)
		if p.field == fieldClickID {
			dst = v.Click.ID.AppendHex(dst)
			continue
		}
		start := len(dst)
		dst = appendField(dst, p.field, v)
		if p.inPath && onlyDots(dst[start:]) {
			dst = dst[:start]
		}
	}
	return append(dst, t.rest...)
}

func onlyDots(s []byte) bool {
	for _, c := range s {
		if c != '.' {
			return false
		}
	}
	return true
}
