package postgres

import (
	"log/slog"
	"time"

	"homing"
	"homing/internal/engine/ledger"
)

// Options say how to open a ledger. All but URL have defaults.
type Options struct {
	// URL is how to connect, as libpq understands it: postgres://user:password@host/database?…,
	// or "host=… dbname=…". Several hosts may be named; the one that takes writes
	// is used, so that a promoted standby is found. It may hold a password and is
	// never told. Tables are in the schema that search_path names first;
	// "homing" if it is not given.
	URL string
	// Logger takes what nobody is answered with. Default: slog.Default.
	Logger *slog.Logger
	// MaxQueue is how many claims may wait before they are answered with
	// homing.ErrOverloaded. Default 8192.
	MaxQueue int
	// MaxBatch is how many claims one transaction carries at most. Default 512.
	MaxBatch int
	// Writers is how many transactions with claims may be under way at once, each
	// on a connection of its own. One commits at a time in the whole cluster
	// (see package postgres); a second one here is on its way meanwhile. Default 2.
	Writers int
	// Connections bounds the others: lists, settings, people. Default 8.
	Connections int
	// Patience is how long a claim may wait for its commit, give or take a
	// sixteenth. Everything else but Check waits four times as long. Default
	// ledger.Patience.
	Patience time.Duration
	// Committed is told of every transaction with claims: how many it carried and
	// how long it took from the first byte to the server until its COMMIT was
	// answered, by Clock. It must be quick, for everybody waits. Without both
	// nothing is measured.
	Committed func(writes int, took time.Duration)
	Clock     homing.Clock
	// LeadHashes gives the keyed hashes of a lead code, under each key that is
	// in use, the newest first: homing.Keyring.HashLeads. Claims of erased
	// clicks are compared by them. Without it a claim with a lead code of such a
	// click is refused with homing.ErrUnavailable, for nobody can tell whether
	// it was there.
	LeadHashes func(lead string) []string
}

func (o *Options) fill() {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Committed == nil || o.Clock == nil {
		o.Committed, o.Clock = func(int, time.Duration) {}, func() time.Time { return time.Time{} }
	}
	if o.MaxQueue == 0 {
		o.MaxQueue = 8192
	}
	if o.MaxBatch == 0 {
		o.MaxBatch = 512
	}
	if o.Writers == 0 {
		o.Writers = 2
	}
	if o.Connections == 0 {
		o.Connections = 8
	}
	if o.Patience == 0 {
		o.Patience = ledger.Patience
	}
}
