// Package api is the door for the programs of operators and advertisers: JSON
// over HTTP, under /api/v1 on the desk listener.
//
//	request ──► route ──► whose token, and may it? ──► what the path names ──► handler ──► answer
//
// One table (routes.go) says what there is, who may ask for it, and what is said
// both ways. The router, the OpenAPI document and the tests of who may do what
// all read it, so none of them knows a route that the others do not.
//
// What it keeps to:
//
//   - There are no cookies here: a request is authorized by its token alone.
//   - What a token of one account may not see does not exist for it: 404.
//   - Every error is an application/problem+json (RFC 9457).
//   - Nothing waits without bound: bodies, concurrent reports, long polls and the
//     time that a client may take to read are limited.
//   - Neither a token nor an advertiser's key is ever in a log; a new key is in
//     one answer, the one to the request that made it.
package api

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"homing"
	"homing/internal/desk/signin"
	"homing/internal/engine/ledger"
	"homing/internal/flow/amend"
	"homing/internal/flow/catalog"
	"homing/internal/flow/report"
)

// Reports answers questions; *report.Engine does.
type Reports interface {
	Report(context.Context, report.Scope, *report.Question) (*report.Table, error)
	Export(context.Context, report.Scope, *report.Question, report.Format, io.Writer, report.Progress) error
	Clicks(context.Context, report.Scope, *report.ListQuestion) (*report.Page[report.Click], error)
	Postbacks(context.Context, report.Scope, *report.ListQuestion) (*report.Page[report.Postback], error)
	Conversions(context.Context, report.Scope, *report.ListQuestion) (*report.Page[report.Conversion], error)
	ExportNotes(context.Context, report.Scope, *report.Question) ([]string, error)
	ListNotes(context.Context, report.Scope, *report.ListQuestion) ([]string, error)
	ExportList(context.Context, report.Scope, *report.ListQuestion, report.Format, io.Writer, report.Progress) error
}

var _ Reports = (*report.Engine)(nil)

// Options are what the API is made of.
type Options struct {
	Catalog *catalog.Catalog
	People  ledger.People // the tokens
	Books   ledger.Books
	Reports Reports
	Amender *amend.Amender
	Keyring func() *homing.Keyring
	Clock   homing.Clock
	Log     *slog.Logger
	// ClickBase tells what click URLs begin with, without a slash at its end.
	ClickBase func() string
	// Zone tells what days are of unless a question says otherwise; nil is UTC.
	Zone func() *time.Location
	// TrustedProxies are believed when they say whom a request comes from
	// (X-Forwarded-For), for the bound on wrong tokens.
	TrustedProxies []netip.Prefix
	// Heavy is how many questions to the warehouse run at once, and how many
	// exports beside them; 0 = 4. Half of them may be of one token, or of one
	// account. Others wait a moment, then they are asked to come again.
	Heavy int
	// MaxWaiting is how many requests may wait for news at once; 0 = 256. Half of
	// them may be of one token, or of one account.
	MaxWaiting int
	// Stopping is closed when the server is about to stop: then nobody waits for
	// news any more. nil = never.
	Stopping <-chan struct{}
}

// api answers requests.
type api struct {
	Options
	routes  []route
	tokens  signin.Tokens
	wrong   *signin.Tries // by tokens, from an address
	heavy   *places       // for questions under way
	exports *places       // for exports: they go at their readers' pace
	waiting *places       // for requests that wait for news
	changes *places       // for lists of changes
	books   *places       // for those that read the ledger's changes
	news    *news
	openapi []byte
}

// New returns the handler of every path under /api/v1. A path that is not
// exactly one of the routes is 404, never a redirect, so do not put it behind
// http.ServeMux.
func New(o Options) http.Handler {
	if o.Heavy == 0 {
		o.Heavy = 4
	}
	if o.MaxWaiting == 0 {
		o.MaxWaiting = 256
	}
	a := &api{
		Options: o, routes: routes(), tokens: signin.Tokens{People: o.People, Clock: o.Clock},
		wrong: signin.NewTries(), heavy: newPlaces(o.Heavy), exports: newPlaces(o.Heavy),
		waiting: newPlaces(o.MaxWaiting),
		changes: newPlaces(changesAtOnce),
		books:   newPlaces(booksAtOnce),
		news:    &news{books: o.Books, stopping: o.Stopping},
	}
	a.openapi = document(a.routes)
	return http.HandlerFunc(a.serve)
}
