package torture

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Disk is a small file system of its own, ext4 on a loop device on a file, whose
// power can be cut, which can fill up, hang and be slow. It is for one goroutine
// at a time, but for Cut, Freeze and Thaw.
//
//	dir/homing-torture-PID.ext4   the image
//	dir/disk                      where it is mounted
//
// What a killed run left mounted is taken away by the next MakeDisk.
type Disk struct {
	// Dir is where it is mounted.
	Dir     string
	image   string
	mounted bool
	frozen  bool
	slow    string // the cgroup that Throttle made; "" = none
}

const (
	imagePrefix = "homing-torture-"
	imageSuffix = ".ext4"
	// ballastName is the file that FillUp takes all room with.
	ballastName = "ballast"
)

// ioctls of linux/fs.h and fs/ext4/ext4.h, and the flag of the second.
const (
	fiFreeze     = 0xc0045877
	fiThaw       = 0xc0045878
	extShutdown  = 0x8004587d
	noLogFlush   = 2
	unmountWait  = 10 * time.Second
	unmountAgain = 10 * time.Millisecond
)

// diskNeeds says why there can be no Disk here; "" = there can.
func diskNeeds() string {
	if why := root(); why != "" {
		return why
	}
	for _, program := range []string{"mkfs.ext4", "mount", "losetup", "cp"} {
		if _, err := exec.LookPath(program); err != nil {
			return "it needs the program " + program
		}
	}
	if _, err := os.Stat("/dev/loop-control"); err != nil {
		return "this machine has no loop devices"
	}
	return ""
}

// MakeDisk makes a disk of so many bytes below dir and mounts it.
func MakeDisk(dir string, size int64) (*Disk, error) {
	clearLeftovers()
	d, err := newDisk(dir)
	if err != nil {
		return nil, err
	}
	err = os.WriteFile(d.image, nil, 0o600)
	if err == nil {
		err = os.Truncate(d.image, size)
	}
	if err == nil {
		// A small journal, no room kept for root, nothing left to do after mounting:
		// what is written is what homing writes.
		err = command("mkfs.ext4", "-q", "-F", "-b", "4096", "-m", "0", "-N", "2048", "-J", "size=4",
			"-E", "lazy_itable_init=0,lazy_journal_init=0", d.image)
	}
	if err == nil {
		err = d.Mount()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("couldn't make a disk: %w", err), d.Close())
	}
	return d, nil
}

func newDisk(dir string) (*Disk, error) {
	d := &Disk{Dir: filepath.Join(dir, "disk"), image: filepath.Join(dir, imagePrefix+strconv.Itoa(os.Getpid())+imageSuffix)}
	if err := os.MkdirAll(d.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("couldn't make a disk: %w", err)
	}
	return d, nil
}

// Mount mounts the disk; after a cut that replays its journal.
func (d *Disk) Mount() error {
	// mount(8) has the loop device go with the mount.
	if err := command("mount", "-o", "loop", d.image, d.Dir); err != nil {
		return err
	}
	d.mounted = true
	return nil
}

// Unmount takes the disk away. Processes of a warehouse that still end are
// waited for a moment, and then killed.
func (d *Disk) Unmount() error {
	if !d.mounted {
		return nil
	}
	err := d.Thaw()
	if err = errors.Join(err, unmount(d.Dir)); err == nil {
		d.mounted = false
	}
	return err
}

// Remount takes the disk away and mounts it again, as a machine does that
// starts after a power cut.
func (d *Disk) Remount() error { return errors.Join(d.Unmount(), d.Mount()) }

// Cut cuts the power: from now on nothing reaches the disk, not even what the
// journal holds in memory, and everything that is tried fails with EIO.
func (d *Disk) Cut() error {
	return d.control(extShutdown, noLogFlush, "cut the power")
}

// Freeze has everything that wants to write hang until Thaw.
func (d *Disk) Freeze() error {
	if err := d.control(fiFreeze, 0, "freeze the disk"); err != nil {
		return err
	}
	d.frozen = true
	return nil
}

