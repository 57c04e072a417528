package suite

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDurableBeforeItCounts reads what a backup and a restore ask of the kernel,
// in order: when the file gets its name that makes all of it count, every byte of
// every file and every name must have been fsynced. A test that ends processes
// would not notice one that is missing; only a power cut would.
func TestDurableBeforeItCounts(t *testing.T) {
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip("needs strace, to see the order of system calls")
	}
	s := start(t, data(t))
	c := s.newCampaign(s.newAccount())
	s.get(false, postbackPath+s.click(c, "")+"?value=1")
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	backup, dir := filepath.Join(t.TempDir(), "backup"), filepath.Join(t.TempDir(), "restored")
	wantDurable(t, backup, "backup.json", "backup", backup, "--data-dir", s.dir)
	wantDurable(t, dir, "VERSION", "restore", backup, "--data-dir", dir)
}

var (
	onFile   = regexp.MustCompile(`(write|pwrite64|pwritev|ftruncate|fallocate|fsync|fdatasync)\([0-9]+<([^>]+)>`)
	onName   = regexp.MustCompile(`(mkdirat|unlinkat|unlink|openat|renameat2?|rename)\((.*)`)
	quoted   = regexp.MustCompile(`"([^"]+)"`)
	creating = regexp.MustCompile(`O_CREAT`)
)

// wantDurable runs a command and follows what of a directory is not durable yet.
func wantDurable(t *testing.T, dir, last string, args ...string) {
	t.Helper()
	lookAtSources()
	trace := filepath.Join(t.TempDir(), "trace")
	calls := "trace=write,pwrite64,pwritev,ftruncate,fallocate,fsync,fdatasync,mkdirat,openat,unlink,unlinkat,rename,renameat,renameat2"
	cmd := exec.Command("strace", append([]string{"-f", "-y", "-s", "1", "-e", calls, "-o", trace, program}, args...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		if strings.Contains(string(out), "PTRACE") || strings.Contains(string(out), "ptrace") {
			t.Skipf("strace may not trace here: %s", out)
		}
		t.Fatalf("%v: %s", err, out)
	}
	file, err := os.Open(trace)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	dirty := map[string]bool{} // files with bytes, and directories with names, that are not durable
	inside := func(path string) bool { return path == dir || strings.HasPrefix(path, dir+"/") }
	counted, synced := false, 0
	for in := bufio.NewScanner(file); in.Scan(); {
		line := in.Text()
		if strings.Contains(line, " = -1 ") {
			continue
		}
		if m := onFile.FindStringSubmatch(line); m != nil && (inside(m[2]) || m[2] == filepath.Dir(dir)) {
			if strings.HasSuffix(m[1], "sync") {
				delete(dirty, m[2])
				synced++
			} else {
				dirty[m[2]] = true
			}
			continue
		}
		m := onName.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		names := quoted.FindAllStringSubmatch(m[2], 2)
		if len(names) == 0 || !inside(names[0][1]) {
			continue
		}
		path := names[0][1]
		switch {
		case strings.HasPrefix(m[1], "rename"):
			to := names[len(names)-1][1]
			if filepath.Base(to) == last {
				counted = true
				for left := range dirty {
					t.Errorf("%v: %s counts, but %s is not durable", args[0], last, left)
				}
			}
			delete(dirty, path)
			dirty[filepath.Dir(to)] = true
		case strings.HasPrefix(m[1], "unlink"):
			delete(dirty, path)
		case strings.HasPrefix(filepath.Base(path), ".new-") || strings.HasSuffix(path, ".tmp"): // about to be renamed
		case m[1] == "mkdirat", creating.MatchString(line):
			dirty[filepath.Dir(path)] = true
		}
	}
	if !counted || synced < 8 {
		t.Errorf("%v: the trace does not show it: %d syncs", args[0], synced)
	}
	if dirty[dir] && last == "backup.json" {
		t.Errorf("%v: the name of %s is not durable at the end", args[0], last)
	}
}
