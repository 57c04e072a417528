package reports

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"homing"
	"homing/internal/desk/panel/figures"
	"homing/internal/desk/panel/page"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/report"
)

// Fields of the form that the report engine does not know. They are turned into
// those that it does.
const (
	spanField = "span" // a named range, a length such as 24h, or custom: from and to
	withField = "with" // the dimension of a condition to be added
	opField   = "op"
	isField   = "is"
)

const custom = "custom"

// canonical turns what a form sent into the one URL for its question. It
// reports whether that is another than was sent.
func canonical(v *page.Visit, sent url.Values) (url.Values, bool) {
	asked := url.Values{}
	for name, given := range sent {
		given = slices.DeleteFunc(slices.Clone(given), func(s string) bool { return s == "" })
		switch {
		case len(given) == 0, name == spanField, name == withField, name == opField, name == isField:
		case name == "by" || name == "metrics":
			asked.Set(name, strings.Join(slices.Compact(given), ","))
		default:
			asked[name] = given
		}
	}
	span := sent.Get(spanField)
	switch {
	case span == "":
	case slices.Contains(report.RangeNames(), span):
		asked.Set("range", span)
		asked.Del("from")
		asked.Del("to")
	case span == custom:
		asked.Del("range")
	default: // a length
		asked.Del("range")
		asked.Del("to")
		asked.Set("from", span)
	}
	if span != "" && asked.Get("range") == "last_7_days" {
		asked.Del("range") // it goes without saying
	}
	if span != "" && asked.Get("metrics") == strings.Join(standardMetrics(v.Who.HideMoney), ",") {
		asked.Del("metrics")
	}
	if span != "" && asked.Get("tz") == v.Local().String() {
		asked.Del("tz")
	}
	if c := condition(v, sent); c != "" && !slices.Contains(asked["where"], c) {
		asked.Add("where", c)
	}
	if _, old := sent["by"]; old {
		keepOrder(asked)
	}
	return asked, asked.Encode() != sent.Encode()
}

// keepOrder drops what the report was sorted by if that has gone from it: the
// form changed the one, and not the other.
func keepOrder(asked url.Values) {
	var kept []string
	for name := range strings.SplitSeq(asked.Get("order"), ",") {
		d, ok := warehouse.DimensionNamed(strings.TrimPrefix(name, "-"))
		by := strings.Split(cmp.Or(asked.Get("by"), "day"), ",")
		if name != "" && (!ok || slices.Contains(by, d.String())) {
			kept = append(kept, name)
		}
	}
	asked.Del("order")
	if len(kept) > 0 {
		asked.Set("order", strings.Join(kept, ","))
	}
}

// condition is the one that the form adds; "" if none. Things may be given by
// their names.
func condition(v *page.Visit, sent url.Values) string {
	with, is := sent.Get(withField), strings.TrimSpace(sent.Get(isField))
	if with == "" || is == "" {
		return ""
	}
	op := sent.Get(opField)
	if op != "!=" && op != "^=" && op != "~=" {
		op = "="
	}
	if id := idOf(v, with, is); id != 0 {
		is = strconv.FormatUint(uint64(id), 10)
	}
	if with == "weekday" {
		for n := range int64(8) {
			if strings.EqualFold(figures.Name(warehouse.Weekday, n), is) {
				is = strconv.FormatInt(n, 10)
			}
		}
	}
	return with + op + is
}

// idOf finds an advertiser or a campaign that the person may see by its name.
func idOf(v *page.Visit, dimension, name string) uint32 {
	switch dimension {
	case "account":
		for _, a := range v.Advertisers() {
			if strings.EqualFold(a.Name, name) && v.Who.MaySee(a.ID) {
				return uint32(a.ID)
			}
		}
	case "campaign":
		for _, c := range v.View.CampaignsOf(scopeOf(v).Account) {
			if strings.EqualFold(c.Name, name) {
				return uint32(c.ID)
			}
		}
	}
	return 0
}

// scopeOf is what of the installation the person asks about.
func scopeOf(v *page.Visit) report.Scope {
	s := report.Scope{HideMoney: v.Who.HideMoney}
	if v.Account != nil {
		s.Account = v.Account.ID
	}
	return s
}

// questionOf reads the question of a canonical URL.
func questionOf(v *page.Visit, asked url.Values) (*report.Question, error) {
	rest := url.Values{}
	for name, given := range asked {
		if name != "account" && name != "format" {
			rest[name] = given
		}
	}
	return report.Parse(rest, report.Defaults{Now: v.Now, Zone: v.Local()})
}

// pathOf is where a question stands: with what a link changes. Where the zone is
// the reader's own it is left out, so that it changes with them.
func (l *links) pathOf(q *report.Question, change func(url.Values)) string {
	values := q.Values()
	if values.Get("tz") == l.zone {
		values.Del("tz")
	}
	if l.account != 0 {
		values.Set("account", l.account.String())
	}
	if change != nil {
		change(values)
	}
	if len(values) == 0 {
		return "/reports"
	}
	return "/reports?" + values.Encode()
}

// links makes the links of a report.
type links struct {
	question *report.Question
	zone     string
	account  homing.AccountID // in the URL; 0 = none
}

func linksOf(v *page.Visit, q *report.Question) *links {
	l := &links{question: q, zone: v.Local().String()}
	if v.Account != nil && v.Who.Operator() {
		l.account = v.Account.ID
	}
	return l
}

func (l *links) path(change func(url.Values)) string { return l.pathOf(l.question, change) }
