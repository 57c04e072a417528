package postbacks

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/flow/journal"
	"homing/internal/flow/rehearse"
	"homing/internal/rule/judge"
)

// replays judge refused calls once more.
type replays struct{ court *rehearse.Court }

// replayPage says what would come of a replay, and asks why.
type replayPage struct {
	Request string
	At      homing.Millis
	Was     homing.ReasonInfo
	Target  string
	// Finding is nil if the log does not keep enough, which Cannot says.
	Finding *rehearse.Finding
	Reason  homing.ReasonInfo
	Steps   []judge.Step
	Cannot  string
	// Counts: it would make a conversion.
	Counts bool
	Money  bool
	Form   *page.Form
}

func (r replays) show(v *page.Visit) error {
	return r.answer(v, http.StatusOK, page.NewForm())
}

// answer shows the dry run with the form below it.
func (r replays) answer(v *page.Visit, status int, f *page.Form) error {
	e := v.Found["postback"].(*journal.Entry)
	if r.court == nil {
		return fmt.Errorf("replay: %w", homing.ErrNotFound)
	}
	p := replayPage{
		Request: e.Request.String(), At: e.At, Was: e.Verdict.Reason.Info(), Target: e.Target, Form: f, Money: !v.Who.HideMoney,
	}
	found, err := r.court.Again(v.R.Context(), e)
	switch {
	case errors.Is(err, homing.ErrInvalid), errors.Is(err, homing.ErrUnavailable):
		p.Cannot = page.Sentence(errors.New(strings.TrimPrefix(err.Error(), homing.ErrInvalid.Error()+" replay: ")))
	case err != nil:
		return err
	default:
		p.Finding, p.Steps, p.Reason = found, found.Steps, found.Postback.Verdict.Reason.Info()
		p.Counts = found.Postback.Verdict.Outcome == homing.Counted || found.Postback.Verdict.Outcome == homing.Late
	}
	return v.Show(status, "postback_replay", "Replay a call", p)
}

func (r replays) commit(v *page.Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	if r.court == nil {
		return fmt.Errorf("replay: %w", homing.ErrNotFound)
	}
	e := v.Found["postback"].(*journal.Entry)
	found, err := r.court.Commit(v.R.Context(), "user "+v.Who.ID.String(), f.Get("why"), e)
	switch {
	case errors.Is(err, homing.ErrConflict):
		f.Problem = page.Sentence(err)
		return r.answer(v, http.StatusConflict, f)
	case errors.Is(err, homing.ErrInvalid):
		f.Fail("why", err)
		return r.answer(v, http.StatusUnprocessableEntity, f)
	case err != nil:
		return err
	}
	return v.See("/postbacks/" + found.Postback.Request.String() + "?done=replayed")
}
