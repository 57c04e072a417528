package main

import (
	"strings"
	"testing"
)

const stacks = `homing  1201 
	ffffffff81a0c0de copy_user ([kernel.kallsyms])
	ffffffff81a0c0ff ksys_read
	          47b2a3 internal/runtime/syscall.Syscall6
	          8a1b2c homing/internal/edge.(*waiting).take
	          8a1b2d github.com/valyala/fasthttp.(*Server).serveConn

homing  1201 
	          47b2a3 runtime.memmove
	          8a1b2c github.com/valyala/fasthttp.(*ResponseHeader).AppendBytes
	          8a1b2d homing/internal/edge.(*work).redirect

homing  1202 
	          47b2a3 modernc.org/sqlite/lib._sqlite3BtreeInsert
	          47b2a4 modernc.org/sqlite/lib._sqlite3VdbeExec
	          8a1b2d homing/internal/engine/ledger/sqlite.(*writer).insertConversion
	          8a1b2d homing/internal/engine/ledger/sqlite.(*writer).insert

homing  1202 
	ffffffff81a0c0de ext4_sync_file
	ffffffff81a0c0ff __x64_sys_fdatasync
	          47b2a4 modernc.org/sqlite/lib._unixSync
homing  1203 
	          47b2a3 runtime.memclrNoHeapPointers
	          47b2a3 runtime.gcDrain
	          47b2a3 runtime.gcBgMarkWorker

homing  1203 
	ffffffff81a0c0de finish_task_switch
`

func TestRooms(t *testing.T) {
	got, err := readStacks(strings.NewReader(stacks))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int{
		"kernel: reading requests": 1, "fasthttp": 1, "ledger: inserting the conversion": 1,
		"kernel: fsync of the ledger's log": 1, "garbage collector": 1, "kernel: all else": 1,
	} {
		if got.rooms[name] != want {
			t.Errorf("%s: %d moments, want %d", name, got.rooms[name], want)
		}
	}
	if got.all != 6 || got.own["runtime.memmove"] != 1 {
		t.Errorf("%+v", got)
	}
}
