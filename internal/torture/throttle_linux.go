package torture

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// blockGroups is where control groups of block devices are, of the first
// version: those of the second are not used for writes behind a file system
// here.
func blockGroups() string { return groupsOf("blkio") }

// throttleNeeds says why no Disk can be slow here; "" = one can.
func throttleNeeds() string {
	if why := diskNeeds(); why != "" {
		return why
	}
	if _, err := os.Stat(filepath.Join(blockGroups(), throttleFile)); err != nil {
		return "this machine has no control groups that slow block devices down (blkio)"
	}
	return ""
}

const throttleFile = "blkio.throttle.write_bps_device"

// Throttle lets processes write so many bytes a second to the disk, until
// Unthrottle. What they have under way when they are killed is written at that
// speed, so Unthrottle comes first.
func (d *Disk) Throttle(bytesPerSecond int, pids ...int) error {
	number, err := os.ReadFile("/sys/block/" + d.device() + "/dev")
	if err != nil {
		return fmt.Errorf("couldn't find the disk's device: %w", err)
	}
	d.slow = filepath.Join(blockGroups(), imagePrefix+strconv.Itoa(os.Getpid()))
	if err := os.Mkdir(d.slow, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("couldn't make a control group: %w", err)
	}
	rule := strings.TrimSpace(string(number)) + " " + strconv.Itoa(bytesPerSecond)
	if err := os.WriteFile(filepath.Join(d.slow, throttleFile), []byte(rule), 0o600); err != nil {
		return fmt.Errorf("couldn't slow the disk down: %w", err)
	}
	for _, pid := range pids {
		if err := os.WriteFile(filepath.Join(d.slow, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0o600); err != nil {
			return fmt.Errorf("couldn't slow process %d down: %w", pid, err)
		}
	}
	return nil
}

// Unthrottle ends what Throttle began. Its processes go back to where all are.
func (d *Disk) Unthrottle() error {
	if d.slow == "" {
		return nil
	}
	group := d.slow
	d.slow = ""
	pids, err := os.ReadFile(filepath.Join(group, "cgroup.procs"))
	for pid := range strings.FieldsSeq(string(pids)) {
		// Those that are gone are no longer in it.
		_ = os.WriteFile(filepath.Join(blockGroups(), "cgroup.procs"), []byte(pid), 0o600)
	}
	if err := errors.Join(err, os.Remove(group)); err != nil {
		return fmt.Errorf("couldn't end the control group: %w", err)
	}
	return nil
}
