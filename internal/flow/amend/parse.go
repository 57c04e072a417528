package amend

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"homing"
)

// List is what Parse read.
type List struct {
	Orders []Order
	// Named tells that the first line names the columns. Ignored are the names
	// that mean nothing here.
	Named   bool
	Ignored []string
	// Statuses tells that some line names a status.
	Statuses bool
}

// Columns that a list may have, by the names they may have.
const (
	number = "id"
	click  = "click_id"
	lead   = "lead_code"
	goal   = "goal"
	status = "status"
	// A file of ours with a further column has the present status beside the new
	// one.
	newStatus = "new_status"
	reason    = "reason"
)

var columnNames = map[string]string{
	"id": number, "conversion": number, "conversion_id": number,
	"click_id": click, "clickid": click, "click": click,
	"lead_code": lead, "leadcode": lead, "lead": lead,
	"goal": goal, "goalid": goal, "goal_id": goal,
	"status": status, "new_status": newStatus,
	"reason": reason, "comment": reason, "note": reason,
}

// Parse reads a list: one conversion a line, as pasted or out of a spreadsheet.
// A line is a click id or the number of a conversion; after a click id may
// follow the lead code, then a status, then a reason; after a number, status and
// reason. A first line with names (click_id, lead_code, status, …) says
// otherwise; then columns that it does not know are passed over. Between cells
// stands a comma, a semicolon or a tab. Empty lines are skipped. A line that
// cannot be read is an order with a Fault. The error is of the list as a whole,
// homing.ErrInvalid.
func Parse(text []byte) (*List, error) {
	switch {
	case len(text) > MaxText:
		return nil, fmt.Errorf("%w list: it is larger than %d MiB", homing.ErrInvalid, MaxText>>20)
	case bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff")) || bytes.IndexByte(text, 0) >= 0:
		return nil, fmt.Errorf("%w list: it is no plain text; save it as CSV, in UTF-8", homing.ErrInvalid)
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	text = bytes.ReplaceAll(text, []byte("\r"), []byte("\n"))
	r := reader{between: separator(text)}
	at := 0
	for line := range bytes.Lines(text) {
		at++
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if len(r.list.Orders) == MaxLines {
			return nil, fmt.Errorf("%w list: it has more than %d lines; split it", homing.ErrInvalid, MaxLines)
		}
		r.read(at, string(bytes.TrimRight(line, "\n")))
	}
	if len(r.list.Orders) == 0 {
		return nil, fmt.Errorf("%w list: there is no line in it", homing.ErrInvalid)
	}
	return &r.list, nil
}

// reader reads the lines of a list.
type reader struct {
	list    List
	between byte     // what stands between cells
	columns []string // of a list with names; "" = passed over
	begun   bool
}

func (r *reader) read(at int, line string) {
	cells := cellsOf(line, r.between)
	if !r.begun {
		r.begun = true
		if r.names(cells) {
			return
		}
	}
	o := Order{Line: at}
	o.Fault = r.fill(&o, cells, line)
	if o.Fault != "" {
		o.Text = beginning(line)
	}
	r.list.Statuses = r.list.Statuses || o.To != 0
	r.list.Orders = append(r.list.Orders, o)
}

// names tells whether cells name columns, and notes them if so.
func (r *reader) names(cells []string) bool {
	var columns, ignored []string
	for _, cell := range cells {
		name := columnNames[strings.ToLower(strings.TrimSpace(cell))]
		if name == "" {
			ignored = append(ignored, beginning(cell))
		} else if slices.Contains(columns, name) {
			name = "" // the first of a name counts
		}
		columns = append(columns, name)
	}
	if !slices.Contains(columns, number) && !slices.Contains(columns, click) {
		return false
	}
	if i := slices.Index(columns, status); i >= 0 && slices.Contains(columns, newStatus) {
		columns[i] = ""
	}
	r.columns, r.list.Named, r.list.Ignored = columns, true, ignored
	return true
}

// fill reads the cells of a line, and tells what is wrong with them.
func (r *reader) fill(o *Order, cells []string, line string) (fault string) {
	if !utf8.ValidString(line) {
		return "The line is not UTF-8: save the file as CSV in UTF-8."
	}
	columns := r.columns
	if columns == nil {
		columns, cells = usual(cells)
	}
	for i, cell := range cells {
		if i >= len(columns) {
			if cell != "" {
				return "The line has more cells than expected. A comma within a cell wants quotation marks around the cell."
			}
			continue
		}
		if fault := o.cell(columns[i], cell); fault != "" {
			return fault
		}
	}
	if o.Conversion == 0 && o.Click == (homing.ClickID{}) {
		return "The line names no conversion: want a click id, 40 of 0-9 and a-f, or the number of a conversion."
	}
	return ""
}

// usual are the columns of a line without names.
func usual(cells []string) (columns, rest []string) {
	if !isNumber(cells[0]) {
		return []string{click, lead, status, reason}, cells
	}
	if len(cells) > 2 && cells[1] == "" { // no lead code beside a number
		cells = slices.Delete(slices.Clone(cells), 1, 2)
	}
	return []string{number, status, reason}, cells
}

func isNumber(cell string) bool {
	return cell != "" && len(cell) < 20 && strings.Trim(cell, "0123456789") == ""
}

// cell reads one cell. An empty one says nothing.
func (o *Order) cell(column, text string) (fault string) {
	if text == "" {
		return ""
	}
	switch column {
	case number:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 1 {
			return fmt.Sprintf("%q is no number of a conversion.", beginning(text))
		}
		o.Conversion = homing.ConversionID(n)
	case click:
		id, ok := homing.ParseClickID(text)
		if !ok || id == (homing.ClickID{}) {
			return fmt.Sprintf("%q is neither a click id, 40 of 0-9 and a-f, nor the number of a conversion.", beginning(text))
		}
		o.Click = id
	case lead:
		o.Lead = text
	case goal:
		n, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			return fmt.Sprintf("%q is no number of a goal.", beginning(text))
		}
		id := homing.GoalID(n)
		o.Goal = &id
	case status, newStatus:
		if err := o.To.UnmarshalText([]byte(strings.ToLower(text))); err != nil {
			return fmt.Sprintf("%q is no status: want approved, rejected or pending.", beginning(text))
		}
	case reason:
		o.Reason = text
	}
	return ""
}

// beginning is enough of a text to recognize it.
func beginning(text string) string {
	const most = 60
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// CheckReason tells what is wrong with a reason.
func CheckReason(text string) error {
	switch {
	case len(text) > MaxReason:
		return fmt.Errorf("%w reason: it is longer than %d bytes", homing.ErrInvalid, MaxReason)
	case !utf8.ValidString(text):
		return fmt.Errorf("%w reason: it is not UTF-8", homing.ErrInvalid)
	case strings.ContainsFunc(text, unicode.IsControl):
		return fmt.Errorf("%w reason: it has control characters or line ends", homing.ErrInvalid)
	}
	return nil
}
