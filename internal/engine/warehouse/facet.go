package warehouse

// Facet is something known of a click that rows are broken down by. Facets are
// stored under their names; order and names are stable.
type Facet uint8

const (
	FacetCreative Facet = iota
	FacetSite
	FacetAdspot
	FacetSource
	FacetSub1 // FacetSub1+n is sub{n+1}, up to sub10
)

const (
	FacetReferrer Facet = iota + FacetSub1 + 10 // the referrer's host
	FacetCountry                                // two letters, upper case
	FacetRegion
	FacetCity
	FacetCarrier
	FacetISP
	FacetDevice // a closed list, see package device
	FacetOS
	FacetBrowser
	FacetLanguage // two or three letters, lower case
)

// FacetCount is how many facets there are.
const FacetCount = int(FacetLanguage) + 1

var facetNames = [FacetCount]string{
	"creative", "site", "adspot", "source",
	"sub1", "sub2", "sub3", "sub4", "sub5", "sub6", "sub7", "sub8", "sub9", "sub10",
	"referrer", "country", "region", "city", "carrier", "isp", "device", "os", "browser", "language",
}

func (f Facet) String() string { return facetNames[f] }
