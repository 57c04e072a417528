package trace

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"homing"
	"homing/internal/engine/warehouse"
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

// tellOldPostbacks adds the duplicates and refusals that the spool has given
// up; what was told already is not told again.
func (t *Tracer) tellOldPostbacks(ctx context.Context, s *Story, o homing.Origin, told map[homing.RequestID]bool) error {
	if t.Warehouse == nil || t.Spool.Oldest() == 0 {
		return nil
	}
	list := warehouse.List{From: o.Time, Until: s.now + 1, Click: o, Outcome: []homing.Outcome{homing.Duplicate, homing.Refused}}
	for p, err := range t.Warehouse.Postbacks(ctx, &list) {
		if isAway(err) {
			s.lack(away)
			break
		}
		if err != nil {
			return err
		}
		if !told[p.Request] {
			t.Masker.Postback(&p.Postback)
			s.Postbacks = append(s.Postbacks, postbackOf(&p.Postback))
		}
	}
	slices.SortStableFunc(s.Postbacks, func(a, b Postback) int { return cmp.Compare(a.at, b.at) })
	return nil
}
