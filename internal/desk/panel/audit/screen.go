// Package audit is the screen that tells who changed what: to operators of the
// whole installation, to an advertiser's owners of their own account.
package audit

import (
	"context"
	"embed"

	"homing"
	"homing/internal/desk/panel/page"
)

//go:embed pages
var pages embed.FS

//go:embed style.css
var style string

// People are who may have done something.
type People interface {
	Users(ctx context.Context) ([]homing.User, error)
}

type screen struct{ people People }

// New is the screen.
func New(people People) page.Screen {
	s := &screen{people}
	return page.Screen{
		Pages: pages,
		Style: style,
		Routes: []page.Route{
			page.Get("/audit", page.SignedIn, s.list),
			page.Get("/audit/csv", page.SignedIn, s.export).Lasts(),
		},
	}
}
