//go:build !cgo

package child

import (
	"io"

	"homing/internal/engine/warehouse/duckdb/process/wire"
)

// Serve answers that there is no DuckDB in this build.
func Serve(in io.Reader, out io.Writer) int {
	receiver, sender := wire.NewReceiver(in), wire.NewSender(out)
	for {
		f, err := receiver.Receive()
		if err != nil {
			return 0
		}
		kind, body := wire.Fail, wire.NewBody()
		if f.Kind == wire.Ping {
			kind = wire.Pong
		} else {
			fault := wire.Fault{Kind: wire.Unavailable, Text: "this homing was built without cgo and has no DuckDB in it"}
			fault.Put(body)
		}
		if sender.Send(kind, f.ID, body) != nil {
			return 0
		}
	}
}
