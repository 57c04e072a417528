package paneltest

import (
	"homing"
	"homing/internal/flow/notice"
)

// Watch makes what tells people when something goes wrong. It looks when the test
// says so.
func (h *House) Watch(facts notice.Facts) *notice.Watch {
	return notice.Open(notice.Options{
		Store: h.Ledger, View: h.Catalog.View, Keyring: func() *homing.Keyring { return h.Keyring }, Clock: h.Time, Log: h.log,
		DeskURL: func() string { return h.Server.URL }, Facts: facts,
	})
}
