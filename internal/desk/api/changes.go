package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"

	"homing"
	"homing/internal/flow/amend"
	"homing/internal/flow/catalog"
)

// changesAtOnce is how many lists of changes are carried out at once; one token
// has half of them.
const changesAtOnce = 4

// loadConversion finds the conversion that a path names.
func (c *call) loadConversion(text string) error {
	none := missing("conversion", "There is no conversion of this number.")
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 || strconv.FormatInt(n, 10) != text {
		return none
	}
	found, err := c.api.Amender.Find(c.ctx, homing.ConversionID(n))
	if errors.Is(err, homing.ErrNotFound) || err == nil && !c.maySee(found.Account) {
		return none
	}
	c.conversionID = found.ID
	return err
}

// changeConversion moves one conversion. Repeating it changes nothing.
func changeConversion(c *call) error {
	body, err := read[ChangeBody](c)
	if err != nil {
		return err
	}
	if body.Status == 0 {
		return wrongField("status", "it is missing", "approved", "pending", "rejected")
	}
	if err := amend.CheckReason(body.Reason); err != nil {
		return wrongField("reason", err.Error())
	}
	line, err := c.api.Amender.One(c.ctx, amend.Task{Actor: c.actor()}, amend.Order{
		Line: 1, Conversion: c.conversionID, From: body.From, To: body.Status, Reason: body.Reason,
	})
	if err != nil {
		return err
	}
	switch line.Result {
	case amend.Refused:
		return wrongField("status", line.Problem)
	case amend.Overtaken:
		return refuse(http.StatusConflict, "conflict", "That contradicts what is there", line.Problem)
	case amend.Failed:
		return fmt.Errorf("%w: %s", homing.ErrUnavailable, line.Problem)
	}
	now, err := c.api.Amender.Find(c.ctx, c.conversionID)
	if err != nil {
		return err
	}
	return c.write(http.StatusOK, c.conversion(&now))
}

// changeConversions moves those of a list, or only tells what would become of
// them.
func changeConversions(c *call) error {
	p, err := c.params()
	if err != nil {
		return err
	}
	dry := p.values.Get("dry_run")
	if dry != "" && dry != "true" && dry != "false" {
		p.fail("dry_run", "want true or false")
	}
	if err := p.err(); err != nil {
		return err
	}
	orders, err := c.readOrders()
	if err != nil {
		return err
	}
	leave, err := c.enter(c.api.changes)
	if err != nil {
		return err
	}
	defer leave()
	c.lift()
	task := amend.Task{Actor: c.actor()}
	lines, err := c.api.Amender.Plan(c.ctx, task, orders)
	if err != nil {
		return err
	}
	if dry != "true" {
		lines = c.api.Amender.CarryOut(c.ctx, task, lines, nil)
	}
	return c.write(http.StatusOK, c.changes(lines, dry == "true"))
}

func (c *call) changes(lines []amend.Line, dry bool) Changes {
	told := Changes{DryRun: dry, Counts: map[string]int{}, Rows: []ChangedRow{}}
	for result, n := range amend.Counts(lines) {
		told.Counts[result.String()] = n
	}
	for i := range lines {
		l := &lines[i]
		row := ChangedRow{Line: l.Line, ID: l.Found.ID, Result: l.Result, Problem: l.Problem}
		if l.Found.ID != 0 {
			row.ClickID, row.From = c.api.Keyring().Seal(l.Found.Click).String(), &l.Found.Status
		}
		if l.To != 0 {
			row.To = &l.To
		}
		told.Rows = append(told.Rows, row)
	}
	return told
}

// ndjson is the media type of JSON lines.
const ndjson = "application/x-ndjson"

// readOrders reads a list of changes: a JSON array, or one object a line.
func (c *call) readOrders() ([]amend.Order, error) {
	text, err := io.ReadAll(c.r.Body)
	if large := new(http.MaxBytesError); errors.As(err, &large) {
		return nil, errBodySize
	} else if err != nil {
		return nil, fmt.Errorf("%w body: it could not be read whole", homing.ErrInvalid)
	}
	media, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" && media != ndjson {
		return nil, refuse(http.StatusUnsupportedMediaType, "media-type", "The body is of another type",
			"Send a JSON array with Content-Type: application/json, or an object a line with "+ndjson+".")
	}
	objects, err := splitObjects(text)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w body: %w", homing.ErrInvalid, err)
	case len(objects) == 0:
		return nil, fmt.Errorf("%w body: there is no change in it", homing.ErrInvalid)
	case len(objects) > amend.MaxLines:
		return nil, fmt.Errorf("%w body: more than %d changes; send it in parts", homing.ErrInvalid, amend.MaxLines)
	}
	var orders []amend.Order
	for i, object := range objects {
		orders = append(orders, orderOf(i+1, object))
	}
	return orders, nil
}

// splitObjects cuts a list into its objects.
func splitObjects(text []byte) (objects [][]byte, err error) {
	text = bytes.TrimSpace(text)
	if bytes.HasPrefix(text, []byte("[")) {
		var raw []json.RawMessage
		if err := json.Unmarshal(text, &raw); err != nil {
			return nil, errors.New("it is no JSON array")
		}
		for _, object := range raw {
			objects = append(objects, object)
		}
		return objects, nil
	}
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) > 0 {
			objects = append(objects, line)
		}
	}
	return objects, nil
}

// orderOf reads one change. What is wrong with it is told on its line.
func orderOf(line int, object []byte) amend.Order {
	var item ChangeItem
	o := amend.Order{Line: line}
	if err := catalog.ReadObject(object, &item); err != nil {
		var field *catalog.FieldError
		if o.Fault = "The line can't be read: " + err.Error() + "."; errors.As(err, &field) {
			o.Fault = field.Field + ": " + field.Problem + "."
		}
		return o
	}
	o.Conversion, o.Lead, o.Goal, o.From, o.To, o.Reason = item.ID, item.LeadCode, item.Goal, item.From, item.Status, item.Reason
	var ok bool
	switch o.Click, ok = homing.ParseClickID(item.ClickID); {
	case item.ID < 0 || item.ID == 0 && item.ClickID == "":
		o.Fault = "The line names no conversion: give id, or click_id."
	case item.ClickID != "" && (!ok || o.Click == homing.ClickID{}):
		o.Fault = "click_id: want 40 of 0-9 and a-f."
	}
	return o
}
