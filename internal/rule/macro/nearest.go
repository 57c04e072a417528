package macro

import "strings"

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
	best, bestAt := "", typos(plain)+1
	for _, e := range entries {
		if d := distance(plain, plainName(e.Name)); d < bestAt {
			best, bestAt = e.Name, d
		}
	}
	return best
}

// typos is how many typing errors a name of this length may have before it is
// another name.
func typos(name string) int {
	switch {
	case len(name) < 4:
		return 0
	case len(name) < 7:
		return 1
	}
	return 2
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

// distance counts insertions, deletions, replacements and swaps of neighbours
// between two short ASCII words.
func distance(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
