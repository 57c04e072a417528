package control

import (
	"net/http"
	"strings"
)

// AsksWarehouse tells whether a request is answered from the warehouse, or may
// be: a command that works without a server opens it for those only.
func AsksWarehouse(r *http.Request) bool {
	for _, path := range []string{
		"/v1/report", "/v1/export/", "/v1/warehouse", "/v1/trace", "/v1/clicks", "/v1/postbacks", "/v1/conversions",
	} {
		if strings.HasPrefix(r.URL.Path, path) {
			return true
		}
	}
	return false
}
