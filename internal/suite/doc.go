// Package suite holds the tests that drive the real program as users do: over
// its sockets, its command line and its files. It has no code of its own.
package suite
