package mmdb

import (
	"strings"
	"unicode/utf8"

	"github.com/oschwald/maxminddb-golang/v2"

	"homing"
	"homing/internal/engine/geo"
)

// path leads to a field inside a record.
type path []any

// Where the makers of such files put what we want to know, the first that has a
// text wins. MaxMind and DB-IP nest; IPinfo and others are flat.
var (
	countryPaths = []path{
		{"country", "iso_code"}, {"country_code"}, {"country"}, {"country_iso_code"}, {"iso_code"},
		{"registered_country", "iso_code"},
	}
	regionPaths = []path{
		{"subdivisions", 0, "names", "en"}, {"subdivisions", 0, "iso_code"},
		{"region"}, {"state1"}, {"region_name"}, {"state"}, {"stateprov"}, {"subdivision"}, {"region_code"},
	}
	cityPaths    = []path{{"city", "names", "en"}, {"city"}, {"city_name"}}
	carrierPaths = []path{
		{"carrier"}, {"carrier", "name"}, {"mobile", "name"}, {"mobile_carrier"}, {"mobile_brand"}, {"traits", "mobile_carrier"},
		{"connection", "carrier"},
	}
	// carrierIfMobile is the provider, where the record says that the network is
	// a mobile one: files of MaxMind give codes of networks beside it.
	carrierIfMobile = []path{{"mobile_network_code"}, {"traits", "mobile_network_code"}}
	ispPaths        = []path{
		{"isp"}, {"traits", "isp"}, {"organization"}, {"traits", "organization"},
		{"autonomous_system_organization"}, {"traits", "autonomous_system_organization"},
		{"as_name"}, {"as_organization"}, {"asn", "name"}, {"as", "name"}, {"org"}, {"name"},
	}
)

// decode reads of a record what we want to know. What is not there, or not a
// text, stays empty.
func decode(result *maxminddb.Result) *geo.Place {
	place := &geo.Place{
		Country: country(result),
		Region:  first(result, regionPaths),
		City:    first(result, cityPaths),
		Carrier: first(result, carrierPaths),
		ISP:     first(result, ispPaths),
	}
	if place.Carrier == "" && first(result, carrierIfMobile) != "" {
		place.Carrier = place.ISP
	}
	return place
}

func first(result *maxminddb.Result, paths []path) string {
	for _, p := range paths {
		if text := textAt(result, p); text != "" {
			return text
		}
	}
	return ""
}

// country is the first text of two letters: "country" is a name in some files.
func country(result *maxminddb.Result) string {
	for _, p := range countryPaths {
		text := textAt(result, p)
		if len(text) == 2 && isLetter(text[0]) && isLetter(text[1]) {
			return strings.ToUpper(text)
		}
	}
	return ""
}

func isLetter(c byte) bool { c |= 'a' - 'A'; return 'a' <= c && c <= 'z' }

func textAt(result *maxminddb.Result, p path) string {
	var text string
	if err := result.DecodePath(&text, p...); err != nil {
		return "" // another type, or torn
	}
	return sound(text)
}

// maxText is the longest text taken over, in bytes.
const maxText = homing.MaxParamLen

// sound makes a text of a file one of ours: valid UTF-8, at most maxText bytes,
// without control characters and blanks around, with memory of its own.
func sound(text string) string {
	if len(text) > maxText {
		text = text[:maxText]
		for len(text) > maxText-utf8.UTFMax && !utf8.ValidString(text) {
			text = text[:len(text)-1]
		}
	}
	text = strings.ToValidUTF8(text, "")
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, text)
	text = strings.TrimSpace(text)
	if text == "-" { // how flat files write nothing
		return ""
	}
	return strings.Clone(text)
}
