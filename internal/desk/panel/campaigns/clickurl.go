package campaigns

import (
	"slices"
	"strings"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/rule/macro"
)

// builder helps to write the click URL with what the ad server should add to
// it. Which, is in the page's URL: add=site_id&add=cost.
type builder struct {
	Path   string
	Usual  []parameter
	Others []parameter
	Built  []page.Piece
	// Needed are parameters that the destination passes on, and only the ad
	// server knows.
	Needed []string
}

type parameter struct {
	Name, Meaning string
	On            bool
}

// usual are the parameters that most ad servers know.
var usual = []string{"site_id", "creative_id", "cost", "source", "keywords", "sub1", "sub2", "sub3"}

func builderOf(v *page.Visit, c *homing.Campaign) builder {
	b := builder{Path: page.CampaignPath(c.ID)}
	uses := passedOn(c.URL)
	wanted, chosen := v.R.URL.Query()["add"]
	if !chosen {
		if wanted = uses; len(wanted) == 0 {
			wanted = []string{"site_id", "creative_id", "cost"}
		}
	}
	var query []string
	for _, e := range macro.Entries() {
		if _, ok := homing.ParamNamed([]byte(e.Name)); !ok {
			continue
		}
		p := parameter{e.Name, e.Meaning, slices.Contains(wanted, e.Name)}
		if p.On {
			query = append(query, e.Name+"={"+e.Name+"}")
		}
		if slices.Contains(uses, e.Name) && strings.HasPrefix(e.Source, "query") && !strings.Contains(e.Source, ",") {
			b.Needed = append(b.Needed, e.Name)
		}
		if slices.Contains(usual, e.Name) || slices.Contains(uses, e.Name) {
			b.Usual = append(b.Usual, p)
		} else {
			b.Others = append(b.Others, p)
		}
	}
	b.Built = []page.Piece{{Text: v.ClickURL(c), Kind: "literal"}}
	for i, pair := range query {
		name, placeholder, _ := strings.Cut(pair, "=")
		b.Built = append(b.Built, page.Piece{Text: string("?&"[min(i, 1)]) + name + "=", Kind: "literal"}, page.Piece{Text: placeholder, Kind: "known"})
	}
	return b
}

// passedOn are the parameters of the click URL that a destination passes on.
func passedOn(url string) (names []string) {
	for _, s := range macro.Highlight(url) {
		if _, ok := homing.ParamNamed([]byte(s.Name)); ok && s.Kind == macro.Known && !slices.Contains(names, s.Name) {
			names = append(names, s.Name)
		}
	}
	return names
}
