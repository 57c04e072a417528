package control

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"homing"
	"homing/internal/engine/warehouse"
)

// Warehouse is asked for what the spool no longer has, and how it is doing; see
// warehouse.Warehouse.
type Warehouse interface {
	warehouse.Source
	Seals(ctx context.Context) ([]warehouse.Seal, error)
	Status() warehouse.Status
}

// Loader feeds the warehouse.
type Loader interface {
	// CatchUp waits until all that is durable now is loaded.
	CatchUp(ctx context.Context) error
	// Rebuild makes the warehouse again from what it was made from.
	Rebuild(ctx context.Context, progress func(what string, done, total int64)) error
	// Notices say in words what stands in its way.
	Notices() []string
}

// noWarehouse says that there is none, and why.
func (d desk) noWarehouse() error {
	text := "this homing has no warehouse, so there are no reports"
	if d.NoReports != nil {
		text += ": " + d.NoReports.Error()
	}
	return &said{text, homing.ErrUnavailable}
}

// warehouseStatus tells how the warehouse is doing, without asking its process.
func (d desk) warehouseStatus() *WarehouseStatus {
	if d.Warehouse == nil {
		return nil
	}
	s := d.Warehouse.Status()
	told := &WarehouseStatus{
		Up: s.Up, Trouble: s.Trouble, Since: when(s.Since), Incidents: []Incident{},
		Version: s.Version, Bytes: s.Bytes, Memory: s.Memory,
	}
	for _, i := range s.Incidents {
		told.Incidents = append(told.Incidents, Incident{when(i.From), when(i.Until), i.What})
	}
	if d.Lag != nil {
		told.Lag = d.Lag()
	}
	if d.Loader != nil {
		told.Notices = d.Loader.Notices()
	}
	return told
}

func (d desk) showWarehouse(r *http.Request) (any, error) {
	if d.Offline && d.Warehouse != nil && d.Warehouse.Status().Trouble == "" { // it was opened just now
		if _, err := d.catchUp(r.Context()); err != nil {
			return nil, err
		}
	}
	told := d.warehouseStatus()
	if told == nil {
		return nil, d.noWarehouse()
	}
	seals, err := d.Warehouse.Seals(r.Context())
	switch {
	case errors.Is(err, homing.ErrUnavailable), errors.Is(err, homing.ErrDamaged):
		return told, nil // what else is known says why
	case err != nil:
		return nil, err
	}
	told.Sealed = &Sealed{Days: len(seals)}
	for i, s := range seals {
		if i == 0 {
			told.Sealed.First = s.Day.String()
		}
		told.Sealed.Last = s.Day.String()
		told.Sealed.Rows += s.Rows
		told.Sealed.Bytes += s.Bytes
	}
	return told, nil
}

// rebuild makes the warehouse again, and tells how far it is, at most a few
// times a second. What could not be brought back is told last.
func (d desk) rebuild(r *http.Request, out *lines) error {
	if d.Loader == nil {
		return d.noWarehouse()
	}
	before := d.Loader.Notices()
	p := rebuildProgress{out: out, clock: d.Clock}
	err := d.Loader.Rebuild(r.Context(), p.tell)
	told := Rebuilding{What: "rebuilt", Over: err == nil, Notices: newNotices(before, d.Loader.Notices())}
	if text := d.Warehouse.Status().Trouble; err == nil && text != "" { // it works, so that is what it lacks
		told.Notices = append(told.Notices, text)
	}
	if err != nil && len(told.Notices) == 0 {
		return err
	}
	if written := out.write(told); err == nil {
		err = written
	}
	return err
}

// newNotices are those that were not there before. That reports are, or were,
// behind is what making the warehouse again means, and none of them.
func newNotices(before, after []string) []string {
	const behind = "reports "
	return slices.DeleteFunc(after, func(n string) bool {
		return strings.HasPrefix(n, behind) || slices.Contains(before, n)
	})
}

// rebuildProgress passes progress on. It is safe for concurrent use.
type rebuildProgress struct {
	out   *lines
	clock homing.Clock
	mu    sync.Mutex
	told  time.Time // guarded by mu
	what  string    // guarded by mu
}

func (p *rebuildProgress) tell(what string, done, total int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock()
	if what == p.what && now.Sub(p.told) < 4*flushEvery {
		return
	}
	p.what, p.told = what, now
	_ = p.out.write(Rebuilding{What: what, Done: done, Total: total}) // who went away ends the context
}

// places tells what each file of places says of an address.
func (d desk) places(r *http.Request) (any, error) {
	addr, err := ParseAddr(r.PathValue("addr"))
	if err != nil {
		return nil, err
	}
	told := Places{Addr: addr.String(), Files: []Place{}, Offline: d.Offline}
	if d.Desk.Places != nil {
		told.Files = append(told.Files, d.Desk.Places(addr)...)
	}
	return told, nil
}

// ParseAddr reads an IP address as people write it.
func ParseAddr(text string) (netip.Addr, error) {
	text = strings.TrimSpace(text)
	addr, err := netip.ParseAddr(text)
	switch {
	case text == "":
		return addr, &said{"the address is missing: want one such as 203.0.113.7 or 2001:db8::1", homing.ErrInvalid}
	case err != nil:
		return addr, &said{fmt.Sprintf("invalid address %q: want one such as 203.0.113.7 or 2001:db8::1", text), homing.ErrInvalid}
	}
	return addr.Unmap(), nil
}
