package restart

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"

	"homing"
	"homing/internal/engine/spool"
	"homing/internal/engine/spool/segment"
)

// TearArgument makes the program that measures one that fills the last file of a
// spool, whose directory follows, and is killed: its main calls TearOff then.
const TearArgument = "fill-and-be-killed"

// tear has the spool's last file filled by a process that is killed.
func (r *restart) tear(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, self, TearArgument, filepath.Join(r.Dir, "spool"))
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); cmd.ProcessState == nil || cmd.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		return fmt.Errorf("couldn't fill the last file: %w", err)
	}
	return nil
}

// TearOff fills the file that a spool begins with, and nearly all of the next, and
// does not return.
func TearOff(dir string, clock homing.Clock) error {
	s, err := segment.Open(segment.Options{Dir: dir, Clock: clock})
	if err != nil {
		return err
	}
	if err := appendLarge(s, 64<<20, clock); err != nil {
		return err
	}
	return errors.Join(syscall.Kill(os.Getpid(), syscall.SIGKILL), errors.New("SIGKILL did nothing"))
}

// appendLarge appends clicks with large headers that do not compress.
func appendLarge(s *segment.Spool, size int64, clock homing.Clock) error {
	const writers, agent = 8, 60 << 10
	var all sync.WaitGroup
	failed := make([]error, writers)
	for w := range writers {
		all.Go(func() {
			click := homing.Click{UserAgent: make([]byte, agent)}
			rand.Read(click.UserAgent)
			var record []byte
			for n := range size / agent / writers {
				at := homing.MillisOf(clock())
				click.Origin = homing.Origin{Time: at, Node: homing.NodeID(w + 1), Seq: uint16(n & homing.MaxSeq), Campaign: 1}
				binary.LittleEndian.PutUint64(click.UserAgent, uint64(n)) // no two alike
				record = homing.AppendClick(record[:0], &click)
				if _, failed[w] = s.Append(spool.KindClick, at, record); failed[w] != nil {
					return
				}
			}
		})
	}
	all.Wait()
	return errors.Join(failed...)
}
