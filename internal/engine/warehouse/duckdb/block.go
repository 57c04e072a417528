package duckdb

import (
	"cmp"
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
	for block := range slices.Chunk(list, blockRows) {
		if loose = len(block); loose == blockRows {
			through, loose = &clicks[block[loose-1]], 0
		}
		slices.SortStableFunc(block, func(a, b int32) int {
			return cmp.Compare(clicks[a].Campaign, clicks[b].Campaign)
		})
	}
	return through, loose
}
