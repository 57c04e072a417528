package torture

import (
	"context"
	"crypto/tls"
	"math/rand/v2"

	"homing"
	"homing/internal/simulate/wire"
)

// Place is one of several addresses at which a house takes requests.
type Place struct {
	Address string // host and port
	Secure  bool   // https
}

func (p Place) line(clock homing.Clock) *wire.Line {
	l := &wire.Line{Clock: clock, Address: func() string { return p.Address }}
	if p.Secure {
		l.Secure = &tls.Config{InsecureSkipVerify: true} // the certificate is self-signed, and the server ours
	}
	return l
}

// Outcome is what came of a request.
type Outcome string

// What may come of a request. What was Broken or Shed may have been stored or not.
const (
	Unsent     Outcome = "unsent" // nobody was there
	Broken     Outcome = "broken" // sent, and not answered
	Shed       Outcome = "answered 503"
	Redirected Outcome = "redirected"
	Counted    Outcome = "counted"
	Repeated   Outcome = "told to be a duplicate"
	Refused    Outcome = "answered wrongly" // the Books say how
)

// Caller is a visitor, or an advertiser's server, who always goes to one place. What
// comes of it is in the Driver's Books. It is for one goroutine.
type Caller struct{ w *worker }

// Caller makes one.
func (d *Driver) Caller(p Place, r *rand.Rand) *Caller {
	return &Caller{&worker{d: d, rand: r, line: p.line(d.Stage.Clock)}}
}

// Visit follows a click URL of one of the campaigns.
func (c *Caller) Visit(ctx context.Context) (homing.ClickID, Outcome) { return c.w.follow(ctx) }

// Post reports a conversion of a click that was redirected.
func (c *Caller) Post(ctx context.Context, k Claim) Outcome { return c.w.report(ctx, k) }

// Close hangs up.
func (c *Caller) Close() { c.w.close() }
