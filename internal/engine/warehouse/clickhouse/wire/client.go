package wire

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"homing"
)

// Settings are ClickHouse's, for one statement.
type Settings map[string]string

// Client speaks with the servers of an address. It is safe for concurrent use.
type Client struct {
	// Damaged, if it is set before the first statement, is told what a host says that
	// it cannot read: an error that is homing.ErrDamaged.
	Damaged func(host string, err error)
	// Restless has each statement begin at another host than the one before: for tests
	// of what follows from hosts being several.
	Restless bool

	address Address
	http    *http.Client
	last    atomic.Int32 // the host that answered
}

// New makes a client. It does not connect yet.
func New(a Address) *Client {
	dialer := &net.Dialer{Timeout: 3 * time.Second,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 3}}
	return &Client{address: a, http: &http.Client{Transport: &http.Transport{
		DialContext: dialer.DialContext, TLSHandshakeTimeout: 5 * time.Second, MaxIdleConnsPerHost: 16,
		// Servers close what was idle for 3 s; a connection that is just being
		// closed would cost a statement.
		IdleConnTimeout: 2 * time.Second, DisableCompression: true,
	}}}
}

// Close lets connections go.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Address is what the client was made for.
func (c *Client) Address() *Address { return &c.address }

// Only is a client for one of the hosts.
func (c *Client) Only(host string) *Client {
	only := &Client{Damaged: c.Damaged, address: c.address, http: c.http}
	only.address.Hosts = []string{host}
	return only
}

// WithoutDatabase is a client that names no database, which may not be there.
func (c *Client) WithoutDatabase() *Client {
	without := &Client{Damaged: c.Damaged, address: c.address, http: c.http}
	without.address.Database = ""
	return without
}

// Query carries a statement out that gives rows. Closing them is up to the
// caller.
func (c *Client) Query(ctx context.Context, sql string, s Settings) (*Rows, error) {
	body, err := c.do(ctx, nil, s, func() io.Reader { return strings.NewReader(sql + " FORMAT Native") })
	if err != nil {
		return nil, err
	}
	return newRows(ctx, body), nil
}

// Exec carries a statement out that gives none.
func (c *Client) Exec(ctx context.Context, sql string, s Settings) error {
	body, err := c.do(ctx, nil, s, func() io.Reader { return strings.NewReader(sql) })
	if err != nil {
		return err
	}
	return finish(ctx, body)
}

// Insert writes a block's rows into a table.
func (c *Client) Insert(ctx context.Context, table string, b *Block, s Settings) error {
	if b.Rows() == 0 {
		return nil
	}
	sql := "INSERT INTO " + table + " (" + b.names() + ") FORMAT Native"
	body, err := c.do(ctx, url.Values{"query": {sql}}, s, b.reader)
	if err != nil {
		return err
	}
	return finish(ctx, body)
}

// finish reads an answer to its end, so that its connection can be used again.
func finish(ctx context.Context, body io.ReadCloser) error {
	defer func() { _ = body.Close() }()
	if _, err := io.Copy(io.Discard, body); err != nil {
		return troubled(ctx, err)
	}
	return nil
}

// do asks one host after the other, beginning with the one that answered last.
func (c *Client) do(ctx context.Context, params url.Values, s Settings, body func() io.Reader) (io.ReadCloser, error) {
	hosts := c.address.Hosts
	first := int(c.last.Load())
	if c.Restless {
		first++
	}
	var failure error
	for i := range hosts {
		at := (first + i) % len(hosts)
		answer, err := c.ask(ctx, hosts[at], params, s, body())
		if err == nil {
			c.last.Store(int32(at))
			return answer, nil
		}
		if errors.Is(err, homing.ErrDamaged) && c.Damaged != nil {
			c.Damaged(hosts[at], err)
		}
		if failure == nil {
			failure = err
		}
		if code := CodeOf(err); ctx.Err() != nil || code != 0 && !elsewhere[code] {
			return nil, err
		}
	}
	return nil, failure
}

func (c *Client) ask(ctx context.Context, host string, params url.Values, s Settings, body io.Reader) (io.ReadCloser, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	query := url.Values{"wait_end_of_query": {"1"}}
	if c.address.Database != "" {
		query.Set("database", c.address.Database)
	}
	for name, value := range s {
		query.Set(name, value)
	}
	for name, values := range params {
		query[name] = values
	}
	u := url.URL{Scheme: "http", Host: host, Path: "/", RawQuery: query.Encode()}
	if c.address.Secure {
		u.Scheme = "https"
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), body)
	if err != nil {
		return nil, fmt.Errorf("couldn't ask %s: %w", host, err)
	}
	r.Header.Set("X-ClickHouse-User", c.address.User)
	if c.address.Password != "" {
		r.Header.Set("X-ClickHouse-Key", string(c.address.Password))
	}
	answer, err := c.http.Do(r)
	if err != nil {
		if inner := (*url.Error)(nil); errors.As(err, &inner) {
			err = inner.Err // the whole would tell the statement
		}
		return nil, troubled(ctx, fmt.Errorf("%s: %w", host, err))
	}
	if answer.StatusCode == http.StatusOK {
		return answer.Body, nil
	}
	defer func() { _ = answer.Body.Close() }()
	text, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<16))
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 1<<20))
	return nil, failureOf(answer.StatusCode, string(bytes.TrimSpace(text)))
}
