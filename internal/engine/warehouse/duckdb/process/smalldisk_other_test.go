//go:build !linux

package process_test

import "testing"

func smallDisk(t *testing.T, _ string) (string, func(string) error) {
	t.Skip("a small file system is made on Linux only")
	return "", nil
}
