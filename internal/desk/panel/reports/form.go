package reports

import (
	"slices"
	"strings"
	"time"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/report"
)

// form is what the pickers show.
type form struct {
	Account  homing.AccountID // a hidden field; 0 = none
	Whose    string           // the name of that advertiser, for operators
	By       [warehouse.MaxBy]string
	Groups   []group // of dimensions to break down by
	Metrics  []group
	Figures  []string // the titles of those chosen
	Span     string
	Spans    []choice
	From, To string
	Dates    *page.Form // From and To, as the part "dates" shows them
	Compare  string
	Compares []choice
	Zone     string
	Zones    []string
	Basis    string
	Where    []string // conditions as they stand in the URL
	Wheres   []group  // of dimensions to narrow by
	Ops      []choice
	Order    string
	Limit    string
	Own      string // the reader's zone
}

// formOf fills the pickers with what was asked, right or wrong.
func formOf(v *page.Visit, asked map[string][]string) *form {
	one := func(name string) string {
		if given := asked[name]; len(given) > 0 {
			return given[0]
		}
		return ""
	}
	f := &form{
		From: one("from"), To: one("to"), Compare: one("compare"), Compares: comparisons, Spans: spans, Basis: one("basis"),
		Zone: one("tz"), Own: v.Local().String(), Where: asked["where"], Ops: operators, Order: one("order"), Limit: one("limit"),
	}
	if v.Account != nil && v.Who.Operator() {
		f.Account, f.Whose = v.Account.ID, v.Account.Name
	}
	f.Groups = dimensions(v.Who.Operator(), func(string) bool { return true })
	f.Wheres = dimensions(v.Who.Operator(), func(name string) bool {
		d, _ := warehouse.DimensionNamed(name)
		return d >= warehouse.HourOfDay
	})
	by := strings.Split(one("by"), ",")
	if one("by") == "" {
		by = []string{"day"}
	}
	copy(f.By[:], by)
	f.takeMetrics(v, one("metrics"))
	f.takeSpan(one("range"))
	if f.Compare != "" && !slices.ContainsFunc(comparisons, func(c choice) bool { return c.Value == f.Compare }) {
		f.Compares = append(slices.Clone(comparisons), choice{f.Compare, "From " + page.Plain(f.Compare)})
	}
	f.Zones = zones(f.Own, one("tz"))
	if f.Zone == "" {
		f.Zone = f.Own
	}
	f.Dates = page.NewForm("from", f.From, "to", f.To)
	return f
}

// Said is the question in a line, for when its form is folded.
func (f *form) Said() string {
	var by []string
	for _, name := range f.By {
		if d, ok := warehouse.DimensionNamed(name); ok {
			by = append(by, titleOf(d))
		}
	}
	said := "Totals"
	if len(by) > 0 {
		said = "By " + strings.Join(by, ", ")
	}
	for _, c := range f.Spans {
		if c.Value == f.Span {
			said += " · " + c.Label
		}
	}
	if f.Compare != "" {
		said += " · compared"
	}
	return said
}

func (f *form) takeMetrics(v *page.Visit, names string) {
	chosen := standardMetrics(v.Who.HideMoney)
	if names != "" {
		chosen = strings.Split(names, ",")
	}
	f.Metrics = metrics(v.Who.HideMoney, chosen)
	for _, name := range chosen {
		if m, ok := report.MetricNamed(name); ok {
			f.Figures = append(f.Figures, m.Title())
		}
	}
}

func (f *form) takeSpan(name string) {
	switch {
	case name != "":
		f.Span = name
	case f.From == "" && f.To == "":
		f.Span = "last_7_days"
	case f.To == "" && slices.ContainsFunc(spans, func(c choice) bool { return c.Value == f.From }):
		f.Span, f.From = f.From, ""
	default:
		f.Span = custom
	}
}

// take shows the dates of a range that was asked for by its name, so that they
// can be changed.
func (f *form) take(q *report.Question) {
	if f.Span == custom {
		return
	}
	f.From = q.From.Time().In(q.Zone).Format(time.DateOnly)
	f.To = (q.Until - 1).Time().In(q.Zone).Format(time.DateOnly)
	f.Dates = page.NewForm("from", f.From, "to", f.To)
}

// usual zones are suggested; any other of the IANA's can be typed.
var usual = strings.Fields(`UTC Europe/London Europe/Lisbon Europe/Berlin Europe/Paris Europe/Madrid Europe/Rome Europe/Warsaw
	Europe/Athens Europe/Kyiv Europe/Istanbul Europe/Moscow America/New_York America/Chicago America/Denver America/Los_Angeles
	America/Sao_Paulo America/Mexico_City America/Bogota Asia/Dubai Asia/Kolkata Asia/Bangkok Asia/Jakarta Asia/Singapore
	Asia/Hong_Kong Asia/Shanghai Asia/Tokyo Asia/Seoul Africa/Cairo Africa/Lagos Africa/Johannesburg Australia/Sydney Pacific/Auckland`)

func zones(own, asked string) []string {
	list := []string{own}
	for _, name := range append([]string{asked}, usual...) {
		if name != "" && !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}
