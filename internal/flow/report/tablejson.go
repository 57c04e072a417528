package report

import (
	"encoding/json"
	"time"

	"homing"
	"homing/internal/engine/warehouse"
)

// head is what stands before and behind a table's rows in JSON.
type head struct {
	From     string     `json:"from"`
	To       string     `json:"to"` // not in the range
	TZ       string     `json:"tz"`
	Basis    string     `json:"basis"`
	By       []string   `json:"by"`
	Metrics  []Metric   `json:"metrics"`
	Where    []string   `json:"where,omitempty"`
	Compare  *otherHead `json:"compare,omitempty"`
	Currency *string    `json:"currency"` // null: of several currencies
	AsOf     Moment     `json:"as_of"`
	Columns  []Column   `json:"columns"`
	Rows     jsonLines  `json:"rows"`
	Totals   jsonLine   `json:"totals"`
	Rest     *jsonLine  `json:"rest,omitempty"`
	Notes    []string   `json:"notes"`
}

// otherHead tells of the range that is compared with.
type otherHead struct {
	With string `json:"with"`
	From string `json:"from"`
	End  string `json:"to"`
}

// MarshalJSON writes the table as the API answers it: rows are objects by the
// names of columns. Amounts and ratios are strings, counts are numbers, what is
// not known is null.
func (t *Table) MarshalJSON() ([]byte, error) {
	q := t.Question
	h := head{
		From: zoned(q.From, q.Zone), To: zoned(q.Until, q.Zone), TZ: q.Zone.String(), Basis: "conversion",
		By: []string{}, Metrics: t.Metrics, AsOf: Moment(t.AsOf), Columns: t.Columns,
		Rows: jsonLines{t.Columns, t.Rows}, Totals: jsonLine{t.Columns, t.Total.Cells, true}, Notes: t.Notes,
	}
	if q.Basis == warehouse.ByClick {
		h.Basis = "click"
	}
	for _, d := range q.By {
		h.By = append(h.By, d.String())
	}
	for _, c := range q.Where {
		h.Where = append(h.Where, c.String())
	}
	if q.Compare != "" {
		h.Compare = &otherHead{q.Compare, zoned(q.OtherFrom, q.Zone), zoned(q.OtherUntil, q.Zone)}
	}
	if t.Currency != "" {
		h.Currency = &t.Currency
	}
	if t.Rest != nil {
		h.Rest = &jsonLine{t.Columns, t.Rest.Cells, true}
	}
	if h.Notes == nil {
		h.Notes = []string{}
	}
	return json.Marshal(h)
}

func zoned(at homing.Millis, zone *time.Location) string {
	return at.Time().In(zone).Format(time.RFC3339Nano)
}

// jsonLines writes rows.
type jsonLines struct {
	columns []Column
	lines   []Line
}

// MarshalJSON writes a list of objects.
func (l jsonLines) MarshalJSON() ([]byte, error) {
	dst := []byte{'['}
	for i := range l.lines {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendObject(dst, l.columns, l.lines[i].Cells, false)
	}
	return append(dst, ']'), nil
}

// jsonLine writes one line; without its keys, if it has none.
type jsonLine struct {
	columns []Column
	cells   []Cell
	keyless bool
}

// MarshalJSON writes an object.
func (l jsonLine) MarshalJSON() ([]byte, error) {
	return appendObject(nil, l.columns, l.cells, l.keyless), nil
}

// appendObject writes cells under the names of their columns. Names are ours and
// need no escaping.
func appendObject(dst []byte, columns []Column, cells []Cell, keyless bool) []byte {
	dst = append(dst, '{')
	first := true
	for i := range columns {
		if keyless && columns[i].IsKey {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(dst, '"')
		dst = append(dst, columns[i].Name...)
		dst = append(dst, '"', ':')
		dst = appendJSON(dst, columns[i].Kind, &cells[i])
	}
	return append(dst, '}')
}

func appendJSON(dst []byte, kind Kind, c *Cell) []byte {
	switch {
	case c.Null:
		return append(dst, "null"...)
	case kind == ID || kind == Number || kind == Count || kind == Duration || kind == Bool:
		return append(dst, c.Text...)
	}
	text, err := json.Marshal(c.Text)
	if err != nil {
		panic(err) // a string always has a JSON form
	}
	return append(dst, text...)
}
