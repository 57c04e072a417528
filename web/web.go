// Package web holds the scripts of the panel that are made elsewhere, bundled
// from npm's packages by `make web`. Nothing of them is kept in the repository:
// without the bundle this package builds all the same and holds no file, and
// pages work without what the scripts add.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Names are the files of a bundle that is complete.
var Names = []string{"htmx.js", "chart.js", "chart.css", "LICENSES.txt"}

// Files are those of the bundle that there are.
func Files() map[string][]byte {
	files := map[string][]byte{}
	for _, name := range Names {
		body, err := fs.ReadFile(dist, "dist/"+name)
		if err == nil { // it was bundled
			files[name] = body
		}
	}
	return files
}
