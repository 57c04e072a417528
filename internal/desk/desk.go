// Package desk is the listener for people: the panel, and for machines of the
// operator /metrics, /healthz and /readyz.
package desk

import (
	"crypto/subtle"
	"encoding/json"
	"io"
	"net/http"
	"net/netip"
	"strings"
)

// Options are what the desk is made of.
type Options struct {
	Panel http.Handler
	// Metrics writes metrics in Prometheus' text format.
	Metrics func(io.Writer)
	// MetricsToken opens /metrics to others than loopback; empty = nobody.
	MetricsToken string
	// Ready says why the process is not ready; nil when it is.
	Ready func() error
	// Notices are what the operator should know, in words.
	Notices func() []string
}

// Handler serves the desk.
func Handler(o Options) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/metrics":
			o.metrics(w, r)
		case "/healthz":
			writeHealth(w, nil, nil)
		case "/readyz":
			writeHealth(w, o.Ready(), o.Notices())
		default:
			o.Panel.ServeHTTP(w, r)
		}
	})
}

func (o *Options) metrics(w http.ResponseWriter, r *http.Request) {
	if !o.mayScrape(r) {
		http.Error(w, "metrics are for loopback, or for whoever has --metrics-token", http.StatusForbidden)
		return
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	o.Metrics(w)
}

// mayScrape lets in whoever has the token, and programs on this machine.
func (o *Options) mayScrape(r *http.Request) bool {
	token, given := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if given && o.MetricsToken != "" {
		return subtle.ConstantTimeCompare([]byte(token), []byte(o.MetricsToken)) == 1
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && peer.Addr().Unmap().IsLoopback() && !passedOn(r.Header)
}

// passedOn tells that a proxy sent the request: what one on this machine passes
// on is not from loopback. A header that is there and empty counts too, for
// nobody but a proxy sends these. One that sends none of them goes unnoticed.
func passedOn(h http.Header) bool {
	for _, name := range []string{"X-Forwarded-For", "Forwarded", "Via", "X-Real-Ip", "X-Forwarded-Host", "X-Forwarded-Proto"} {
		if _, there := h[name]; there {
			return true
		}
	}
	return false
}

func writeHealth(w http.ResponseWriter, failed error, notices []string) {
	answer := struct {
		OK      bool     `json:"ok"`
		Error   string   `json:"error,omitempty"`
		Notices []string `json:"notices,omitempty"`
	}{OK: failed == nil, Notices: notices}
	status := http.StatusOK
	if failed != nil {
		answer.Error, status = failed.Error(), http.StatusServiceUnavailable
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer) // whoever asked has gone
}
