package home

import (
	"net/http"

	"homing/internal/desk/panel/page"
	"homing/internal/flow/demo"
)

// homePage is the checklist, and to operators the demo.
type homePage struct {
	Operator bool
	Steps    []step
	Done     bool
	// Left is how many steps there are to do.
	Left int
	Demo demoState
	// Next is the page that "/" leads to when everything is done.
	Next string
}

// demoState is the demo with what can be looked at.
type demoState struct {
	demo.State
	Overview bool
}

// lead shows the checklist until it is done, then leads on.
func (s *screen) lead(v *page.Visit) error {
	steps := s.steps(v)
	if done(steps) && !s.demo.State().Running {
		return v.See(next(v))
	}
	return s.render(v, steps)
}

func (s *screen) show(v *page.Visit) error { return s.render(v, s.steps(v)) }

// next is the page that people come for.
func next(v *page.Visit) string {
	switch {
	case v.HasPage("/overview"):
		return "/overview"
	case v.Who.Operator():
		return "/advertisers"
	}
	return page.TrackingPath(v.Who.Account)
}

func (s *screen) render(v *page.Visit, steps []step) error {
	p := homePage{Operator: v.Who.Operator(), Steps: steps, Done: done(steps), Next: next(v)}
	for _, one := range steps {
		if one.State != finished && one.State != needless {
			p.Left++
		}
	}
	if p.Operator {
		if p.Demo = (demoState{s.demo.State(), v.HasPage("/overview")}); p.Demo.Running {
			// The progress is looked at again without a script. Not a meta element:
			// this is a matter of the one answer.
			v.W.Header().Set("Refresh", "2")
		}
	}
	return v.Show(http.StatusOK, "home", "Home", p)
}
