package chtest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// Fate is what becomes of a request.
type Fate int

const (
	Pass Fate = iota
	// Refuse breaks the connection before the server hears of the request.
	Refuse
	// Lose breaks it when the server has carried the request out.
	Lose
)

// Proxy stands between a warehouse and one server.
type Proxy struct {
	url  string
	http *httptest.Server
}

// NewProxy stands before the server of a URL. Fate is asked for each statement
// that writes, also at the same time.
func NewProxy(t testing.TB, serverURL string, fate func(sql string) Fate) *Proxy {
	t.Helper()
	u, err := url.Parse(serverURL)
	if err != nil {
		t.Fatal(err)
	}
	p, server := &Proxy{}, u.Host
	p.http = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		sql := r.URL.Query().Get("query")
		if sql == "" {
			sql = string(body)
		}
		what := Pass
		if !strings.HasPrefix(sql, "SELECT") && r.URL.Path != "/ping" {
			what = fate(sql)
		}
		if what == Refuse {
			panic(http.ErrAbortHandler)
		}
		r.URL.Scheme, r.URL.Host, r.RequestURI = "http", server, ""
		forward := r.Clone(r.Context())
		forward.Body = io.NopCloser(bytes.NewReader(body))
		forward.ContentLength, forward.TransferEncoding = int64(len(body)), nil
		answer, err := http.DefaultTransport.RoundTrip(forward)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		defer func() { _ = answer.Body.Close() }()
		whole, err := io.ReadAll(answer.Body)
		if err != nil || what == Lose {
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(answer.StatusCode)
		_, _ = w.Write(whole)
	}))
	t.Cleanup(p.http.Close)
	front, _ := url.Parse(p.http.URL) // it is one
	u.Host = front.Host
	p.url = u.String()
	return p
}

// URL is the server's, by way of the proxy. It names the database that the proxy
// was made for.
func (p *Proxy) URL(string) string { return p.url }
