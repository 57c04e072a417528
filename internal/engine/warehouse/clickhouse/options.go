package clickhouse

import (
	"log/slog"
	"time"

	"homing"
)

// Options say where the servers are. Only URL and Clock are needed.
type Options struct {
	// URL is clickhouse://user:password@host,host:port/database?…; the ports are
	// those of the HTTP interface, 8123 by default, 8443 with secure=true. With
	// cluster=NAME the tables are replicated, and spread over the shards, of that
	// entry of the servers' remote_servers. quorum=N is on how many replicas of its
	// shard a row must be before its batch counts as loaded: more than half of them
	// by default; with 1, rows may be lost with a replica that nobody brings back.
	// The URL may hold a password and is never told.
	URL   string
	Clock homing.Clock
	Log   *slog.Logger // nobody by default
	// Patience is how long a batch, or something short, may take before it counts
	// as failed. Default 60 s.
	Patience time.Duration
	// MendEvery is how often conversions and postbacks that came before their
	// click are looked after, besides after every load. Default 5 s.
	MendEvery time.Duration
}

func (o *Options) fill() {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Patience == 0 {
		o.Patience = time.Minute
	}
	if o.MendEvery == 0 {
		o.MendEvery = 5 * time.Second
	}
}
