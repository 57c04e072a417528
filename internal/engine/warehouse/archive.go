package warehouse

import (
	"context"
	"io"
)

// Put takes one file of a copy: its name, without directories, its length, and
// its bytes, which it reads to the end.
type Put func(name string, size int64, from io.Reader) error

// Archive is the files that sealed days are kept in, for a backup. It asks the
// warehouse for nothing, and nothing waits for it: days go on being sealed, given
// up and erased.
type Archive interface {
	// Bytes is about how much a copy made now has.
	Bytes() (int64, error)
	// Copy puts every day that is sealed when it begins, each as it is sealed at
	// some moment of the call. What is damaged is copied as it stands. It tells how
	// many days there were.
	Copy(ctx context.Context, put Put) (days int, err error)
}
