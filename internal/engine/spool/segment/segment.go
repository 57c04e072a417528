package segment

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"homing"
	"homing/internal/engine/spool"
)

// segment is a file of the spool, as readers know it. Its pages are read when
// they are first needed: there may be many thousand files.
type segment struct {
	first spool.Position
	name  string

	mu         sync.Mutex
	loaded     bool   // of mu, like what follows
	generation uint64 // 0 = not to be found out
	seal       *seal  // nil = not sealed
}

// sealedAs notes that the segment has been sealed.
func (g *segment) sealedAs(s seal) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.seal = &s
}

// known returns generation and seal, if they have been read.
func (g *segment) known() (generation uint64, s *seal, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.generation, g.seal, g.loaded
}

// learn reads generation and seal from the segment's file, once.
func (g *segment) learn(file io.ReaderAt, found func(spool.Damage)) (generation uint64, s *seal, err error) {
	if generation, s, ok := g.known(); ok {
		return generation, s, nil
	}
	p, err := readPages(file, g)
	if err != nil {
		return 0, nil, err
	}
	p.report(found)
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.loaded {
		g.loaded, g.generation, g.seal = true, p.generation, p.seal
	}
	return g.generation, g.seal, nil
}

// pages is what the four pages at the beginning of a file say.
type pages struct {
	generation uint64 // 0 = not to be found out
	room       int64  // 0 = not to be found out
	seal       *seal
	damage     []spool.Damage
}

// readPages reads the pages of a segment, and whatever else tells its
// generation: with both headers gone the seal does, or the first block, which
// lies where nobody can put a picture of one. The only errors are ErrNewer and
// failures to read.
func readPages(file io.ReaderAt, g *segment) (p pages, err error) {
	buf := make([]byte, blocksAt+headerSize)
	n, err := readFull(file, buf, 0)
	if err != nil {
		return p, fmt.Errorf("couldn't read the header of segment %s: %w", g.name, err)
	}
	clear(buf[n:])
	if err := p.readHeaders(buf, g); err != nil {
		return p, err
	}
	if err := p.readSeals(buf, g); err != nil {
		return p, err
	}
	if p.generation == 0 && p.seal != nil {
		p.generation = p.seal.generation
	}
	if first, ok := parseBlockHeader(buf[blocksAt:]); ok && p.generation == 0 && first.index == 0 {
		p.generation = first.generation
	}
	return p, nil
}

func (p *pages) readHeaders(buf []byte, g *segment) error {
	for _, at := range []int{0, pageSize} {
		h, err := decodeHeader(buf[at : at+pageSize])
		switch {
		case errors.Is(err, homing.ErrNewer):
			return fmt.Errorf("segment %s: %w", g.name, err)
		case err != nil:
			p.fault(g, at, "header page checksum")
		case h.first != g.first:
			p.fault(g, at, "header page of another segment")
		default:
			p.generation, p.room = h.generation, h.room
		}
	}
	return nil
}

// readSeals reads the seal's copies. One that is all zeros is no fault: the
// segment is not sealed, or a crash came between the copies.
func (p *pages) readSeals(buf []byte, g *segment) error {
	for _, at := range []int{sealAt, sealAt + pageSize} {
		page := buf[at : at+pageSize]
		s, err := decodeSeal(page)
		switch {
		case errors.Is(err, homing.ErrNewer):
			return fmt.Errorf("segment %s: %w", g.name, err)
		case err != nil && !isZero(page):
			p.fault(g, at, "seal page checksum")
		case err == nil && s.first != g.first:
			p.fault(g, at, "seal page of another segment")
		case err == nil:
			p.seal = &s
		}
	}
	return nil
}

// fault notes a page that is damaged. No record is lost by it.
func (p *pages) fault(g *segment, at int, cause string) {
	p.damage = append(p.damage, spool.Damage{
		File: g.name, Offset: int64(at), Bytes: pageSize, First: g.first, Next: g.first, Cause: cause,
	})
}

func (p *pages) report(found func(spool.Damage)) {
	for _, d := range p.damage {
		found(d)
	}
}

// readFull reads as much of buf as the file has. A failing read is tried three
// times before it counts.
func readFull(file io.ReaderAt, buf []byte, off int64) (n int, err error) {
	for range 3 {
		n, err = file.ReadAt(buf, off)
		if err == nil || errors.Is(err, io.EOF) {
			return n, nil
		}
	}
	return n, err
}
