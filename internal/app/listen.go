package app

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"homing"
	"homing/internal/desk/control"
	"homing/internal/edge"
	"homing/internal/edge/certificate"
)

// listeners are the sockets of a server, bound before anything is served.
type listeners struct {
	track    net.Listener // nil at a desk
	trackTLS net.Listener // nil if switched off, and at a desk
	desk     net.Listener
	control  net.Listener

	trackCerts *certificate.Store // nil if https is switched off
	deskCerts  *certificate.Store // nil = plain http
	selfSigned bool               // trackCerts is our own, to try with
}

// checkConfig refuses settings that cannot work, or would be unsafe.
func checkConfig(cfg *Config) error {
	if len(cfg.TLSCert) != len(cfg.TLSKey) {
		return fmt.Errorf("%w --tls-cert, --tls-key: %d certificates and %d keys; give one key for each certificate, in the same order",
			homing.ErrInvalid, len(cfg.TLSCert), len(cfg.TLSKey))
	}
	if (cfg.DeskTLSCert == "") != (cfg.DeskTLSKey == "") {
		return fmt.Errorf("%w --desk-tls-cert, --desk-tls-key: give both or neither", homing.ErrInvalid)
	}
	if cfg.TrackTLSListen != "" && len(cfg.TLSCert) == 0 && !isLoopback(cfg.TrackTLSListen) {
		return fmt.Errorf("%w --track-tls-listen %s: beyond loopback it needs --tls-cert and --tls-key; a self-signed certificate is for trying only",
			homing.ErrInvalid, cfg.TrackTLSListen)
	}
	if !isLoopback(cfg.DeskListen) && cfg.DeskTLSCert == "" && len(cfg.TrustedProxies) == 0 {
		return fmt.Errorf("%w --desk-listen %s: beyond loopback the panel would send passwords in the clear; give --desk-tls-cert and --desk-tls-key, or put it behind a proxy named in --trusted-proxies",
			homing.ErrInvalid, cfg.DeskListen)
	}
	if err := checkNumbers(cfg); err != nil {
		return err
	}
	if err := checkCluster(cfg); err != nil {
		return err
	}
	if err := openURLs(cfg); err != nil {
		return err
	}
	for _, u := range []struct{ flag, text string }{
		{"--public-url", cfg.PublicURL}, {"--desk-url", cfg.DeskURL}, {"--fallback-url", cfg.FallbackURL}, {"--help-url", cfg.HelpURL},
	} {
		if err := checkURL(u.flag, u.text); err != nil {
			return err
		}
	}
	return nil
}

// checkNumbers wants every number in the range it makes sense in.
func checkNumbers(cfg *Config) error {
	for _, n := range []struct {
		flag             string
		value, low, high int64
	}{
		{"--refusals-per-minute", int64(cfg.RefusalsPerMinute), 0, 1_000_000},
		{"--conns-per-addr", int64(cfg.ConnsPerAddr), 0, 1_000_000},
		{"--max-conns", int64(cfg.MaxConns), 1, 1_000_000},
		{"--max-requests", int64(cfg.MaxRequests), 1, 1_000_000},
		{"--spool-segment-size", cfg.SegmentSize, 1 << 20, 4 << 30},
	} {
		if n.value < n.low || n.value > n.high {
			return fmt.Errorf("%w %s %d: it must be between %d and %d", homing.ErrInvalid, n.flag, n.value, n.low, n.high)
		}
	}
	if cfg.DrainTime < 0 || cfg.DrainTime > time.Minute {
		return fmt.Errorf("%w --drain-time %s: it must be between 0s and 1m", homing.ErrInvalid, cfg.DrainTime)
	}
	return nil
}

func checkURL(flag, text string) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || strings.ContainsAny(text, " <>\"\\") {
		return fmt.Errorf("%w %s %q: write a whole address such as https://t.example.com", homing.ErrInvalid, flag, text)
	}
	return nil
}

// isLoopback tells whether an address can be reached from this machine only.
func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// listen binds every socket. On an error it leaves none open.
func listen(cfg *Config, dir *dataDir, clock homing.Clock, log *slog.Logger) (_ *listeners, err error) {
	l := &listeners{}
	defer func() {
		if err != nil {
			l.Close()
		}
	}()
	if err := l.certificates(cfg, dir, clock, log); err != nil {
		return nil, err
	}
	if err := l.bindTracking(cfg); err != nil {
		return nil, err
	}
	if l.desk, err = bind("--desk-listen", cfg.DeskListen, listenTCP); err != nil {
		return nil, err
	}
	if l.control, err = control.Listen(dir.path); err != nil {
		return nil, err
	}
	return l, nil
}

// bindTracking binds the sockets for clicks and postbacks, which a desk has not.
func (l *listeners) bindTracking(cfg *Config) (err error) {
	if !cfg.tracks() {
		return nil
	}
	if l.track, err = bind("--track-listen", cfg.TrackListen, edge.Listen); err != nil {
		return err
	}
	if cfg.TrackTLSListen != "" {
		l.trackTLS, err = bind("--track-tls-listen", cfg.TrackTLSListen, edge.Listen)
	}
	return err
}

func (l *listeners) certificates(cfg *Config, dir *dataDir, clock homing.Clock, log *slog.Logger) (err error) {
	if cfg.DeskTLSCert != "" {
		l.deskCerts, err = certificate.Load(certificate.Options{
			Certs: []string{cfg.DeskTLSCert}, Keys: []string{cfg.DeskTLSKey},
			CertFlag: "--desk-tls-cert", KeyFlag: "--desk-tls-key", Clock: clock, Log: log,
		})
		if err != nil {
			return err
		}
	}
	switch {
	case cfg.TrackTLSListen == "", !cfg.tracks():
		return nil
	case len(cfg.TLSCert) == 0:
		l.selfSigned = true
		if err := os.MkdirAll(dir.file(tlsDir), 0o700); err != nil {
			return fmt.Errorf("--data-dir %s: couldn't write to it: %w", dir.path, err)
		}
		l.trackCerts, err = certificate.SelfSigned(dir.file(tlsDir), clock, log)
	default:
		l.trackCerts, err = certificate.Load(certificate.Options{
			Certs: cfg.TLSCert, Keys: cfg.TLSKey, CertFlag: "--tls-cert", KeyFlag: "--tls-key", Clock: clock, Log: log,
		})
	}
	return err
}

func listenTCP(address string) (net.Listener, error) { return net.Listen("tcp", address) }

func bind(flag, address string, listen func(string) (net.Listener, error)) (net.Listener, error) {
	listener, err := listen(address)
	switch {
	case err == nil:
		return listener, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s %s: the port is in use; end what uses it or name another one", flag, address)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("%s %s: not permitted; ports below 1024 need the right to bind them", flag, address)
	}
	return nil, fmt.Errorf("%s %s: couldn't listen there; write it like 127.0.0.1:8080 or :8080 (%w)", flag, address, err)
}

// Close closes every socket that is open. Serving them closes them too, so
// errors say nothing.
func (l *listeners) Close() {
	for _, listener := range []net.Listener{l.track, l.trackTLS, l.desk, l.control} {
		if listener != nil {
			listener.Close()
		}
	}
}
