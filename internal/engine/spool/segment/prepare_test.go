package segment

import (
	"errors"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"homing"
)

// roomFS lets a hook answer whoever asks for room.
type roomFS struct {
	*vfs.MemFS
	room func(off, n int64) error
}

type roomFile struct {
	vfs.File
	fs *roomFS
}

func (fs *roomFS) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	f, err := fs.MemFS.OpenReadWrite(name, c, opts...)
	if err != nil {
		return nil, err
	}
	return roomFile{f, fs}, nil
}

func (f roomFile) Preallocate(off, n int64) error { return f.fs.room(off, n) }

// prepares tells whether a spool has the next file ready soon, or why not.
func prepares(s *Spool) error {
	p := <-s.ready
	if p.err == nil {
		s.discard(p)
	}
	return p.err
}

// TestPreparingStopsWithTheSpool closes a spool that prepares a file which
// would take hours, first while it asks for the room, then while it writes because nobody can be asked.
func TestPreparingStopsWithTheSpool(t *testing.T) {
	for _, writing := range []bool{false, true} {
		asked := make(chan struct{}, 1)
		ask := func() {
			select {
			case asked <- struct{}{}:
			default:
			}
		}
		fs := &roomFS{MemFS: vfs.NewMem(), room: func(_, n int64) error {
			if n < takeAtOnce {
				return nil // the first file, which is small
			}
			if writing {
				return syscall.EOPNOTSUPP
			}
			ask()
			time.Sleep(time.Millisecond)
			return nil
		}}
		opts := options(&faultFS{FS: fs, hook: func(op, name string) outcome {
			if writing && op == "write" && name == "prepared-2"+tmpSuffix {
				ask()
				time.Sleep(10 * time.Millisecond) // and memory is not to run out
			}
			return outcome{}
		}})
		opts.SegmentSize = 1 << 46
		s := mustOpen(t, opts)
		<-asked
		ended := make(chan error, 1)
		go func() { ended <- s.Close() }()
		select {
		case err := <-ended:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("writing %v: Close waits for a file nobody needs", writing)
		}
		for _, name := range names(t, fs) {
			if strings.HasSuffix(name, tmpSuffix) {
				t.Errorf("writing %v: %s was left behind", writing, name)
			}
		}
	}
}

func names(t *testing.T, fs vfs.FS) []string {
	t.Helper()
	list, err := fs.List("spool")
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestRoomThatIsNotGranted is no room, except where nobody can ask for it.
func TestRoomThatIsNotGranted(t *testing.T) {
	for answer, want := range map[syscall.Errno]error{
		syscall.ENOSPC: syscall.ENOSPC, syscall.EFBIG: syscall.EFBIG, syscall.EIO: syscall.EIO, syscall.EDQUOT: syscall.EDQUOT,
		syscall.EOPNOTSUPP: nil, syscall.ENOSYS: nil,
	} {
		var refused atomic.Bool
		fs := &roomFS{MemFS: vfs.NewMem(), room: func(_, _ int64) error {
			if refused.Load() {
				return answer
			}
			return nil
		}}
		s := mustOpen(t, options(fs))
		refused.Store(true)
		for range 2 {
			_ = prepares(s) // was begun before, perhaps
		}
		if err := prepares(s); !errors.Is(err, want) {
			t.Errorf("%v: prepared with %v, want %v", answer, err, want)
		}
		mustClose(t, s)
		for _, name := range names(t, fs) {
			if strings.HasSuffix(name, tmpSuffix) {
				t.Errorf("%v: %s was left behind", answer, name)
			}
		}
	}
}

// TestAskedAgainAfterASignal goes on where fallocate was interrupted.
func TestAskedAgainAfterASignal(t *testing.T) {
	var asked atomic.Int64
	fs := &roomFS{MemFS: vfs.NewMem(), room: func(_, _ int64) error {
		if asked.Add(1)%3 != 0 {
			return syscall.EINTR
		}
		return nil
	}}
	s := mustOpen(t, options(fs))
	if err := prepares(s); err != nil {
		t.Error(err)
	}
	mustClose(t, s)
}

// TestTheLastRoomOfADiskIsLeft prepares nothing that would take it, and goes on
// when there is more.
func TestTheLastRoomOfADiskIsLeft(t *testing.T) {
	const size = 64 << 10
	disk := vfs.NewMem()
	free := func(bytes uint64) {
		disk.TestingSetDiskUsage(vfs.DiskUsage{TotalBytes: 100 << 30, AvailBytes: bytes})
	}
	free(leaveRoom + size)
	s := mustOpen(t, options(disk))
	if err := prepares(s); err != nil {
		t.Errorf("with just enough room: %v", err)
	}
	mustClose(t, s)

	free(leaveRoom + size - 1)
	s = mustOpen(t, options(disk))
	if err := prepares(s); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("with a byte less: %v", err)
	}
	j := newJournal()
	if err := j.append(s, 100); !errors.Is(err, homing.ErrUnavailable) || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("append: %v", err)
	}
	free(1 << 40)
	for deadline := time.Now().Add(5 * time.Second); j.append(s, 100) != nil; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the spool does not go on when there is room")
		}
	}
	mustHold(t, s, j.acked)
	mustClose(t, s)

	// Of a small disk less is left.
	disk.TestingSetDiskUsage(vfs.DiskUsage{TotalBytes: 20 << 20, AvailBytes: 1<<20 + size})
	s = mustOpen(t, options(disk))
	if err := prepares(s); err != nil {
		t.Errorf("a small disk: %v", err)
	}
	mustClose(t, s)
}

// TestMoreThanTheDiskHas asks the real file system.
func TestMoreThanTheDiskHas(t *testing.T) {
	opts := options(nil)
	opts.Dir, opts.SegmentSize = t.TempDir(), 1<<50
	s := mustOpen(t, opts)
	if err := prepares(s); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("a file of a pebibyte: %v", err)
	}
	begun := time.Now()
	mustClose(t, s)
	if took := time.Since(begun); took > 2*time.Second {
		t.Errorf("Close took %s", took)
	}
}
