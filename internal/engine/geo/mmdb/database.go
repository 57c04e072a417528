package mmdb

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"sync"

	"github.com/oschwald/maxminddb-golang/v2"

	"homing"
	"homing/internal/engine/geo"
)

// maxFile bounds what is read into memory. The largest files sold have some
// hundred megabytes.
const maxFile = 2 << 30

// maxPlaces bounds the decoded records that are remembered, to some 20 MB.
const maxPlaces = 1 << 16

// database is one file as it was read. Only places changes.
type database struct {
	reader *maxminddb.Reader
	kind   string
	built  homing.Millis
	bytes  int64

	mu     sync.RWMutex
	places map[uintptr]*geo.Place // guarded by mu; by offset of the record
}

// nowhere answers for addresses that are in no record.
var nowhere geo.Place

// read reads and tries out a file.
func read(path string) (*database, error) {
	data, err := readAll(path)
	if err != nil {
		return nil, err
	}
	reader, err := maxminddb.OpenBytes(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: it is no MaxMind DB file, or not whole: %w", path, homing.ErrDamaged, err)
	}
	db := &database{
		reader: reader, kind: sound(reader.Metadata.DatabaseType), bytes: int64(len(data)),
		built: homing.Millis(min(reader.Metadata.BuildEpoch, 1<<40)) * 1000, places: map[uintptr]*geo.Place{},
	}
	if err := db.tryOut(); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, homing.ErrDamaged, err)
	}
	return db, nil
}

func readAll(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: %w: it is no regular file", path, homing.ErrInvalid)
	case info.Size() > maxFile:
		return nil, fmt.Errorf("%s: %w: it has %d bytes, at most %d are read", path, homing.ErrInvalid, info.Size(), int64(maxFile))
	}
	data := make([]byte, info.Size())
	if _, err := io.ReadFull(f, data); err != nil {
		return nil, fmt.Errorf("%s: couldn't read it whole: %w", path, err)
	}
	return data, nil
}

// tryOut looks a few thousand addresses up. A file whose tree or records are
// torn is refused here; single bad records only answer nothing later.
func (db *database) tryOut() (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("its records make no sense: %v", p)
		}
	}()
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 4096 {
		v := random.Uint32()
		addr := netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)})
		if i%4 == 3 && db.reader.Metadata.IPVersion == 6 {
			addr = netip.AddrFrom16([16]byte{0x20 | byte(v>>28), byte(v >> 20), byte(v >> 12), byte(v >> 4), byte(v), byte(v >> 24), 15: 1})
		}
		found := db.reader.Lookup(addr)
		if err := found.Err(); err != nil {
			return fmt.Errorf("its search tree is torn: %w", err)
		}
		var record any
		if err := found.Decode(&record); err != nil {
			return fmt.Errorf("the record of %s is torn: %w", addr, err)
		}
	}
	return nil
}

// find returns the place of an address; it is not to be changed.
func (db *database) find(addr netip.Addr) (place *geo.Place) {
	// The reader promises errors, not panics, over damaged data. A door that
	// falls over a geo file would be worse than a missing city.
	defer func() {
		if recover() != nil {
			place = &nowhere
		}
	}()
	if addr.Is6() && db.reader.Metadata.IPVersion == 4 {
		return &nowhere
	}
	result := db.reader.Lookup(addr)
	if result.Err() != nil || !result.Found() {
		return &nowhere
	}
	offset := result.Offset()
	db.mu.RLock()
	place = db.places[offset]
	db.mu.RUnlock()
	if place == nil {
		place = decode(&result)
		db.remember(offset, place)
	}
	return place
}

func (db *database) remember(offset uintptr, place *geo.Place) {
	db.mu.Lock()
	defer db.mu.Unlock()
	if len(db.places) >= maxPlaces {
		for old := range db.places { // any one: maps begin anywhere
			delete(db.places, old)
			break
		}
	}
	db.places[offset] = place
}
