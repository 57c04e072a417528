package child

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

const (
	// niceness leaves the doors nine tenths of a core that both want.
	niceness = 10
	// oomScore makes the kernel take this process before the server when
	// memory runs out: it loses nothing that cannot be had again.
	oomScore = "800"
)

// beModest makes this process the one that waits, and the one that goes, when
// the machine is short of something. Failing is no trouble: it only helps.
//
// Linux keeps niceness by thread, and new threads take it from the one that
// makes them, so all that are there are told, twice, as one may be being made.
func beModest() {
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte(oomScore), 0o644)
	for range 2 {
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return
		}
		for _, thread := range threads {
			if id, err := strconv.Atoi(thread.Name()); err == nil {
				_ = unix.Setpriority(unix.PRIO_PROCESS, id, niceness)
			}
		}
	}
}
