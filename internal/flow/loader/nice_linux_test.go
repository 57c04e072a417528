package loader

import (
	"testing"

	"golang.org/x/sys/unix"
)

func TestOnlyTheLoadersThreadIsNice(t *testing.T) {
	own := func() int {
		n, err := unix.Getpriority(unix.PRIO_PROCESS, unix.Gettid())
		must(t, err)
		return 20 - n // as the system call tells it
	}
	before := own()
	inside := make(chan int)
	go func() {
		behindTheDoors()
		inside <- own()
	}()
	if got := <-inside; got != max(before, niceness) {
		t.Errorf("inside: %d", got)
	}
	for range 50 {
		done := make(chan int)
		go func() { done <- own() }()
		if got := <-done; got != before {
			t.Fatalf("another goroutine: %d, before %d", got, before)
		}
	}
}
