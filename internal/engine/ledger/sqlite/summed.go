package sqlite

import (
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// summed is the name of a way to files (a VFS, as SQLite calls it) that seals
// every page that is written to a database, and verifies every page that is
// read from one. The write-ahead log, whose frames have checksums of their own, it
// writes in its own way (see logFile). All else it leaves to inMemoryIndex.
//
//	SQLite ──► pages ───► seal, verify ──► inMemoryIndex ──► file
//	       └─► frames ──► gather ────────┘
//
// The naive way, a checksum in every row, has to be thought of in every
// statement, and sees neither indexes nor the schema. This one lies below all of
// them: a page that does not verify is one that SQLite cannot read, which
// everything here knows how to live with.
//
// SQLite leaves the sums' bytes alone because the file's header says that they
// are reserved. The same is done by an extension of SQLite, cksumvfs, whose sums
// cannot tell which bit has flipped.
const summed = "homing-summed"

// rot is a page that did not verify.
type rot struct {
	page   int64
	mended bool
}

// Who is told of rot. A connection's URI carries the number of its watcher, for
// the files below know no more of it.
var (
	watchers    sync.Map // number as text → func(rot)
	lastWatcher atomic.Int64
	watched     sync.Map // sqlite3_file, as uintptr → func(rot)
)

// watch has tell called for every rot that connections with that watcher meet,
// on their goroutines; it must not ask the ledger. unwatch ends it.
func watch(tell func(rot)) (watcher string, unwatch func()) {
	watcher = strconv.FormatInt(lastWatcher.Add(1), 10)
	watchers.Store(watcher, tell)
	return watcher, func() { watchers.Delete(watcher) }
}

// summedURI names a database with sums. more are parameters of SQLite's, such as
// "immutable", "1".
func summedURI(path, watcher string, more ...string) string {
	registerSummed()
	return uriOf(path, append(more, "vfs", summed, watcherParameter, watcher)...)
}

func uriOf(path string, parameters ...string) string {
	query := url.Values{}
	for i := 0; i < len(parameters); i += 2 {
		query.Set(parameters[i], parameters[i+1])
	}
	uri := url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}
	return uri.String()
}

const watcherParameter = "watcher"

// What SQLite, which was translated from C, calls and is called by.
type (
	openFunc  = func(tls *libc.TLS, vfs, name, file uintptr, flags int32, outFlags uintptr) int32
	closeFunc = func(tls *libc.TLS, file uintptr) int32
	moveFunc  = func(tls *libc.TLS, file, buf uintptr, n int32, offset int64) int32
	traitFunc = func(tls *libc.TLS, file uintptr) int32

	syncFunc     = func(tls *libc.TLS, file uintptr, flags int32) int32
	sizeFunc     = func(tls *libc.TLS, file, size uintptr) int32
	truncateFunc = func(tls *libc.TLS, file uintptr, size int64) int32
)

// ourMethods stand in a file's place of methods. Below are those it had.
type ourMethods struct {
	lib.Tsqlite3_io_methods // first: SQLite takes the whole for this
	below                   lib.Tsqlite3_io_methods
}

// Addresses of C's.
var (
	below      uintptr // the VFS that does the work
	cParameter uintptr // watcherParameter
)

var registerSummed = sync.OnceFunc(func() {
	tls := libc.NewTLS()
	defer tls.Close()
	keepSpares(tls)
	keepRekeyQuiet(tls)
	cParameter = cString(watcherParameter)
	if zeros = libc.Xcalloc(tls, 1, leastAhead); zeros == 0 {
		panic("sqlite: no memory for zeros")
	}
	if below = lib.Xsqlite3_vfs_find(tls, cString(inMemoryIndex)); below == 0 {
		panic("sqlite: this SQLite has no " + inMemoryIndex)
	}
	vfs, address := forever[lib.Tsqlite3_vfs](tls)
	*vfs = *at[lib.Tsqlite3_vfs](below)
	vfs.FpNext, vfs.FzName, vfs.FxOpen = 0, cString(summed), cFunc(openFunc(openSummed))
	vfs.FszOsFile = int32(belowLen() + unsafe.Sizeof(logFile{}))
	if rc := lib.Xsqlite3_vfs_register(tls, address, 0); rc != lib.SQLITE_OK {
		panic("sqlite: couldn't register " + summed + ": " + strconv.Itoa(int(rc)))
	}
})

func openSummed(tls *libc.TLS, _, name, file uintptr, flags int32, outFlags uintptr) int32 {
	open := goFunc[openFunc](at[lib.Tsqlite3_vfs](below).FxOpen)
	rc := open(tls, below, name, file, flags, outFlags)
	if rc != lib.SQLITE_OK {
		return rc
	}
	f := at[lib.Tsqlite3_file](file)
	switch {
	case flags&lib.SQLITE_OPEN_WAL != 0:
		f.FpMethods = logMethods.over(tls, f.FpMethods)
		*logOf(file) = logFile{}
	case flags&lib.SQLITE_OPEN_MAIN_DB != 0:
		f.FpMethods = pageMethods.over(tls, f.FpMethods)
		if watcher := lib.Xsqlite3_uri_parameter(tls, name, cParameter); watcher != 0 {
			if tell, ok := watchers.Load(libc.GoString(watcher)); ok {
				watched.Store(file, tell)
			}
		}
	}
	return rc
}

