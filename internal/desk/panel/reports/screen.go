// Package reports asks the report engine: a question in a form, and in the URL,
// where it can be kept; the answer as a table, a chart and a file.
//
//	form or link ──► canonical (one URL for one question) ──► report.Parse
//	             ──► Engine.Report ──► the table, with a link on each value
//
// The URL has the parameters of the API's reports under the same names, and
// account for operators.
package reports

import (
	"embed"

	"homing/internal/desk/panel/page"
)

//go:embed pages
var pages embed.FS

//go:embed style.css
var style string

//go:embed script.js
var script string

// New is the screen.
func New() page.Screen {
	return page.Screen{
		Pages: pages, Style: style, Scripts: map[string]string{"reports.js": script},
		Routes: []page.Route{
			page.Get("/reports", page.SignedIn, show),
			page.Get("/reports/file", page.SignedIn, file).Lasts(),
		},
	}
}
