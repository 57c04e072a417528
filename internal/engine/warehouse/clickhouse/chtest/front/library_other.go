//go:build !linux || !cgo

package main

import "errors"

type library struct{}

func open(_, _ string) (*library, error) { return nil, errors.New("only on Linux, with cgo") }

func (*library) query(_, _ string) ([]byte, error) { return nil, errors.New("not here") }
