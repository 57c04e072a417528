package campaigns

import (
	"net/netip"
	"strings"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/rule/macro"
)

// preview is a URL template as a person should see it before it goes out.
type preview struct {
	Pieces   []page.Piece
	Findings []macro.Finding
	// Example is the URL a visitor could be sent to; empty if the template does
	// not compile.
	Example string
}

// previewOf reads a template. An empty one has nothing to show.
func previewOf(url, campaign string) (p preview) {
	url = strings.TrimSpace(url)
	if url == "" {
		return p
	}
	for _, s := range macro.Highlight(url) {
		p.Pieces = append(p.Pieces, page.Piece{Text: url[s.Start:s.End], Kind: s.Kind.String()})
	}
	p.Findings = macro.Lint(url)
	if t, err := macro.Compile(url); err == nil {
		p.Example = string(t.Append(nil, exampleValues(campaign)))
	}
	return p
}

// exampleValues are the values that the list of macros gives as examples.
func exampleValues(campaign string) *macro.Values {
	click := &homing.Click{Origin: homing.Origin{Campaign: 42, Time: 1767225600000}}
	v := &macro.Values{
		Click: click, CampaignName: campaign, Random: 2596996162,
		Addr: netip.AddrFrom4([4]byte{203, 0, 113, 9}),
	}
	for _, e := range macro.Entries() {
		switch p, ok := homing.ParamNamed([]byte(e.Name)); {
		case ok:
			click.Params[p] = []byte(e.Example)
		case e.Name == "click_id":
			click.ID, _ = homing.ParseClickID(e.Example)
		case e.Name == "user_agent":
			click.UserAgent = []byte(e.Example)
		}
	}
	return v
}