// methodSet is what stands over the methods that files of one sort have below.
type methodSet struct {
	put func(*lib.Tsqlite3_io_methods) // puts ours in the place of some

	lock sync.Mutex
	done map[uintptr]uintptr // ourMethods by the address of those below; there are few
}

func (s *methodSet) over(tls *libc.TLS, methods uintptr) uintptr {
	s.lock.Lock()
	defer s.lock.Unlock()
	if known, ok := s.done[methods]; ok {
		return known
	}
	m, address := forever[ourMethods](tls)
	m.below = *at[lib.Tsqlite3_io_methods](methods)
	m.Tsqlite3_io_methods = m.below
	m.FiVersion = 2 // those of the third map the file into memory, past us
	s.put(&m.Tsqlite3_io_methods)
	if s.done == nil {
		s.done = map[uintptr]uintptr{}
	}
	s.done[methods] = address
	return address
}

var pageMethods = methodSet{put: func(m *lib.Tsqlite3_io_methods) {
	m.FxClose = cFunc(closeFunc(closeSummed))
	m.FxRead = cFunc(moveFunc(readSummed))
	m.FxWrite = cFunc(moveFunc(writeSummed))
	m.FxSync = cFunc(syncFunc(syncData))
	m.FxDeviceCharacteristics = cFunc(traitFunc(traitsSummed))
}}

func methodsBelow(file uintptr) *lib.Tsqlite3_io_methods {
	return &at[ourMethods](at[lib.Tsqlite3_file](file).FpMethods).below
}

func closeSummed(tls *libc.TLS, file uintptr) int32 {
	watched.Delete(file)
	return goFunc[closeFunc](methodsBelow(file).FxClose)(tls, file)
}

// notVerified is an SQLITE_CORRUPT of our own. After the plain one SQLite refuses
// to commit whatever else the transaction did, because a statement may have been
// left half done; here such a statement is taken back with its savepoint (see
// writer.execute), or the transaction with it.
const notVerified = lib.SQLITE_CORRUPT | 0x5a<<8

// headerLen is that of an SQLite file. It is read by itself when a file is
// opened, before the first page is.
const headerLen = 100

func readSummed(tls *libc.TLS, file, buf uintptr, n int32, offset int64) int32 {
	rc := goFunc[moveFunc](methodsBelow(file).FxRead)(tls, file, buf, n, offset)
	if n <= headerLen || rc != lib.SQLITE_OK && rc != lib.SQLITE_IOERR_SHORT_READ {
		return rc
	}
	bytes := unsafe.Slice(at[byte](buf), n)
	number := offset/pageSize + 1
	result := broken // a page that was cut off, or of another size, which is damage as well
	if rc == lib.SQLITE_OK && n == pageSize && offset%pageSize == 0 {
		result = verify(bytes, number)
	}
	if result == sound {
		return rc
	}
	if result == broken && offset == 0 && unsummed(bytes) {
		return lib.SQLITE_FORMAT
	}
	if tell, ok := watched.Load(file); ok {
		tell.(func(rot))(rot{page: number, mended: result == mended})
	}
	if result == mended {
		return rc
	}
	return notVerified
}

// writeSummed seals the page where it lies, as cksumvfs does: the bytes are
// nobody else's.
func writeSummed(tls *libc.TLS, file, buf uintptr, n int32, offset int64) int32 {
	if n == pageSize && offset%pageSize == 0 {
		seal(unsafe.Slice(at[byte](buf), n), offset/pageSize+1)
	}
	return goFunc[moveFunc](methodsBelow(file).FxWrite)(tls, file, buf, n, offset)
}

// traitsSummed does not let SQLite read parts of pages, which could not be
// verified.
func traitsSummed(tls *libc.TLS, file uintptr) int32 {
	return goFunc[traitFunc](methodsBelow(file).FxDeviceCharacteristics)(tls, file) &^ lib.SQLITE_IOCAP_SUBPAGE_READ
}

// forever is C's memory for a T, which is never freed. Ours would do, but for the
// race detector, which cannot tell why C has its address.
func forever[T any](tls *libc.TLS) (*T, uintptr) {
	var size T
	address := libc.Xcalloc(tls, 1, libc.Tsize_t(unsafe.Sizeof(size)))
	if address == 0 {
		panic("sqlite: no memory for a few bytes")
	}
	return at[T](address), address
}

// at is what stands at an address of C's.
func at[T any](address uintptr) *T { return *(**T)(unsafe.Pointer(&address)) }

// cFunc is a function as translated C calls it: f must be one of the package's,
// for nothing but the program keeps it.
func cFunc[F any](f F) uintptr { return *(*uintptr)(unsafe.Pointer(&f)) }

// goFunc is a translated C function.
func goFunc[F any](address uintptr) F { return *(*F)(unsafe.Pointer(&address)) }

// cString is a text that is never freed.
func cString(text string) uintptr {
	c, err := libc.CString(text)
	if err != nil {
		panic(err) // no memory for a few bytes
	}
	return c
}
