//go:build linux && cgo

package main

/*
#cgo LDFLAGS: -ldl
#include <dlfcn.h>
#include <stdlib.h>

typedef void *(*connect_f)(int, char **);
typedef void *(*query_f)(void *, const char *, size_t, const char *, size_t);
typedef char *(*buffer_f)(void *);
typedef size_t (*length_f)(void *);
typedef void (*destroy_f)(void *);

static void *call_connect(void *f, int argc, char **argv) { return ((connect_f)f)(argc, argv); }
static void *call_query(void *f, void *c, const char *q, size_t n, const char *o, size_t m) { return ((query_f)f)(c, q, n, o, m); }
static char *call_buffer(void *f, void *r) { return ((buffer_f)f)(r); }
static size_t call_length(void *f, void *r) { return ((length_f)f)(r); }
static void call_destroy(void *f, void *r) { ((destroy_f)f)(r); }
*/
import "C"

import (
	"errors"
	"fmt"
	"unsafe"
)

// library is libchdb, opened, with a connection.
type library struct {
	functions  map[string]unsafe.Pointer
	connection unsafe.Pointer
}

func open(path, dir string) (*library, error) {
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	handle := C.dlopen(name, C.RTLD_NOW)
	if handle == nil {
		return nil, errors.New(C.GoString(C.dlerror()))
	}
	l := &library{functions: map[string]unsafe.Pointer{}}
	for _, name := range []string{"chdb_connect", "chdb_query_n", "chdb_result_buffer", "chdb_result_length", "chdb_result_error", "chdb_destroy_query_result"} {
		text := C.CString(name)
		l.functions[name] = C.dlsym(handle, text)
		C.free(unsafe.Pointer(text))
		if l.functions[name] == nil {
			return nil, fmt.Errorf("the library has no %s", name)
		}
	}
	arguments := (*[2]*C.char)(C.malloc(C.size_t(2 * unsafe.Sizeof(uintptr(0))))) // never freed: the library may keep it
	arguments[0], arguments[1] = C.CString("clickhouse"), C.CString("--path="+dir)
	connection := C.call_connect(l.functions["chdb_connect"], 2, &arguments[0])
	if connection == nil {
		return nil, errors.New("no connection")
	}
	l.connection = *(*unsafe.Pointer)(connection) // it is a pointer to a handle
	return l, nil
}

// query carries one statement out.
func (l *library) query(sql, format string) ([]byte, error) {
	q, f := C.CBytes([]byte(sql)), C.CBytes([]byte(format))
	defer C.free(q)
	defer C.free(f)
	result := C.call_query(l.functions["chdb_query_n"], l.connection, (*C.char)(q), C.size_t(len(sql)), (*C.char)(f), C.size_t(len(format)))
	if result == nil {
		return nil, errors.New("no result")
	}
	defer C.call_destroy(l.functions["chdb_destroy_query_result"], result)
	if text := C.call_buffer(l.functions["chdb_result_error"], result); text != nil {
		return nil, errors.New(C.GoString(text))
	}
	length := C.call_length(l.functions["chdb_result_length"], result)
	if length == 0 {
		return nil, nil
	}
	return C.GoBytes(unsafe.Pointer(C.call_buffer(l.functions["chdb_result_buffer"], result)), C.int(length)), nil
}
