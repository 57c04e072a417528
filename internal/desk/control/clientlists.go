package control

import (
	"bufio"
	"bytes"
	"context"
	"encoding"
	"encoding/json"
	"io"
	"iter"
	"net/url"
	"strconv"

	"homing"
)

// ConversionFilter narrows a list of conversions. Zero fields do not narrow.
type ConversionFilter struct {
	Account      homing.AccountID
	Campaign     homing.CampaignID
	Status       homing.Status
	Since, Until homing.Millis // Since <= when it was made < Until
	Limit        int           // only the newest, at most MaxLimit
	// Demo: with those of demo accounts, which are left out else, unless Account or
	// Campaign names one.
	Demo bool
}

// PostbackFilter narrows the postback log. Zero fields do not narrow.
type PostbackFilter struct {
	Account      homing.AccountID
	Result       homing.Outcome
	Since, Until homing.Millis
	Limit        int // only the newest, at most MaxLimit
	// Tail: after what is there, go on with what comes, until ctx is done. It
	// begins with the last few, unless Since or Limit says otherwise.
	Tail bool
	Demo bool // see ConversionFilter
}

// ClickFilter narrows a list of clicks. Zero fields do not narrow.
type ClickFilter struct {
	Campaign     homing.CampaignID
	Since, Until homing.Millis
	Limit        int  // only the newest, at most MaxLimit
	Demo         bool // see ConversionFilter
}

// Conversions lists conversions in the order they were made.
func (c *Client) Conversions(ctx context.Context, f ConversionFilter) iter.Seq2[Conversion, error] {
	q := asked{}
	q.number("account", uint64(f.Account))
	q.number("campaign", uint64(f.Campaign))
	if f.Status != 0 {
		q.word("status", f.Status)
	}
	q.moments(f.Since, f.Until)
	q.number("limit", uint64(f.Limit))
	q.flag("demo", f.Demo)
	return list[Conversion](ctx, c, "conversions", q)
}

// Postbacks lists the postback log, oldest first.
func (c *Client) Postbacks(ctx context.Context, f PostbackFilter) iter.Seq2[Postback, error] {
	q := asked{}
	q.number("account", uint64(f.Account))
	if f.Result != 0 {
		q.word("result", f.Result)
	}
	q.moments(f.Since, f.Until)
	q.number("limit", uint64(f.Limit))
	q.flag("tail", f.Tail)
	q.flag("demo", f.Demo)
	return list[Postback](ctx, c, "postbacks", q)
}

// Clicks lists clicks, oldest first.
func (c *Client) Clicks(ctx context.Context, f ClickFilter) iter.Seq2[Click, error] {
	q := asked{}
	q.number("campaign", uint64(f.Campaign))
	q.moments(f.Since, f.Until)
	q.number("limit", uint64(f.Limit))
	q.flag("demo", f.Demo)
	return list[Click](ctx, c, "clicks", q)
}

// asked is a query as it is written; see query for the other end.
type asked url.Values

func (q asked) number(name string, n uint64) {
	if n != 0 {
		q[name] = []string{strconv.FormatUint(n, 10)}
	}
}

func (q asked) flag(name string, set bool) {
	if set {
		q[name] = []string{"1"}
	}
}

func (q asked) word(name string, v encoding.TextMarshaler) {
	text, _ := v.MarshalText() // our enumerations always write
	q[name] = []string{string(text)}
}

func (q asked) moments(since, until homing.Millis) {
	if since != 0 {
		q["since"] = []string{since.String()}
	}
	if until != 0 {
		q["until"] = []string{until.String()}
	}
}

// list reads JSON lines as they come. It asks anew each time it is ranged over.
func list[T any](ctx context.Context, c *Client, path string, q asked) iter.Seq2[T, error] {
	return listBy[T](ctx, c, "GET", path+"?"+url.Values(q).Encode())
}

func listBy[T any](ctx context.Context, c *Client, method, path string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		body, err := c.do(ctx, method, path, nil)
		if err != nil {
			yield(none, err)
			return
		}
		defer body.Close()
		in := bufio.NewReaderSize(body, 64<<10)
		for {
			line, err := in.ReadBytes('\n')
			if err == io.EOF && len(line) == 0 {
				return
			}
			if err != nil {
				yield(none, lost(ctx, err))
				return
			}
			v, err := lineOf[T](line)
			if !yield(v, err) || err != nil {
				return
			}
		}
	}
}

func lineOf[T any](line []byte) (v T, err error) {
	if bytes.HasPrefix(line, []byte(failurePrefix)) {
		var f failure
		if err := json.Unmarshal(line, &f); err != nil {
			return v, err
		}
		return v, f.Problem.err()
	}
	return v, json.Unmarshal(line, &v)
}
