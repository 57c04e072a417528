package homing

import "net/netip"

// Param is something the ad server may tell of a click as a query parameter of
// the click URL. It is stored with the click under this number: append only,
// never renumber.
type Param uint8

const (
	ParamCreativeID Param = iota
	ParamDeviceType
	ParamOS
	ParamBrowser
	ParamReferrer
	ParamSiteID
	ParamSiteHost
	ParamCategory
	ParamCarrier
	ParamKeywords
	ParamGeo
	ParamCountry
	ParamRegion
	ParamCity
	ParamLang
	ParamFormat
	ParamPricingModel
	ParamCost
	ParamPrice
	ParamECPC
	ParamAdspotID
	ParamAdspotName
	ParamX
	ParamY
	ParamSource
	ParamSub1 // ParamSub1+n is sub{n+1}, up to sub10
)

const (
	ParamSub10 = ParamSub1 + 9
	ParamCount = int(ParamSub10) + 1
)

// MaxParamLen is how many bytes of a click parameter are kept.
const MaxParamLen = 255

var paramNames = [ParamCount]string{
	"creative_id", "device_type", "os", "browser", "referrer", "site_id", "site_host", "category",
	"carrier", "keywords", "geo", "country", "region", "city", "lang", "format", "pricing_model",
	"cost", "price", "ecpc", "adspot_id", "adspot_name", "x", "y", "source",
	"sub1", "sub2", "sub3", "sub4", "sub5", "sub6", "sub7", "sub8", "sub9", "sub10",
}

var paramByName = func() map[string]Param {
	m := make(map[string]Param, ParamCount)
	for i, name := range paramNames {
		m[name] = Param(i)
	}
	return m
}()

func (p Param) String() string { return paramNames[p] }

// ParamNamed finds the parameter of that exact name. It allocates nothing.
func ParamNamed(name []byte) (Param, bool) {
	p, ok := paramByName[string(name)]
	return p, ok
}

// ClickClass tells whether a click is billable, and if not, why. Only what the
// request itself declares is judged at the door; finer classes are worked out
// afterwards.
type ClickClass uint8

const (
	// Billable is an ordinary visitor.
	Billable ClickClass = iota
	// BotClick declares itself a robot by its User-Agent.
	BotClick
	// PreviewClick is a messenger fetching a link preview.
	PreviewClick
	// PrefetchClick is a browser loading ahead (Sec-Purpose, Purpose, X-Moz).
	PrefetchClick
	// HeadClick came as HEAD.
	HeadClick
	// TestClick was made in the panel to try a set-up.
	TestClick
)

var clickClasses = map[string]ClickClass{
	"billable": Billable, "bot": BotClick, "preview": PreviewClick,
	"prefetch": PrefetchClick, "head": HeadClick, "test": TestClick,
}

func (c ClickClass) String() string { return nameOf(clickClasses, c) }

// MarshalText writes the class' name.
func (c ClickClass) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads a class' name.
func (c *ClickClass) UnmarshalText(text []byte) (err error) {
	*c, err = valueOf(clickClasses, "click class", string(text))
	return err
}

// Click is one visitor redirected: its id and the fields known at that moment.
// On the click path its byte slices point into the request, so a Click is only
// good until the request is answered.
type Click struct {
	ID     ClickID
	Origin Origin // what ID tells; time, node, sequence, campaign
	Class  ClickClass
	// Addr is the visitor's address, whole; it is cut where it leaves the
	// spool.
	Addr      netip.Addr
	UserAgent []byte // header, as sent
	Referrer  []byte // Referer header, as sent
	Language  []byte // Accept-Language header, as sent
	// Params are the decoded values of the parameters that were given; nil if
	// not given.
	Params [ParamCount][]byte
}
