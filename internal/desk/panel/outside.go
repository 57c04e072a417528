package panel

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"homing"
)

const (
	// maxBody bounds a form; the largest has a URL template and a list of goals.
	maxBody = 64 << 10
	// patience bounds how long a page may take. The listener's own time-outs
	// bound slow clients.
	patience = 15 * time.Second
)

// policy allows our own files and nothing else; nothing inline, no eval.
const policy = "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; script-src 'self'; " +
	"connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// outside is what holds for every request, whatever it asks for: headers, the
// cross-origin check, bounds. The outermost stands first.
func (p *panel) outside(next http.Handler) http.Handler {
	cross := http.NewCrossOriginProtection()
	cross.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.fail(w, r, fmt.Errorf("%w: this form was sent from another site", homing.ErrUnauthorized))
	}))
	return headers(bounds(cross.Handler(next)))
}

func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store") // assets say otherwise
		next.ServeHTTP(w, r)
	})
}

func bounds(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), patience)
		defer cancel()
		r = r.WithContext(ctx)
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		next.ServeHTTP(w, r)
	})
}

// localPath tells whether a target leads to a page of this panel and nowhere
// else: browsers read //host and /\host as another site.
func localPath(target string) bool {
	if !strings.HasPrefix(target, "/") || strings.HasPrefix(target, "//") || len(target) > 2048 {
		return false
	}
	return !strings.ContainsFunc(target, func(c rune) bool { return c < 0x21 || c == '\\' || c > 0x7e })
}
