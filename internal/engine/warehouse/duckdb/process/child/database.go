//go:build cgo

package child

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	duck "github.com/duckdb/duckdb-go-bindings"

	"homing/internal/engine/warehouse/duckdb/process/wire"
)

// database is an open DuckDB. It is safe for concurrent use.
type database struct{ handle duck.Database }

// lockPause is how often a held lock is tried again.
const lockPause = 100 * time.Millisecond

// openDatabase opens the file. A lock that another process holds is waited for:
// it is mostly this program's last child, which is about to end.
func openDatabase(s wire.Settings, stop <-chan struct{}) (*database, *wire.Fault) {
	if s.Scratch != "" {
		if err := emptied(s.Scratch); err != nil {
			return nil, &wire.Fault{Kind: wire.Unavailable, Text: err.Error()}
		}
	}
	if fault := create(s); fault != nil {
		return nil, fault
	}
	for waited := time.Duration(0); ; waited += lockPause {
		db, fault := open(s)
		if fault == nil || !strings.Contains(fault.Text, "lock on file") || waited >= s.Patience {
			return db, fault
		}
		select {
		case <-stop:
			return nil, fault
		case <-time.After(lockPause):
		}
	}
}

func open(s wire.Settings) (*database, *wire.Fault) {
	var config duck.Config
	if duck.CreateConfig(&config) == duck.StateError {
		return nil, &wire.Fault{Text: "cannot make a configuration"}
	}
	defer duck.DestroyConfig(&config)
	for _, o := range options(s) {
		if duck.SetConfig(config, o[0], o[1]) == duck.StateError {
			return nil, &wire.Fault{Text: "DuckDB does not take the setting " + o[0] + " = " + o[1]}
		}
	}
	db := new(database)
	var message string
	if duck.OpenExt(s.Path, &db.handle, config, &message) == duck.StateError {
		return nil, faultOf(message)
	}
	return db, nil
}

// options are DuckDB's settings. Nothing is fetched from anywhere, ever.
func options(s wire.Settings) [][2]string {
	list := [][2]string{
		{"memory_limit", strconv.FormatInt(s.Memory, 10) + "B"},
		{"threads", strconv.Itoa(s.Threads)},
		{"autoinstall_known_extensions", "false"},
		{"autoload_known_extensions", "false"},
		{"allow_community_extensions", "false"},
		{"allow_persistent_secrets", "false"},
		// What has no ORDER BY has no order: exports and copies of whole tables
		// need not hold back what is ready.
		{"preserve_insertion_order", "false"},
		{"checkpoint_threshold", checkpointThreshold},
		{"errors_as_json", "false"},
	}
	if s.Scratch != "" {
		list = append(list, [2]string{"temp_directory", s.Scratch},
			[2]string{"max_temp_directory_size", strconv.FormatInt(scratchTimes*s.Memory, 10) + "B"})
	}
	return list
}

const (
	// checkpointThreshold is how long the log may grow before it is worked into
	// the file. Clicks in flushes of 10,000 cost 19.7 µs of CPU a row, everything
	// included, with DuckDB's 16 MB, 9.8 with 64 MB and 9.1 with 256 MB, which
	// takes twice the memory and four times as long to read at a start. Flushes
	// of 122,880 rows (a row group) pass the log by, and cost 6.6 with any.
	checkpointThreshold = "64MB"
	// scratchTimes is how many times its memory DuckDB may put on disk.
	scratchTimes = 8
)

// emptied makes the directory, without what an earlier process left in it.
func emptied(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	old, err := filepath.Glob(filepath.Join(dir, "duckdb_temp_*"))
	if err != nil {
		return err
	}
	for _, name := range old {
		if err := os.RemoveAll(name); err != nil {
			return err
		}
	}
	return nil
}

