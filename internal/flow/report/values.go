package report

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"homing"
	"homing/internal/engine/warehouse"
)

// Values are the parameters that Parse makes the question of: for links. What is
// as Parse would take it anyway is left out, but for the time zone.
func (q *Question) Values() url.Values {
	v := url.Values{}
	if names := q.byNames(); names != standardBy.String() {
		v.Set("by", names)
	}
	if len(q.Metrics) > 0 {
		v.Set("metrics", joined(q.Metrics))
	}
	setSpan(v, q.Range, weekSpan, q.From, q.Until, q.Zone)
	v.Set("tz", q.Zone.String())
	if q.Basis == warehouse.ByClick {
		v.Set("basis", "click")
	}
	for _, c := range q.Where {
		v.Add("where", c.String())
	}
	if len(q.Order) > 0 {
		v.Set("order", joined(q.Order))
	}
	if q.Limit > 0 {
		v.Set("limit", strconv.Itoa(q.Limit))
	}
	if q.Compare != "" {
		v.Set("compare", q.Compare)
	}
	if q.Fill {
		v.Set("fill", "1")
	}
	return v
}

func (q *Question) byNames() string {
	if len(q.By) == 0 {
		return nothing
	}
	return joined(q.By)
}

func (o Order) String() string {
	name := o.Metric.String()
	if o.ByKey {
		name = o.Dimension.String()
	}
	if o.Desc {
		return "-" + name
	}
	return name
}

func joined[T interface{ String() string }](list []T) string {
	var names []string
	for _, one := range list {
		names = append(names, one.String())
	}
	return strings.Join(names, ",")
}

// setSpan writes a range: by its name, or in dates if it is whole days.
func setSpan(v url.Values, name, standard string, from, until homing.Millis, zone *time.Location) {
	if name != "" {
		if name != standard {
			v.Set("range", name)
		}
		return
	}
	start, end := from.Time().In(zone), until.Time().In(zone)
	v.Set("from", momentText(start))
	if isMidnight(end) {
		year, month, day := end.Date()
		v.Set("to", startOfDay(year, month, day-1, zone).Format("2006-01-02"))
		return
	}
	v.Set("to", until.String())
}
