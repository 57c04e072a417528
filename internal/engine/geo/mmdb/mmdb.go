// Package mmdb finds places in MaxMind DB files, which the operator supplies:
// MaxMind's own, and those of others in the same format.
//
//	address ──► file 1 ──► record's offset ──► Place ─┐
//	        ──► file 2 ──► record's offset ──► Place ─┴► first answer per field
//
// A record is decoded once; after that finding it is a walk down the file's
// tree and a look into a map, without allocating. Files are read into memory: a
// file that is cut short in place under a memory map would end the process.
//
// A file that cannot be read, at the start or when it is replaced, never stops
// anything: what stood before goes on answering, and Status tells.
package mmdb

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"os"
	"sync/atomic"
	"time"

	"homing"
	"homing/internal/engine/geo"
)

// Finder finds places in files. All methods are safe for concurrent use.
type Finder struct {
	files []*file
	log   *slog.Logger
}

var _ geo.Finder = (*Finder)(nil)

// file is one of the operator's files.
type file struct {
	path string
	// now is what answers; nil if the file never could be read.
	now atomic.Pointer[database]
	// problem says what is wrong with what lies at path now; nil if nothing is.
	problem atomic.Pointer[string]
	// seen is what lay at path when it was last read, whatever came of it. Of
	// the goroutine that opens, then of the one that watches.
	seen os.FileInfo
}

// Open reads the files, the most trusted first: of each field the first file
// that knows it answers. The Finder is good whatever the error, which tells
// what is wrong with which file; one that is broken answers nothing until Watch
// finds it mended.
func Open(paths []string, log *slog.Logger) (*Finder, error) {
	f := &Finder{log: log}
	var errs []error
	for _, path := range paths {
		file := &file{path: path}
		f.files = append(f.files, file)
		if _, err := file.refresh(); err != nil {
			errs = append(errs, err)
		}
	}
	return f, errors.Join(errs...)
}

// Find tells the place of an address.
func (f *Finder) Find(addr netip.Addr) (place geo.Place) {
	addr = addr.Unmap().WithZone("")
	if !addr.IsValid() {
		return place
	}
	for i, file := range f.files {
		db := file.now.Load()
		if db == nil {
			continue
		}
		found := db.find(addr)
		if i == 0 {
			place = *found
			continue
		}
		fill(&place.Country, found.Country)
		fill(&place.Region, found.Region)
		fill(&place.City, found.City)
		fill(&place.Carrier, found.Carrier)
		fill(&place.ISP, found.ISP)
	}
	return place
}

func fill(field *string, with string) {
	if *field == "" {
		*field = with
	}
}

// Watch looks at the files again and again until ctx is done. One that was
// replaced, by whatever means, is taken over as soon as it has been read;
// requests see the old one until then.
func (f *Finder) Watch(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, file := range f.files {
			if taken, err := file.refresh(); err != nil {
				f.log.Error("a geo file is not taken over; what stood before goes on answering", "file", file.path, "error", err)
			} else if taken {
				f.log.Info("a geo file was taken over", "file", file.path, "built", file.now.Load().built)
			}
		}
	}
}

// refresh reads the file if it is not the one that was read last. The error is
// told once for each file that is put there.
func (f *file) refresh() (taken bool, err error) {
	info, err := os.Stat(f.path)
	if err != nil {
		if f.seen == nil && f.problem.Load() != nil {
			return false, nil // told before
		}
		f.seen = nil
		return false, f.refuse(err)
	}
	if same(f.seen, info) {
		return false, nil
	}
	f.seen = info
	db, err := read(f.path)
	if err != nil {
		return false, f.refuse(err)
	}
	f.now.Store(db)
	f.problem.Store(nil)
	return true, nil
}

func (f *file) refuse(err error) error {
	text := err.Error()
	f.problem.Store(&text)
	return err
}

// same tells whether nothing was done to a file between two looks.
func same(before, now os.FileInfo) bool {
	return before != nil && os.SameFile(before, now) && before.Size() == now.Size() && before.ModTime().Equal(now.ModTime())
}

// Status tells of one file.
type Status struct {
	Path  string        `json:"path"`
	Type  string        `json:"type,omitempty"`  // as the file calls itself: "GeoLite2-City"
	Built homing.Millis `json:"built,omitempty"` // 0 = nothing could be read yet
	Bytes int64         `json:"bytes,omitempty"` // in memory
	// Problem says what is wrong with what lies there now; if Built is given, an
	// earlier one answers meanwhile.
	Problem string `json:"problem,omitempty"`
}

// Status tells of each file, in order.
func (f *Finder) Status() []Status {
	list := make([]Status, len(f.files))
	for i, file := range f.files {
		list[i].Path = file.path
		if db := file.now.Load(); db != nil {
			list[i].Type, list[i].Built, list[i].Bytes = db.kind, db.built, db.bytes
		}
		if p := file.problem.Load(); p != nil {
			list[i].Problem = *p
		}
	}
	return list
}

// FindEach tells what each file says by itself, in order.
func (f *Finder) FindEach(addr netip.Addr) []geo.Place {
	places := make([]geo.Place, len(f.files))
	addr = addr.Unmap().WithZone("")
	for i, file := range f.files {
		if db := file.now.Load(); db != nil && addr.IsValid() {
			places[i] = *db.find(addr)
		}
	}
	return places
}
