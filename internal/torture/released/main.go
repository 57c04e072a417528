// Command released makes a data directory of a program as it was released, for
// testdata/golden: what later programs must be able to open.
//
//	git archive COMMIT | tar x -C /tmp/then && (cd /tmp/then && go build -o /tmp/homing-then ./cmd/homing)
//	go run ./internal/torture/released --program /tmp/homing-then --name 2026-11-format-3 --commit COMMIT
//
// It is done once for every version whose formats are new, before it is released.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"

	"homing/internal/torture"
)

func main() {
	program := flag.String("program", "", "the program as it was")
	name := flag.String("name", "", "what the directory is called")
	commit := flag.String("commit", "", "what the program was made of")
	into := flag.String("into", "internal/torture/testdata/golden", "where NAME.tar.gz goes")
	flag.Parse()
	if err := run(*program, *name, *commit, *into); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(program, name, commit, into string) error {
	scratch, err := os.MkdirTemp("", "released-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	s := &torture.Stage{Program: program, Dir: scratch, Clock: time.Now, Notes: os.Stderr}
	return torture.MakeReleased(context.Background(), s, torture.Released{Name: name, Commit: commit}, into)
}
