package control_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"homing"
	"homing/internal/desk/control"
)

func TestRequestsAreReadStrictly(t *testing.T) {
	s := open(t, nil)
	s.account("Acme")
	ask := control.Dial(s.dir)
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		kind, says               string
	}{
		{"unknown field", "POST", "/v1/accounts", `{"name":"x","nmae":"y"}`, 400, "invalid", "nmae"},
		{"not JSON", "POST", "/v1/accounts", `name=x`, 400, "invalid", "request"},
		{"nothing", "POST", "/v1/accounts", ``, 400, "invalid", "request"},
		{"two documents", "POST", "/v1/accounts", `{"name":"x"}{"name":"y"}`, 400, "invalid", "more than one"},
		{"wrong type", "POST", "/v1/accounts", `{"name":7}`, 400, "invalid", "name"},
		{"bad amount", "POST", "/v1/accounts", `{"name":"x","price_min":"1,5"}`, 400, "invalid", "amount"},
		{"too large", "POST", "/v1/accounts", `{"name":"` + strings.Repeat("x", 1<<20) + `"}`, 400, "invalid", "larger than 1 MiB"},
		{"empty name", "POST", "/v1/accounts", `{"name":" "}`, 400, "invalid", "name"},
		{"number 0", "PATCH", "/v1/accounts/0", `{}`, 400, "invalid", "account"},
		{"no number", "DELETE", "/v1/accounts/x", ``, 400, "invalid", "account"},
		{"no such account", "PATCH", "/v1/accounts/9", `{}`, 404, "not_found", "account 9"},
		{"no such key", "DELETE", "/v1/accounts/1/keys/9", ``, 404, "not_found", "key 9"},
		{"taken ref", "POST", "/v1/import", `{"ref":"a","name":"A"}` + "\n" + `{"ref":"a","name":"A"}`, 400, "invalid", "line 2"},
		{"bad window", "POST", "/v1/campaigns", `{"account":1,"name":"x","url":"https://x.example/","window":"3"}`, 400, "invalid", "window"},
		{"status of a new one", "POST", "/v1/campaigns", `{"account":1,"name":"x","url":"https://x.example/","status":"paused"}`, 400, "invalid", "status"},
		{"moved campaign", "PATCH", "/v1/campaigns/1", `{"account":2}`, 400, "invalid", "account"},
		{"unknown clear", "PATCH", "/v1/campaigns/1", `{"clear":["name"]}`, 400, "invalid", "name"},
		{"unknown parameter", "GET", "/v1/postbacks?acount=1", ``, 400, "invalid", "acount"},
		{"repeated parameter", "GET", "/v1/postbacks?account=1&account=2", ``, 400, "invalid", "twice"},
		{"broken query", "GET", "/v1/clicks?a=%zz", ``, 400, "invalid", "query"},
		{"bad time", "GET", "/v1/clicks?since=now", ``, 400, "invalid", "since"},
		{"bad word", "GET", "/v1/conversions?status=good", ``, 400, "invalid", "approved"},
		{"bad limit", "GET", "/v1/clicks?limit=100001", ``, 400, "invalid", "100000"},
		{"unknown route", "GET", "/v1/reports", ``, 404, "not_found", "another version"},
		{"unknown method", "PUT", "/v1/accounts/1", ``, 404, "not_found", "another version"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(s.ctx, c.method, "http://control"+c.path, strings.NewReader(c.body))
			must(t, err)
			answer, err := ask.RoundTrip(r)
			must(t, err)
			defer answer.Body.Close()
			text, err := io.ReadAll(answer.Body)
			must(t, err)
			var p control.Problem
			if err := json.Unmarshal(text, &p); err != nil {
				t.Fatalf("%d %q: %v", answer.StatusCode, text, err)
			}
			if answer.StatusCode != c.status || p.Kind != c.kind || !strings.Contains(p.Message, c.says) {
				t.Errorf("%d %s", answer.StatusCode, text)
			}
		})
	}
}

// TestErrorsKeepTheirKind sends every kind through the socket and back.
func TestErrorsKeepTheirKind(t *testing.T) {
	var fault error
	s := open(t, func(d *control.Desk) {
		d.Trace = func(context.Context, string) (any, []string, error) { return nil, nil, fault }
	})
	kinds := []error{
		homing.ErrNotFound, homing.ErrInvalid, homing.ErrUnauthorized, homing.ErrConflict,
		homing.ErrOverloaded, homing.ErrUnavailable, homing.ErrNewer, homing.ErrDamaged,
	}
	for _, kind := range kinds {
		fault = fmt.Errorf("trying: %w", kind)
		_, err := s.Trace(s.ctx, "x")
		if err == nil || err.Error() != fault.Error() {
			t.Errorf("%v became %v", fault, err)
		}
		for _, other := range kinds {
			if errors.Is(err, other) != (kind == other) {
				t.Errorf("%v: is it %v? %v", err, other, errors.Is(err, other))
			}
		}
	}
}

// TestTooManyAtOnce fills every place with somebody who follows the log.
func TestTooManyAtOnce(t *testing.T) {
	s := open(t, nil)
	ctx, cancel := context.WithCancel(s.ctx)
	var following sync.WaitGroup
	refused := make(chan error, 100)
	for range 40 {
		following.Go(func() {
			for _, err := range s.Postbacks(ctx, control.PostbackFilter{Tail: true}) {
				refused <- err
			}
		})
	}
	for range 8 {
		if err := <-refused; !errors.Is(err, homing.ErrOverloaded) {
			t.Errorf("%v", err)
		}
	}
	cancel()
	following.Wait()
}
