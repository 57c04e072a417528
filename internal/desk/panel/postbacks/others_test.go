package postbacks_test

import (
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"homing"
	"homing/internal/desk/panel/door"
	"homing/internal/desk/panel/overview"
	"homing/internal/desk/panel/page"
	"homing/internal/desk/panel/paneltest"
	"homing/internal/desk/panel/postbacks"
	"homing/internal/engine/spool"
	"homing/internal/engine/spool/segment"
	"homing/internal/flow/journal"
	"homing/internal/flow/loader"
)

// edge is another node: a journal and a spool of its own, and a loader into the
// warehouse that the desk asks, too.
type edge struct {
	*journal.Journal
	h      *paneltest.House
	spool  *segment.Spool
	loader *loader.Loader
	calls  uint32
}

func newEdge(h *paneltest.House) *edge {
	e := &edge{h: h}
	var err error
	e.spool, err = segment.Open(segment.Options{Dir: filepath.Join(h.T.TempDir(), "spool"), SegmentSize: 1 << 20, Clock: h.Time})
	h.Must(err)
	h.T.Cleanup(func() { e.spool.Close() })
	e.Journal = journal.Open(journal.Options{Spool: e.spool, Books: h.Ledger, Clock: h.Time, Whole: 1000})
	e.loader = loader.Open(loader.Options{Spool: e.spool, Books: h.Ledger, Warehouse: h.Warehouse, View: h.Catalog.View,
		Keyring: func() *homing.Keyring { return h.Keyring }, Clock: h.Time, Source: "spool/0000000000000002", Shared: true,
		Changes: func() bool { return false }, Housekeeping: func() bool { return false }})
	var loading sync.WaitGroup
	loading.Go(func() { e.loader.Run(h.T.Context()) })
	h.T.Cleanup(loading.Wait)
	return e
}

// takes has the edge log a call.
func (e *edge) takes(c homing.Campaign, outcome homing.Outcome, reason homing.Reason) homing.RequestID {
	e.h.T.Helper()
	e.calls++
	p := homing.Postback{
		Request: homing.NewRequestID(e.h.Millis(), 2, e.calls), At: e.h.Millis(), Addr: netip.MustParseAddr("198.51.100.9"), Method: "GET",
		Target: "/api/v1/cpa/action/x", Account: c.Account, Campaign: c.ID, Verdict: homing.Verdict{Outcome: outcome, Reason: reason},
	}
	if outcome == homing.Duplicate {
		e.h.Must(e.Duplicate(&p))
	} else {
		e.Refused(&p)
	}
	return p.Request
}

// loads waits until what the edge has logged is loaded.
func (e *edge) loads() {
	e.h.T.Helper()
	_, err := e.spool.Append(spool.KindTally, e.h.Millis(), homing.AppendTally(nil, &homing.Tally{At: e.h.Millis(),
		Outcome: homing.Ignored, Reason: homing.ReasonErased, Count: 1})) // what went behind is durable when this is
	e.h.Must(err)
	e.h.Must(e.loader.CatchUp(e.h.Context()))
}

// TestADeskShowsTheCallsOfAllNodes, as soon as they are loaded, wherever the panel
// shows calls; and says up to when that is.
func TestADeskShowsTheCallsOfAllNodes(t *testing.T) {
	h := paneltest.New(t, func(h *paneltest.House) []page.Screen {
		return []page.Screen{door.New(), overview.New(), postbacks.New(postbacks.Options{Court: h.Court, Shared: true})}
	})
	op, c := h.Operator(), h.Campaign(h.Account("A").ID, "Mine")
	e := newEdge(h)
	var following sync.WaitGroup
	following.Go(func() {
		h.Journal.FollowOthers(t.Context(), journal.Others{Loaded: h.Warehouse, Fresh: h.Loader.Fresh, Every: 5 * time.Millisecond})
	})
	t.Cleanup(following.Wait)
	own := refuse(h, c, homing.ReasonValueComma, nil)
	settle(h, c)
	live := listen(op, "/postbacks/live", "")
	h.Pass(time.Second)
	refused := e.takes(c, homing.Refused, homing.ReasonCodeMacro)
	h.Pass(time.Second)
	repeated := e.takes(c, homing.Duplicate, homing.ReasonDuplicate)
	h.Pass(time.Second)
	wantRows(t, "before it is loaded, the log", op.Get("/postbacks?outcome=refused"), own)
	e.loads()
	for _, want := range []homing.RequestID{refused, repeated} {
		if name, id, data := live.next(); name != "call" || id != want.String() || !strings.Contains(data, "Mine") {
			t.Errorf("the live view tells %s %s %s, want %s", name, id, data, want)
		}
	}
	settle(h, c)
	wantRows(t, "the log", op.Get("/postbacks?campaign="+c.ID.String()).Has("Complete up to"), repeated, refused, own)
	wantRows(t, "the log of refusals", op.Get("/postbacks?outcome=refused"), refused, own)
	op.Get("/postbacks/" + refused.String()).Want(200).Has(homing.ReasonCodeMacro.Info().Title)
	op.Get("/overview").Want(200).Has(homing.ReasonCodeMacro.Info().Title)
}

// TestOneMachineIsAlwaysComplete, and says nothing of it.
func TestOneMachineIsAlwaysComplete(t *testing.T) {
	h := newHouse(t)
	c := h.Campaign(h.Account("A").ID, "Mine")
	refuse(h, c, homing.ReasonValueComma, nil)
	settle(h, c)
	h.Operator().Get("/postbacks").Want(200).Lacks("Complete up to")
}
