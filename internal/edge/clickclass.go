package edge

import (
	"bytes"
	"sync"

	"github.com/valyala/fasthttp"

	"homing"
	"homing/internal/rule/device"
)

var (
	headerSecPurpose = []byte("Sec-Purpose")
	headerPurpose    = []byte("Purpose")
	headerXMoz       = []byte("X-Moz")

	prefetch = []byte("prefetch")
)

// classOf tells whether a click is billable, from what the request itself
// declares. All classes are redirected alike.
func classOf(h *fasthttp.RequestHeader) homing.ClickClass {
	switch {
	case h.IsHead():
		return homing.HeadClick
	case isPrefetch(h.PeekCanonical(headerSecPurpose)),
		isPrefetch(h.PeekCanonical(headerPurpose)),
		isPrefetch(h.PeekCanonical(headerXMoz)):
		return homing.PrefetchClick
	}
	return device.Class(h.UserAgent())
}

// isPrefetch reads "prefetch" and "prefetch;prerender".
func isPrefetch(value []byte) bool {
	return len(value) >= len(prefetch) && bytes.EqualFold(value[:len(prefetch)], prefetch)
}

// devices remembers what User-Agents mean, for the templates that ask: reading
// one takes longer than all else at the door, and most visitors share a few.
type devices struct {
	mu    sync.RWMutex
	known map[string]device.Info // guarded by mu
}

// maxDevices bounds the memory, to some 4 MB.
const maxDevices = 8192

func (d *devices) of(userAgent []byte) device.Info {
	d.mu.RLock()
	info, ok := d.known[string(userAgent)]
	d.mu.RUnlock()
	if ok {
		return info
	}
	text := string(userAgent)
	info = device.Parse(text)
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.known) >= maxDevices || d.known == nil {
		d.known = make(map[string]device.Info) // rare; the common ones are back in a second
	}
	d.known[text] = info
	return info
}
