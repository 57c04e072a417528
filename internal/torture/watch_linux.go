package torture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// watch notices at once when files change, so that a fault can come in the
// middle of something.
type watch struct {
	file   *os.File
	suffix string // of the names that matter
}

// What is watched for.
const (
	named   = unix.IN_MOVED_TO
	changed = unix.IN_MODIFY | unix.IN_CREATE
)

// watchFor watches a file, or the files in a directory whose names end in a
// suffix.
func watchFor(path, suffix string, events uint32) (*watch, error) {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("couldn't watch %s: %w", path, err)
	}
	if _, err := unix.InotifyAddWatch(fd, path, events); err != nil {
		return nil, errors.Join(fmt.Errorf("couldn't watch %s: %w", path, err), unix.Close(fd))
	}
	return &watch{file: os.NewFile(uintptr(fd), "inotify"), suffix: suffix}, nil
}

// wait waits until it happens, and tells whether it did in time. The watch is
// over then.
func (w *watch) wait(patience time.Duration) bool {
	defer w.file.Close()
	// Without a deadline it would wait for ever, but it is there.
	_ = w.file.SetReadDeadline(time.Now().Add(patience)) // the real clock, whatever ours says
	events := make([]byte, 64<<10)
	for {
		n, err := w.file.Read(events)
		if err != nil {
			return false
		}
		for at := 0; at+unix.SizeofInotifyEvent <= n; {
			size := int(binary.NativeEndian.Uint32(events[at+12:]))
			name := strings.TrimRight(string(events[at+unix.SizeofInotifyEvent:at+unix.SizeofInotifyEvent+size]), "\x00")
			if strings.HasSuffix(name, w.suffix) {
				return true
			}
			at += unix.SizeofInotifyEvent + size
		}
	}
}
