// Package differ is the screen for whoever counts differently than we do: a list
// of click ids compared line by line, and one day's figures looked at in every
// way they may be counted.
package differ

import (
	"context"
	"embed"

	"homing/internal/desk/panel/page"
	"homing/internal/flow/compare"
	"homing/internal/flow/report"
)

//go:embed pages
var pages embed.FS

//go:embed style.css
var style string

// Comparer compares, see package compare.
type Comparer interface {
	Compare(context.Context, report.Scope, compare.Question) (*compare.Result, error)
	Day(context.Context, report.Scope, compare.DayQuestion) (*compare.Day, error)
}

type screen struct{ comparer Comparer }

// New is the screen.
func New(comparer Comparer) page.Screen {
	s := &screen{comparer}
	return page.Screen{
		Pages: pages,
		Style: style,
		Routes: []page.Route{
			page.Get("/differ", page.SignedIn, s.ask),
			// A list is too long for a URL, and is kept nowhere: it is sent again
			// for every look at it.
			page.Post("/differ", page.SignedIn, s.compareList).Readers().Takes(maxForm),
			page.Get("/differ/day", page.SignedIn, s.showDay),
		},
	}
}

// maxForm is how large the form with the list may be.
const maxForm = compare.MaxBytes + 64<<10

// scope is what the visitor may see; an operator may narrow it to an advertiser.
func scope(v *page.Visit) report.Scope {
	s := report.Scope{Account: v.Who.Account, HideMoney: v.Who.HideMoney}
	if s.Account == 0 && v.Account != nil {
		s.Account = v.Account.ID
	}
	return s
}
