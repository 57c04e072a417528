package torture

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// residentOf is how many bytes of memory a process has; 0 where there is no
// /proc, or when it is gone.
func residentOf(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	fields := strings.Fields(string(text))
	if err != nil || len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}

// watchMemory looks at a process' memory until growth is called, which tells how
// much more than at the beginning it once was.
func watchMemory(ctx context.Context, pid int) (growth func() int64) {
	ctx, cancel := context.WithCancel(ctx)
	first := residentOf(pid)
	most := first
	var looking sync.WaitGroup
	looking.Go(func() {
		for Sleep(ctx, 50*time.Millisecond) == nil {
			most = max(most, residentOf(pid))
		}
	})
	return func() int64 {
		cancel()
		looking.Wait()
		return most - first
	}
}
