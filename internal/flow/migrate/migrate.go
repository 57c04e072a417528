// Package migrate moves what a house holds into other engines: from the embedded
// ones to those that the nodes of a cluster share, and back.
//
//	ledger ──► Ledger ──► ledger        row by row, numbers kept; then both are read and compared
//	warehouse ──► Rows ──► warehouse    clicks, and calls that the ledger does not keep
//	loader (of the new house)           conversions and their receipts, from the new ledger
//
// Nothing of the old house is changed. Whatever cuts a move short, it goes on
// where it was: the ledger's place is kept by the caller, beside what is written,
// and the warehouse keeps its own as the mark of a source. A batch that was
// written, and whose place was not noted any more, is written again and changes
// nothing.
//
// Both houses must rest: whoever calls sees to it that no server runs on either.
package migrate

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"homing"
	"homing/internal/engine/ledger"
)

// Progress is told how far a piece of work has come; total is 0 while unknown.
type Progress func(what string, done, total int64)

// Notebook keeps how far a move has come: durably, and where it is lost if what
// was written is.
type Notebook interface {
	// Read gives what was noted last; nil if nothing was.
	Read(ctx context.Context) ([]byte, error)
	// Note writes it down.
	Note(ctx context.Context, text []byte) error
}

// place is how far the ledger has been moved, as it is noted.
type place struct {
	Version int      `json:"v"`
	Part    string   `json:"part"` // parts before it are done
	Key     []string `json:"key"`  // of the last row that was written; none at the beginning
	Done    bool     `json:"done"`
}

const placeVersion = 1

func readPlace(ctx context.Context, book Notebook) (p place, err error) {
	text, err := book.Read(ctx)
	if err != nil || text == nil {
		return p, err
	}
	if err := json.Unmarshal(text, &p); err != nil {
		return p, fmt.Errorf("%w: how far the move had come cannot be read: %w", homing.ErrDamaged, err)
	}
	if p.Version > placeVersion {
		return p, fmt.Errorf("the move was begun by a newer homing: %w", homing.ErrNewer)
	}
	return p, nil
}

func (p place) note(ctx context.Context, book Notebook) error {
	p.Version = placeVersion
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return book.Note(ctx, text)
}

// keyText writes a row's key so that it can be noted.
func keyText(part *ledger.Part, row ledger.Row) (key []string) {
	for _, v := range part.After(row) {
		key = append(key, fmt.Sprint(v))
	}
	return key
}

// rowAfter is the row that a noted key stands for; nil for none.
func rowAfter(part *ledger.Part, key []string) (ledger.Row, error) {
	if len(key) == 0 {
		return nil, nil
	}
	if len(key) != part.Key {
		return nil, fmt.Errorf("%w: the place in %s is no place", homing.ErrDamaged, part.Name)
	}
	row := make(ledger.Row, part.Key)
	for i, text := range key {
		row[i] = any(text)
		if part.Fields[i].Kind != ledger.Number {
			continue
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%w: the place in %s is no place", homing.ErrDamaged, part.Name)
		}
		row[i] = n
	}
	return row, nil
}
