// Package history keeps what benchmarks said of each release, in files that
// benchstat reads (make bench-history), and measures both doors from end to end:
//
//	client ──► socket ──► edge ──► spool or ledger on a disk ──► answer
//
// as package app wires them, in this process, so that allocations are counted
// wherever they are made.
package history
