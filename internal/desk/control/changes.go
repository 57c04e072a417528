package control

import (
	"context"
	"io"
	"net/http"
	"net/url"

	"homing"
	"homing/internal/flow/amend"
)

// Change asks for a change of conversions.
type Change struct {
	Verb string // approve, reject, restore, accept, or set: what each line says
	// Pending makes restored and accepted ones pending instead of approved.
	Pending bool
	Reason  string // of lines that bring none
	DryRun  bool   // only tell what would become of them
	// List has a conversion a line, see amend.Parse.
	List io.Reader
}

// Changes tells what became of a list of conversions.
type Changes struct {
	DryRun bool           `json:"dry_run"`
	Counts map[string]int `json:"counts"` // lines by result
	Rows   []Changed      `json:"rows"`
}

// Changed is what became of one line.
type Changed struct {
	Line     int                 `json:"line"` // from 1
	ID       homing.ConversionID `json:"id,omitempty"`
	ClickID  string              `json:"click_id,omitempty"`
	LeadCode string              `json:"lead_code,omitempty"`
	From     homing.Status       `json:"from,omitempty"` // where it stood
	To       homing.Status       `json:"to,omitempty"`
	Result   string              `json:"result"` // ready, changed, unchanged, refused, overtaken, failed
	Problem  string              `json:"problem,omitempty"`
	Reason   string              `json:"reason,omitempty"`
}

// ChangeConversions approves, rejects, restores or accepts conversions.
func (c *Client) ChangeConversions(ctx context.Context, what Change) (Changes, error) {
	q := url.Values{"verb": {what.Verb}}
	if what.Pending {
		q.Set("pending", "true")
	}
	if what.Reason != "" {
		q.Set("reason", what.Reason)
	}
	if what.DryRun {
		q.Set("dry_run", "true")
	}
	return receive[Changes](ctx, c, "POST", "conversions/changes?"+q.Encode(), what.List)
}

func (d desk) changeConversions(r *http.Request) (any, error) {
	q := queryOf(r, "verb", "pending", "reason", "dry_run")
	task := amend.Task{Pending: q.values.Get("pending") == "true", Reason: q.values.Get("reason"), Actor: actor}
	dry := q.values.Get("dry_run") == "true"
	q.word("verb", &task.Verb)
	if q.err != nil {
		return nil, q.err
	}
	text, err := readBody(r, amend.MaxText)
	if err != nil {
		return nil, err
	}
	list, err := amend.Parse(text)
	if err != nil {
		return nil, err
	}
	lines, err := d.Amender.Plan(r.Context(), task, list.Orders)
	if err != nil {
		return nil, err
	}
	if !dry {
		lines = d.Amender.CarryOut(r.Context(), task, lines, nil)
	}
	return d.changesOf(lines, dry), nil
}

func (d desk) changesOf(lines []amend.Line, dry bool) Changes {
	told := Changes{DryRun: dry, Counts: map[string]int{}, Rows: []Changed{}}
	for result, n := range amend.Counts(lines) {
		told.Counts[result.String()] = n
	}
	ring, masker := d.Keyring(), d.Catalog.Masker()
	for i := range lines {
		l := &lines[i]
		row := Changed{Line: l.Line, ID: l.Found.ID, To: l.To, Result: l.Result.String(), Problem: l.Problem, Reason: l.Reason}
		if l.Found.ID != 0 {
			row.ClickID, row.LeadCode, row.From = ring.Seal(l.Found.Click).String(), masker.Text(l.Found.Lead), l.Found.Status
		}
		told.Rows = append(told.Rows, row)
	}
	return told
}
