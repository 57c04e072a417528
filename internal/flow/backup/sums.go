package backup

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"hash/crc32"
	"strconv"
	"time"

	"homing"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sums adds up what passes: the whole, and each chunk.
type sums struct {
	whole hash.Hash
	parts chunks
	part  uint32
	fill  int // bytes of the chunk that is under way
	size  int64
}

func newSums() *sums { return &sums{whole: sha256.New()} }

// Write takes bytes in. It cannot fail.
func (s *sums) Write(p []byte) (int, error) {
	s.whole.Write(p)
	s.size += int64(len(p))
	for rest := p; len(rest) > 0; {
		n := min(len(rest), chunkSize-s.fill)
		s.part = crc32.Update(s.part, castagnoli, rest[:n])
		if s.fill += n; s.fill == chunkSize {
			s.closePart()
		}
		rest = rest[n:]
	}
	return len(p), nil
}

func (s *sums) closePart() {
	s.parts = append(s.parts, s.part)
	s.part, s.fill = 0, 0
}

// file tells what has passed as a file of a manifest. It ends the sums.
func (s *sums) file(name string) File {
	if s.fill > 0 {
		s.closePart()
	}
	return File{Name: name, Size: s.size, SHA256: hex.EncodeToString(s.whole.Sum(nil)), Chunks: s.parts}
}

// differs tells where what has passed is not what the manifest says; nothing if it
// is.
func (want *File) differs(got File) (p Place, differs bool) {
	p.File = want.Name
	if got.SHA256 == want.SHA256 && got.Size == want.Size {
		return p, false
	}
	for i, sum := range want.Chunks {
		if i < len(got.Chunks) && got.Chunks[i] == sum {
			continue
		}
		p.Offset = int64(i) * chunkSize
		switch {
		case got.Size < min(p.Offset+chunkSize, want.Size):
			p.Offset, p.What = got.Size, "it is cut short"
		case i == len(want.Chunks)-1 && got.Size > want.Size:
			p.Offset, p.What = want.Size, "it is longer than it was"
		default:
			p.What = "the bytes up to " + strconv.FormatInt(min(p.Offset+chunkSize, want.Size), 10) + " are not what was backed up"
		}
		return p, true
	}
	if got.Size > want.Size {
		p.Offset, p.What = want.Size, "it is longer than it was"
		return p, true
	}
	p.Offset, p.What = -1, "it does not match its checksum"
	return p, true
}

func parseTime(text string) homing.Millis {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return 0
	}
	return homing.MillisOf(at)
}
