//go:build !linux

package backup

import "os"

func behindTheDoors(run func() error) error { return run() }

func forget(*os.File) {}
