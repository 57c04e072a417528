package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"homing/internal/desk/control"
	"homing/internal/simulate"
)

type simulateCmd struct {
	simulate.Command `embed:""`
	Track            string `help:"Send clicks and postbacks there instead of to the server itself: to the balancer before the edges of a cluster, whose desk is on --data-dir." placeholder:"URL"`
	TrackTLS         string `name:"track-tls" help:"The same over https." placeholder:"URL"`
}

// Run plays traffic against the server on the data directory, or with --kill
// against one of its own.
func (c *simulateCmd) Run(s *session) error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("couldn't find the program itself: %w", err)
	}
	c.DataDir = s.dataDir
	var settle time.Duration
	if c.Track != "" {
		settle = clusterSettles
	}
	return c.Command.Run(s.ctx, simulate.Env{
		Out: s.out, Err: s.err, Executable: program, Clock: s.now, Settle: settle,
		// Never s.connect: where no server runs, it would take the directory.
		Connect: func(_ context.Context, dataDir string) (simulate.Server, error) {
			return elsewhere{control.NewClient(control.Dial(dataDir), nil), c.Track, c.TrackTLS}, nil
		},
	})
}

// clusterSettles is how long the nodes of a cluster have to hear of something, and to
// load.
const clusterSettles = 3 * time.Second

// elsewhere is a server whose clicks and postbacks go to other addresses.
type elsewhere struct {
	*control.Client
	track, trackTLS string
}

// Status tells these addresses in place of the server's.
func (e elsewhere) Status(ctx context.Context) (control.Status, error) {
	status, err := e.Client.Status(ctx)
	if e.track != "" {
		status.Track, status.TrackTLS = e.track, e.trackTLS
	}
	return status, err
}
