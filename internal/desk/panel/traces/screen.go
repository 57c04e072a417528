// Package traces is the screen that tells a click's whole story, from the moment
// its id was minted to what became of its conversions.
package traces

import (
	"context"
	"embed"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/flow/trace"
)

//go:embed pages
var pages embed.FS

//go:embed style.css
var style string

// Tracer tells stories. An id of another account than the given one is told of as
// one that was not made here; 0 is every account's.
type Tracer interface {
	OfAccount(ctx context.Context, account homing.AccountID, text string) (trace.Story, error)
	// Brief leaves out what has to be looked for in the log.
	Brief(ctx context.Context, account homing.AccountID, text string) (trace.Story, error)
}

type screen struct{ tracer Tracer }

// New is the screen.
func New(tracer Tracer) page.Screen {
	s := &screen{tracer}
	return page.Screen{
		Pages: pages,
		Style: style,
		Routes: []page.Route{
			page.Get("/trace", page.SignedIn, s.show),
			// What is pasted may hold a key, which has no place in a URL: the form
			// leads to the id alone.
			page.Post("/trace", page.SignedIn, s.find).Readers(),
		},
	}
}
