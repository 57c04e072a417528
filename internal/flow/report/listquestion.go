package report

import (
	"encoding"
	"net/url"
	"slices"
	"strconv"
	"time"

	"homing"
	"homing/internal/engine/warehouse"
)

// ListQuestion is what a list is asked. ParseList makes it.
type ListQuestion struct {
	Table       warehouse.Table
	From, Until homing.Millis
	Range       string
	Zone        *time.Location // of dates in the question; times of rows are in UTC
	Where       []Condition
	ClickID     homing.ClickID      // zero = any
	Class       []homing.ClickClass // of clicks
	Outcome     []homing.Outcome    // of postbacks
	Status      []homing.Status     // of conversions
	Conversion  homing.ConversionID // of postbacks and conversions
	Request     homing.RequestID    // of postbacks and conversions
	Oldest      bool                // oldest first; else newest first
	Limit       int                 // 0 = DefaultPage; of an export, all
	After       *warehouse.Cursor   // go on behind this row
	// Only narrows an export of postbacks row by row, by what the warehouse knows
	// nothing of, such as the lead code; nil does not.
	Only func(*Postback) bool

	// zeros tells that a click of the id of zeros is asked for: there is none, as
	// with every id that was not made here.
	zeros bool
	print uint32 // of the parameters, see cursor
}

const (
	// DefaultPage is how many rows a page has, if the question does not say.
	DefaultPage = 100
	// MaxPage is how many it may ask for, unless Defaults say otherwise.
	MaxPage = 1000
)

// listParams are the parameters of the lists.
var listParams = func() map[warehouse.Table][]string {
	all := []string{"from", "to", "range", "tz", "where", "click_id", "order", "limit", "cursor"}
	return map[warehouse.Table][]string{
		warehouse.ClickTable:      append([]string{"class"}, all...),
		warehouse.PostbackTable:   append([]string{"outcome", "request", "conversion"}, all...),
		warehouse.ConversionTable: append([]string{"status", "request", "conversion"}, all...),
	}
}()

// ListParams lists the names of the parameters that ParseList knows.
func ListParams(table warehouse.Table) []string { return slices.Clone(listParams[table]) }

// The words of class, outcome and status.
var (
	classNames   = []string{"billable", "bot", "preview", "prefetch", "head", "test"}
	outcomeNames = []string{"counted", "duplicate", "late", "ignored", "refused"}
	statusNames  = []string{"pending", "approved", "rejected", "late"}
)

// ParseList reads a question for a list. The error is Faults.
func ParseList(table warehouse.Table, values map[string][]string, o Defaults) (*ListQuestion, error) {
	p := paramsOf(values, listParams[table], "where")
	q := &ListQuestion{Table: table, Zone: p.zone(o.Zone), print: printOf(values)}
	q.Where = p.where(listWhere)
	words(p, "class", classNames, &q.Class)
	words(p, "outcome", outcomeNames, &q.Outcome)
	words(p, "status", statusNames, &q.Status)
	p.ids(q)
	s := p.span(o.Now, q.Zone, q.standardSpan())
	q.From, q.Until, q.Range = s.from, s.until, s.name
	q.Oldest = p.choice("order", "order", "newest", "oldest") == "oldest"
	most := o.MaxLimit
	if most == 0 {
		most = MaxPage
	}
	q.Limit = p.count("limit", most)
	if text := p.one("cursor"); text != "" && !q.goOn(text) {
		p.faults.add("cursor", "it is not one of this list with these parameters: begin again without it")
	}
	if err := p.faults.err(); err != nil {
		return nil, err
	}
	return q, nil
}

// standardSpan is the range of a list that names none: what is asked for by a
// number is looked for always.
func (q *ListQuestion) standardSpan() string {
	if q.named() {
		return ""
	}
	return weekSpan
}

// words reads some of an enumeration.
func words[T any, P interface {
	*T
	encoding.TextUnmarshaler
}](p *params, name string, allowed []string, into *[]T) {
	for _, text := range p.list(name) {
		var one T
		if err := P(&one).UnmarshalText([]byte(text)); err != nil {
			p.faults.unknown(name, name, text, allowed)
			continue
		}
		*into = append(*into, one)
	}
}

// ids reads what things are asked for by their number.
func (p *params) ids(q *ListQuestion) {
	if text := p.one("click_id"); text != "" {
		id, ok := homing.ParseClickID(text)
		switch {
		case !ok:
			p.faults.add("click_id", "%s is no click id: want 40 of 0-9 and a-f", quote(text))
		case id == homing.ClickID{}: // which would stand for any click
			q.zeros = true
		}
		q.ClickID = id
	}
	if text := p.one("request"); text != "" {
		id, err := homing.ParseRequestID(text)
		switch {
		case err != nil:
			p.faults.add("request", "%s is no request id: want 24 of 0-9 and a-f", quote(text))
		case id == homing.RequestID{}: // zeros stand for any, likewise
			p.faults.add("request", "zeros are no request's id")
		}
		q.Request = id
	}
	if text := p.one("conversion"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 1 {
			p.faults.add("conversion", "%s is no number of a conversion", quote(text))
		}
		q.Conversion = homing.ConversionID(n)
	}
}

// Values are the parameters that ParseList makes the question of, from the
// beginning of the list.
func (q *ListQuestion) Values() url.Values {
	v := url.Values{}
	setSpan(v, q.Range, q.standardSpan(), q.From, q.Until, q.Zone)
	v.Set("tz", q.Zone.String())
	for _, c := range q.Where {
		v.Add("where", c.String())
	}
	set := func(name, text string) {
		if text != "" {
			v.Set(name, text)
		}
	}
	set("class", joined(q.Class))
	set("outcome", joined(q.Outcome))
	set("status", joined(q.Status))
	if q.ClickID != (homing.ClickID{}) || q.zeros {
		set("click_id", q.ClickID.String())
	}
	if q.Request != (homing.RequestID{}) {
		set("request", q.Request.String())
	}
	if q.Conversion != 0 {
		set("conversion", q.Conversion.String())
	}
	if q.Oldest {
		set("order", "oldest")
	}
	if q.Limit > 0 {
		set("limit", strconv.Itoa(q.Limit))
	}
	return v
}
