package clusters

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"homing/internal/cluster"
	"homing/internal/torture"
)

const (
	// tellTime is how long a node may take to notice, and to tell, that the ledger is
	// away.
	tellTime = 10 * time.Second
	// tries is how often a visitor comes whom a busy machine has sent away.
	tries = 10
	// goOnTime is how long others may wait for an edge that was cut off in the middle
	// of a transaction.
	goOnTime = 20 * time.Second
)

// withoutLedger looks at nodes whose ledger is away: edges tell it and are ready all the
// same, a desk is not; edges redirect, and answer postbacks 503.
func (h *house) withoutLedger(ctx context.Context, edges []*cluster.Node, desk bool) error {
	for _, e := range edges {
		if err := h.tells(ctx, e, false); err != nil {
			return err
		}
	}
	if desk {
		if err := h.tells(ctx, h.Desk, true); err != nil {
			return err
		}
	}
	return h.onlyClicks(ctx, edges)
}

// tells waits until a node says that its ledger is away.
func (h *house) tells(ctx context.Context, n *cluster.Node, desk bool) error {
	want := http.StatusOK
	if desk {
		want = http.StatusServiceUnavailable
	}
	for began := h.stage.Clock(); ; {
		status, body, err := readyz(ctx, n, desk)
		if err == nil && status == want && strings.Contains(body, tellsOfLedger) {
			return nil
		}
		if h.stage.Clock().Sub(began) > tellTime {
			return h.found(ctx, "%s: the ledger has been away for %s, and /readyz says %d %s, %v; want %d and a word of it", n.Name, tellTime, status, body, err, want)
		}
		if err := torture.Sleep(ctx, lookEvery); err != nil {
			return err
		}
	}
}

// found notes what must not be, unless all is over.
func (h *house) found(ctx context.Context, format string, args ...any) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	h.Books.Wrong(torture.Other, "%s", fmt.Sprintf(format, args...))
	return errFound
}

// onlyClicks wants of each edge that it redirects, and that it answers the postback 503.
func (h *house) onlyClicks(ctx context.Context, edges []*cluster.Node) error {
	for _, e := range edges {
		c := h.Caller(torture.Place{Address: e.Track()}, rand.New(rand.NewPCG(h.rand.Uint64(), 0)))
		defer c.Close()
		id, outcome := c.Visit(ctx)
		for n := 1; outcome != torture.Redirected && n < tries; n++ {
			if err := torture.Sleep(ctx, 200*time.Millisecond); err != nil {
				return err
			}
			id, outcome = c.Visit(ctx)
		}
		if outcome != torture.Redirected {
			return h.found(ctx, "%s: a visit is %s while the ledger is away", e.Name, outcome)
		}
		if outcome := c.Post(ctx, torture.Claim{Click: id}); outcome != torture.Shed {
			return h.found(ctx, "%s: a postback is %s while the ledger is away", e.Name, outcome)
		}
	}
	return nil
}

// goesOn wants an edge to count.
func (h *house) goesOn(ctx context.Context, e *cluster.Node) error {
	for began := h.stage.Clock(); ; {
		outcome := h.count(ctx, e)
		if outcome == torture.Counted {
			return nil
		}
		if h.stage.Clock().Sub(began) > goOnTime {
			return h.found(ctx, "%s does not count while another edge is cut off: a postback is %s", e.Name, outcome)
		}
		if err := torture.Sleep(ctx, lookEvery); err != nil {
			return err
		}
	}
}
