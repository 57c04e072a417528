package loader

import (
	"homing"
	"homing/internal/engine/geo"
	"homing/internal/engine/warehouse"
	"homing/internal/rule/device"
)

// facets fills in what is known of the click at hand.
func (e *enricher) facets(f *warehouse.Facets, a *agent) {
	f[warehouse.FacetCreative] = e.given(homing.ParamCreativeID)
	f[warehouse.FacetSite] = e.either(homing.ParamSiteID, homing.ParamSiteHost)
	f[warehouse.FacetAdspot] = e.either(homing.ParamAdspotID, homing.ParamAdspotName)
	f[warehouse.FacetSource] = e.given(homing.ParamSource)
	for i := range warehouse.Facet(10) {
		f[warehouse.FacetSub1+i] = e.given(homing.ParamSub1 + homing.Param(i))
	}
	f[warehouse.FacetReferrer] = e.referrer()
	f[warehouse.FacetLanguage] = e.language()
	e.place(f)

	f[warehouse.FacetDevice] = e.word(homing.ParamDeviceType, device.KindNamed, false)
	f[warehouse.FacetOS] = e.word(homing.ParamOS, device.SystemNamed, true)
	f[warehouse.FacetBrowser] = e.word(homing.ParamBrowser, device.BrowserNamed, true)
	fill(&f[warehouse.FacetDevice], a.Device)
	fill(&f[warehouse.FacetOS], a.OS)
	fill(&f[warehouse.FacetBrowser], a.Browser)
}

func fill(facet *string, with string) {
	if *facet == "" {
		*facet = with
	}
}

// given is a parameter as it was given.
func (e *enricher) given(p homing.Param) string {
	text := e.click.Params[p]
	if len(text) == 0 {
		return ""
	}
	e.used.add(p)
	return e.texts.facet(text)
}

// either is the first of two parameters that was given: the number of a site or
// an ad spot, else its name.
func (e *enricher) either(p, q homing.Param) string {
	if text := e.given(p); text != "" {
		return text
	}
	return e.given(q)
}

// word is a parameter in our spelling, if we have one; else as it was given, if
// the facet is open to other words.
func (e *enricher) word(p homing.Param, named func([]byte) string, open bool) string {
	text := e.click.Params[p]
	if len(text) == 0 {
		return ""
	}
	if word := named(text); word != "" {
		e.used.add(p)
		return word
	}
	if !open {
		return ""
	}
	return e.given(p)
}

// place fills in where the visitor is.
func (e *enricher) place(f *warehouse.Facets) {
	country := e.country(homing.ParamCountry)
	fill(&country, e.country(homing.ParamGeo))
	f[warehouse.FacetRegion] = e.given(homing.ParamRegion)
	f[warehouse.FacetCity] = e.given(homing.ParamCity)
	f[warehouse.FacetCarrier] = e.given(homing.ParamCarrier)

	found := e.find()
	fill(&country, found.Country)
	fill(&f[warehouse.FacetRegion], found.Region)
	fill(&f[warehouse.FacetCity], found.City)
	fill(&f[warehouse.FacetCarrier], found.Carrier)
	f[warehouse.FacetCountry], f[warehouse.FacetISP] = country, found.ISP
}

func (e *enricher) find() geo.Place {
	if !e.click.Addr.IsValid() {
		return geo.Place{}
	}
	return e.geo.Find(e.click.Addr)
}

// country reads a country of two letters; anything else is none.
func (e *enricher) country(p homing.Param) string {
	text := e.click.Params[p]
	if len(text) != 2 || !letter(text[0]) || !letter(text[1]) {
		return ""
	}
	e.used.add(p)
	return e.texts.keep([]byte{text[0] &^ 0x20, text[1] &^ 0x20})
}

func letter(c byte) bool { c |= 0x20; return 'a' <= c && c <= 'z' }

// referrer is the host of the page that the visitor came from.
func (e *enricher) referrer() string {
	e.buf = appendReferrer(e.buf[:0], e.click.Params[homing.ParamReferrer])
	if len(e.buf) == 0 {
		e.buf = appendReferrer(e.buf, e.click.Referrer)
	}
	return e.texts.facet(e.buf)
}

// language is the primary subtag of the parameter, or of the header's first
// language.
func (e *enricher) language() string {
	if tag := e.primary(e.click.Params[homing.ParamLang]); tag != "" {
		e.used.add(homing.ParamLang)
		return tag
	}
	return e.primary(e.click.Language)
}

// primary is the beginning of a language tag, if it has two or three letters:
// "de" of "de-AT,de;q=0.9".
func (e *enricher) primary(text []byte) string {
	var tag [4]byte
	n := 0
	for ; n < len(text) && n < len(tag) && letter(text[n]); n++ {
		tag[n] = text[n] | 0x20
	}
	if n < 2 || n > 3 {
		return ""
	}
	if n < len(text) && !endsSubtag(text[n]) {
		return ""
	}
	return e.texts.keep(tag[:n])
}

func endsSubtag(c byte) bool {
	return c == '-' || c == '_' || c == ',' || c == ';' || c == ' '
}
