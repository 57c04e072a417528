package interpose

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Main is to be called first by programs that use Watch.Around. If the arguments
// ask for it, it installs the filter, hands it to the Watch and becomes the
// program that follows; it does not return then.
func Main() {
	called = true
	if len(os.Args) < 4 || os.Args[1] != Argument {
		return
	}
	fmt.Fprintln(os.Stderr, "couldn't interpose:", become(os.Args[2], os.Args[3:]))
	os.Exit(125)
}

// called: a program that does not call Main would run itself, not the shim.
var called bool

func become(socket string, words []string) error {
	path, err := exec.LookPath(words[0])
	if err != nil {
		return err
	}
	conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		return err
	}
	file, err := conn.File()
	if err != nil {
		return err
	}
	// A filter is the thread's that installs it, and exec keeps that thread's.
	runtime.LockOSThread()
	// Another thread than the first may have been chosen, which does not die with
	// whoever started us.
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(syscall.SIGKILL), 0, 0, 0); err != nil {
		return err
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	filter := program()
	head := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	// From here on what this thread writes waits for the Watch to answer.
	listener, _, errno := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER,
		unix.SECCOMP_FILTER_FLAG_NEW_LISTENER|unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, uintptr(unsafe.Pointer(&head)))
	if errno != 0 {
		return fmt.Errorf("seccomp: %w", errno)
	}
	if err := unix.Sendmsg(int(file.Fd()), []byte{0}, unix.UnixRights(int(listener)), nil, 0); err != nil {
		return err
	}
	return unix.Exec(path, words, os.Environ())
}

// Needs tells why programs cannot be interposed here; "" = they can.
func Needs() string {
	// A filter that cannot be read is refused with EFAULT, a flag that the kernel
	// does not know with EINVAL before that.
	_, _, errno := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER,
		unix.SECCOMP_FILTER_FLAG_NEW_LISTENER|unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, 0)
	if errno != unix.EFAULT {
		return fmt.Sprintf("it needs a kernel that hands system calls to another process (seccomp user notification, Linux 5.19): %v", errno)
	}
	return ""
}

// calls are handed over whatever their arguments; openat and mmap only if they
// concern files that can be changed.
var calls = map[uint32]Call{
	unix.SYS_WRITE: Write, unix.SYS_PWRITE64: Write, unix.SYS_FSYNC: Sync, unix.SYS_FDATASYNC: Sync,
	unix.SYS_FTRUNCATE: Truncate, unix.SYS_FALLOCATE: Allocate, unix.SYS_RENAME: Rename, unix.SYS_RENAMEAT: Rename,
	unix.SYS_RENAMEAT2: Rename, unix.SYS_LINK: Link, unix.SYS_LINKAT: Link, unix.SYS_UNLINK: Remove, unix.SYS_UNLINKAT: Remove,
	unix.SYS_MKDIR: MakeDir, unix.SYS_MKDIRAT: MakeDir, unix.SYS_READ: Read, unix.SYS_PREAD64: Read,
	unix.SYS_OPENAT: Create, unix.SYS_MMAP: Map,
}

// program is the filter.
func program() (p []unix.SockFilter) {
	const (
		number, architecture, arguments = 0, 4, 16
		load                            = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		equal                           = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		anyBit                          = unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K
		give                            = unix.BPF_RET | unix.BPF_K
	)
	add := func(code uint16, yes, no uint8, k uint32) {
		p = append(p, unix.SockFilter{Code: code, Jt: yes, Jf: no, K: k})
	}
	add(load, 0, 0, architecture)
	add(equal, 1, 0, unix.AUDIT_ARCH_X86_64)
	add(give, 0, 0, unix.SECCOMP_RET_ALLOW)
	add(load, 0, 0, number)
	for nr, call := range calls {
		switch call {
		case Create: // only with O_CREAT
			add(equal, 0, 4, nr)
			add(load, 0, 0, arguments+2*8)
			add(anyBit, 0, 1, unix.O_CREAT)
			add(give, 0, 0, unix.SECCOMP_RET_USER_NOTIF)
			add(give, 0, 0, unix.SECCOMP_RET_ALLOW)
		case Map: // only of a file
			add(equal, 0, 4, nr)
			add(load, 0, 0, arguments+4*8)
			add(equal, 1, 0, 1<<32-1)
			add(give, 0, 0, unix.SECCOMP_RET_USER_NOTIF)
			add(give, 0, 0, unix.SECCOMP_RET_ALLOW)
		default:
			add(equal, 0, 1, nr)
			add(give, 0, 0, unix.SECCOMP_RET_USER_NOTIF)
		}
	}
	add(give, 0, 0, unix.SECCOMP_RET_ALLOW)
	return p
}
