package control

import (
	"context"
	"iter"
	"net/http"
	"slices"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/journal"
)

// backlog is how many entries a tail begins with.
const backlog = 10

func (d desk) postbacks(r *http.Request, out *lines) error {
	q := queryOf(r, "account", "result", "since", "until", "limit", "tail", "demo")
	f := journal.Filter{
		Account: queryNumber[homing.AccountID](q, "account"),
		Since:   q.moment("since"),
		Until:   q.moment("until"),
	}
	q.word("result", &f.Outcome)
	limit := q.limit()
	tail := q.values.Get("tail") != ""
	if q.err != nil {
		return q.err
	}
	demos := d.demosBeside(q, f.Account, 0)
	f.Also = func(e *journal.Entry) bool { return !demos[e.Account] }
	if tail {
		return d.tail(r.Context(), f, limit, out)
	}
	list, err := d.listPostbacks(r.Context(), f, demos, limit)
	if err != nil {
		return err
	}
	for e, err := range list {
		if err != nil {
			return err
		}
		if err := out.write(postbackOf(&e)); err != nil {
			return err
		}
	}
	return nil
}

// listPostbacks lists the log from where it is.
func (d desk) listPostbacks(ctx context.Context, f journal.Filter, demos demos, limit int) (iter.Seq2[journal.Entry, error], error) {
	cut, err := d.spooled(ctx)
	if err != nil {
		return nil, err
	}
	erased, err := d.erasedClicks(ctx)
	if err != nil {
		return nil, err
	}
	old, any := olderThan(cut, f.Since, f.Until)
	if !any {
		return newest(d.shown(d.Journal.List(ctx, f), erased), limit), nil
	}
	only(&old, warehouse.Account, f.Account)
	demos.leaveOut(&old)
	if f.Outcome != 0 {
		old.Outcome = []homing.Outcome{f.Outcome}
	}
	f.Since = cut
	return following(d.oldPostbacks(ctx, old), d.shown(d.Journal.List(ctx, f), erased), limit), nil
}

// shown leaves out what the spool still holds of erased accounts and clicks. The
// tallies of what was ignored for them stay.
func (d desk) shown(list iter.Seq2[journal.Entry, error], erased map[homing.Origin]bool) iter.Seq2[journal.Entry, error] {
	return func(yield func(journal.Entry, error) bool) {
		for e, err := range list {
			if err == nil && (d.hidden(&e) || e.Origin != (homing.Origin{}) && erased[e.Origin]) {
				continue
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

func (d desk) hidden(e *journal.Entry) bool {
	return e.Verdict.Outcome != homing.Ignored && d.erased(e.Account)
}

// tail tells the newest entries, and then every one as it is logged, until the
// client has gone.
func (d desk) tail(ctx context.Context, f journal.Filter, limit int, out *lines) error {
	if d.Offline {
		return errOffline
	}
	// The watch begins before the look at what is there, so that nothing falls
	// between the two; what both tell is left out of the second.
	watch := d.Journal.Watch(f)
	defer watch.Close()
	told := map[homing.RequestID]bool{}
	if limit == 0 {
		limit = backlog
		if f.Since != 0 {
			limit = MaxLimit
		}
	}
	for _, e := range slices.Backward(d.Journal.Recent(f, limit)) {
		told[e.Request] = true
		if err := d.tell(&e, out); err != nil {
			return err
		}
	}
	delete(told, homing.RequestID{}) // tallies have none
	for {
		select {
		case <-ctx.Done():
			return errEnded
		case e := <-watch.C:
			if told[e.Request] {
				delete(told, e.Request)
				continue
			}
			if err := d.tell(&e, out); err != nil {
				return err
			}
		}
	}
}

func (d desk) tell(e *journal.Entry, out *lines) error {
	if d.hidden(e) {
		return nil
	}
	return out.write(postbackOf(e))
}

func postbackOf(e *journal.Entry) Postback {
	p := Postback{
		At: when(e.At), Addr: cutAddr(e.Addr), HTTPS: e.HTTPS, Method: e.Method,
		Target: e.Target, UserAgent: e.UserAgent, Account: e.Account, Campaign: e.Campaign,
		Key: e.Key, Goal: e.Goal, LeadCode: e.Lead, Value: e.Value, Price: e.Price, Currency: e.Currency,
		Result: e.Verdict.Outcome, Reason: e.Verdict.Reason,
		Status: e.Verdict.Reason.Info().Answer.Status(), Flags: e.Verdict.Flags.Names(),
		Conversion: e.Conversion, Count: e.Count,
	}
	if e.Request != (homing.RequestID{}) {
		p.Request = e.Request.String()
	}
	if e.Click != (homing.ClickID{}) {
		p.ClickID = e.Click.String()
	}
	return p
}
