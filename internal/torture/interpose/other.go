//go:build !(linux && amd64)

package interpose

import "errors"

// Watch cannot be made here.
type Watch struct{}

var errNeeds = errors.New("system calls can be interposed on Linux on amd64 only")

// Needs tells why programs cannot be interposed here.
func Needs() string { return errNeeds.Error() }

// Main does nothing.
func Main() {}

// New fails.
func New(string) (*Watch, error) { return nil, errNeeds }

// Around fails.
func (*Watch) Around() ([]string, error) { return nil, errNeeds }

// Decide does nothing.
func (*Watch) Decide(func(Operation) Outcome) {}

// Close does nothing.
func (*Watch) Close() error { return nil }
