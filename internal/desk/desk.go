// Package desk is the listener for people: the panel, and for machines the HTTP
// API, /metrics, /healthz and /readyz.
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
	// API answers everything under /api/v1; nil = nothing is there.
	API http.Handler
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
			o.forWhom(r).ServeHTTP(w, r)
		}
	})
}

// forWhom tells doors for machines from pages. An encoded path is looked at as
// it is meant here, so that no spelling of the API leads to a page; the API
// itself knows one spelling only.
func (o *Options) forWhom(r *http.Request) http.Handler {
	const api = "/api/v1"
	if o.API != nil && (r.URL.Path == api || strings.HasPrefix(r.URL.Path, api+"/")) {
		return o.API
	}
	return o.Panel
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
