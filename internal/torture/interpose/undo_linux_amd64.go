package interpose

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

type inode struct{ device, number uint64 }

// undo is what lay in a file before it was written to since it was last synced.
type undo struct {
	file  *os.File
	under []piece // in the order of the writes
}

type piece struct {
	at   int64
	text []byte
}

// fileOf opens the file that a thread's call is about, by what the thread has
// open, so that nothing renamed or removed is missed.
func fileOf(n *notification) (file *os.File, id inode, err error) {
	file, err = os.OpenFile(fmt.Sprintf("/proc/%d/fd/%d", n.PID, int32(n.Arguments[0])), os.O_RDWR, 0)
	if err != nil {
		return nil, id, err
	}
	var s unix.Stat_t
	if err := unix.Fstat(int(file.Fd()), &s); err != nil {
		return nil, id, errors.Join(err, file.Close())
	}
	return file, inode{s.Dev, s.Ino}, nil
}

// note remembers what lies where a thread is about to write. mu is held.
func (w *Watch) note(n *notification, length int64) {
	file, id, err := fileOf(n)
	if err != nil {
		return // a directory, or something that has gone
	}
	u := w.under[id]
	if u == nil {
		u = &undo{file: file}
		w.under[id] = u
	} else {
		_ = file.Close() // there is one already
	}
	at, err := placeOf(n, u.file)
	if err != nil {
		return
	}
	text := make([]byte, length)
	got, err := u.file.ReadAt(text, at)
	if err != nil && err != io.EOF {
		return
	}
	clear(text[got:]) // behind the end zeros stay
	u.under = append(u.under, piece{at, text})
}

// placeOf is where a thread's write goes.
func placeOf(n *notification, file *os.File) (int64, error) {
	if n.Number == unix.SYS_PWRITE64 {
		return int64(n.Arguments[3]), nil
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/fdinfo/%d", n.PID, int32(n.Arguments[0])))
	if err != nil {
		return 0, err
	}
	var at int64
	var flags uint64
	for line := range strings.Lines(string(text)) {
		_, _ = fmt.Sscanf(line, "pos: %d", &at) // other lines tell other things
		_, _ = fmt.Sscanf(line, "flags: %o", &flags)
	}
	if flags&unix.O_APPEND != 0 {
		info, err := file.Stat()
		if err != nil {
			return 0, err
		}
		at = info.Size()
	}
	return at, nil
}

// confirm forgets what lay under a file that is about to be synced: what is
// written from now on is not sure to be part of it. mu is held.
func (w *Watch) confirm(n *notification) {
	file, id, err := fileOf(n)
	if err != nil {
		return
	}
	_ = file.Close() // only its number was wanted
	if u := w.under[id]; u != nil {
		_ = u.file.Close() // nothing was written through it
		delete(w.under, id)
	}
}

// failSync does what a sync that fails does besides. mu is held.
func (w *Watch) failSync(n *notification, o Outcome) {
	if o.Done {
		w.confirm(n)
		if file, _, err := fileOf(n); err == nil {
			_ = errors.Join(file.Sync(), file.Close()) // it is told as failed in any case
		}
	}
	if !o.Forget {
		return
	}
	file, id, err := fileOf(n)
	if err != nil {
		return
	}
	_ = file.Close() // only its number was wanted
	u := w.under[id]
	if u == nil {
		return
	}
	for i := len(u.under) - 1; i >= 0; i-- {
		_, _ = u.file.WriteAt(u.under[i].text, u.under[i].at) // what cannot be put back stays written, as it may
	}
	_ = u.file.Close() // the kernel has it now
	delete(w.under, id)
}

// half does half of a thread's write for it. mu is held.
func (w *Watch) half(n *notification, op *Operation) (done int64, err error) {
	if op.Length < 2 {
		return 0, errors.New("too short")
	}
	memory, err := os.Open(fmt.Sprintf("/proc/%d/mem", n.PID))
	if err != nil {
		return 0, err
	}
	defer memory.Close()
	text := make([]byte, op.Length/2)
	if _, err := memory.ReadAt(text, int64(n.Arguments[1])); err != nil {
		return 0, err
	}
	w.note(n, int64(len(text)))
	file, _, err := fileOf(n)
	if err != nil {
		return 0, err
	}
	_, err = file.WriteAt(text, int64(n.Arguments[3]))
	return int64(len(text)), errors.Join(err, file.Close())
}
