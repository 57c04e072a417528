// Package control is the door for the command line: JSON over HTTP, on a socket
// in the data directory that only its owner may open. Whoever can open it is
// the operator; there are no passwords here.
//
//	command ──► Client ──► control.sock ──► Handler ──► catalog, books, spool, journal,
//	                                                    reports, warehouse
//	                └─ no server runs ──► Local ──────┘
//
// Both ends are in this package, so that they change together. words.go has
// what is said, problem.go how an error crosses, routes.go who may be asked for
// what. Lists are JSON lines that are sent as they are found; an error in their
// midst is the last line, and an answer that breaks off is an error too, so
// that half a list never looks like a whole one.
package control

import (
	"context"
	"net/http"
	"net/netip"
	"time"

	"homing"
	"homing/internal/desk/signin"
	"homing/internal/engine/ledger"
	"homing/internal/engine/spool"
	"homing/internal/flow/amend"
	"homing/internal/flow/catalog"
	"homing/internal/flow/journal"
)

// Desk is what the handler answers from.
type Desk struct {
	Catalog *catalog.Catalog
	Books   ledger.Books
	Spool   spool.Spool
	Journal *journal.Journal
	Keyring func() *homing.Keyring
	Amender *amend.Amender
	People  People
	SignIn  Inviter
	// Trace tells the story of a click as something that can be written as
	// JSON, and in lines for people. It holds no key.
	Trace     func(ctx context.Context, text string) (story any, lines []string, err error)
	Addresses func() Addresses
	Status    func() Status
	Clock     homing.Clock

	// Reports answer from the warehouse. Nil, as Warehouse and Loader are then:
	// this homing has none.
	Reports   Reports
	Warehouse Warehouse
	Loader    Loader
	// NoReports says why Reports are nil, if that is known.
	NoReports error
	// Lag tells how far the warehouse is behind; nil as Loader.
	Lag func() Lag
	// Zone tells what days are of unless a question says otherwise; nil is UTC.
	Zone func() *time.Location
	// Places tells what each configured file says of an address; nil: there are
	// no files.
	Places func(addr netip.Addr) []Place
	Tokens Tokens
	// MasterKeys are the installation's root secrets.
	MasterKeys MasterKeys
	// EraseClick forgets a click, see ledger.EraseClick.
	EraseClick func(ctx context.Context, by string, click homing.Origin) error
	// Court judges calls of the log once more; nil = nobody does.
	Court Court
	// Backups makes backups; nil = nobody does.
	Backups Backups
	// Doctor examines the house, see Client.Doctor; nil = nobody does.
	Doctor func(ctx context.Context, ask DoctorRequest, tell func(DoctorLine)) error
	// Offline: no server runs, so that there is nothing to watch.
	Offline bool
	// Shared: other nodes have spools of their own, and lists come from the warehouse
	// that all load into.
	Shared bool
}

// People tells who may sign in.
type People interface {
	Users(ctx context.Context) ([]homing.User, error)
}

// Inviter makes users and one-time links for them.
type Inviter interface {
	Invite(ctx context.Context, by string, n signin.Invitation) (link string, expires homing.Millis, err error)
	Reset(ctx context.Context, by, email string) (link string, expires homing.Millis, err error)
	// ResetFactorOf takes a user's second factor away, and tells whether there
	// was one.
	ResetFactorOf(ctx context.Context, by, email string) (there bool, err error)
}

// Addresses tell how the listeners are reached, without a slash at the end.
// Public is empty if it was not set.
type Addresses struct {
	Track, TrackTLS, Desk, Public string
}

// Click returns the address that click URLs begin with.
func (a Addresses) Click() string {
	if a.Public != "" {
		return a.Public
	}
	return a.Track
}

// actor is who the audit log names for everything that is done here.
const actor = "command line"

// atOnce bounds how many requests are under way at once.
const atOnce = 32

// Handler answers what a Client asks.
func Handler(d Desk) http.Handler {
	mux := http.NewServeMux()
	for _, r := range (desk{d}).routes() {
		mux.HandleFunc(r.pattern, r.answer)
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		writeProblem(w, errNoRoute)
	})
	return bounded(mux, atOnce)
}

// bounded refuses requests beyond the given number at once.
func bounded(h http.Handler, most int) http.Handler {
	room := make(chan struct{}, most)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case room <- struct{}{}:
			defer func() { <-room }()
			h.ServeHTTP(w, r)
		default:
			writeProblem(w, errCrowded)
		}
	})
}
