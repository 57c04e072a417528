//go:build !linux

package torture

import (
	"context"
	"errors"
	"net"
)

type group struct{}

func overloadNeeds() string { return "it limits processor and memory, which only Linux can" }

func newGroup(string, float64, int64) (*group, error) { return nil, errors.ErrUnsupported }

func (*group) Take(int) error { return errors.ErrUnsupported }
func (*group) Peak() int64    { return 0 }
func (*group) Close() error   { return nil }

func trustAny(context.Context, string) (net.Conn, error) { return nil, errors.ErrUnsupported }
