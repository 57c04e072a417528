package control

import (
	"net/http"
	"slices"
	"strings"
)

// AsksWarehouse tells whether a request is answered from the warehouse: a
// command that works without a server opens it for those only. Lists and traces
// ask it for what a spool that was trimmed has no more.
func AsksWarehouse(r *http.Request, trimmed bool) bool {
	paths := []string{"/v1/report", "/v1/export/", "/v1/warehouse"}
	if trimmed {
		paths = append(paths, "/v1/trace", "/v1/clicks", "/v1/postbacks")
	}
	return slices.ContainsFunc(paths, func(path string) bool { return strings.HasPrefix(r.URL.Path, path) })
}