// Thaw ends what Freeze began.
func (d *Disk) Thaw() error {
	if !d.frozen {
		return nil
	}
	d.frozen = false
	return d.control(fiThaw, 0, "thaw the disk")
}

func (d *Disk) control(request uint, value int, what string) error {
	dir, err := os.Open(d.Dir)
	if err != nil {
		return fmt.Errorf("couldn't %s: %w", what, err)
	}
	defer dir.Close()
	if err := unix.IoctlSetPointerInt(int(dir.Fd()), request, value); err != nil {
		return fmt.Errorf("couldn't %s: %w", what, err)
	}
	return nil
}

// Free is how many bytes are left.
func (d *Disk) Free() (int64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(d.Dir, &s); err != nil {
		return 0, fmt.Errorf("couldn't ask for the room on the disk: %w", err)
	}
	return int64(s.Bavail) * int64(s.Bsize), nil
}

// FillUp takes all room but so many bytes; called again, what has been given free
// since.
func (d *Disk) FillUp(leave int64) error {
	file, err := os.OpenFile(filepath.Join(d.Dir, ballastName), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("couldn't fill the disk: %w", err)
	}
	defer file.Close()
	const block = 4096
	end, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("couldn't fill the disk: %w", err)
	}
	// Others write meanwhile, and the file system needs some blocks to say where
	// the ballast lies, so it is approached by halves.
	for piece := int64(64 << 20); piece >= block; {
		free, err := d.Free()
		if err != nil {
			return err
		}
		if free-leave < piece {
			piece /= 2
			continue
		}
		switch err := unix.Fallocate(int(file.Fd()), 0, end, piece); {
		case errors.Is(err, unix.ENOSPC):
			piece /= 2
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return fmt.Errorf("couldn't fill the disk: %w", err)
		default:
			end += piece
		}
	}
	return nil
}

// Release gives the room back.
func (d *Disk) Release() error {
	if err := os.Remove(filepath.Join(d.Dir, ballastName)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("couldn't give room back: %w", err)
	}
	return nil
}

// Close takes the disk away, whatever state it is in. The image stays, to be
// looked at, until there is another disk in its place.
func (d *Disk) Close() error {
	err := errors.Join(d.Unthrottle(), d.Unmount())
	if err != nil && d.mounted {
		err = errors.Join(err, unix.Unmount(d.Dir, unix.MNT_DETACH))
	}
	if d.mounted {
		return err
	}
	// A server that was still starting may have made its directory in the place where
	// the disk was.
	return errors.Join(err, os.RemoveAll(d.Dir))
}

// Discard takes the disk away for good.
func (d *Disk) Discard() error { return errors.Join(d.Close(), os.Remove(d.image)) }

// command runs a program.
func command(name string, args ...string) error {
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(string(out)))
	}
	return nil
}

// unmount unmounts, also what is still used for a moment.
func unmount(dir string) error {
	for waited := time.Duration(0); ; waited += unmountAgain {
		err := unix.Unmount(dir, 0)
		if !errors.Is(err, unix.EBUSY) {
			return err
		}
		if waited >= unmountWait {
			return fmt.Errorf("couldn't unmount %s: %w", dir, err)
		}
		if waited > unmountWait/10 {
			for _, pid := range usersOf(dir) {
				_ = syscall.Kill(pid, syscall.SIGKILL) // or it has just gone by itself
			}
		}
		time.Sleep(unmountAgain)
	}
}

// usersOf finds the processes, but for ours, that have files open below dir.
func usersOf(dir string) (pids []int) {
	links, _ := filepath.Glob("/proc/[0-9]*/fd/*") // the pattern is good
	for _, link := range links {
		target, err := os.Readlink(link)
		if err != nil || !strings.HasPrefix(target, dir+"/") {
			continue
		}
		if pid, err := strconv.Atoi(strings.Split(link, "/")[2]); err == nil && pid != os.Getpid() {
			pids = append(pids, pid)
		}
	}
	return pids
}
