package process_test

import (
	"bytes"
	"path/filepath"

	"homing/internal/engine/warehouse/duckdb/process/wire"
)

// openingFrames are what opens a database and asks it something, as bytes.
func openingFrames(dir, sql string) [][]byte {
	opening, question := wire.NewBody(), wire.NewBody()
	settings := wire.Settings{Path: filepath.Join(dir, "w.duckdb"), Memory: 256 << 20, Threads: 1}
	settings.Put(opening)
	question.PutText(sql)
	if err := question.PutArgs(nil); err != nil {
		panic(err)
	}
	return [][]byte{asBytes(wire.Open, 1, opening), asBytes(wire.Query, 2, question)}
}

func asBytes(kind wire.Kind, id uint32, b *wire.Body) []byte {
	var out bytes.Buffer
	if err := wire.NewSender(&out).Send(kind, id, b); err != nil {
		panic(err)
	}
	return out.Bytes()
}
