package sqlite

import (
	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// keepSpares keeps a few large blocks of memory for SQLite. The allocator under it has
// classes up to 16 KiB, and asks the kernel for each block beyond, so that
// the 24 KiB in which SQLite puts three index pages into order, at every split of
// one, cost a mmap, two munmaps and six page faults: 4 % of the processor time of a
// claim among 64.
func keepSpares(tls *libc.TLS) {
	reconfigure(tls, lib.SQLITE_CONFIG_GETMALLOC, lib.SQLITE_CONFIG_MALLOC, func(m *lib.Tsqlite3_mem_methods) {
		mallocBelow, freeBelow = goFunc[mallocFunc](m.FxMalloc), goFunc[freeFunc](m.FxFree)
		blockLen = goFunc[lenFunc](m.FxSize)
		m.FxMalloc, m.FxFree = cFunc(mallocFunc(mallocSpare)), cFunc(freeFunc(freeSpare))
	})
}

type (
	mallocFunc = func(tls *libc.TLS, n int32) uintptr
	freeFunc   = func(tls *libc.TLS, block uintptr)
	lenFunc    = func(tls *libc.TLS, block uintptr) int32
)

var (
	mallocBelow mallocFunc
	freeBelow   freeFunc
	blockLen    lenFunc

	// spares are the blocks that nobody uses, of spareLen bytes each.
	spares = make(chan uintptr, 4)
)

// A block of more than largeLen bytes, and up to spareLen, is one of spareLen. The
// allocator needs a few bytes of 16 KiB for itself.
const largeLen, spareLen = 16<<10 - 64, 32 << 10

func mallocSpare(tls *libc.TLS, n int32) uintptr {
	if n <= largeLen || n > spareLen {
		return mallocBelow(tls, n)
	}
	select {
	case block := <-spares:
		return block
	default:
		return mallocBelow(tls, spareLen)
	}
}

func freeSpare(tls *libc.TLS, block uintptr) {
	if blockLen(tls, block) == spareLen {
		select {
		case spares <- block:
			return
		default:
		}
	}
	freeBelow(tls, block)
}

// reconfigure has SQLite use methods of ours in the place of some of its own. That
// is possible before it is used for the first time; whoever comes later has it
// as it is, and slower, which is all that is lost.
func reconfigure[M any](tls *libc.TLS, get, set int32, put func(*M)) {
	methods, address := forever[M](tls)
	arguments := libc.NewVaList(address)
	defer libc.Xfree(tls, arguments)
	if lib.Xsqlite3_config(tls, get, arguments) != lib.SQLITE_OK {
		return
	}
	put(methods)
	lib.Xsqlite3_config(tls, set, arguments) // it takes what it gave
}
