package main

import (
	"bufio"
	"io"
	"strings"
)

// room is a part of a request's way where processor time goes. What is on a stack
// tells it: a function that begins with one of the frames.
type room struct {
	name   string
	frames []string
	// beside, if given, is what must be on the stack besides.
	beside string
}

// What functions of the ledger's SQLite begin with, and those of the ledger.
const (
	sqliteLib = "modernc.org/"
	books     = "homing/internal/engine/ledger/sqlite."
)

// throughout are the rooms that take everything that is done in them, whoever does
// it; the first one on a stack has it.
var throughout = []room{
	{"garbage collector", []string{"runtime.gcBgMarkWorker", "runtime.gcAssistAlloc", "runtime.bgsweep", "runtime.bgscavenge", "runtime.gcStart", "runtime.gcMark", "runtime.wbBufFlush"}, ""},
	{"kernel: fsync of the ledger's log", []string{"__x64_sys_fsync", "__x64_sys_fdatasync"}, sqliteLib},
	{"kernel: fsync of the spool", []string{"__x64_sys_fsync", "__x64_sys_fdatasync"}, ""},
	{"kernel: writing the ledger's log and file", []string{"__x64_sys_pwrite64", "ksys_write"}, sqliteLib},
	{"kernel: writing the spool", []string{"__x64_sys_pwrite64"}, ""},
	{"kernel: reading files", []string{"__x64_sys_pread64"}, ""},
	{"kernel: reading requests", []string{"__x64_sys_read", "ksys_read"}, ""},
	{"kernel: writing answers", []string{"__x64_sys_write", "ksys_write"}, ""},
	{"kernel: opening and closing connections", []string{"__x64_sys_accept4", "__x64_sys_close", "__x64_sys_shutdown", "__x64_sys_setsockopt", "__x64_sys_getsockname"}, ""},
	{"kernel: waiting for sockets", []string{"__x64_sys_epoll_"}, ""},
	{"kernel: naps of Go's watcher (sysmon)", []string{"__x64_sys_nanosleep", "__x64_sys_clock_nanosleep"}, ""},
	{"kernel: waking and stopping threads", []string{"__x64_sys_futex", "__x64_sys_sched_yield", "__x64_sys_tgkill"}, ""},
	{"kernel: memory", []string{"asm_exc_page_fault", "__x64_sys_madvise", "__x64_sys_mmap", "__x64_sys_munmap"}, ""},
	{"kernel: switching to other processes", []string{"exit_to_user_mode_loop", "irqentry_exit_to_user_mode"}, ""},
	{"kernel: interrupts", []string{"asm_common_interrupt", "asm_sysvec_"}, ""},
	{"kernel: all else", []string{kernelFrame}, ""},
	{"ledger: looking the click up", []string{books + "(*writer).hasRow", books + "(*writer).find", books + "(*writer).isErased"}, ""},
	{"ledger: inserting the conversion", []string{books + "(*writer).insertConversion"}, ""},
	{"ledger: inserting its first change", []string{books + "(*writer).insertChange"}, ""},
	{"ledger: inserting its receipt", []string{books + "(*writer).insert"}, ""},
	{"ledger: sums of pages", []string{books + "sums", books + "seal", books + "verify"}, ""},
	{"ledger: asking how long the log is", []string{books + "(*writer).noteLength", books + "logPages"}, ""},
	{"ledger: folding the log", []string{books + "(*keeper)", books + "(*writer).tidyUp", books + "(*writer).fold"}, ""},
	{"ledger: BEGIN and COMMIT", []string{books + "(*writer).attempt", books + "(*writer).begin", sqliteLib}, ""},
}

