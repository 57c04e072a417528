package interpose

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// look tells what a thread is about to do. ok is false if it is nothing to what
// is below the directory. The thread waits meanwhile.
func (w *Watch) look(n *notification) (op Operation, ok bool) {
	op.Call = calls[uint32(n.Number)]
	a := n.Arguments
	var path string
	switch n.Number {
	case unix.SYS_RENAME, unix.SYS_LINK:
		path = w.named(n, unix.AT_FDCWD, a[1])
	case unix.SYS_RENAMEAT, unix.SYS_RENAMEAT2, unix.SYS_LINKAT:
		path = w.named(n, int32(a[2]), a[3])
	case unix.SYS_UNLINK, unix.SYS_MKDIR:
		path = w.named(n, unix.AT_FDCWD, a[0])
	case unix.SYS_UNLINKAT, unix.SYS_MKDIRAT, unix.SYS_OPENAT:
		path = w.named(n, int32(a[0]), a[1])
	case unix.SYS_MMAP:
		path, op.Length = opened(n.PID, a[4]), int64(a[1])
	default:
		path, op.Length = opened(n.PID, a[0]), int64(a[2])
	}
	if path == w.dir {
		op.Path = "."
		return op, true
	}
	op.Path, ok = strings.CutPrefix(strings.TrimSuffix(path, " (deleted)"), w.dir+"/")
	return op, ok
}

// opened is the path of an open file of a thread; "" if there is none.
func opened(pid uint32, fd uint64) string {
	path, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", pid, int32(fd)))
	if err != nil {
		return ""
	}
	return path
}

// named reads a path from a thread's memory.
func (w *Watch) named(n *notification, dir int32, at uint64) string {
	memory, err := os.Open(fmt.Sprintf("/proc/%d/mem", n.PID))
	if err != nil {
		return ""
	}
	defer memory.Close()
	text := make([]byte, unix.PathMax)
	got, _ := memory.ReadAt(text, int64(at)) // what can be read of it
	text, _, found := bytes.Cut(text[:got], []byte{0})
	if !found {
		return ""
	}
	path := string(text)
	if !filepath.IsAbs(path) {
		base := fmt.Sprintf("/proc/%d/cwd", n.PID)
		if dir != unix.AT_FDCWD {
			base = fmt.Sprintf("/proc/%d/fd/%d", n.PID, dir)
		}
		if base, err = os.Readlink(base); err != nil {
			return ""
		}
		path = filepath.Join(base, path)
	}
	return filepath.Clean(path)
}
