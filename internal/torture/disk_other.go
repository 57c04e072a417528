//go:build !linux

package torture

import (
	"context"
	"errors"
	"time"
)

// Disk is only to be had on Linux.
type Disk struct{ Dir string }

var errNoDisk = errors.New("it needs Linux")

func diskNeeds() string     { return errNoDisk.Error() }
func throttleNeeds() string { return errNoDisk.Error() }

// MakeDisk makes nothing.
func MakeDisk(string, int64) (*Disk, error) { return nil, errNoDisk }

// What follows is never asked of a Disk that there cannot be.

func (*Disk) Mount() error                                { return errNoDisk }
func (*Disk) Unmount() error                              { return errNoDisk }
func (*Disk) Remount() error                              { return errNoDisk }
func (*Disk) Cut() error                                  { return errNoDisk }
func (*Disk) Freeze() error                               { return errNoDisk }
func (*Disk) Thaw() error                                 { return errNoDisk }
func (*Disk) Free() (int64, error)                        { return 0, errNoDisk }
func (*Disk) FillUp(int64) error                          { return errNoDisk }
func (*Disk) Release() error                              { return errNoDisk }
func (*Disk) Throttle(int, ...int) error                  { return errNoDisk }
func (*Disk) Unthrottle() error                           { return errNoDisk }
func (*Disk) Copy(context.Context, string) (*Disk, error) { return nil, errNoDisk }
func (*Disk) Close() error                                { return errNoDisk }
func (*Disk) Discard() error                              { return errNoDisk }

type watch struct{}

const named, changed = 0, 0

func watchFor(string, string, uint32) (*watch, error) { return nil, errNoDisk }
func (*watch) wait(time.Duration) bool                { return false }
