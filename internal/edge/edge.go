// Package edge holds the doors for machines: the click door and the postback
// door, on the tracking listeners.
//
//	listener ──► conn (who, limits) ──► guards ──► target.Split ──► click ──────► 302
//	                                                        ├─► postback ───► verdict
//	                                                        └─► health, ready
//
// What it promises: a 302 or a 200 is only given after spool or ledger said
// that it is durable; whatever cannot be taken on is answered 503 at once; every
// answer that is not a redirect is JSON, also where the request could not be
// read; no byte of a request ever reaches the log of the program.
//
// The server is fasthttp. What it lets through and the contract does not is
// refused in guard.go, and its own answers and limits are replaced by ours.
package edge

import (
	"context"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/valyala/fasthttp"
	"golang.org/x/sys/cpu"

	"homing"
	"homing/internal/engine/geo"
	"homing/internal/engine/ledger"
	"homing/internal/engine/spool"
	"homing/internal/flow/catalog"
	"homing/internal/flow/journal"
	"homing/internal/flow/mint"
	"homing/internal/rule/mask"
)

// Options are what the doors are made of.
type Options struct {
	Spool   spool.Spool
	Ledger  ledger.Decider
	Catalog *catalog.Catalog
	Minter  *mint.Minter
	Journal *journal.Journal
	Keyring func() *homing.Keyring
	Clock   homing.Clock
	Log     *slog.Logger
	// Geo finds the places of visitors, for the templates that ask. nil knows
	// none.
	Geo geo.Finder

	TrustedProxies []netip.Prefix
	FallbackURL    string // empty = 404
	HelpURL        string // empty = no Link header
	// RedirectUnrecorded sends visitors on with a valid id when the click could
	// not be made durable (--on-spool-failure redirect).
	RedirectUnrecorded bool
	RefusalsPerMinute  int // 0 = never 429
	ConnsPerAddr       int // 0 = no limit
	MaxConns           int // 0 = no limit
	MaxRequests        int // 0 = no limit
	// Ready says why the process is not ready; nil when it is. It is public.
	Ready func() error
	// Notices are what /readyz tells besides; public, too. nil = nothing.
	Notices func() []string
}

// Edge serves the doors. All methods are safe for concurrent use.
type Edge struct {
	options  Options
	server   *fasthttp.Server
	masker   *mask.Masker
	told     told
	metrics  *meters
	notices  notices
	conns    limits
	refusals refusals
	devices  devices
	faults   faults
	overload overload

	works    sync.Pool // of *work
	draining atomic.Bool

	// Every request changes the next two, so each is alone on its line of the
	// processors' caches: what stands beside it would have to be fetched anew by
	// all the others.
	_        cpu.CacheLinePad
	requests atomic.Uint32 // counts requests, for their ids
	_        cpu.CacheLinePad
	underWay atomic.Int64 // clicks and postbacks being worked on
	_        cpu.CacheLinePad

	shut     chan struct{} // closed by Shutdown
	watching sync.WaitGroup
	opened   sync.Once
	closing  sync.Once

	listening sync.Mutex
	listeners []*listener // guarded by listening
}

// New makes the doors; Serve and ServeTLS open them.
func New(o Options) *Edge {
	if o.Geo == nil {
		o.Geo = geo.Nowhere{}
	}
	e := &Edge{options: o, told: newTold(o.HelpURL), masker: o.Catalog.Masker(), shut: make(chan struct{})}
	e.notices.log = o.Log
	e.faults.log, e.faults.clock = o.Log, o.Clock
	e.refusals.perMinute = o.RefusalsPerMinute
	e.conns = limits{all: o.MaxConns, perAddr: o.ConnsPerAddr, trusted: unmapped(o.TrustedProxies), open: map[netip.Addr]int{}}
	e.metrics = newMeters(e)
	e.works.New = func() any { return newWork(e) }
	e.server = e.newServer()
	return e
}

// Drain makes /readyz fail and every answer ask its connection to close, while
// everything is still served: balancers and senders go elsewhere by themselves.
func (e *Edge) Drain() { e.draining.Store(true) }

// Notices tells what the operator should know of how requests arrive.
func (e *Edge) Notices() []string { return e.notices.list() }

// Shutdown closes the doors: no new connections, those there are get the
// answers to what they have sent. It returns when all are closed, or with the
// error of ctx.
func (e *Edge) Shutdown(ctx context.Context) error { return e.shutdown(ctx) }
