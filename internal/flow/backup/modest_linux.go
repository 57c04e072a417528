package backup

import (
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// niceness is how far behind the doors a backup stands, as the loader does.
const niceness = 10

// behindTheDoors runs something on a thread of its own with a low priority. The
// thread ends with it.
func behindTheDoors(run func() error) error {
	ended := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		_ = unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), niceness) // if it cannot be, so be it
		ended <- run()
	}()
	return <-ended
}

// forget gives back the pages of a file that nobody will read soon: they would
// take the place of what the doors and reports read.
func forget(file *os.File) {
	_ = unix.Fadvise(int(file.Fd()), 0, 0, unix.FADV_DONTNEED) // advice
}
