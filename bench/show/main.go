package show

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// Main is the whole of main for a program that measures or proves: it runs until it is
// done, interrupted or terminated, and ends the process with the code that run tells,
// or with 2 and a line behind name if it could not be done. It does not return.
func Main(name string, run func(ctx context.Context, arguments []string) (code int, err error)) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code, err := run(ctx, os.Args[1:])
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, name+":", err)
		code = 2
	}
	os.Exit(code)
}
