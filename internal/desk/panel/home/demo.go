package home

import (
	"errors"

	"homing"
	"homing/internal/desk/panel/page"
)

// fillDemo begins to fill the demo advertiser; whoever asks twice is shown the
// one there is.
func (s *screen) fillDemo(v *page.Visit) error {
	if err := s.demo.Fill(v.Who.Actor()); err != nil && !errors.Is(err, homing.ErrConflict) {
		return err
	}
	return v.See("/start#demo")
}

func (s *screen) removeDemo(v *page.Visit) error {
	err := s.demo.Remove(v.R.Context(), v.Who.Actor())
	switch {
	case errors.Is(err, homing.ErrNotFound), errors.Is(err, homing.ErrConflict):
		return v.See("/start#demo") // the page says how it stands
	case err != nil:
		return err
	}
	return v.See("/start?done=demo-removed#demo")
}
