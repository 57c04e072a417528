package torture

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"homing"
	"homing/internal/simulate/process"
)

var crashImages = Row{
	Name:     "crash image",
	How:      "the disk is copied in the middle of a run, as a power cut would leave it, and a second server starts on the copy",
	Proof:    "what was acknowledged before the copy began is in it, once, with its value",
	Short:    4,
	Long:     200,
	Unit:     "images",
	Mistakes: []string{"spool fsync left out", "ledger fsync left out"},
	Needs:    diskNeeds,
	Run: func(ctx context.Context, s *Stage, rounds int) (Result, error) {
		return chapters(ctx, s, rounds, imageChapter, func(below *Stage, from, to int) (Result, error) {
			return imagesOf(ctx, below, from, to, s.Done)
		})
	},
}

const (
	imageDisk    = 128 << 20
	imageChapter = 20 // images of one run
	imageWorkers = 4
)

// imagesOf takes images of one run.
func imagesOf(ctx context.Context, s *Stage, from, to int, done func(int)) (r Result, err error) {
	disk, err := MakeDisk(s.Dir, imageDisk)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, disk.Close()) }()
	var d *Driver
	p, err := Open(ctx, s, &d, s.Launch(filepath.Join(disk.Dir, "data"), "--spool-segment-size", "1048576"))
	if err != nil {
		return r, err
	}
	defer func() { p.Kill(); p.Sweep() }()
	random := s.Rand(uint64(from))
	stop := d.Load(ctx, imageWorkers, random.Uint64())
	defer stop()
	n := from
	for found := d.Books.Found(); n < to && found.Total() == 0; n++ {
		if err = Sleep(ctx, time.Duration(random.IntN(500))*time.Millisecond); err == nil {
			err = imageOf(ctx, d, p, disk)
		}
		if err != nil {
			return d.Result(n - from), fmt.Errorf("image %d: %w", n+1, err)
		}
		done(n + 1)
		found = d.Books.Found()
	}
	stop()
	if found := d.Books.Found(); found.Total() == 0 {
		err = d.Settle(ctx, p)
	}
	return d.Result(n - from), err
}

// imageOf takes one image and compares it.
func imageOf(ctx context.Context, d *Driver, p *process.Process, disk *Disk) (err error) {
	recent, touched := d.Books.acknowledged()
	copied, err := copyOf(ctx, p, disk, filepath.Join(d.Stage.Dir, "copy"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, copied.Discard()) }()
	seen := &Driver{Books: d.Books.asOf(recent, touched), Stage: d.Stage, cast: d.cast}
	if err := copied.Mount(); err != nil {
		return err
	}
	launch := d.Stage.Launch(filepath.Join(copied.Dir, "data"))
	launch.Log = filepath.Join(d.Stage.Dir, "copy.log")
	second, err := seen.Reopen(ctx, launch)
	if err != nil {
		return err
	}
	if second != nil {
		defer func() { second.Kill(); second.Sweep() }()
		client := second.Client()
		defer client.Close()
		err = seen.Compare(ctx, client, 0, false)
	}
	d.Books.take(seen.Books)
	return err
}

// copyOf copies the disk while nobody writes to it: the server and its warehouse
// are stopped wherever they are, and know nothing of it.
func copyOf(ctx context.Context, p *process.Process, disk *Disk, dir string) (copied *Disk, err error) {
	stopped := []int{p.Pid()}
	if child := p.Warehouse(); child != nil {
		stopped = append(stopped, child.Pid)
	}
	for _, pid := range stopped {
		err = errors.Join(err, syscall.Kill(pid, syscall.SIGSTOP))
	}
	if err == nil {
		copied, err = disk.Copy(ctx, dir)
	}
	for _, pid := range slices.Backward(stopped) {
		// A warehouse may end at any time and is then started again.
		if gone := syscall.Kill(pid, syscall.SIGCONT); gone != nil && !errors.Is(gone, os.ErrProcessDone) && !errors.Is(gone, syscall.ESRCH) {
			err = errors.Join(err, gone)
		}
	}
	return copied, err
}

// acknowledged is what has been acknowledged by now.
func (b *Books) acknowledged() (clicks []homing.ClickID, claims map[Claim]bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	claims = map[Claim]bool{}
	for k := range b.claims {
		claims[k] = true
	}
	return slices.Collect(maps.Keys(b.clicks)), claims
}

// asOf are books that want what was acknowledged earlier, and know all that has
// been sent and answered since: the copy may hold that too.
func (b *Books) asOf(clicks []homing.ClickID, claims map[Claim]bool) *Books {
	b.mu.Lock()
	defer b.mu.Unlock()
	then := NewBooks()
	then.clicks, then.serials, then.next = maps.Clone(b.clicks), maps.Clone(b.serials), b.next
	then.recent, then.touched = clicks, claims
	return then
}

// take takes over what other books found.
func (b *Books) take(other *Books) {
	found := other.Found()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.found.add(found)
}
