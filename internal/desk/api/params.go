package api

import (
	"homing/internal/engine/warehouse"
	"homing/internal/flow/report"
)

// param is a parameter of a query, as OpenAPI tells of it.
type param struct {
	name, about string
	schema      schema
	many        bool // may be repeated
}

// The parameters' schemas say what a parameter may be for readers; the report
// package is what checks them.
var (
	formatParam = param{name: "format", about: "json answers the page; the others stream everything as a file.", schema: schema{"type": "string", "enum": formats, "default": "json"}}
	rangeParams = []param{
		{name: "from", about: "A moment (RFC 3339), a date in tz, or how long ago: 24h, 7d.", schema: text},
		{name: "to", about: "A moment, not in the range itself, or a date, which is in it as a whole.", schema: text},
		{name: "range", about: "Instead of from and to.", schema: schema{"type": "string", "enum": report.RangeNames()}},
		{name: "tz", about: "The IANA time zone that dates and buckets are in.", schema: text},
	}
	whereParam = param{name: "where", many: true, schema: text,
		about: "A condition: country=DE,AT · sub1!=x · sub1^=prefix · referrer~=part. All must hold. A backslash escapes a comma or a backslash."}

	reportParams = append(append([]param{
		{name: "by", about: "Up to four dimensions, with commas between them; none asks for totals alone.", schema: schema{"type": "string", "examples": []string{"day,campaign"}}},
		{name: "metrics", about: "With commas between them.", schema: schema{"type": "string", "examples": []string{"clicks,conversions,value"}}},
	}, rangeParams...),
		param{name: "basis", about: "What places conversions and postbacks in time: when they arrived, or when their click was.", schema: schema{"type": "string", "enum": []string{"conversion", "click"}, "default": "conversion"}},
		whereParam,
		param{name: "order", about: "Metrics and dimensions with commas between them; a minus sorts the largest first.", schema: schema{"type": "string", "examples": []string{"-value,campaign"}}},
		param{name: "limit", about: "How many rows; what is left out is summed in rest.", schema: schema{"type": "integer", "minimum": 1, "maximum": warehouse.MaxRows}},
		param{name: "compare", about: "previous, last_week, last_month or last_year, or the date that another range of the same length begins on.", schema: text},
		param{name: "fill", about: "1 shows every bucket of the only dimension, which is of time.", schema: schema{"type": "string", "enum": []string{"0", "1"}}},
		formatParam,
	)

	feedParams = []param{
		{name: "after", about: "The cursor to go on behind, as an answer gave it. Left out, or 0: from the beginning. now: only what comes.", schema: text},
		{name: "wait", about: "How long to wait for something, up to 60s.", schema: schema{"type": "string", "examples": []string{"30s"}}},
		limitParam,
	}
	changesParams = []param{
		{name: "dry_run", about: "true changes nothing and tells what would become of each line.", schema: schema{"type": "string", "enum": []string{"true", "false"}, "default": "false"}},
	}
	pageParams = []param{
		{name: "cursor", about: "next of the page before.", schema: text},
		limitParam,
	}
	limitParam = param{name: "limit", about: "How many rows.", schema: schema{"type": "integer", "minimum": 1, "maximum": maxPage, "default": defaultPage}}
)

var text = schema{"type": "string"}

// listParams are the parameters of a list.
func listParams(table warehouse.Table) []param {
	of := func(values ...string) schema {
		return schema{"type": "string", "description": "several with commas between them", "examples": values}
	}
	list := append(append([]param{}, rangeParams...), whereParam,
		param{name: "click_id", about: "Of this click.", schema: schema{"type": "string", "pattern": "^[0-9a-f]{40}$"}})
	switch table {
	case warehouse.ClickTable:
		list = append(list, param{name: "class", about: "How clicks were judged.", schema: of("billable", "bot,preview")})
	case warehouse.PostbackTable:
		list = append(list, param{name: "outcome", about: "What was decided.", schema: of("counted", "duplicate,refused")})
	case warehouse.ConversionTable:
		list = append(list, param{name: "status", about: "Where conversions stand.", schema: of("approved", "pending,late")})
	}
	if table != warehouse.ClickTable {
		list = append(list,
			param{name: "conversion", about: "The number of a conversion.", schema: schema{"type": "integer", "minimum": 1}},
			param{name: "request", about: "The request_id of the call that brought it.", schema: schema{"type": "string", "pattern": "^[0-9a-f]{24}$"}})
	}
	return append(list,
		param{name: "order", about: "The newest first, or the oldest.", schema: schema{"type": "string", "enum": []string{"newest", "oldest"}, "default": "newest"}},
		param{name: "cursor", about: "next of the page before. The other parameters must be the same.", schema: text},
		limitParam, formatParam)
}
