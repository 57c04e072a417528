// Command homing is the whole program: the server, and the commands that set it
// up and ask it.
//
// It parses, calls app or asks over the control socket, prints, and sets the
// exit code: 0, 1 if it could not be done, 2 if it was asked wrongly.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/term"

	"homing/internal/app"
	"homing/internal/desk/control"
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == app.WarehouseArgument {
		os.Exit(app.WarehouseProcess())
	}
	now, err := clock()
	if err != nil {
		fmt.Fprintln(os.Stderr, "homing:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the process at once. Within a second it is the same
	// one again: timeout, make and supervisors signal the child and its group.
	context.AfterFunc(ctx, func() { time.AfterFunc(time.Second, stop) })
	s := &session{
		ctx: ctx, in: os.Stdin, out: os.Stdout, err: os.Stderr, now: now,
		terminal: term.IsTerminal(int(os.Stdin.Fd())), watched: term.IsTerminal(int(os.Stderr.Fd())),
		piped: !term.IsTerminal(int(os.Stdout.Fd())),
		connect: func(ctx context.Context, dataDir string, create bool) (*control.Client, error) {
			return app.Connect(ctx, dataDir, create, now)
		},
		doctor: func(ctx context.Context, dataDir string, ask control.DoctorRequest, tell func(control.DoctorLine)) error {
			return app.Doctor(ctx, dataDir, ask, now, tell)
		},
		serve: func(ctx context.Context, cfg app.Config, out io.Writer) error {
			return app.Serve(ctx, cfg, now, out)
		},
	}
	os.Exit(run(s, os.Args[1:]))
}

// session is what a command runs in. Tests hand in their own.
type session struct {
	ctx      context.Context
	in       io.Reader
	out, err io.Writer
	now      func() time.Time
	terminal bool // there is somebody who can be asked
	watched  bool // there is somebody who sees how far something long is
	piped    bool // what is printed goes elsewhere
	// connect makes a data directory that does not exist if create says so.
	connect func(ctx context.Context, dataDir string, create bool) (*control.Client, error)
	serve   func(ctx context.Context, cfg app.Config, out io.Writer) error
	// doctor examines a data directory, whoever has it.
	doctor func(ctx context.Context, dataDir string, ask control.DoctorRequest, tell func(control.DoctorLine)) error

	dataDir string // as parsed
}

// ask connects to the data directory, which there must be, and lets a command
// ask.
func (s *session) ask(question func(*control.Client) error) error {
	return s.askAt(false, question)
}

// askFirst is ask for what an empty homing may begin with.
func (s *session) askFirst(question func(*control.Client) error) error {
	return s.askAt(true, question)
}

func (s *session) askAt(create bool, question func(*control.Client) error) error {
	client, err := s.connect(s.ctx, s.dataDir, create)
	if err != nil {
		return err
	}
	return errors.Join(question(client), client.Close())
}
