package sqlite

import (
	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// keepRekeyQuiet has SQLite's cache of pages forget a number that no page has.
//
// When an index page is split, SQLite puts the pages into order by exchanging
// their numbers, by way of a third: that of the page at 1 GiB, which is never
// used. The cache remembers the highest number it has had, and at the next commit,
// when the file ends below, looks for pages to drop: through all it has, 64 MiB of
// them one by one. At 64 connections every second commit has a split.
//
// The highest number is put back, and the page has left that number before SQLite
// asks for anything else.
func keepRekeyQuiet(tls *libc.TLS) {
	reconfigure(tls, lib.SQLITE_CONFIG_GETPCACHE2, lib.SQLITE_CONFIG_PCACHE2, func(m *lib.Tsqlite3_pcache_methods2) {
		rekeyBelow = goFunc[rekeyFunc](m.FxRekey)
		m.FxRekey = cFunc(rekeyFunc(rekey))
	})
}

type rekeyFunc = func(tls *libc.TLS, cache, page uintptr, from, to uint32)

var rekeyBelow rekeyFunc

// unusedPage is the page at 1 GiB, where SQLite locks the file on some systems.
const unusedPage = 1<<30/pageSize + 1

func rekey(tls *libc.TLS, cache, page uintptr, from, to uint32) {
	c := at[lib.TPCache1](cache)
	highest := c.FiMaxKey
	rekeyBelow(tls, cache, page, from, to)
	if to == unusedPage {
		c.FiMaxKey = highest
	}
}
