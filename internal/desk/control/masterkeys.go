package control

import (
	"context"
	"net/http"

	"homing"
)

// MasterKeys lists the installation's master keys and makes a new one.
type MasterKeys interface {
	// List gives them, the newest first.
	List(ctx context.Context) ([]MasterKeyTerm, error)
	Rotate(ctx context.Context, by string) (MasterKeyTerm, error)
}

// MasterKeyTerm tells what a master key is good for, and when.
type MasterKeyTerm struct {
	ID      string
	From    homing.Millis // click ids are made under it from then on
	Until   homing.Millis // they verify until then at least; 0 = no end yet
	Renewal homing.Millis // when a successor is made by itself; 0 = it has one
	InUse   bool
}

// MasterKey is a master key as it crosses; never its secret.
type MasterKey struct {
	ID      string `json:"id"`
	State   string `json:"state"` // ahead, in use, verifying
	From    string `json:"from"`
	Until   string `json:"verifies_until,omitempty"`
	Renewal string `json:"renewed_at,omitempty"`
}

func (d desk) masterKeys(r *http.Request) (any, error) {
	keys, err := d.MasterKeys.List(r.Context())
	if err != nil {
		return nil, err
	}
	list := []MasterKey{}
	for _, k := range keys {
		list = append(list, d.masterKeyOf(k))
	}
	return list, nil
}

func (d desk) rotateMasterKey(r *http.Request) (any, error) {
	made, err := d.MasterKeys.Rotate(r.Context(), actor)
	if err != nil {
		return nil, err
	}
	return d.masterKeyOf(made), nil
}

func (d desk) masterKeyOf(k MasterKeyTerm) MasterKey {
	state := "verifying"
	switch {
	case k.InUse:
		state = "in use"
	case k.From > homing.MillisOf(d.Clock()):
		state = "ahead"
	}
	return MasterKey{ID: k.ID, State: state, From: when(k.From), Until: when(k.Until), Renewal: when(k.Renewal)}
}

// MasterKeys lists the master keys, the newest first.
func (c *Client) MasterKeys(ctx context.Context) ([]MasterKey, error) {
	return ask[[]MasterKey](ctx, c, "GET", "masterkeys", nil)
}

// RotateMasterKey makes a new master key.
func (c *Client) RotateMasterKey(ctx context.Context) (MasterKey, error) {
	return ask[MasterKey](ctx, c, "POST", "masterkeys", nil)
}
