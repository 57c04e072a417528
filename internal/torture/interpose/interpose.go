// Package interpose stands between a program and the kernel and decides what
// becomes of its disk operations: the n-th one can fail, be done half, or be
// reported as failed although it was done. The program need not know.
//
//	Around: interpose-shim ──► seccomp filter ──► becomes the program
//	                               │ a disk operation of any of its threads and children
//	                               ▼
//	Watch: which file? ──► Decide ──► let it be │ errno │ half of it
//
// strace injects faults as well, but counts each thread's calls for itself, so
// that "the n-th" is another one in every run of a Go program; and it knows
// nothing of what a failed fsync means. After one the kernel may drop what was
// written: a program that reads it back from the page cache, or a test that only
// kills processes, never notices that it is gone. So Watch remembers what lay
// under each write since the file was last synced, and Outcome.Forget puts that
// back: what fsync did not confirm is not there any more.
//
// Needs Linux 5.19 or later (SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV; without it
// the signals by which Go's threads interrupt each other would repeat calls) on
// amd64, and no privilege.
package interpose

import "syscall"

// Argument makes whoever calls Main the shim.
const Argument = "interpose-shim"

// Call is a kind of operation.
type Call string

const (
	Write    Call = "write"    // write, pwrite64
	Sync     Call = "sync"     // fsync, fdatasync, of files and directories
	Truncate Call = "truncate" // ftruncate
	Allocate Call = "allocate" // fallocate
	Create   Call = "create"   // openat with O_CREAT
	Rename   Call = "rename"
	Link     Call = "link"
	Remove   Call = "remove"
	MakeDir  Call = "mkdir"
	Map      Call = "map" // mmap of a file
	Read     Call = "read"
)

// Operation is what the program is about to do to something in the directory.
type Operation struct {
	Call Call
	// Path is below the directory; of a rename or a link, the new one.
	Path string
	// Length of what is written or read.
	Length int64
}

// Outcome is what becomes of an operation. The zero Outcome lets it be.
type Outcome struct {
	Errno syscall.Errno // it fails with this
	// Half does half of a write at a known place, and says so; it is no error.
	Half bool
	// Done does a sync before it is reported as failed.
	Done bool
	// Forget undoes what was written to the file since it was last synced.
	Forget bool
}