// connect makes a connection; each statement of a reader and each transaction
// has its own, so that an interrupt can only reach the one it is meant for, and
// nothing is left over from the one before.
func (d *database) connect() (duck.Connection, *wire.Fault) {
	var conn duck.Connection
	if duck.Connect(d.handle, &conn) == duck.StateError {
		return conn, &wire.Fault{Text: "INTERNAL Error: DuckDB makes no connection"}
	}
	return conn, nil
}

// prepare makes known to the database what statements use of this program.
func (d *database) prepare() *wire.Fault {
	conn, fault := d.connect()
	if fault != nil {
		return fault
	}
	defer duck.Disconnect(&conn)
	return addFeeds(conn)
}

func (d *database) close() { duck.Close(&d.handle) }

// statement is a prepared statement with its arguments, and then its result.
type statement struct {
	prepared duck.PreparedStatement
	result   duck.Result
}

func prepare(conn duck.Connection, sql string, args []any) (*statement, *wire.Fault) {
	s := new(statement)
	if duck.Prepare(conn, sql, &s.prepared) == duck.StateError {
		defer s.close()
		return nil, faultOf(duck.PrepareError(s.prepared))
	}
	if n := int(duck.NParams(s.prepared)); n != len(args) {
		s.close()
		return nil, &wire.Fault{Kind: wire.Invalid, Text: fmt.Sprintf("the statement has %d question marks and got %d arguments", n, len(args))}
	}
	for i, arg := range args {
		if !s.bind(duck.IdxT(i+1), arg) {
			s.close()
			return nil, &wire.Fault{Kind: wire.Invalid, Text: fmt.Sprintf("argument %d cannot be bound: is it UTF-8?", i+1)}
		}
	}
	return s, nil
}

func (s *statement) bind(at duck.IdxT, arg any) bool {
	state := duck.StateError
	switch v := arg.(type) {
	case nil:
		state = duck.BindNull(s.prepared, at)
	case int64:
		state = duck.BindInt64(s.prepared, at, v)
	case bool:
		state = duck.BindBoolean(s.prepared, at, v)
	case string:
		state = duck.BindVarchar(s.prepared, at, v)
	case []byte:
		state = duck.BindBlob(s.prepared, at, v)
	}
	return state != duck.StateError
}

// run carries the statement out whole.
func (s *statement) run() *wire.Fault {
	if duck.ExecutePrepared(s.prepared, &s.result) == duck.StateError {
		return faultOf(duck.ResultError(&s.result))
	}
	return nil
}

// stream carries the statement out as far as its first rows.
func (s *statement) stream() *wire.Fault {
	if duck.ExecutePreparedStreaming(s.prepared, &s.result) == duck.StateError { //nolint:staticcheck
		return faultOf(duck.ResultError(&s.result))
	}
	return nil
}

// fetch gives the next rows; none at the end. The chunk must be destroyed.
func (s *statement) fetch() (duck.DataChunk, *wire.Fault) {
	chunk := duck.FetchChunk(s.result)
	if chunk.Ptr == nil {
		if message := duck.ResultError(&s.result); message != "" {
			return chunk, faultOf(message)
		}
	}
	return chunk, nil
}

// changed is how many rows the statement changed, or returns.
func (s *statement) changed() (int64, *wire.Fault) {
	if duck.ResultReturnType(s.result) == duck.ResultTypeChangedRows {
		return int64(duck.RowsChanged(&s.result)), nil
	}
	rows := int64(0)
	for {
		chunk, fault := s.fetch()
		if fault != nil || chunk.Ptr == nil {
			return rows, fault
		}
		rows += int64(duck.DataChunkGetSize(chunk))
		duck.DestroyDataChunk(&chunk)
	}
}

func (s *statement) close() {
	duck.DestroyResult(&s.result)
	duck.DestroyPrepare(&s.prepared)
}

// execute carries out a statement without arguments whose rows are of no
// interest.
func execute(conn duck.Connection, sql string) *wire.Fault {
	var result duck.Result
	defer duck.DestroyResult(&result)
	if duck.Query(conn, sql, &result) == duck.StateError {
		return faultOf(duck.ResultError(&result))
	}
	return nil
}
