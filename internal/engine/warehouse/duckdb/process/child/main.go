// Package child is the DuckDB process: it reads frames, carries them out, and
// answers. It knows statements and columns, and nothing of homing.
//
//	in ──► reader ──► Query  ──► a goroutine and a connection each ──► Rows, one a More
//	          │  └──► Begin… ──► one transaction at a time         ──► Done…, Committed
//	          └─────► Ping   ──► Pong, from a goroutine that does nothing else
//
// It ends when its input ends, even in mid-query: the input is a pipe from the
// server, which closes however the server dies.
package child

import (
	"fmt"
	"os"
	"runtime/debug"
)

// goMemory is what the Go part may hold: frames of Window pieces, and rows on
// their way out. DuckDB has its own limit.
const goMemory = 256 << 20

// Main is the child's main function: frames on standard input and output. What
// DuckDB, or anything else in C, prints on standard output goes to standard
// error, so that it cannot end up between frames.
func Main() int {
	debug.SetMemoryLimit(goMemory)
	out, err := guardOutput()
	if err != nil {
		fmt.Fprintln(os.Stderr, "cannot put standard output aside:", err)
		return 1
	}
	beModest()
	return Serve(os.Stdin, out)
}
