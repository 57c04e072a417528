package torture

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// clearLeftovers takes away the disks of runs that were killed: their images
// carry the number of a process that is gone. It does what it can.
func clearLeftovers() {
	files, _ := filepath.Glob("/sys/block/loop*/loop/backing_file") // the pattern is good
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		image := strings.TrimSuffix(strings.TrimSpace(string(text)), " (deleted)")
		if !leftOver(filepath.Base(image)) {
			continue
		}
		device := strings.Split(file, "/")[3]
		for _, at := range mountsOf(device) {
			dir, err := os.Open(at)
			if err == nil {
				_ = unix.IoctlSetPointerInt(int(dir.Fd()), fiThaw, 0) // mostly it is not frozen
				_ = dir.Close()
			}
			if unmount(at) != nil {
				_ = unix.Unmount(at, unix.MNT_DETACH)
			}
		}
		_ = command("losetup", "-d", "/dev/"+device) // mostly it went with its mount
		_ = os.Remove(image)
	}
}

// leftOver tells whether an image is of a process that is gone.
func leftOver(name string) bool {
	name, ours := strings.CutPrefix(name, imagePrefix)
	name, image := strings.CutSuffix(name, imageSuffix)
	pid, err := strconv.Atoi(name)
	return ours && image && err == nil && gone(pid)
}

// gone tells whether a process has ended, also if nobody has asked how.
func gone(pid int) bool {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return errors.Is(err, os.ErrNotExist)
	}
	_, state, _ := strings.Cut(string(text), ") ") // the name may hold anything, but hardly this
	return strings.HasPrefix(state, "Z")
}

// mountsOf finds where a block device is mounted.
func mountsOf(device string) (dirs []string) {
	text, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "/dev/"+device {
			dirs = append(dirs, fields[1])
		}
	}
	return dirs
}

// device is the disk's block device, such as loop3.
func (d *Disk) device() string {
	text, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[1] == d.Dir {
			return filepath.Base(fields[0])
		}
	}
	return ""
}
