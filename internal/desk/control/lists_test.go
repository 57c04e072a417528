package control_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/desk/control"
	"homing/internal/engine/ledger"
	"homing/internal/flow/catalog"
)

var ledgerActor = ledger.Actor{Name: "test", At: began}

func TestClicks(t *testing.T) {
	s := open(t, nil)
	_, one := s.account("One")
	_, two := s.account("Two")
	var clicks []homing.Origin
	for i := range 6 {
		clicks = append(clicks, s.click([]homing.CampaignID{one.ID, two.ID}[i%2]))
	}
	got := all(t, s.Clicks(s.ctx, control.ClickFilter{}))
	if len(got) != 6 {
		t.Fatalf("%d clicks", len(got))
	}
	first := got[0]
	if first.ClickID != s.ring.Seal(clicks[0]) || first.Campaign != one.ID || first.Addr != "198.51.100.0" ||
		first.UserAgent != "Browser/1" || first.Params["sub1"] != "abc" || first.Class != homing.Billable || first.At != clicks[0].Time.String() {
		t.Errorf("first: %+v", first)
	}
	times := func(f control.ClickFilter) (at []homing.Millis) {
		for _, c := range all(t, s.Clicks(s.ctx, f)) {
			o, _ := s.ring.Open(c.ClickID)
			at = append(at, (o.Time-began)/1000)
		}
		return at
	}
	for _, c := range []struct {
		filter control.ClickFilter
		want   []homing.Millis
	}{
		{control.ClickFilter{Campaign: two.ID}, []homing.Millis{2, 4, 6}},
		{control.ClickFilter{Since: clicks[2].Time}, []homing.Millis{3, 4, 5, 6}},
		{control.ClickFilter{Until: clicks[2].Time}, []homing.Millis{1, 2}},
		{control.ClickFilter{Limit: 2}, []homing.Millis{5, 6}},
		{control.ClickFilter{Limit: 2, Campaign: one.ID}, []homing.Millis{3, 5}},
		{control.ClickFilter{Limit: 5000}, []homing.Millis{1, 2, 3, 4, 5, 6}},
	} {
		if got := times(c.filter); !slices.Equal(got, c.want) {
			t.Errorf("%+v: %v, want %v", c.filter, got, c.want)
		}
	}
	_, err := s.EraseAccount(s.ctx, one.Account)
	must(t, err)
	if got := all(t, s.Clicks(s.ctx, control.ClickFilter{})); len(got) != 3 {
		t.Errorf("%d clicks are left after an erasure, want 3", len(got))
	}
}

func TestConversions(t *testing.T) {
	s := open(t, nil)
	a, one := s.account("One")
	b, two := s.account("Two")
	click := s.click(one.ID)
	p := s.convert(a.ID, click, "", homing.Approved)
	s.convert(a.ID, click, "L1", homing.Pending)
	last := s.convert(b.ID, s.click(two.ID), "=x", homing.LateStatus)
	got := all(t, s.Conversions(s.ctx, control.ConversionFilter{}))
	if len(got) != 3 {
		t.Fatalf("%d conversions", len(got))
	}
	first := got[0]
	if first.ID != 1 || first.ClickID != s.ring.Seal(click) || first.Status != homing.Approved || first.Value.String() != "2.00" ||
		first.Request != p.Request || first.At != p.At.String() || first.ClickAt != click.Time.String() || first.Currency != "USD" {
		t.Errorf("first: %+v", first)
	}
	for _, c := range []struct {
		filter control.ConversionFilter
		want   []homing.ConversionID
	}{
		{control.ConversionFilter{Account: a.ID}, []homing.ConversionID{1, 2}},
		{control.ConversionFilter{Campaign: two.ID}, []homing.ConversionID{3}},
		{control.ConversionFilter{Status: homing.Pending}, []homing.ConversionID{2}},
		{control.ConversionFilter{Status: homing.LateStatus}, []homing.ConversionID{3}},
		{control.ConversionFilter{Since: last.At}, []homing.ConversionID{3}},
		{control.ConversionFilter{Until: last.At}, []homing.ConversionID{1, 2}},
		{control.ConversionFilter{Status: homing.Rejected}, nil},
		{control.ConversionFilter{Limit: 2}, []homing.ConversionID{2, 3}},
	} {
		ids := pick(all(t, s.Conversions(s.ctx, c.filter)), func(c control.Conversion) homing.ConversionID { return c.ID })
		if !slices.Equal(ids, c.want) {
			t.Errorf("%+v: %v, want %v", c.filter, ids, c.want)
		}
	}
}

