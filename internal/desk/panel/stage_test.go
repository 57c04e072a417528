package panel

import (
	"testing"

	"homing/internal/desk/panel/page"
	"homing/internal/desk/panel/paneltest"
	"homing/internal/desk/panel/system"
)

// stage is a house with what its screens are told.
type stage struct {
	*paneltest.House
	health system.Health
}

// newHouse is a house with the whole panel.
func newHouse(t *testing.T) *stage {
	s := &stage{}
	s.House = paneltest.New(t, func(h *paneltest.House) []page.Screen {
		s.House = h
		return s.screens()
	})
	return s
}

func (s *stage) screens() []page.Screen {
	return Screens(Options{Rooms: s.Rooms(), Health: func() system.Health { return s.health }})
}
