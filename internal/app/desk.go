package app

import (
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"time"

	"homing/internal/desk"
	"homing/internal/desk/api"
	"homing/internal/desk/panel"
	"homing/internal/desk/panel/conversions"
	"homing/internal/desk/panel/notices"
	"homing/internal/desk/panel/page"
	"homing/internal/desk/panel/postbacks"
	"homing/internal/desk/panel/settings"
	"homing/internal/desk/signin"
)

// deskServer serves people, and at an edge only those who ask for health and
// metrics.
func (s *server) deskServer() *http.Server {
	what := desk.Options{
		Panel: http.NotFoundHandler(), Metrics: s.writeMetrics, MetricsToken: s.cfg.MetricsToken, Ready: s.ready, Notices: s.troubles,
	}
	if s.cfg.shows() {
		what.Panel, what.API = s.panel(), s.programs()
	}
	return &http.Server{
		Handler:           desk.Handler(what),
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
}

// panel is the pages.
func (s *server) panel() http.Handler {
	h := s.house
	return panel.New(panel.Options{
		Rooms: page.Rooms{
			Catalog: h.catalog, Journal: h.journal, SignIn: s.signIn, Books: h.ledger, Reports: h.reporting.engine, Clock: s.clock,
			Log: s.log, Addresses: s.panelAddresses, Zone: h.givenZone, Troubles: s.troubles,
			TrustedProxies: s.cfg.TrustedProxies, Stopping: s.stopping,
		},
		Health: s.health, Conversions: conversions.Options{Amender: h.amender()}, Try: s.tryout(), Demo: s.demo,
		Postbacks: postbacks.Options{Court: s.court(), Shared: h.reporting.shared},
		Settings: settings.Options{
			Tokens: signin.Tokens{People: h.ledger, Clock: s.clock},
			Given:  settings.Given{PublicURL: s.cfg.PublicURL, DeskURL: s.cfg.DeskURL, Zone: s.cfg.TimeZone},
		},
		Tracer: h.tracer, Comparer: h.comparer(), People: h.ledger, MasterKeys: masterKeyKeeper{h},
		Notices: notices.Options{Watch: s.watch, Keyring: h.keyring},
	})
}

// programs is the API.
func (s *server) programs() http.Handler {
	h := s.house
	return api.New(api.Options{
		Catalog: h.catalog, People: h.ledger, Books: h.ledger, Reports: h.reporting.engine, Amender: h.amender(), Keyring: h.keyring,
		Clock: s.clock, Log: s.log, ClickBase: func() string { return s.addresses().Click() }, Zone: h.zone,
		TrustedProxies: s.cfg.TrustedProxies, Stopping: s.stopping,
	})
}

func (s *server) deskListener() net.Listener {
	if s.listeners.deskCerts == nil {
		return s.listeners.desk
	}
	return tls.NewListener(s.listeners.desk, s.listeners.deskCerts.TLSConfig())
}
