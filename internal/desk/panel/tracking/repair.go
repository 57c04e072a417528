package tracking

import (
	"net/http"

	"homing/internal/desk/panel/page"
	"homing/internal/rule/tracker"
)

// repairBox says what is wrong with a pasted postback URL.
type repairBox struct {
	Path string
	Form *page.Form
	// Asked: something was pasted. For is the tracker it was compared with.
	Asked    bool
	For      string
	Findings []tracker.Finding
	URL      []page.Piece
	Fine     bool // nothing is wrong with it
}

// repair looks at what was pasted. It is sent as a form, not in the page's
// address, because there may be a key in it.
func repair(v *page.Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	c := choiceOf(v)
	r := tracker.Repair(f.Get("url"), c.template, optionsOf(v, nil))
	box := repairBox{Form: page.NewForm("url", r.Given), Asked: r.Given != "", Findings: r.Findings}
	if c.template != nil {
		box.For = c.template.Name
	}
	box.Fine = r.URL != ""
	for _, finding := range r.Findings {
		box.Fine = box.Fine && !finding.Serious
	}
	if r.URL != "" {
		box.URL = marked(r.URL, c.template)
	}
	return renderTracking(v, http.StatusOK, trackingPage{Repair: box})
}

func (b *repairBox) complete(c *choice) {
	b.Path = c.with(c.path + "/repair#repair")
	if b.Form == nil {
		b.Form = page.NewForm()
	}
}
