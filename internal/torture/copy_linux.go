package torture

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// Copy makes a disk below dir that holds what would be on this one if the power
// were cut now. Nobody may write to it meanwhile; the kernel might, behind
// everybody's back, so a copy during which anything reached the disk is given up
// and made again.
func (d *Disk) Copy(ctx context.Context, dir string) (*Disk, error) {
	to, err := newDisk(dir)
	if err != nil {
		return nil, err
	}
	for range 100 {
		before, err := d.quiet(ctx)
		if err != nil {
			return nil, errors.Join(err, to.Close())
		}
		if err := command("cp", "--sparse=always", d.image, to.image); err != nil {
			return nil, errors.Join(fmt.Errorf("couldn't copy the disk: %w", err), to.Close())
		}
		after, err := d.traffic()
		if err != nil {
			return nil, errors.Join(err, to.Close())
		}
		if after == before {
			return to, nil
		}
	}
	return nil, errors.Join(errors.New("couldn't copy the disk: it is always written to"), to.Close())
}

// traffic tells what was ever written to the disk and what is being written.
func (d *Disk) traffic() (t struct{ written, underWay string }, err error) {
	text, err := os.ReadFile("/sys/block/" + d.device() + "/stat")
	fields := strings.Fields(string(text))
	if err == nil && len(fields) < 9 {
		err = fmt.Errorf("%d numbers are told of the device", len(fields))
	}
	if err != nil {
		return t, fmt.Errorf("couldn't ask what is written to the disk: %w", err)
	}
	t.written, t.underWay = fields[4], fields[8]
	return t, nil
}

// quiet waits until nothing is being written.
func (d *Disk) quiet(ctx context.Context) (t struct{ written, underWay string }, err error) {
	for {
		before, err := d.traffic()
		if err != nil {
			return t, err
		}
		if err := Sleep(ctx, 3*time.Millisecond); err != nil {
			return t, err
		}
		if t, err = d.traffic(); err != nil || t == before && t.underWay == "0" {
			return t, err
		}
	}
}
