package loader

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"net/netip"

	"homing"
	"homing/internal/engine/warehouse"
)

// Visitors of a campaign are told apart by a keyed hash of their whole address
// and User-Agent. The key, a day's salt, is random, made when the first click
// of the day is loaded, kept with the mark of the batch that made it, and gone
// two days later: from then on nobody, we included, can tell from the hash who
// it was.
//
//	salt 16 | campaign 4 | address 16 | print of the User-Agent 16
//
// These are 52 bytes, which with SHA-256's padding is one block; half a hash
// is given away, so that nothing can be hung on to it.

// salt is the key of one day.
type salt [16]byte

// salts are the keys of the days at hand. They are of the reader.
type salts struct {
	byDay map[warehouse.Day]salt
	day   warehouse.Day // whose salt is now
	now   salt
	known bool
}

// maxSalts bounds the days at hand, whatever the clocks of the nodes do.
const maxSalts = 8

// of returns the salt of a day, and makes it if there is none.
func (s *salts) of(day warehouse.Day) *salt {
	if s.known && s.day == day {
		return &s.now
	}
	if s.byDay == nil {
		s.byDay = map[warehouse.Day]salt{}
	}
	found, ok := s.byDay[day]
	if !ok {
		s.makeRoom()
		rand.Read(found[:]) // never fails, see crypto/rand
		s.byDay[day] = found
	}
	s.day, s.now, s.known = day, found, true
	return &s.now
}

// saltOf returns the salt of a day, of all nodes if they share it.
func (e *enricher) saltOf(day warehouse.Day) (*salt, error) {
	if _, known := e.salts.byDay[day]; e.shared == nil || known {
		return e.salts.of(day), nil
	}
	agreed, err := e.shared(day)
	if err != nil {
		return nil, err
	}
	e.salts.put(day, agreed)
	return e.salts.of(day), nil
}

// put takes a salt over.
func (s *salts) put(day warehouse.Day, key salt) {
	if s.byDay == nil {
		s.byDay = map[warehouse.Day]salt{}
	}
	s.makeRoom()
	s.byDay[day] = key
}

// makeRoom forgets the oldest days beyond maxSalts.
func (s *salts) makeRoom() {
	for len(s.byDay) >= maxSalts {
		oldest := warehouse.Day(1<<31 - 1)
		for day := range s.byDay {
			oldest = min(oldest, day)
		}
		delete(s.byDay, oldest)
	}
}

// drop forgets the salts of days before one.
func (s *salts) drop(before warehouse.Day) {
	for day := range s.byDay {
		if day < before {
			delete(s.byDay, day)
		}
	}
	s.known = false
}

// visitor is the hash of a visitor; 0 if there is no address.
func (s *salt) visitor(campaign homing.CampaignID, addr netip.Addr, a *agent) uint64 {
	if !addr.IsValid() {
		return 0
	}
	var block [52]byte
	copy(block[:16], s[:])
	binary.BigEndian.PutUint32(block[16:], uint32(campaign))
	whole := addr.As16()
	copy(block[20:], whole[:])
	copy(block[36:], a.print[:])
	sum := sha256.Sum256(block[:])
	return max(binary.BigEndian.Uint64(sum[:]), 1)
}
