package panel

import (
	"testing"

	"homing"
	"homing/internal/desk/panel/conversions"
	"homing/internal/desk/panel/notices"
	"homing/internal/desk/panel/page"
	"homing/internal/desk/panel/paneltest"
	"homing/internal/desk/panel/postbacks"
	"homing/internal/desk/panel/settings"
	"homing/internal/desk/panel/system"
	"homing/internal/desk/panel/tryout"
	"homing/internal/desk/signin"
	"homing/internal/flow/notice"
)

// stage is a house with what its screens are told.
type stage struct {
	*paneltest.House
	health     system.Health
	masterKeys fakeKeys
	// watch tells of damages.
	watch   *notice.Watch
	damages []string
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
	if s.watch == nil {
		s.watch = s.Watch(notice.Facts{Storage: func() []string { return s.damages }, Calls: s.Journal})
	}
	return Screens(Options{
		Rooms: s.Rooms(), Health: func() system.Health { return s.health },
		Conversions: conversions.Options{Amender: s.Amender()},
		Try:         tryout.Options{Trials: s.Trials, Court: s.Court, Keyring: func() *homing.Keyring { return s.Keyring }},
		Demo:        s.Demo,
		Postbacks:   postbacks.Options{Court: s.Court},
		Settings:    settings.Options{Tokens: signin.Tokens{People: s.Ledger, Clock: s.Time}},
		Tracer:      s.Tracer(), Comparer: s.Comparer(), People: s.Ledger, MasterKeys: &s.masterKeys,
		Notices: notices.Options{Watch: s.watch, Keyring: func() *homing.Keyring { return s.Keyring }},
	})
}