// nearest are the rooms that take what is done for them: the one whose function is
// nearest to the top of a stack has it.
var nearest = []room{
	{"fasthttp", []string{"github.com/valyala/"}, ""},
	{"reading the connection", []string{"homing/internal/edge.(*waiting)", "homing/internal/edge.(*conn)", "homing/internal/edge.(*readAhead)"}, ""},
	{"the clock", []string{"time.Now", "time.now", "time.runtimeNow", "__vdso_", "homing/internal/edge/latency."}, ""},
	{"the door itself", []string{"homing/internal/edge.", "homing/internal/flow/hearing.", "homing.NewRequestID", "homing.RequestID"}, ""},
	{"target and parameters", []string{"homing/internal/rule/target.", "homing.ParamNamed"}, ""},
	{"judge, masks and key hash", []string{"homing/internal/rule/judge.", "homing/internal/rule/mask.", "homing.HashKey", "crypto/sha256.", "crypto/internal/fips140/sha256."}, ""},
	{"robots and prefetches", []string{"homing/internal/rule/device."}, ""},
	{"the template", []string{"homing/internal/rule/macro."}, ""},
	{"minting and opening ids", []string{"homing/internal/flow/mint.", "homing.(*Keyring)", "homing.(*ring)", "crypto/aes.", "crypto/internal/fips140/aes.", "homing.ParseClickID", "homing.ClickID"}, ""},
	{"settings", []string{"homing/internal/flow/catalog."}, ""},
	{"the record", []string{"homing.AppendClick", "homing.AppendPostback", "homing.appendText", "homing.appendAddr"}, ""},
	{"zstd", []string{"github.com/klauspost/compress/"}, ""},
	{"spool", []string{"homing/internal/engine/spool/", "github.com/cockroachdb/pebble/", "hash/crc32."}, ""},
	{"ledger: its queue", []string{books}, ""},
	{"the log in memory", []string{"homing/internal/flow/journal."}, ""},
	{"net and its poller", []string{"net.", "internal/poll."}, ""},
	{"loader, waiting", []string{"homing/internal/flow/loader."}, ""},
}

// Rooms that have what no other has.
const (
	scheduling = "Go's scheduler"
	elsewhere  = "all else"
)

// kernelFrame stands for any function of the kernel.
const kernelFrame = "(kernel)"

// stack is what ran at a moment, the innermost function first.
type stack []string

// room tells whose the moment is.
func (s stack) room() string {
	for i := range throughout {
		if r := &throughout[i]; s.has(r.frames) && (r.beside == "" || s.has([]string{r.beside})) {
			return r.name
		}
	}
	for _, frame := range s {
		for i := range nearest {
			if begins(frame, nearest[i].frames) {
				return nearest[i].name
			}
		}
	}
	if s.has([]string{"runtime.schedule", "runtime.findRunnable", "runtime.mcall", "runtime.mstart", "runtime.park_m", "runtime.sysmon", "runtime.goexit0", "runtime.goschedImpl"}) {
		return scheduling
	}
	return elsewhere
}

func (s stack) has(frames []string) bool {
	for _, frame := range s {
		if begins(frame, frames) {
			return true
		}
	}
	return false
}

func begins(frame string, beginnings []string) bool {
	for _, beginning := range beginnings {
		if strings.HasPrefix(frame, beginning) {
			return true
		}
	}
	return false
}

// share is how many of all moments something has.
type share struct {
	name  string
	count int
}

// tally is moments by room, and by innermost function.
type tally struct {
	all        int
	rooms, own map[string]int
}

// readStacks counts what perf script writes: a line for the process, a line for
// each function from the innermost on, an empty line.
func readStacks(from io.Reader) (tally, error) {
	t := tally{rooms: map[string]int{}, own: map[string]int{}}
	var s stack
	end := func() {
		if len(s) > 0 {
			t.all++
			t.rooms[s.room()]++
			t.own[s[0]]++
		}
		s = s[:0]
	}
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		address, function, ok := strings.Cut(strings.TrimSpace(lines.Text()), " ")
		switch {
		case address == "":
			end()
		case lines.Text()[0] != ' ' && lines.Text()[0] != '\t':
			end() // the process: another moment begins
		case ok:
			s = append(s, function)
			if len(address) == 16 && address[0] == 'f' && !s.has([]string{kernelFrame}) {
				s = append(s, kernelFrame)
			}
		}
	}
	end()
	return t, lines.Err()
}
