package page

import (
	"cmp"
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
	// patience bounds how long a page may take, unless its route lasts. The listener's own time-outs
	// bound slow clients.
	patience = 15 * time.Second
)

// Policy allows our own files and nothing else; nothing inline, no eval.
const Policy = "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; script-src 'self'; " +
	"connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// outside is what holds for every request, whatever it asks for: headers, the
// cross-origin check, bounds. The outermost stands first.
func (p *house) outside(next http.Handler) http.Handler {
	cross := http.NewCrossOriginProtection()
	cross.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.fail(w, r, fmt.Errorf("%w: this form was sent from another site", homing.ErrUnauthorized))
	}))
	return headers(cross.Handler(next))
}

func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", Policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store") // assets say otherwise
		next.ServeHTTP(w, r)
	})
}

// bound bounds how long the request may take and how large its form may be.
func (v *Visit) bound(r *Route) (done func()) {
	v.R.Body = http.MaxBytesReader(v.W, v.R.Body, cmp.Or(r.Largest, maxBody))
	if r.Lasting {
		return func() {}
	}
	ctx, cancel := context.WithTimeout(v.R.Context(), patience)
	v.R = v.R.WithContext(ctx)
	return cancel
}

// LocalPath tells whether a target leads to a page of this panel and nowhere
// else: browsers read //host and /\host as another site.
func LocalPath(target string) bool {
	if !strings.HasPrefix(target, "/") || strings.HasPrefix(target, "//") || len(target) > 2048 {
		return false
	}
	return !strings.ContainsFunc(target, func(c rune) bool { return c < 0x21 || c == '\\' || c > 0x7e })
}
