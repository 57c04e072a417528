package main

import (
	"context"
	"fmt"
	"os"

	"homing/internal/desk/control"
	"homing/internal/simulate"
)

type simulateCmd struct {
	simulate.Command `embed:""`
}

// Run plays traffic against the server on the data directory, or with --kill
// against one of its own.
func (c *simulateCmd) Run(s *session) error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("couldn't find the program itself: %w", err)
	}
	c.DataDir = s.dataDir
	return c.Command.Run(s.ctx, simulate.Env{
		Out: s.out, Err: s.err, Executable: program, Clock: s.now,
		// Never s.connect: where no server runs, it would take the directory.
		Connect: func(_ context.Context, dataDir string) (simulate.Server, error) {
			return control.NewClient(control.Dial(dataDir), nil), nil
		},
	})
}
