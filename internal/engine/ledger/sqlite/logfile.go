package sqlite

import (
	"encoding/binary"
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// logFile is what we keep of a write-ahead log that is open. It stands in C's
// memory, behind what the VFS below keeps of the file.
//
// The naive way is SQLite's own: a header of 24 bytes and a page, each a system
// call, ten of them for the five pages of one claim; then an fsync, which on ext4
// waits for the file system's journal as well, because the log has become longer
// and has a new time. Here the frames of a commit are gathered and go to the file
// at once, where there is room that was written with zeros before, so that
// nothing of the file changes but what stands in it; fdatasync then waits for
// that alone, as it does for the spool:
//
//	frame, frame, frame of the commit ──► one write ──► xSync: fdatasync
//	                                        └──► at the end of the room: zeros, too
//
// Counted for claims one after the other: 1.3 writes each, not 10.8, and half of
// the time; most of the time went to the journal.
//
// What holds:
//   - The frame that ends a commit is in the file when its write returns, and so are
//     those before it; nobody but this handle is told of any before. All else
//     that was gathered is there before any other call on this handle does its work,
//     xSync above all.
//   - Behind the frame that is written nothing of the log is alive, so zeros
//     may go there whatever stood there. They are no frames: salts are not zero.
//   - Zeros are a favour. A disk that has no room for them may still have it for
//     frames, which are in the file by then.
//   - A write that fails when it is due at last fails its transaction, as it would
//     have at once; what else was gathered belongs to the same, or to one that was
//     taken back.
type logFile struct {
	buffer uintptr // C's memory for gatherLen bytes; 0 before the first write
	from   int64   // where in the file what is gathered goes
	n      int64   // how much that is
	room   int64   // up to where the file has bytes, as far as is known
	ends   bool    // the frame whose header was written last ends a commit
}

const (
	// gatherLen is how much is gathered at most: as many frames as the VFS below
	// writes in one call, which is less than 128 KiB.
	gatherLen = 31 * (frameHeaderLen + pageSize)
	// As many zeros are written ahead as the log has bytes, within these bounds: a
	// log of a few frames stays small, and no commit writes much for the others.
	leastAhead, mostAhead = 64 << 10, 1 << 20
)

// logOf is what we keep of a log.
func logOf(file uintptr) *logFile { return at[logFile](file + belowLen()) }

// belowLen is how much the VFS below keeps of a file, as a multiple of 8.
func belowLen() uintptr { return (uintptr(at[lib.Tsqlite3_vfs](below).FszOsFile) + 7) &^ 7 }

// zeros is what a log's room is made of, in C's memory.
var zeros uintptr

var logMethods = methodSet{put: func(m *lib.Tsqlite3_io_methods) {
	m.FxClose = cFunc(closeFunc(closeLog))
	m.FxRead = cFunc(moveFunc(readLog))
	m.FxWrite = cFunc(moveFunc(writeLog))
	m.FxTruncate = cFunc(truncateFunc(truncateLog))
	m.FxSync = cFunc(syncFunc(syncLog))
	m.FxFileSize = cFunc(sizeFunc(sizeLog))
}}

// writeLog gathers, up to the end of a commit. What does not follow what was gathered
// before, or has no room beside it, has that written first.
func writeLog(tls *libc.TLS, file, buf uintptr, n int32, offset int64) int32 {
	l, size := logOf(file), int64(n)
	if l.n > 0 && (offset != l.from+l.n || l.n+size > gatherLen) {
		if rc := l.flush(tls, file); rc != lib.SQLITE_OK {
			return rc
		}
	}
	if size > gatherLen {
		return goFunc[moveFunc](methodsBelow(file).FxWrite)(tls, file, buf, n, offset)
	}
	if l.buffer == 0 {
		if l.buffer = libc.Xmalloc(tls, gatherLen); l.buffer == 0 {
			return lib.SQLITE_NOMEM
		}
	}
	if l.n == 0 {
		l.from = offset
	}
	piece := unsafe.Slice(at[byte](buf), size)
	copy(unsafe.Slice(at[byte](l.buffer+uintptr(l.n)), size), piece)
	l.n += size
	if n == frameHeaderLen {
		l.ends = binary.BigEndian.Uint32(piece[4:]) > 0 // see walkLog
	} else if l.ends {
		l.ends = false
		return l.flush(tls, file)
	}
	return lib.SQLITE_OK
}

// flush writes what was gathered, and forgets it in any case: the transaction of
// what cannot be written is taken back.
func (l *logFile) flush(tls *libc.TLS, file uintptr) int32 {
	if l.n == 0 {
		return lib.SQLITE_OK
	}
	n := l.n
	l.n = 0
	rc := goFunc[moveFunc](methodsBelow(file).FxWrite)(tls, file, l.buffer, int32(n), l.from)
	if rc == lib.SQLITE_OK {
		l.provide(tls, file, l.from+n)
	}
	return rc
}

// provide writes zeros behind end, where the log ends now, if the room does, too.
func (l *logFile) provide(tls *libc.TLS, file uintptr, end int64) {
	if end <= l.room {
		return
	}
	l.room = end
	write := goFunc[moveFunc](methodsBelow(file).FxWrite)
	for ahead := end + min(max(end, leastAhead), mostAhead); l.room+leastAhead <= ahead; {
		n := leastAhead - l.room%leastAhead // up to a round number
		if write(tls, file, zeros, int32(n), l.room) != lib.SQLITE_OK {
			return
		}
		l.room += n
	}
}

// flushed is what a call on a log does first.
func flushed(tls *libc.TLS, file uintptr) int32 { return logOf(file).flush(tls, file) }

func syncLog(tls *libc.TLS, file uintptr, flags int32) int32 {
	if rc := flushed(tls, file); rc != lib.SQLITE_OK {
		return rc
	}
	return syncData(tls, file, flags)
}

func readLog(tls *libc.TLS, file, buf uintptr, n int32, offset int64) int32 {
	if rc := flushed(tls, file); rc != lib.SQLITE_OK {
		return rc
	}
	return goFunc[moveFunc](methodsBelow(file).FxRead)(tls, file, buf, n, offset)
}

func sizeLog(tls *libc.TLS, file, size uintptr) int32 {
	if rc := flushed(tls, file); rc != lib.SQLITE_OK {
		return rc
	}
	return goFunc[sizeFunc](methodsBelow(file).FxFileSize)(tls, file, size)
}

func truncateLog(tls *libc.TLS, file uintptr, size int64) int32 {
	if rc := flushed(tls, file); rc != lib.SQLITE_OK {
		return rc
	}
	l := logOf(file)
	l.room = min(l.room, size)
	return goFunc[truncateFunc](methodsBelow(file).FxTruncate)(tls, file, size)
}

// closeLog drops what is gathered: it is of a transaction that was not committed.
func closeLog(tls *libc.TLS, file uintptr) int32 {
	l := logOf(file)
	libc.Xfree(tls, l.buffer)
	*l = logFile{}
	return goFunc[closeFunc](methodsBelow(file).FxClose)(tls, file)
}

// syncData syncs a file of either sort by fdatasync, where there is one: a file
// that has become longer is as durable then, and whoever has not need not wait for
// the file system's journal. SQLite would do so itself if it had been built to. A
// file that is new is left to it, because its name has to be synced, too.
func syncData(tls *libc.TLS, file uintptr, flags int32) int32 {
	f := at[lib.TunixFile](file)
	if !syncsData || f.FctrlFlags&lib.UNIXFILE_DIRSYNC != 0 {
		return goFunc[syncFunc](methodsBelow(file).FxSync)(tls, file, flags)
	}
	if err := datasync(int(f.Fh)); err != nil {
		return lib.SQLITE_IOERR_FSYNC
	}
	return lib.SQLITE_OK
}
