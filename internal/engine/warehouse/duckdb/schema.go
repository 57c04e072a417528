package duckdb

import (
	"strings"

	"homing/internal/engine/warehouse"
)

// version is the schema's. A file of a higher one is refused, untouched.
const version = 1

// field is a column of a table. Nothing is ever NULL. "at" is a word of
// DuckDB's own and always stands in quotes.
type field struct{ name, kind string }

func (f field) text() bool { return f.kind == "VARCHAR" || f.kind == "BLOB" }

// table is a table's name and columns, in the order in which they are stored,
// loaded and archived. No table has a key or an index: a key's index would take
// the memory and the time that columns save, and loads are exactly once by the
// marks. Rows are found by the order they were stored in, because DuckDB knows
// the smallest and largest value of every 122,880 rows.
type table struct {
	name   string
	fields []field
}

func fields(list ...string) (all []field) {
	for _, item := range list {
		if item == "facets" {
			for f := range warehouse.FacetCount {
				all = append(all, field{warehouse.Facet(f).String(), "VARCHAR"})
			}
			continue
		}
		name, kind, _ := strings.Cut(item, " ")
		all = append(all, field{name, kind})
	}
	return all
}

var (
	// clicks are stored in blocks that follow each other in (at, node, seq), see
	// blockRows.
	clicks = table{"clicks", fields("at BIGINT", "node SMALLINT", "seq SMALLINT", "campaign UINTEGER", "account UINTEGER",
		"class UTINYINT", "uniq UTINYINT", "cost BIGINT", "addr VARCHAR", "facets", "more BLOB")}

	// postbacks of no genuine click have node -1 and seq 0. Record is what
	// package homing makes of a postback, or of a tally if request is empty.
	postbacks = table{"postbacks", fields("at BIGINT", "number BIGINT", "node SMALLINT", "seq SMALLINT", "base_at BIGINT",
		"campaign UINTEGER", "account UINTEGER", "goal UINTEGER", "outcome UTINYINT", "reason VARCHAR", "count BIGINT",
		"conversion BIGINT", "known UTINYINT", "request VARCHAR", "record BLOB", "facets")}

	// conversions has one row for each id: its highest version.
	conversions = table{"conversions", fields("id BIGINT", "version BIGINT", "at BIGINT", "click_at BIGINT", "node SMALLINT",
		"seq SMALLINT", "campaign UINTEGER", "account UINTEGER", "goal UINTEGER", "lead BLOB", "status UTINYINT",
		"value BIGINT", "has_value UTINYINT", "price BIGINT", "currency VARCHAR", "flags UINTEGER", "request VARCHAR",
		"known UTINYINT", "facets")}

	// totals holds sums by quarter of an hour, test traffic left out: kind 0 of
	// clicks, 1 of postbacks by their arrival, 2 of postbacks by base_at. A key
	// may have any number of rows until they are merged.
	totals = table{"totals", fields("kind UTINYINT", "quarter BIGINT", "campaign UINTEGER", "account UINTEGER",
		"country VARCHAR", "device VARCHAR", "reason VARCHAR", "clicks BIGINT", "uniques BIGINT", "bots BIGINT",
		"cost BIGINT", "postbacks BIGINT", "duplicates BIGINT", "refusals BIGINT")}

	// visitors are those seen on the last days, see visitorKey.
	visitors = table{"visitors", fields("day INTEGER", "visitor BIGINT")}

	marks = table{"marks", fields("source VARCHAR", "next BIGINT", "state BLOB")}

	// sealed lists the days that were sealed, and whether their seal stands: not
	// if rows came since. Rows that come for one of them are compared with what
	// is there, for they may come a second time.
	sealed = table{"sealed", fields("day INTEGER", "stands UTINYINT")}

	// settled has one row: the place (see warehouse.Cursor) up to which clicks lie
	// in blocks, or are left as they lie.
	settled = table{"settled", fields("at BIGINT", "number BIGINT")}

	// missing tells of which days rows are lost, see losses.
	missing = table{"missing", fields("name VARCHAR", "first INTEGER", "before INTEGER", "state UTINYINT")}

	// dropped tells from which day on a table has its rows.
	dropped = table{"dropped", fields("name VARCHAR", "day INTEGER")}

	// erasures are applied again to what is loaded after them. Account is not
	// 0 if all of an account was erased.
	erasures = table{"erasures", fields("account UINTEGER", "at BIGINT", "node SMALLINT", "seq SMALLINT", "campaign UINTEGER", "done UTINYINT")}

	// rewritten is empty between writes; it carries records that replace others.
	rewritten = table{"rewritten", fields("at BIGINT", "number BIGINT", "record BLOB")}

	about = table{"about", fields("schema BIGINT")}
)

var tables = []table{clicks, postbacks, conversions, totals, visitors, marks, sealed, settled, missing, dropped, erasures, rewritten, about}

// rawTables are those of warehouse.Table.
var rawTables = [...]table{warehouse.ClickTable: clicks, warehouse.PostbackTable: postbacks, warehouse.ConversionTable: conversions}

// create is the statement that makes the table.
func (t table) create() string {
	var b strings.Builder
	b.WriteString("CREATE TABLE IF NOT EXISTS " + t.name + " (")
	for i, f := range t.fields {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(`"` + f.name + `" ` + f.kind + " NOT NULL")
	}
	b.WriteString(")")
	return b.String()
}

// names lists the columns.
func (t table) names() []string {
	names := make([]string, len(t.fields))
	for i, f := range t.fields {
		names[i] = f.name
	}
	return names
}

// columns lists the columns, quoted, for a statement.
func (t table) columns() string { return quoted(t.names()) }

func quoted(names []string) string { return `"` + strings.Join(names, `", "`) + `"` }

func facetNames() []string {
	names := make([]string, warehouse.FacetCount)
	for f := range names {
		names[f] = warehouse.Facet(f).String()
	}
	return names
}

// facetColumns lists the facets' columns, quoted.
var facetColumns = quoted(facetNames())

// keptFacets survive an erasure: they are too coarse to tell anybody by, and
// totals are kept by them.
var keptFacets = map[warehouse.Facet]bool{warehouse.FacetCountry: true, warehouse.FacetDevice: true}
