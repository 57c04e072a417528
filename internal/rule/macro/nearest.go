package macro

import (
	"strings"

	"homing/internal/rule/near"
)

// synonyms are what other trackers and ad servers call our macros.
var synonyms = map[string]string{
	"subid": "click_id", "affsub": "sub1", "affclickid": "click_id", "cid": "click_id", "extclickid": "click_id", "externalid": "click_id",
	"s2sclickid": "click_id", "ua": "user_agent", "useragent": "user_agent", "language": "lang", "device": "device_type",
	"isp": "carrier", "operator": "carrier", "cpc": "cost", "bid": "cost", "zone": "adspot_id", "zoneid": "adspot_id",
	"spotid": "adspot_id", "rand": "random", "cachebuster": "random", "time": "timestamp", "ts": "timestamp",
	"countrycode": "country", "domain": "site_host", "publisherid": "site_id", "websiteid": "site_id", "bannerid": "creative_id",
	"adid": "creative_id", "campaignname": "campaign", "keyword": "keywords", "clientip": "ip", "userip": "ip",
}

// nearest finds the known macro that somebody may have meant, or "".
func nearest(name string) string {
	plain := plainName(name)
	if known, ok := synonyms[plain]; ok {
		return known
	}
	best, bestAt := "", near.Typos(plain, 4)+1
	for _, e := range entries {
		if d := near.Distance(plain, plainName(e.Name)); d < bestAt {
			best, bestAt = e.Name, d
		}
	}
	return best
}

// plainName drops what people write differently: case, _, -, !, and a function
// behind a colon.
func plainName(name string) string {
	name, _, _ = strings.Cut(strings.ToLower(name), ":")
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, name)
}
