package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/app"
	"homing/internal/desk/control"
)

// TestMain is the warehouse's process, too: the server of a test starts it as
// the program it is, with an argument.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == app.WarehouseArgument {
		os.Exit(app.WarehouseProcess())
	}
	os.Exit(m.Run())
}

var today = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// stage runs commands against a server that gives canned answers.
type stage struct {
	t        *testing.T
	answers  map[string]any // by method and path
	asked    []string       // requests, with their bodies
	out, err bytes.Buffer
	in       string
	terminal bool
	watched  bool
	ctx      context.Context
	served   app.Config
}

func open(t *testing.T, answers map[string]any) *stage {
	return &stage{t: t, answers: answers, ctx: t.Context()}
}

// lines is an answer of JSON lines.
type lines []any

// file is an answer that is a file, with notes.
type file struct {
	text  string
	notes []string
}

// run runs a command and returns its exit code.
func (s *stage) run(args ...string) int {
	s.t.Helper()
	s.out.Reset()
	s.err.Reset()
	s.asked = nil
	return run(&session{
		ctx: s.ctx, in: strings.NewReader(s.in), out: &s.out, err: &s.err, terminal: s.terminal, watched: s.watched,
		now: func() time.Time { return today },
		connect: func(_ context.Context, dataDir string, _ bool) (*control.Client, error) {
			if dataDir == "" {
				return nil, errors.New("no data directory was given")
			}
			return control.NewClient(s, nil), nil
		},
		serve: func(_ context.Context, cfg app.Config, _ io.Writer) error {
			s.served = cfg
			return nil
		},
	}, args)
}

// RoundTrip answers a request.
func (s *stage) RoundTrip(r *http.Request) (*http.Response, error) {
	asked := r.Method + " " + r.URL.RequestURI()
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		asked += " " + string(body)
	}
	s.asked = append(s.asked, asked)
	status, header := http.StatusOK, http.Header{}
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	switch answer := s.answers[r.Method+" "+r.URL.Path].(type) {
	case nil:
		status = http.StatusNotFound
		_ = encoder.Encode(control.Problem{Kind: "not_found", Message: "account 9: not found"})
	case control.Problem:
		status = http.StatusBadRequest
		_ = encoder.Encode(answer)
	case file:
		header["Homing-Note"] = answer.notes
		body.WriteString(answer.text)
	case lines:
		for _, v := range answer {
			_ = encoder.Encode(v)
		}
	default:
		_ = encoder.Encode(answer)
	}
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Header: header, Body: io.NopCloser(&body), Request: r,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}, nil
}

// prints runs a command and compares all that it prints.
func (s *stage) prints(want string, args ...string) {
	s.t.Helper()
	if code := s.run(args...); code != 0 {
		s.t.Errorf("homing %s: exit status %d: %s", strings.Join(args, " "), code, s.err.String())
	}
	if got := s.out.String(); got != want {
		s.t.Errorf("homing %s printed\n%s\nwant\n%s", strings.Join(args, " "), got, want)
	}
}

func id(first byte) (c homing.ClickID) {
	c[0] = first
	return c
}

func money(text string) homing.Money {
	m, err := homing.ParseMoney(text)
	if err != nil {
		panic(err)
	}
	return m
}

const secret = "S3cretS3cretS3cretS3cretS3cretS3cret"

var acme = control.Account{
	ID: 1, Name: "Acme", PublicID: "AbCdEf123456", Ref: "adv-17", MultiLead: true,
	PriceMin: money("0.01"), PriceMax: money("200"), Currency: "USD", Created: "2026-11-20T08:00:00.000Z",
}

func acmeWithKey() control.Account {
	a := acme
	a.Key = secret
	return a
}

var spring = control.Campaign{
	ID: 4, ClickURL: "https://t.example/c/slug", Account: 1, Name: "Spring", URL: "https://shop.example/?a=1&c={click_id}",
	Status: homing.CampaignActive, Window: "30d", DefaultValue: homing.ValueOf(money("1.5")),
	Goals: []homing.Goal{{ID: 1, Name: "Install"}}, Created: "2026-11-20T08:00:00.000Z",
}
