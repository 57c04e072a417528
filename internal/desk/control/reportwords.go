package control

import "homing"

// More of what goes over the control socket: what is about reports, the
// warehouse and who may ask for them.

// Lag tells how far the warehouse is behind what was acknowledged.
type Lag struct {
	Records uint64 `json:"records"`           // clicks and postbacks that are not loaded
	Seconds int64  `json:"seconds"`           // age of the oldest of them
	Through string `json:"through,omitempty"` // everything before is loaded
	Trouble string `json:"trouble,omitempty"` // why nothing is loaded now
}

// Behind tells whether anything is still to be loaded.
func (l *Lag) Behind() bool { return l.Records != 0 || l.Trouble != "" }

// WarehouseStatus tells how the warehouse is doing.
type WarehouseStatus struct {
	Up        bool       `json:"up"`
	Trouble   string     `json:"trouble,omitempty"`
	Since     string     `json:"since,omitempty"` // of the trouble, or of being up
	Incidents []Incident `json:"incidents"`       // troubles that are over, the newest first
	Lag       Lag        `json:"lag"`
	Version   string     `json:"version,omitempty"`
	Bytes     int64      `json:"bytes"`
	Memory    int64      `json:"memory_bytes,omitempty"`
	Sealed    *Sealed    `json:"sealed,omitempty"` // nil in Status, and while the warehouse is away
	Notices   []string   `json:"notices,omitempty"`
}

// Incident is a trouble that is over.
type Incident struct {
	From  string `json:"from"`
	Until string `json:"until"`
	What  string `json:"what"`
}

// Sealed tells of the days that survive the loss of the warehouse's file.
type Sealed struct {
	Days  int    `json:"days"`
	First string `json:"first,omitempty"`
	Last  string `json:"last,omitempty"`
	Rows  int64  `json:"rows"`
	Bytes int64  `json:"bytes"`
}

// Rebuilding tells how far a rebuild is: Done of Total, 0 while it is unknown.
// The last one says that it is over, unless an error follows.
type Rebuilding struct {
	What  string `json:"what"`
	Done  int64  `json:"done"`
	Total int64  `json:"total"`
	Over  bool   `json:"over,omitempty"`
	// Notices came up meanwhile: what they tell of is not in the warehouse.
	Notices []string `json:"notices,omitempty"`
}

// Place is what one file of places says of an address.
type Place struct {
	File    string `json:"file"`
	Built   string `json:"built,omitempty"` // when its maker made it
	Country string `json:"country"`
	Region  string `json:"region"`
	City    string `json:"city"`
	Carrier string `json:"carrier"`
	ISP     string `json:"isp"`
	Trouble string `json:"trouble,omitempty"` // why it cannot be asked
}

// Places is what is known of an address.
type Places struct {
	Addr  string  `json:"addr"`
	Files []Place `json:"files"` // empty: none is configured
	// Offline: no server runs, so nobody knows what files it would have.
	Offline bool `json:"offline,omitempty"`
}

// Token is a token of the HTTP API, with its text only when it was made just now.
type Token struct {
	ID       homing.TokenID   `json:"id"`
	Token    string           `json:"token,omitempty"`
	Name     string           `json:"name"`
	Account  homing.AccountID `json:"account,omitempty"` // none: every account
	Scopes   []string         `json:"scopes"`
	State    string           `json:"state"` // active, expired or revoked
	Created  string           `json:"created"`
	Expires  string           `json:"expires,omitempty"`
	Revoked  string           `json:"revoked,omitempty"`
	LastUsed string           `json:"last_used,omitempty"`
}

// TokenRequest asks for a token.
type TokenRequest struct {
	Name    string           `json:"name"`
	Account homing.AccountID `json:"account,omitempty"`
	Scopes  []string         `json:"scopes"`
	Expires string           `json:"expires,omitempty"` // in how long, such as 90d; empty = never
}

// ClickErasure tells that a click was erased.
type ClickErasure struct {
	ClickID homing.ClickID `json:"click_id"`
	Erased  bool           `json:"erased"`
}
