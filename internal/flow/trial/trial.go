// Package trial makes test clicks: ids that are marked as tests, so that whatever
// comes of them is in no total, and that otherwise go the way of every click.
package trial

import (
	"context"

	"homing"
	"homing/internal/engine/spool"
	"homing/internal/flow/catalog"
	"homing/internal/flow/mint"
)

// Trials makes test clicks. It is safe for concurrent use.
type Trials struct {
	Minter *mint.Minter // of test ids, see mint.Options.Test
	Spool  spool.Spool
	Clock  homing.Clock
}

// Trial is one test click.
type Trial struct {
	Click homing.Click
	// Destination is the campaign's URL with the click's values, where the
	// advertiser's tracker takes the id up.
	Destination string
}

// Begin mints a test id for the campaign and records its click durably, like a
// visitor's. params are what an ad server would have told, such as sub1.
func (t *Trials) Begin(ctx context.Context, c *catalog.Campaign, params map[string]string) (*Trial, error) {
	panic("not built yet")
}