func TestPostbacks(t *testing.T) {
	s := open(t, nil)
	a, one := s.account("One")
	b, _ := s.account("Two")
	click := s.click(one.ID)
	first := s.convert(a.ID, click, "", homing.Approved)
	s.duplicate(a.ID, click)
	refused := s.postback(b.ID, homing.Origin{}, homing.ReasonCodeMacro)
	refused.Click = homing.ClickID{}
	s.journal.Refused(refused)
	s.duplicate(a.ID, click) // makes what is behind durable
	results := func(f control.PostbackFilter) string {
		return strings.Join(pick(all(t, s.Postbacks(s.ctx, f)), func(p control.Postback) string { return p.Result.String() }), " ")
	}
	for _, c := range []struct {
		filter control.PostbackFilter
		want   string
	}{
		{control.PostbackFilter{}, "counted duplicate refused duplicate"},
		{control.PostbackFilter{Account: b.ID}, "refused"},
		{control.PostbackFilter{Result: homing.Duplicate}, "duplicate duplicate"},
		{control.PostbackFilter{Limit: 3}, "duplicate refused duplicate"},
		{control.PostbackFilter{Until: first.At + 1}, "counted"},
		{control.PostbackFilter{Since: refused.At}, "refused duplicate"},
	} {
		if got := results(c.filter); got != c.want {
			t.Errorf("%+v: %s, want %s", c.filter, got, c.want)
		}
	}
	got := all(t, s.Postbacks(s.ctx, control.PostbackFilter{}))
	if p := got[0]; p.Request != first.Request.String() || p.ClickID != s.ring.Seal(click).String() || p.Addr != "2001:db8:1::" ||
		p.Reason != homing.ReasonCounted || p.Status != 200 || p.Count != 1 || p.Conversion != 1 || p.Flags == nil {
		t.Errorf("counted: %+v", p)
	}
	if p := got[2]; p.ClickID != "" || p.Status != 400 || p.Reason != homing.ReasonCodeMacro {
		t.Errorf("refused: %+v", p)
	}
	_, err := s.EraseAccount(s.ctx, a.ID)
	must(t, err)
	if got := results(control.PostbackFilter{}); got != "refused" {
		t.Errorf("after an erasure: %q", got)
	}
}

func TestTail(t *testing.T) {
	s := open(t, nil)
	a, one := s.account("One")
	click := s.click(one.ID)
	s.convert(a.ID, click, "", homing.Approved)
	ctx, cancel := context.WithTimeout(s.ctx, 10*time.Second)
	defer cancel()
	next, stop := iter.Pull2(s.Postbacks(ctx, control.PostbackFilter{Tail: true}))
	defer stop()
	if p, err, ok := next(); !ok || err != nil || p.Result != homing.Counted {
		t.Fatalf("backlog: %+v %v", p, err)
	}
	for range 3 { // one at a time: each must arrive without another behind it
		sent := s.duplicate(a.ID, click)
		p, err, ok := next()
		if !ok || err != nil || p.Request != sent.Request.String() {
			t.Fatalf("live: %+v %v", p, err)
		}
	}
	ended := make(chan error, 1)
	go func() { ended <- s.end() }()
	if _, err, _ := next(); !errors.Is(err, homing.ErrUnavailable) || err.Error() != "the server has ended" {
		t.Errorf("at the end of the server: %v", err)
	}
	select {
	case err := <-ended:
		must(t, err)
	case <-time.After(2 * time.Second):
		t.Error("whoever follows the log holds up the end of the server")
	}
}

