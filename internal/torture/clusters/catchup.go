package clusters

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"homing"
	"homing/internal/cluster"
	"homing/internal/desk/control"
	"homing/internal/torture"
)

const (
	// patience is how long is waited for a cluster that is late: then it is compared
	// all the same.
	patience = 2 * time.Minute
	// lookEvery is how often is looked whether it has caught up.
	lookEvery = 100 * time.Millisecond
	// lookTime is how long an answer may take.
	lookTime = 10 * time.Second
)

// catchUp waits until everything is as if there had been no fault, and tells how long
// after its end that was, and what was last.
func (h *house) catchUp(ctx context.Context, over time.Time, since homing.Millis) (took time.Duration, last string, err error) {
	counts := map[*cluster.Node]bool{}
	for {
		if err := h.revive(ctx); err != nil {
			return 0, last, err
		}
		why := h.behind(ctx, counts, since)
		took := h.stage.Clock().Sub(over)
		switch {
		case ctx.Err() != nil:
			return took, last, ctx.Err()
		case why == "":
			return took, last, nil
		case took > patience:
			h.Books.Wrong(torture.Other, "after %s it has not caught up: %s", took.Round(time.Second), why)
			return took, why, nil
		}
		last = why
		if err := torture.Sleep(ctx, lookEvery); err != nil {
			return took, last, err
		}
	}
}

// revive starts servers of ClickHouse that have ended by themselves, as Debian's does.
func (h *house) revive(ctx context.Context) error {
	for i, w := range h.Warehouses {
		if !w.Gone() {
			continue
		}
		h.stage.Note("the replica %d of ClickHouse has ended by itself, and is started again", i+1)
		if err := w.Restart(ctx); err != nil {
			return err
		}
	}
	return nil
}

// behind tells what has not caught up yet; "" = all has. Edges that have counted a
// postback since the fault are noted in counts.
func (h *house) behind(ctx context.Context, counts map[*cluster.Node]bool, since homing.Millis) string {
	for _, e := range h.Edges {
		if !counts[e] {
			if outcome := h.count(ctx, e); outcome != torture.Counted {
				return fmt.Sprintf("%s: a postback is %s", e.Name, outcome)
			}
			counts[e] = true
		}
	}
	if err := h.Primary.Followed(ctx); err != nil {
		return "ledger: " + err.Error()
	}
	var held []string
	for i, w := range h.Warehouses {
		what, err := h.Replicated(ctx, w)
		if err != nil {
			return fmt.Sprintf("replica %d: %v", i+1, err)
		}
		if held = append(held, what); what != held[0] {
			return fmt.Sprintf("replicas hold %s and %s", held[0], what)
		}
	}
	for _, n := range append(h.Edges[:len(h.Edges):len(h.Edges)], h.Desk) {
		if why := behindAlone(ctx, n, n == h.Desk); why != "" {
			return n.Name + ": " + why
		}
	}
	difference, err := h.difference(ctx, since)
	if err != nil {
		return "reports: " + err.Error()
	}
	return difference
}

// behindAlone tells what a node says of itself that is not as it ought to be.
func behindAlone(ctx context.Context, n *cluster.Node, desk bool) string {
	status, body, err := readyz(ctx, n, desk)
	switch {
	case err != nil:
		return err.Error()
	case status != http.StatusOK || strings.Contains(body, tellsOfLedger):
		return fmt.Sprintf("/readyz says %d %s", status, body)
	}
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	told, err := ask(n, func(c *control.Client) (control.Status, error) { return c.Status(ctx) })
	switch {
	case err != nil:
		return err.Error()
	case told.Warehouse == nil || !told.Warehouse.Up:
		return "it does not reach the warehouse"
	case told.Warehouse.Lag.Behind():
		return fmt.Sprintf("%d records are not loaded: %s", told.Warehouse.Lag.Records, told.Warehouse.Lag.Trouble)
	}
	return ""
}

// tellsOfLedger is what a node says whose ledger is away.
const tellsOfLedger = "the ledger cannot be reached"

// readyz asks a node what a balancer asks: an edge where it takes clicks, a desk at its
// panel.
func readyz(ctx context.Context, n *cluster.Node, desk bool) (status int, body string, err error) {
	at := "http://" + n.Track()
	if desk {
		at = n.Panel()
	}
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at+"/readyz", nil)
	if err != nil {
		return 0, "", err
	}
	request.Close = true // connections would outlive the node
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text), err
}

// count has an edge take a click and count its conversion.
func (h *house) count(ctx context.Context, e *cluster.Node) torture.Outcome {
	c := h.Caller(torture.Place{Address: e.Track()}, rand.New(rand.NewPCG(h.rand.Uint64(), 0)))
	defer c.Close()
	id, outcome := c.Visit(ctx)
	if outcome != torture.Redirected {
		return outcome
	}
	return c.Post(ctx, torture.Claim{Click: id})
}
