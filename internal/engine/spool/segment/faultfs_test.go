package segment

import (
	"bytes"
	"context"
	"encoding/binary"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"homing/internal/engine/spool"
)

// faultFS asks a hook before every operation that changes something.
type faultFS struct {
	vfs.FS
	hook func(op, name string) outcome
}

// outcome is what becomes of an operation. The zero outcome lets it be.
type outcome struct {
	err error
	how manner
}

type manner int

const (
	notDone  manner = iota // failed, and nothing happened
	halfDone               // failed half way, where that is possible
	yetDone                // reported as failed, yet done
)

func (fs *faultFS) try(op, name string, do func() error) error {
	switch o := fs.hook(op, fs.FS.PathBase(name)); {
	case o.err == nil:
		return do()
	case o.how == yetDone:
		_ = do()
		return o.err
	default:
		return o.err
	}
}

func (fs *faultFS) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (f vfs.File, err error) {
	err = fs.try("create", name, func() error {
		f, err = fs.FS.OpenReadWrite(name, c, opts...)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &faultFile{File: f, fs: fs, name: name}, nil
}

func (fs *faultFS) OpenDir(name string) (vfs.File, error) {
	f, err := fs.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return &faultFile{File: f, fs: fs, name: name}, nil
}

func (fs *faultFS) Rename(from, to string) error {
	return fs.try("rename", to, func() error { return fs.FS.Rename(from, to) })
}

func (fs *faultFS) Remove(name string) error {
	return fs.try("remove", name, func() error { return fs.FS.Remove(name) })
}

type faultFile struct {
	vfs.File
	fs   *faultFS
	name string
}

func (f *faultFile) WriteAt(p []byte, off int64) (n int, err error) {
	o := f.fs.hook("write", f.fs.PathBase(f.name))
	switch {
	case o.err == nil:
		return f.File.WriteAt(p, off)
	case o.how == halfDone:
		n, _ = f.File.WriteAt(p[:len(p)/2], off)
	case o.how == yetDone:
		n, _ = f.File.WriteAt(p, off)
	}
	return n, o.err
}

func (f *faultFile) Sync() error     { return f.fs.try("sync", f.name, f.File.Sync) }
func (f *faultFile) SyncData() error { return f.fs.try("sync", f.name, f.File.SyncData) }

// journal is what a test knows to be acknowledged.
type journal struct {
	mu    sync.Mutex
	acked map[spool.Position][]byte
	tries uint64
}

func newJournal() *journal { return &journal{acked: map[spool.Position][]byte{}} }

// append appends one record of its own kind of data, and notes it if that is
// acknowledged.
func (j *journal) append(s *Spool, size int) error {
	j.mu.Lock()
	j.tries++
	n := j.tries
	j.mu.Unlock()
	data := binary.LittleEndian.AppendUint64(nil, n)
	for len(data) < size { // does not compress
		data = binary.LittleEndian.AppendUint64(data, uint64(len(data))*0x9e3779b97f4a7c15^n*0xbf58476d1ce4e5b9)
	}
	p, err := s.Append(spool.KindClick, at, data)
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.acked[p] = data
	return nil
}

// snapshot is what has been acknowledged so far.
func (j *journal) snapshot() map[spool.Position][]byte {
	j.mu.Lock()
	defer j.mu.Unlock()
	m := make(map[spool.Position][]byte, len(j.acked))
	for p, data := range j.acked {
		m[p] = data
	}
	return m
}

// readAll returns everything, and checks that positions ascend.
func readAll(t testing.TB, s *Spool) map[spool.Position][]byte {
	t.Helper()
	m := map[spool.Position][]byte{}
	next := spool.Position(0)
	for r, err := range s.Scan(context.Background(), spool.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		if r.Position < next {
			t.Fatalf("position %s after %s", r.Position, next)
		}
		next = r.Position + 1
		m[r.Position] = bytes.Clone(r.Data)
	}
	if next > s.Durable() {
		t.Fatalf("record %s is beyond the durable mark %s", next-1, s.Durable())
	}
	return m
}

// mustHold checks that what was acknowledged is there, that nothing is missing
// between, and that nothing is called damage.
func mustHold(t testing.TB, s *Spool, acked map[spool.Position][]byte) {
	t.Helper()
	got := readAll(t, s)
	for p, data := range acked {
		if !bytes.Equal(got[p], data) {
			t.Fatalf("record %s was acknowledged with %x, now holds %x", p, data[:8], got[p])
		}
	}
	if len(got) != int(s.Durable()-s.Oldest()) {
		t.Fatalf("%d records from %s to %s", len(got), s.Oldest(), s.Durable())
	}
	if d := s.Damage(); len(d) > 0 {
		t.Fatalf("called damage: %+v", d)
	}
}
