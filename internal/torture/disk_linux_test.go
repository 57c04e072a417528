package torture

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func testDisk(t *testing.T) *Disk {
	t.Helper()
	if why := diskNeeds(); why != "" {
		t.Skip(why)
	}
	d, err := MakeDisk(t.TempDir(), 32<<20)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Discard(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// writeFile writes a file, and syncs it and its directory if it is to last.
func writeFile(t *testing.T, d *Disk, name string, lasts bool) {
	t.Helper()
	file, err := os.Create(filepath.Join(d.Dir, name))
	if err == nil {
		_, err = file.WriteString(name)
	}
	if err == nil && lasts {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
	if !lasts {
		return
	}
	dir, err := os.Open(d.Dir)
	if err == nil {
		err = errors.Join(dir.Sync(), dir.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

func holds(d *Disk, name string) bool {
	text, err := os.ReadFile(filepath.Join(d.Dir, name))
	return err == nil && string(text) == name
}

func TestPowerCutLosesWhatWasNotSynced(t *testing.T) {
	d := testDisk(t)
	writeFile(t, d, "synced", true)
	writeFile(t, d, "not synced", false)
	if err := d.Cut(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(d.Dir, "late"), nil, 0o600); !errors.Is(err, syscall.EIO) {
		t.Errorf("writing without power gives %v", err)
	}
	if err := d.Remount(); err != nil {
		t.Fatal(err)
	}
	if !holds(d, "synced") || holds(d, "not synced") {
		t.Errorf("after a cut there is what was synced: %t, and what was not: %t", holds(d, "synced"), holds(d, "not synced"))
	}
}

func TestCopyIsWhatAPowerCutLeaves(t *testing.T) {
	d := testDisk(t)
	writeFile(t, d, "synced", true)
	writeFile(t, d, "not synced", false)
	copied, err := d.Copy(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := copied.Discard(); err != nil {
			t.Error(err)
		}
	})
	if err := copied.Mount(); err != nil {
		t.Fatal(err)
	}
	if !holds(copied, "synced") || holds(copied, "not synced") {
		t.Errorf("in a copy there is what was synced: %t, and what was not: %t", holds(copied, "synced"), holds(copied, "not synced"))
	}
	if !holds(d, "not synced") {
		t.Error("the disk that was copied has changed")
	}
}

func TestDiskFillsUp(t *testing.T) {
	d := testDisk(t)
	if err := d.FillUp(0); err != nil {
		t.Fatal(err)
	}
	text := make([]byte, 64<<10)
	if err := os.WriteFile(filepath.Join(d.Dir, "more"), text, 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("writing to a full disk gives %v", err)
	}
	if err := d.Release(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(d.Dir, "more"), text, 0o600); err != nil {
		t.Error(err)
	}
}

func TestDiskHangs(t *testing.T) {
	d := testDisk(t)
	if err := d.Freeze(); err != nil {
		t.Fatal(err)
	}
	written := make(chan error)
	go func() { written <- os.WriteFile(filepath.Join(d.Dir, "file"), nil, 0o600) }()
	select {
	case err := <-written:
		t.Errorf("writing to a disk that hangs gives %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	if err := d.Thaw(); err != nil {
		t.Fatal(err)
	}
	if err := <-written; err != nil {
		t.Error(err)
	}
}

func TestDiskIsSlow(t *testing.T) {
	if why := throttleNeeds(); why != "" {
		t.Skip(why)
	}
	d := testDisk(t)
	if err := d.Throttle(512<<10, os.Getpid()); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	file, err := os.Create(filepath.Join(d.Dir, "file"))
	if err == nil {
		_, err = file.Write(make([]byte, 256<<10))
	}
	if err == nil {
		err = errors.Join(file.Sync(), file.Close())
	}
	took := time.Since(began)
	if err := errors.Join(err, d.Unthrottle()); err != nil {
		t.Fatal(err)
	}
	if took < 400*time.Millisecond {
		t.Errorf("256 KiB at 512 KiB a second took %s", took)
	}
}

func TestLeftOver(t *testing.T) {
	for name, want := range map[string]bool{
		"homing-torture-1.ext4": false, "homing-torture-99999999.ext4": true, "homing-torture-.ext4": false,
		"other-99999999.ext4": false, "homing-torture-99999999.img": false,
	} {
		if leftOver(name) != want {
			t.Errorf("%s is left over: %t", name, !want)
		}
	}
}
