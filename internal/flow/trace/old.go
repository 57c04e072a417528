package trace

import (
	"context"
	"errors"
	"slices"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/journal"
)

// away says that the warehouse could not be asked; the rest of the story stands.
const away = "the warehouse is away, so what is older than the spool could not be looked at; ask again in a moment"

// tellOldClick finds a click that the spool does not have in the warehouse.
func (t *Tracer) tellOldClick(ctx context.Context, s *Story, o homing.Origin) error {
	if t.Warehouse == nil {
		return nil
	}
	click, err := t.Warehouse.Click(ctx, o)
	switch {
	case errors.Is(err, homing.ErrNotFound):
		return nil
	case isAway(err):
		s.lack(away)
		return nil
	case err != nil:
		return err
	}
	s.Click = oldClickOf(&click)
	return nil
}

// lack says once what could not be looked through.
func (s *Story) lack(what string) {
	if !slices.Contains(s.Incomplete, what) {
		s.Incomplete = append(s.Incomplete, what)
	}
}

func isAway(err error) bool {
	return errors.Is(err, homing.ErrUnavailable) || errors.Is(err, homing.ErrOverloaded)
}

func oldClickOf(c *warehouse.Click) *Click {
	told := &Click{Class: c.Class, Addr: c.Addr, Params: map[string]string{}, Facets: map[string]string{}}
	for f, text := range c.Facets {
		if text != "" {
			told.Facets[warehouse.Facet(f).String()] = text
		}
	}
	for _, p := range c.More {
		told.Params[p.Param.String()] = p.Text
	}
	return told
}

const (
	// unloaded is how far behind Fresh a record may stand and still not be in the
	// warehouse: it was on its way, or a clock was set.
	unloaded homing.Millis = 120_000
	// remembered is how many of a click's calls are taken from memory.
	remembered = 1000
)

// tellLoadedPostbacks tells the duplicates and refusals that are in memory, which
// has them as they came, and those that the warehouse has. It returns from when on
// the spool must be looked through for the rest: from the click if the warehouse
// cannot be asked, or nobody knows how far it is.
func (t *Tracer) tellLoadedPostbacks(ctx context.Context, s *Story, o homing.Origin, told map[homing.RequestID]bool) (since homing.Millis, err error) {
	fresh := t.fresh() // before the question: what is loaded meanwhile is found twice, not missed
	if t.Warehouse == nil || fresh == 0 && t.Spool.Oldest() == 0 {
		return 0, nil
	}
	repeated := []homing.Outcome{homing.Duplicate, homing.Refused}
	filter := journal.Filter{Click: o, Also: func(e *journal.Entry) bool { return slices.Contains(repeated, e.Verdict.Outcome) }}
	for _, e := range t.Journal.Recent(filter, remembered) {
		told[e.Request] = true
		s.Postbacks = append(s.Postbacks, postbackOf(&e.Postback))
	}
	list := warehouse.List{From: o.Time, Until: s.now + 1, Click: o, Outcome: repeated}
	for p, err := range t.Warehouse.Postbacks(ctx, &list) {
		if isAway(err) {
			if t.Spool.Oldest() > 0 {
				s.lack(away)
			}
			return 0, nil
		}
		if err != nil {
			return 0, err
		}
		if !told[p.Request] {
			told[p.Request] = true
			t.Masker.Postback(&p.Postback)
			s.Postbacks = append(s.Postbacks, postbackOf(&p.Postback))
		}
	}
	return fresh - unloaded, nil
}

func (t *Tracer) fresh() homing.Millis {
	if t.Fresh == nil {
		return 0
	}
	return t.Fresh()
}