func TestTailEndsWithItsContext(t *testing.T) {
	s := open(t, nil)
	ctx, cancel := context.WithCancel(s.ctx)
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := gather(s.Postbacks(ctx, control.PostbackFilter{Tail: true})); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestTailNeedsAServer(t *testing.T) {
	s := open(t, func(d *control.Desk) { d.Offline = true })
	_, err := gather(s.Postbacks(s.ctx, control.PostbackFilter{Tail: true}))
	if !errors.Is(err, homing.ErrUnavailable) || !strings.Contains(err.Error(), "homing serve") {
		t.Errorf("%v", err)
	}
}

// brokenBooks fail in the midst of a list.
type brokenBooks struct {
	ledger.Books
	good int
	err  error
}

func (b brokenBooks) Conversions(context.Context, ledger.ConversionQuery) iter.Seq2[homing.Conversion, error] {
	return func(yield func(homing.Conversion, error) bool) {
		for i := range b.good {
			c := homing.Conversion{ID: homing.ConversionID(i + 1), Status: homing.Approved, Click: homing.Origin{Time: began}}
			if !yield(c, nil) {
				return
			}
		}
		if b.err == nil {
			panic("the process dies")
		}
		yield(homing.Conversion{}, b.err)
	}
}

func TestListThatBreaksOff(t *testing.T) {
	for _, good := range []int{0, 1, 5000} {
		cause := fmt.Errorf("page 7: %w", homing.ErrDamaged)
		s := open(t, func(d *control.Desk) { d.Books = brokenBooks{d.Books, good, cause} })
		got, err := gather(s.Conversions(s.ctx, control.ConversionFilter{}))
		if len(got) != good || !errors.Is(err, homing.ErrDamaged) || err.Error() != "page 7: damaged" {
			t.Errorf("after %d: %d lines and %v", good, len(got), err)
		}
	}
}

func TestConnectionThatBreaksOff(t *testing.T) {
	s := open(t, func(d *control.Desk) { d.Books = brokenBooks{d.Books, 100, nil} })
	if _, err := gather(s.Conversions(s.ctx, control.ConversionFilter{})); !errors.Is(err, homing.ErrUnavailable) {
		t.Errorf("half a list looks like a whole one: %v", err)
	}
}

func TestNobodyListens(t *testing.T) {
	client := control.NewClient(control.Dial(t.TempDir()), nil)
	if _, err := client.Status(t.Context()); !errors.Is(err, homing.ErrUnavailable) {
		t.Errorf("%v", err)
	}
}

func TestLocalAsksTheSameHandler(t *testing.T) {
	s := open(t, nil)
	_, one := s.account("One")
	s.click(one.ID)
	rt, stop := control.Local(control.Handler(s.desk))
	client := control.NewClient(rt, stop)
	if got := all(t, client.Clicks(s.ctx, control.ClickFilter{})); len(got) != 1 {
		t.Errorf("%d clicks", len(got))
	}
	if _, err := client.UpdateAccount(s.ctx, 9, control.AccountEdit{}); !errors.Is(err, homing.ErrNotFound) {
		t.Errorf("%v", err)
	}
	must(t, client.Close())
	if _, err := client.Accounts(s.ctx); err == nil {
		t.Error("it answers after Close")
	}
}

// TestNoKeyIsTold reads everything that can be read.
func TestNoKeyIsTold(t *testing.T) {
	s := open(t, nil)
	a, c := s.account("Acme")
	k, err := s.RotateKey(s.ctx, a.ID, control.Rotation{})
	must(t, err)
	click := s.click(c.ID)
	s.convert(a.ID, click, "", homing.Approved)
	var told []any
	add := func(v any, err error) {
		must(t, err)
		told = append(told, v)
	}
	accounts, err := s.Accounts(s.ctx)
	add(accounts, err)
	keys, err := s.Keys(s.ctx, a.ID)
	add(keys, err)
	campaigns, err := s.Campaigns(s.ctx, 0)
	add(campaigns, err)
	revoked, err := s.RevokeKey(s.ctx, a.ID, k.ID)
	add(revoked, err)
	updated, err := s.UpdateAccount(s.ctx, a.ID, control.AccountEdit{Name: ptr("x")})
	add(updated, err)
	add(all(t, s.Clicks(s.ctx, control.ClickFilter{})), nil)
	add(all(t, s.Conversions(s.ctx, control.ConversionFilter{})), nil)
	add(all(t, s.Postbacks(s.ctx, control.PostbackFilter{})), nil)
	_, err = s.Import(s.ctx, strings.NewReader(`{"ref":"b","name":"B","key":"`+a.Key+`"}`))
	if err == nil {
		t.Error("one key became two accounts'")
	}
	told = append(told, fmt.Sprint(err))
	_, err = s.Import(s.ctx, strings.NewReader(`{"ref":"b","name":"B","keys":"`+a.Key+`"}`))
	told = append(told, fmt.Sprint(err))
	text, err := json.Marshal(told)
	must(t, err)
	for _, key := range []string{a.Key, k.Key} {
		if strings.Contains(string(text), key) {
			t.Errorf("a key is told: %s", text)
		}
	}
}

// What is made up is in no list, unless it is named or asked for.
func TestDemosAreLeftOutOfLists(t *testing.T) {
	s := open(t, nil)
	a, real := s.account("Real")
	demo, _, _, err := s.desk.Catalog.CreateAccount(s.ctx, "test", catalog.NewAccount{Name: "Demo", Demo: true})
	must(t, err)
	made, err := s.desk.Catalog.CreateCampaign(s.ctx, "test", catalog.NewCampaign{Account: demo.ID, Name: "Made up", URL: "https://shop.example/?c={click_id}"})
	must(t, err)
	s.convert(a.ID, s.click(real.ID), "", homing.Approved)
	s.convert(demo.ID, s.click(made.ID), "", homing.Approved)
	s.duplicate(a.ID, s.click(real.ID)) // makes what is behind durable
	count := func(conversions control.ConversionFilter, postbacks control.PostbackFilter, clicks control.ClickFilter) [3]int {
		t.Helper()
		return [3]int{
			len(all(t, s.Conversions(s.ctx, conversions))), len(all(t, s.Postbacks(s.ctx, postbacks))), len(all(t, s.Clicks(s.ctx, clicks))),
		}
	}
	for _, c := range []struct {
		what string
		got  [3]int
		want [3]int
	}{
		{"of everybody", count(control.ConversionFilter{}, control.PostbackFilter{}, control.ClickFilter{}), [3]int{1, 2, 2}},
		{"the newest", count(control.ConversionFilter{Limit: 1}, control.PostbackFilter{Limit: 5}, control.ClickFilter{Limit: 5}), [3]int{1, 2, 2}},
		{"with demos", count(control.ConversionFilter{Demo: true}, control.PostbackFilter{Demo: true}, control.ClickFilter{Demo: true}), [3]int{2, 3, 3}},
		{"named", count(control.ConversionFilter{Account: demo.ID}, control.PostbackFilter{Account: demo.ID}, control.ClickFilter{Campaign: made.ID}), [3]int{1, 1, 1}},
		{"by campaign", count(control.ConversionFilter{Campaign: made.ID}, control.PostbackFilter{Account: a.ID}, control.ClickFilter{Campaign: real.ID}), [3]int{1, 2, 2}},
	} {
		if c.got != c.want {
			t.Errorf("%s: %v conversions, postbacks and clicks, want %v", c.what, c.got, c.want)
		}
	}
	if c := all(t, s.Conversions(s.ctx, control.ConversionFilter{Limit: 1}))[0]; c.Account != a.ID {
		t.Errorf("the newest is of account %d", c.Account)
	}
}
