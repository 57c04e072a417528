package catalog

import (
	"hash/maphash"

	"homing"
)

// keySet finds keys inside longer text, and holds no key: of each it knows the
// SHA-256, the length, and a 64-bit hash of its first homing.MinKeyLen
// characters under a seed that ends with the process. It is immutable.
//
//	run ──► hash at each position ──► a start? ──► SHA-256 of the key's length ──► key
type keySet struct {
	seed  maphash.Seed
	slots []keyStart // open addressing: a power of two, at most half full
	known map[homing.KeyHash]keyStart
	// closed keys have no start, because their sealed copy could not be opened.
	// They are found where they are the whole run.
	closed map[homing.KeyHash]bool
}

// keyStart is what is known of a key's text.
type keyStart struct {
	hash uint64
	size uint8 // of the key, in characters; 0 = no key
}

// newKeySet takes over what the set before knew; only new keys are opened.
func newKeySet(keys []*homing.Key, before *keySet, open func(*homing.Key) (homing.Secret, error)) *keySet {
	s := &keySet{known: make(map[homing.KeyHash]keyStart, len(keys)), closed: map[homing.KeyHash]bool{}}
	if before != nil {
		s.seed = before.seed
	} else {
		s.seed = maphash.MakeSeed()
	}
	size := 1
	for size < 2*len(keys) {
		size *= 2
	}
	s.slots = make([]keyStart, size)
	for _, k := range keys {
		start, ok := s.startOf(k, before, open)
		if !ok {
			s.closed[k.Hash] = true
			continue
		}
		if _, twice := s.known[k.Hash]; twice {
			continue
		}
		s.known[k.Hash] = start
		s.insert(start)
	}
	return s
}

// startOf opens a key, unless that was done before. The text is forgotten.
func (s *keySet) startOf(k *homing.Key, before *keySet, open func(*homing.Key) (homing.Secret, error)) (start keyStart, ok bool) {
	if before != nil {
		if start, ok = before.known[k.Hash]; ok {
			return start, true
		}
	}
	secret, err := open(k)
	if err != nil || secret.Hash() != k.Hash {
		return start, false // whoever wants to see the key is told why
	}
	text := secret.Reveal()
	if len(text) < homing.MinKeyLen || len(text) > homing.MaxKeyLen {
		return start, false
	}
	return keyStart{maphash.String(s.seed, text[:homing.MinKeyLen]), uint8(len(text))}, true
}

func (s *keySet) insert(start keyStart) {
	for i := start.hash; ; i++ {
		if slot := &s.slots[i&uint64(len(s.slots)-1)]; slot.size == 0 {
			*slot = start
			return
		}
	}
}

// find finds the first key in a run of letters and digits; of several that begin
// there, the longest. The beginning of a key counts too if the run ends with it:
// texts are cut before they are masked. It allocates nothing.
func (s *keySet) find(run []byte) (start, end int, ok bool) {
	if len(s.closed) > 0 && len(run) >= homing.MinKeyLen && len(run) <= homing.MaxKeyLen && s.closed[homing.HashKey(run)] {
		return 0, len(run), true
	}
	if len(s.known) == 0 {
		return 0, 0, false
	}
	for i := 0; i+homing.MinKeyLen <= len(run); i++ {
		if size := s.sizeAt(run[i:]); size > 0 {
			return i, i + size, true
		}
	}
	return 0, 0, false
}

// sizeAt is the length of the key that text begins with, or of the beginning of a
// key that text is; 0 if it is neither.
func (s *keySet) sizeAt(text []byte) (size int) {
	hash := maphash.Bytes(s.seed, text[:homing.MinKeyLen])
	cut := false
	for i := hash; ; i++ {
		slot := s.slots[i&uint64(len(s.slots)-1)]
		n := int(slot.size)
		switch {
		case n == 0 && size == 0 && cut:
			return len(text)
		case n == 0:
			return size
		case slot.hash != hash || n <= size:
		case n > len(text):
			cut = true
		default:
			if _, ok := s.known[homing.HashKey(text[:n])]; ok {
				size = n
			}
		}
	}
}
