package app

import (
	"context"
	"fmt"
	"path/filepath"
	"syscall"
	"time"

	"homing/internal/edge/certificate"
	"homing/internal/flow/disk"
	"homing/internal/flow/notice"
)

// openWatching makes what tells people when something goes wrong. It looks at
// everything from beside: nobody at the doors waits for it.
func (s *server) openWatching() {
	h := s.house
	s.disk = s.openGauge()
	s.watch = notice.Open(notice.Options{
		Store: h.ledger, View: h.catalog.View, Keyring: h.keyring, Clock: s.clock, Log: s.log, Zone: h.zone,
		DeskURL: func() string { return s.addresses().Desk },
		Facts: notice.Facts{
			Figures: h.reporting.warehouse, Fresh: h.reporting.fresh, Calls: h.journal, KeyUses: h.catalog.KeyUses, Disk: s.disk,
			Lag: s.lagForNotices, Certificates: s.certificatesForNotices,
			Warehouse: func() string { return h.reporting.warehouse.Status().Trouble },
			Storage:   s.storageTroubles,
		},
	})
}

// runWatching watches until ctx is done. Of several desks one does, with all that is
// done once for a house.
func (s *server) runWatching(ctx context.Context) {
	m := s.house.member
	switch {
	case m == nil:
		s.house.beside(func() { s.watch.Run(ctx) })
	case s.cfg.shows():
		s.house.beside(func() { m.housekeeping.Run(ctx, s.watch.Run) })
		s.house.beside(func() { m.ledgerLoader.Run(ctx, nil) })
	}
}

// spaceAt tells what is left on the disk of a directory.
func spaceAt(dir string) (disk.Space, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return disk.Space{}, err
	}
	block := int64(st.Bsize) // its type differs between systems
	return disk.Space{Free: int64(st.Bavail) * block, Total: int64(st.Blocks) * block}, nil
}

func (s *server) lagForNotices() (time.Duration, string) {
	lag := s.house.reporting.loader.Lag()
	return lag.Behind, lag.Error
}

// storageTroubles are those that keep something from being stored, or read back.
func (s *server) storageTroubles() []string {
	list := append([]string{}, s.house.ledger.Damage()...)
	for _, d := range s.house.spool.Damage() {
		list = append(list, fmt.Sprintf("%s is damaged at byte %d (%s)", filepath.Base(d.File), d.Offset, d.Cause))
	}
	if err := s.undurable(); err != nil {
		list = append(list, err.Error())
	}
	return list
}

// servedBy is a certificate with the listener that serves it.
type servedBy struct {
	listener string
	certificate.Info
}

func (s *server) certificates() (list []servedBy) {
	for _, l := range []struct {
		name  string
		store *certificate.Store
	}{{"clicks and postbacks", s.listeners.trackCerts}, {"panel", s.listeners.deskCerts}} {
		if l.store == nil {
			continue
		}
		for _, info := range l.store.List() {
			list = append(list, servedBy{l.name, info})
		}
	}
	return list
}

func (s *server) certificatesForNotices() (list []notice.TLSCertificate) {
	for _, c := range s.certificates() {
		list = append(list, notice.TLSCertificate{File: c.File, Ends: c.Ends, Ours: c.Ours})
	}
	return list
}
