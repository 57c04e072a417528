package duckdb

import (
	"slices"

	"homing/internal/engine/warehouse"
)

// blockRows is how many clicks are stored by campaign: a row group of DuckDB.
//
// Blocks follow each other in time, so that a question of some days reads those
// days' blocks only. Within a block clicks lie by campaign, because most
// questions are about one: it is a run of the block, and DuckDB passes over the
// rest, 2,048 rows at a time. That takes the third part of the time that reading
// all of the block does, and no more room.
const blockRows = 122_880

// inBlocks puts the numbers of clicks that are in the order of their places into the order in
// which they are stored, and tells the last place of the whole blocks, and how
// many clicks come behind it. Those are put in order all the same.
func inBlocks(list []int32, clicks []warehouse.Click) (through *warehouse.Click, loose int) {
	keys := make([]uint64, 0, min(len(list), blockRows))
	for block := range slices.Chunk(list, blockRows) {
		if loose = len(block); loose == blockRows {
			through, loose = &clicks[block[loose-1]], 0
		}
		// Numbers sort faster than places in a list of large rows, each of which
		// is a look into memory: 8 ms a block, not 50. The place behind the
		// campaign keeps the order of times within it.
		keys = keys[:0]
		for place, i := range block {
			keys = append(keys, uint64(clicks[i].Campaign)<<32|uint64(place))
		}
		slices.Sort(keys)
		for n, key := range keys {
			keys[n] = uint64(block[uint32(key)])
		}
		for n, i := range keys {
			block[n] = int32(i)
		}
	}
	return through, loose
}
