package doctor

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// niceness is how far behind the doors the doctor stands: behind the loader, too,
// which measured what that does for the doors.
const niceness = 19

// behindTheDoors puts the calling goroutine on a thread of its own with the lowest
// priority. The thread ends with the goroutine.
func behindTheDoors() {
	runtime.LockOSThread()
	_ = unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), niceness) // if it cannot be, so be it
}
