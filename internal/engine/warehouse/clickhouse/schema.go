package clickhouse

import (
	"fmt"
	"slices"
	"strings"

	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/clickhouse/wire"
)

// schemaVersion is the schema's. A database of a higher one is left alone.
const schemaVersion = 1

// field is a column of a table. Few tells that it has few different values.
type field struct {
	name, kind string
	few        bool
}

// table is a table's name, columns and order. Keys are what tells one row from
// any other; of rows with the same key the one with the highest rank stands, and
// they are merged when the server likes.
type table struct {
	name      string
	fields    []field
	rank      string // the column of that name; empty: all the same, or no keys
	keys      string
	partition string
	shard     string // what decides the shard; empty: all shards have all rows
	plain     bool   // rows with one key stay apart
}

// fewFacets are stored as dictionaries.
var fewFacets = []warehouse.Facet{warehouse.FacetCountry, warehouse.FacetRegion, warehouse.FacetCarrier, warehouse.FacetISP,
	warehouse.FacetDevice, warehouse.FacetOS, warehouse.FacetBrowser, warehouse.FacetLanguage}

func fields(list ...string) (all []field) {
	for _, item := range list {
		if item == "facets" {
			for f := range warehouse.Facet(warehouse.FacetCount) {
				all = append(all, field{f.String(), "String", slices.Contains(fewFacets, f)})
			}
			continue
		}
		name, kind, _ := strings.Cut(item, " ")
		all = append(all, field{name, kind, name == "reason" || name == "currency"})
	}
	return all
}

// Of every row is known in which epoch it was loaded, from which source, and at
// which position its batch began: see state.visible. Rows of a quarter of an hour
// lie together, campaign by campaign.
var (
	clicks = table{name: "clicks", rank: "epoch", keys: "intDiv(at, 900000), campaign, at, node, seq",
		partition: "intDiv(at, 86400000)", shard: "cityHash64(at, node, seq)",
		fields: fields("epoch UInt32", "src UInt64", "first UInt64", "at Int64", "node Int16", "seq UInt16", "campaign UInt32",
			"account UInt32", "class UInt8", "uniq UInt8", "cost Int64", "addr String", "facets", "more String")}

	// postbacks of no genuine click have node -1 and seq 0. Record is what package
	// homing makes of a postback, or of a tally if request is empty. Two spools may
	// give the same number, so that the source is part of the key.
	postbacks = table{name: "postbacks", rank: "rank", keys: "intDiv(at, 900000), at, number, src",
		partition: "intDiv(at, 86400000)", shard: "cityHash64(at, number)",
		fields: fields("epoch UInt32", "src UInt64", "first UInt64", "rank UInt32", "at Int64", "number Int64", "node Int16",
			"seq UInt16", "base_at Int64", "campaign UInt32", "account UInt32", "goal UInt32", "outcome UInt8", "reason String",
			"count Int64", "conversion Int64", "known UInt8", "request String", "record String", "facets")}

	// conversions has all versions: merging them would take away the one that a
	// question sees while the batch of the next is on its way.
	conversions = table{name: "conversions", rank: "rank", keys: "id, version",
		partition: "intDiv(at, 2592000000)", shard: "cityHash64(id)",
		fields: fields("epoch UInt32", "src UInt64", "first UInt64", "rank UInt32", "id Int64", "version Int64", "at Int64",
			"click_at Int64", "node Int16", "seq UInt16", "campaign UInt32", "account UInt32", "goal UInt32", "lead String",
			"status UInt8", "value Int64", "has_value UInt8", "price Int64", "currency String", "flags UInt32", "request String",
			"known UInt8", "facets")}

	// totals holds sums by quarter of an hour of what was given up, test traffic
	// left out: kind 0 of clicks, 1 of postbacks by their arrival, 2 by base_at.
	// A piece, see package statement, is written at once.
	totals = table{name: "totals", plain: true, keys: "kind, quarter, campaign, account",
		partition: "piece", shard: "cityHash64(quarter)",
		fields: fields("piece Int64", "kind UInt8", "quarter Int64", "campaign UInt32", "account UInt32", "country String",
			"device String", "reason String", "clicks Int64", "uniques Int64", "bots Int64", "cost Int64", "postbacks Int64",
			"duplicates Int64", "refusals Int64")}

	// visitors tells of each visitor (see visitorKey) of a day which click was the
	// first.
	visitors = table{name: "visitors", keys: "visitor, at, node, seq, campaign", partition: "day", shard: "visitor",
		fields: fields("day Int32", "visitor UInt64", "at Int64", "node Int16", "seq UInt16", "campaign UInt32")}

	// notes are what is known besides rows, see state. It is small.
	notes = table{name: "notes", rank: "version", keys: "kind, name",
		fields: fields("kind String", "name String", "version UInt64", "value String")}
)

