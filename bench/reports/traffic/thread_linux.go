package traffic

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// ownThread keeps the goroutine on a thread that nobody else runs on, so that
// what making rows costs can be told from what loading them costs.
func ownThread() (release func()) {
	runtime.LockOSThread()
	return runtime.UnlockOSThread
}

// threadTime is the processor time the thread has used, in nanoseconds.
func threadTime() int64 {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t) != nil {
		return 0
	}
	return t.Nano()
}
