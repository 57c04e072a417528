package control

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"homing"
)

// Client asks a Handler. Its errors are of the kinds in package homing. It is
// safe for concurrent use.
type Client struct {
	http  *http.Client
	close func() error
}

// NewClient makes a client that asks over rt; close, if not nil, releases what
// lies behind it.
func NewClient(rt http.RoundTripper, close func() error) *Client {
	return &Client{http: &http.Client{Transport: rt}, close: close}
}

// Close releases what the client holds. Lists must have ended.
func (c *Client) Close() error {
	c.http.CloseIdleConnections()
	if c.close == nil {
		return nil
	}
	return c.close()
}

// do asks and returns the answer's body, or the other end's error.
func (c *Client) do(ctx context.Context, method, path string, body io.Reader) (io.ReadCloser, error) {
	answer, err := c.answer(ctx, method, path, body)
	if err != nil {
		return nil, err
	}
	return answer.Body, nil
}

// answer asks and returns the answer, or the other end's error.
func (c *Client) answer(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://control/v1/"+path, body)
	if err != nil {
		return nil, fmt.Errorf("couldn't ask the server: %w", err)
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return nil, lost(ctx, err)
	}
	if answer.StatusCode == http.StatusOK {
		return answer, nil
	}
	defer answer.Body.Close()
	var p Problem
	if err := json.NewDecoder(io.LimitReader(answer.Body, maxBody)).Decode(&p); err != nil || p.Message == "" {
		return nil, fmt.Errorf("the server answered with %s", answer.Status)
	}
	return nil, p.err()
}

// lost says that the other end could not be asked to the end.
func lost(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if u, ok := err.(*url.Error); ok {
		err = u.Err // without the address, which tells nobody anything
	}
	return &said{"lost the server: " + err.Error(), homing.ErrUnavailable}
}

// ask sends one JSON document, if there is one, and reads another.
func ask[T any](ctx context.Context, c *Client, method, path string, question any) (answer T, err error) {
	var body io.Reader
	if question != nil {
		text, err := json.Marshal(question)
		if err != nil {
			return answer, fmt.Errorf("couldn't ask the server: %w", err)
		}
		body = bytes.NewReader(text)
	}
	return receive[T](ctx, c, method, path, body)
}

func receive[T any](ctx context.Context, c *Client, method, path string, body io.Reader) (answer T, err error) {
	text, err := c.do(ctx, method, path, body)
	if err != nil {
		return answer, err
	}
	defer text.Close()
	if err := json.NewDecoder(text).Decode(&answer); err != nil {
		return answer, lost(ctx, err)
	}
	return answer, nil
}

// Status tells what is running.
func (c *Client) Status(ctx context.Context) (Status, error) {
	return ask[Status](ctx, c, "GET", "status", nil)
}

// Accounts lists every account that was not erased.
func (c *Client) Accounts(ctx context.Context) ([]Account, error) {
	return ask[[]Account](ctx, c, "GET", "accounts", nil)
}

// CreateAccount makes an account; the answer has its first key.
func (c *Client) CreateAccount(ctx context.Context, e AccountEdit) (Account, error) {
	return ask[Account](ctx, c, "POST", "accounts", e)
}

// UpdateAccount changes an account.
func (c *Client) UpdateAccount(ctx context.Context, id homing.AccountID, e AccountEdit) (Account, error) {
	return ask[Account](ctx, c, "PATCH", "accounts/"+id.String(), e)
}

// EraseAccount forgets an account for good.
func (c *Client) EraseAccount(ctx context.Context, id homing.AccountID) (Erasure, error) {
	return ask[Erasure](ctx, c, "DELETE", "accounts/"+id.String(), nil)
}

// Keys lists an account's keys, without their text.
func (c *Client) Keys(ctx context.Context, account homing.AccountID) ([]Key, error) {
	return ask[[]Key](ctx, c, "GET", "accounts/"+account.String()+"/keys", nil)
}

// RotateKey gives an account a new key; the answer has its text.
func (c *Client) RotateKey(ctx context.Context, account homing.AccountID, r Rotation) (Key, error) {
	return ask[Key](ctx, c, "POST", "accounts/"+account.String()+"/keys", r)
}

// RevokeKey ends a key at once.
func (c *Client) RevokeKey(ctx context.Context, account homing.AccountID, id homing.KeyID) (Key, error) {
	return ask[Key](ctx, c, "DELETE", "accounts/"+account.String()+"/keys/"+id.String(), nil)
}

// Users lists who may sign in.
func (c *Client) Users(ctx context.Context) ([]User, error) {
	return ask[[]User](ctx, c, "GET", "users", nil)
}

// InviteUser makes a user and a one-time link for it.
func (c *Client) InviteUser(ctx context.Context, u UserRequest) (UserLink, error) {
	return ask[UserLink](ctx, c, "POST", "users", u)
}

// ResetUser makes a one-time link for a user to choose a new password; it takes
// the second factor away if that is asked for.
func (c *Client) ResetUser(ctx context.Context, email string, secondFactor bool) (UserLink, error) {
	return ask[UserLink](ctx, c, "POST", "users/reset", UserRequest{Email: email, SecondFactor: secondFactor})
}

// Campaigns lists the campaigns of an account, or of all if it is 0.
func (c *Client) Campaigns(ctx context.Context, account homing.AccountID) ([]Campaign, error) {
	path := "campaigns"
	if account != 0 {
		path += "?account=" + account.String()
	}
	return ask[[]Campaign](ctx, c, "GET", path, nil)
}

// CreateCampaign makes a campaign; the answer has warnings about its URL.
func (c *Client) CreateCampaign(ctx context.Context, e CampaignEdit) (Campaign, error) {
	return ask[Campaign](ctx, c, "POST", "campaigns", e)
}

// UpdateCampaign changes a campaign.
func (c *Client) UpdateCampaign(ctx context.Context, id homing.CampaignID, e CampaignEdit) (Campaign, error) {
	return ask[Campaign](ctx, c, "PATCH", "campaigns/"+id.String(), e)
}

// Import carries out a file of accounts and campaigns, see catalog.ImportLine.
// All of it is done, or nothing.
func (c *Client) Import(ctx context.Context, file io.Reader) (Imported, error) {
	return receive[Imported](ctx, c, "POST", "import", file)
}

// Trace tells the story of a click.
func (c *Client) Trace(ctx context.Context, text string) (Trace, error) {
	return ask[Trace](ctx, c, "POST", "trace", TraceRequest{text})
}