var tables = []table{clicks, postbacks, conversions, totals, visitors, notes}

// rawTables are those of warehouse.Table.
var rawTables = [...]table{warehouse.ClickTable: clicks, warehouse.PostbackTable: postbacks, warehouse.ConversionTable: conversions}

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

func (t table) block() *wire.Block {
	columns := make([]wire.Column, len(t.fields))
	for i, f := range t.fields {
		columns[i] = wire.Column{Name: f.name, Type: f.kind}
	}
	return wire.NewBlock(columns)
}

func facetNames() []string {
	names := make([]string, warehouse.FacetCount)
	for f := range names {
		names[f] = warehouse.Facet(f).String()
	}
	return names
}

// facetColumns lists the facets' columns, quoted.
var facetColumns = quoted(facetNames())

// server is what a statement must know of a server to suit it.
type server struct {
	version int // 1816 is 18.16
	text    string
	cluster string // empty: a single one
	quorum  int    // 0: none
}

// modern: dictionaries, codecs and fsync of parts are there, and mutations can be
// waited for. What is older is used by tests only.
const modern = 2103

func (s *server) isModern() bool { return s.version >= modern }

// here is the name of the table that has rows; in a cluster the name itself is
// that of the table over all shards.
func (s *server) here(t table) string {
	if s.cluster == "" || t.shard == "" {
		return t.name
	}
	return t.name + "_here"
}

// onCluster has a statement about tables carried out on every server.
func (s *server) onCluster() string {
	if s.cluster == "" {
		return ""
	}
	return " ON CLUSTER " + s.cluster
}

// create are the statements that make a table, and in a cluster the one over all
// shards, by their names.
func (s *server) create(database string, t table) map[string]string {
	columns := make([]string, len(t.fields))
	for i, f := range t.fields {
		columns[i] = fmt.Sprintf(`"%s" %s`, f.name, s.kind(f))
	}
	list := strings.Join(columns, ", ")
	sql := fmt.Sprintf("CREATE TABLE IF NOT EXISTS %s%s (%s) ENGINE = %s", s.here(t), s.onCluster(), list, s.engine(database, t))
	if t.partition != "" {
		sql += " PARTITION BY " + t.partition
	}
	sql += " ORDER BY (" + t.keys + ")"
	if s.isModern() {
		// A batch's mark must not outlive its rows in a power cut.
		sql += " SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1"
	}
	all := map[string]string{s.here(t): sql}
	if s.here(t) != t.name {
		all[t.name] = fmt.Sprintf("CREATE TABLE IF NOT EXISTS %s%s (%s) ENGINE = Distributed(%s, %s, %s, %s)",
			t.name, s.onCluster(), list, s.cluster, database, s.here(t), t.shard)
	}
	return all
}

// kind is a column's type. Dictionaries and codecs change nothing but the size.
func (s *server) kind(f field) string {
	switch {
	case !s.isModern():
		return f.kind
	case f.few:
		return "LowCardinality(String) CODEC(ZSTD(1))"
	case f.kind == "Int64":
		return "Int64 CODEC(Delta, ZSTD(1))"
	}
	return f.kind + " CODEC(ZSTD(1))"
}

func (s *server) engine(database string, t table) string {
	var parameters []string
	name := "MergeTree"
	if !t.plain {
		name = "Replacing" + name
	}
	if s.cluster != "" {
		name = "Replicated" + name
		shard, replica := "{shard}", "{replica}"
		if t.shard == "" {
			shard, replica = "all", "{shard}-{replica}"
		}
		parameters = append(parameters, fmt.Sprintf("'/clickhouse/homing/%s/%s/%s'", database, shard, t.name), "'"+replica+"'")
	}
	if t.rank != "" {
		parameters = append(parameters, t.rank)
	}
	return name + "(" + strings.Join(parameters, ", ") + ")"
}

// reading are the settings of questions.
func (s *server) reading() wire.Settings {
	settings := wire.Settings{"max_query_size": "67108864", "max_ast_elements": "1000000"}
	if s.isModern() {
		settings["do_not_merge_across_partitions_select_final"] = "1"
		settings["max_expanded_ast_elements"] = "1000000"
	}
	return settings
}

// writing are the settings of inserts. ClickHouse's own deduplication is off:
// it knows a block by its bytes, for a while, and would swallow rows that are
// loaded again after they were deleted.
func (s *server) writing() wire.Settings {
	settings := wire.Settings{"insert_deduplicate": "0", "insert_distributed_sync": "1"}
	if s.quorum > 1 {
		settings["insert_quorum"] = fmt.Sprint(s.quorum)
		settings["insert_quorum_timeout"] = "30000"
	}
	if s.isModern() {
		settings["async_insert"] = "0"
	}
	return settings
}
