//go:build cgo

package child

/*
#include <stdint.h>
#include <stdlib.h>

void homing_feed_bind(void *);
void homing_feed_init(void *);
void homing_feed_sit(void *);
void homing_feed_take(void *, void *);
*/
import "C"

import (
	"unsafe"

	duck "github.com/duckdb/duckdb-go-bindings"

	"homing/internal/engine/warehouse/duckdb/process/wire"
)

// feedName is the table function by which DuckDB asks for the rows of a feed.
const feedName = "feed_rows"

// addFeeds makes the function known to a database. What DuckDB keeps for us is a
// number in C's memory: of the feed, and of a thread's seat.
func addFeeds(conn duck.Connection) *wire.Fault {
	f := duck.CreateTableFunction()
	defer duck.DestroyTableFunction(&f)
	number := duck.CreateLogicalType(duck.TypeBigInt)
	defer duck.DestroyLogicalType(&number)
	duck.TableFunctionSetName(f, feedName)
	duck.TableFunctionAddParameter(f, number)
	duck.TableFunctionSetBind(f, unsafe.Pointer(C.homing_feed_bind))
	duck.TableFunctionSetInit(f, unsafe.Pointer(C.homing_feed_init))
	duck.TableFunctionSetLocalInit(f, unsafe.Pointer(C.homing_feed_sit))
	duck.TableFunctionSetFunction(f, unsafe.Pointer(C.homing_feed_take))
	if duck.RegisterTableFunction(conn, f) == duck.StateError {
		return &wire.Fault{Text: "DuckDB does not take the function " + feedName}
	}
	return nil
}

func boxed(n int64) unsafe.Pointer {
	box := (*C.int64_t)(C.malloc(C.size_t(unsafe.Sizeof(C.int64_t(0)))))
	*box = C.int64_t(n)
	return unsafe.Pointer(box)
}

func unboxed(box unsafe.Pointer) int64 { return int64(*(*C.int64_t)(box)) }

//export homing_feed_bind
func homing_feed_bind(at unsafe.Pointer) {
	info := duck.BindInfo{Ptr: at}
	value := duck.BindGetParameter(info, 0)
	number := duck.GetInt64(value)
	duck.DestroyValue(&value)
	f := feeds.find(number)
	if f == nil {
		duck.BindSetError(info, "there is no such feed")
		return
	}
	for i, name := range f.names {
		duck.BindAddResultColumn(info, name, f.logical[i])
	}
	duck.BindSetCardinality(info, duck.IdxT(f.total), true)
	duck.BindSetBindData(info, boxed(number), unsafe.Pointer(C.free))
}

//export homing_feed_init
func homing_feed_init(at unsafe.Pointer) {
	info := duck.InitInfo{Ptr: at}
	f := feeds.find(unboxed(duck.InitGetBindData(info)))
	duck.InitSetMaxThreads(info, duck.IdxT(len(f.lanes)))
}

//export homing_feed_sit
func homing_feed_sit(at unsafe.Pointer) {
	info := duck.InitInfo{Ptr: at}
	f := feeds.find(unboxed(duck.InitGetBindData(info)))
	duck.InitSetInitData(info, boxed(int64(f.sit())), unsafe.Pointer(C.free))
}

//export homing_feed_take
func homing_feed_take(at, chunk unsafe.Pointer) {
	info := duck.FunctionInfo{Ptr: at}
	f := feeds.find(unboxed(duck.FunctionGetBindData(info)))
	seat := int(unboxed(duck.FunctionGetLocalInitData(info)))
	if fault := f.take(seat, duck.DataChunk{Ptr: chunk}); fault != nil {
		f.fail(fault)
		duck.FunctionSetError(info, fault.Text)
	}
}
