package macro

import (
	"strconv"

	"homing"
)

// field is what a macro stands for. The first homing.ParamCount fields are the
// click's parameters under their own numbers; the others follow.
type field uint8

const (
	fieldClickID = field(homing.ParamCount) + iota
	fieldCampaign
	fieldCampaignID
	fieldIP
	fieldTimestamp
	fieldUserAgent
	fieldRandom
	fieldCount
)

// Entry describes one macro for people.
type Entry struct {
	Name    string // without braces
	Meaning string
	// Source tells where the value comes from, first choice first.
	Source  string
	Example string // a value, before it is percent-encoded
}

// entry is an Entry and what the program makes of it.
type entry struct {
	Entry
	field field
	needs Needs
}

const (
	fromQuery = "query parameter of the click URL"
	fromGeo   = fromQuery + ", else the visitor's address, if the operator supplies geo data"
	fromUA    = fromQuery + ", else the User-Agent header"
	ours      = "homing; a query parameter of this name is not looked at"
)

// entries is the one table of macros, in the order of the documentation.
// docs/macros.md is written from it.
var entries = []entry{
	own(fieldClickID, "click_id", "The id of this click, 40 hexadecimal digits. The postback brings it home.", "6f1e0a4b9c2d7e8f00112233445566778899aabb"),
	own(fieldCampaign, "campaign", "Name of the campaign.", "Spring sale"),
	own(fieldCampaignID, "campaign_id", "Number of the campaign.", "42"),
	param(homing.ParamCreativeID, "Number or name of the banner.", fromQuery, "b-117", 0),
	param(homing.ParamDeviceType, "desktop, mobile, tablet, tv or bot.", fromUA, "mobile", NeedsDevice),
	param(homing.ParamOS, "Operating system.", fromUA, "Android", NeedsDevice),
	param(homing.ParamBrowser, "Browser.", fromUA, "Chrome", NeedsDevice),
	param(homing.ParamReferrer, "The page the visitor came from.", fromQuery+", else the Referer header", "https://blog.example/", 0),
	param(homing.ParamSiteID, "Number of the site that showed the ad.", fromQuery, "9001", 0),
	param(homing.ParamSiteHost, "Host name of that site.", fromQuery, "blog.example", 0),
	param(homing.ParamCategory, "Category of that site.", fromQuery, "games", 0),
	param(homing.ParamCarrier, "Mobile carrier or internet provider.", fromGeo, "Example Mobile", NeedsGeo),
	param(homing.ParamKeywords, "Keywords of the page or the search.", fromQuery, "shoes,red", 0),
	param(homing.ParamGeo, "Country, as country.", fromQuery+" geo, else country, else the visitor's address, if the operator supplies geo data", "DE", NeedsGeo),
	param(homing.ParamCountry, "Country, two letters.", fromQuery+" country, else geo, else the visitor's address, if the operator supplies geo data", "DE", NeedsGeo),
	param(homing.ParamRegion, "Region or state.", fromGeo, "Bavaria", NeedsGeo),
	param(homing.ParamCity, "City.", fromGeo, "Munich", NeedsGeo),
	param(homing.ParamLang, "Language, without the country.", fromQuery+", else the first of the Accept-Language header", "de", 0),
	param(homing.ParamFormat, "Format of the ad.", fromQuery, "300x250", 0),
	param(homing.ParamPricingModel, "cpc, cpm, cpa, …", fromQuery, "cpc", 0),
	param(homing.ParamCost, "What the click costs the advertiser.", fromQuery, "0.012", 0),
	param(homing.ParamPrice, "Price, as the ad server tells it.", fromQuery, "0.015", 0),
	param(homing.ParamECPC, "Effective cost per click.", fromQuery, "0.011", 0),
	own(fieldIP, "ip", "The visitor's address, IPv4 or IPv6.", "203.0.113.9"),
	param(homing.ParamAdspotID, "Number of the ad spot (zone).", fromQuery, "778", 0),
	param(homing.ParamAdspotName, "Name of the ad spot (zone).", fromQuery, "Sidebar top", 0),
	param(homing.ParamX, "Where in the ad was clicked, from the left.", fromQuery, "120", 0),
	param(homing.ParamY, "Where in the ad was clicked, from the top.", fromQuery, "33", 0),
	own(fieldTimestamp, "timestamp", "When the click was made, in seconds since 1970-01-01 UTC.", "1767225600"),
	own(fieldUserAgent, "user_agent", "The User-Agent header.", "Mozilla/5.0 (X11; Linux x86_64)"),
	own(fieldRandom, "random", "A random number, to get past caches.", "2596996162"),
	param(homing.ParamSource, "Traffic source, as the ad server names it.", fromQuery, "newsletter", 0),
	sub(1), sub(2), sub(3), sub(4), sub(5), sub(6), sub(7), sub(8), sub(9), sub(10),
}

func own(f field, name, meaning, example string) entry {
	return entry{Entry{name, meaning, ours, example}, f, 0}
}

func param(p homing.Param, meaning, source, example string, needs Needs) entry {
	return entry{Entry{p.String(), meaning, source, example}, field(p), needs}
}

func sub(n int) entry {
	return param(homing.ParamSub1+homing.Param(n-1), "Free for your own use.", fromQuery, "value-"+strconv.Itoa(n), 0)
}

// table finds the entry of a field.
var table = func() (t [fieldCount]entry) {
	for _, e := range entries {
		t[e.field] = e
	}
	return t
}()

// fieldNamed finds the field of that exact name.
func fieldNamed(name string) (field, bool) {
	for _, e := range entries {
		if e.Name == name {
			return e.field, true
		}
	}
	return 0, false
}

// Names lists the macros that are known, without braces, in the order of the
// documentation.
func Names() []string {
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name
	}
	return names
}

// Entries describes the macros that are known, in the same order.
func Entries() []Entry {
	list := make([]Entry, len(entries))
	for i, e := range entries {
		list[i] = e.Entry
	}
	return list
}
