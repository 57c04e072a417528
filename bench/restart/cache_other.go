//go:build !linux

package restart

import (
	"errors"
	"os"
)

// dropFromCache cannot be done: only Linux lets one.
func dropFromCache(*os.File) error { return errors.ErrUnsupported }
