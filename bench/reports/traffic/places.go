package traffic

import (
	"net/netip"
	"strings"

	"homing"
)

// country is where visitors are: its cities and its internet providers belong
// together, as a geo file tells them.
type country struct {
	code       string
	languages  []string // the common one first
	cities     []city
	cityWheel  wheel
	fixed      []provider
	fixedPick  wheel
	mobile     []provider
	mobilePick wheel
}

type city struct{ region, name string }

// provider is an internet provider with its networks, cut by policy.
type provider struct {
	isp, carrier string
	networks     []string
	logN         float64
}

// The countries that traffic comes from, with their languages; the share falls
// with the place in the list.
const countryList = `US:en,es IN:en,hi BR:pt ID:id,en DE:de,en MX:es GB:en FR:fr RU:ru JP:ja PH:en,tl TR:tr IT:it ES:es VN:vi
	PL:pl TH:th CA:en,fr NG:en PK:en,ur BD:bn,en EG:ar,en CO:es AR:es UA:uk,ru NL:nl,en ZA:en,af MY:ms,en SA:ar,en KR:ko
	AU:en RO:ro PE:es CL:es BE:nl,fr CZ:cs GR:el SE:sv,en HU:hu PT:pt AT:de CH:de,fr MA:fr,ar DZ:fr,ar IL:he,en KE:en,sw
	AE:ar,en EC:es RS:sr BG:bg DK:da,en FI:fi,en NO:nb,en KZ:ru,kk IE:en SK:sk HR:hr LT:lt SG:en,zh TW:zh HK:zh,en`

func places(d *dice) []country {
	var countries []country
	for _, text := range strings.Fields(countryList) {
		code, languages, _ := strings.Cut(text, ":")
		c := country{code: code, languages: strings.Split(languages, ",")}
		c.settle(d)
		c.connect(d)
		countries = append(countries, c)
	}
	return countries
}

func (c *country) settle(d *dice) {
	regions := several(d.between(6, 20), func(int) string { return coin(d) })
	for range d.between(120, 420) {
		c.cities = append(c.cities, city{region: regions[d.below(len(regions))], name: coin(d)})
	}
	c.cityWheel = newWheel(zipf(len(c.cities), 0.9))
}

func (c *country) connect(d *dice) {
	for range d.between(15, 60) {
		c.fixed = append(c.fixed, newProvider(d, coin(d)+" Telecom", "", d.between(20, 600)))
	}
	for range d.between(3, 5) {
		name := coin(d)
		// Mobile networks put many visitors behind few addresses.
		c.mobile = append(c.mobile, newProvider(d, name+" Mobile Ltd.", name, d.between(60, 900)))
	}
	c.fixedPick = newWheel(zipf(len(c.fixed), 1))
	c.mobilePick = newWheel(zipf(len(c.mobile), 0.7))
}

func newProvider(d *dice, isp, carrier string, networks int) provider {
	p := provider{isp: isp, carrier: carrier, logN: logRanks(networks)}
	p.networks = several(networks, func(int) string {
		var addr netip.Addr
		throw := d.next()
		if throw>>60 < 5 { // almost a third come over IPv6
			addr = netip.AddrFrom16([16]byte{0x2a, byte(throw), byte(throw >> 8), byte(throw >> 16), byte(throw >> 24), byte(throw >> 32), 1})
		} else {
			addr = netip.AddrFrom4([4]byte{byte(1 + throw%223), byte(throw >> 8), byte(throw >> 16), 1})
		}
		return homing.CutAddr(addr).String()
	})
	return p
}

func (p *provider) network(d *dice) string { return p.networks[d.rank(p.logN)] }
