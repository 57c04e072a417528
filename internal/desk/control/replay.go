package control

import (
	"context"
	"fmt"
	"net/http"

	"homing"
	"homing/internal/flow/journal"
	"homing/internal/flow/rehearse"
)

// Court judges logged calls once more.
type Court interface {
	Again(ctx context.Context, e *journal.Entry) (*rehearse.Finding, error)
	Commit(ctx context.Context, actor, why string, e *journal.Entry) (*rehearse.Finding, error)
}

// replay judges a logged call once more and, if that is asked for, counts it.
func (d desk) replay(r *http.Request) (any, error) {
	ask, err := read[ReplayRequest](r)
	if err != nil {
		return nil, err
	}
	if d.Court == nil {
		return nil, errNoRoute
	}
	var old journal.Old
	if d.Warehouse != nil {
		old = d.Warehouse
	}
	e, err := d.Journal.Find(r.Context(), old, ask.Request)
	if err != nil {
		return nil, fmt.Errorf("couldn't find the call: %w", err)
	}
	if d.erased(e.Account) {
		return nil, fmt.Errorf("request %s: %w", ask.Request, homing.ErrNotFound)
	}
	if !ask.Commit {
		f, err := d.Court.Again(r.Context(), &e)
		if err != nil {
			return nil, err
		}
		return replayOf(&e, f), nil
	}
	f, err := d.Court.Commit(r.Context(), actor, ask.Reason, &e)
	if err != nil {
		return nil, err
	}
	told := replayOf(&e, f)
	told.Committed, told.Replay = true, f.Postback.Request.String()
	return told, nil
}

func replayOf(e *journal.Entry, f *rehearse.Finding) Replay {
	told := Replay{
		Request: e.Request, At: when(e.At), Was: e.Verdict.Reason, Result: f.Postback.Verdict.Outcome, Reason: f.Postback.Verdict.Reason,
		Conversion: f.Postback.Conversion, Steps: []ReplayStep{}, Notes: f.Notes,
	}
	if told.Notes == nil {
		told.Notes = []string{}
	}
	for _, s := range f.Steps {
		told.Steps = append(told.Steps, ReplayStep{s.Name, s.State.String(), s.Text})
	}
	return told
}

// ReplayRequest asks for a call of the log to be judged once more.
type ReplayRequest struct {
	Request homing.RequestID `json:"request"`
	// Commit counts it; Reason then says why.
	Commit bool   `json:"commit,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// Replay is what would come of a replay, or came of it.
type Replay struct {
	Request    homing.RequestID    `json:"request_id"`
	At         string              `json:"at"`  // when the call came
	Was        homing.Reason       `json:"was"` // the reason then
	Result     homing.Outcome      `json:"result"`
	Reason     homing.Reason       `json:"reason"`
	Conversion homing.ConversionID `json:"conversion,omitempty"`
	Committed  bool                `json:"committed"`
	Replay     string              `json:"replay_request_id,omitempty"` // its own entry of the log
	Steps      []ReplayStep        `json:"steps"`
	Notes      []string            `json:"notes"`
}

// ReplayStep is one check.
type ReplayStep struct {
	Name  string `json:"name"`
	State string `json:"state"` // passed, failed, unreached, skipped
	Text  string `json:"text"`
}

// Replay judges a logged call once more.
func (c *Client) Replay(ctx context.Context, q ReplayRequest) (Replay, error) {
	return ask[Replay](ctx, c, "POST", "replay", q)
}
