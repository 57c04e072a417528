// Package mistake builds homing with one deliberate mistake in it, so that a
// proof can be shown to fail.
//
//	catalogue ──► Mistake ──► changed copies of files ──► go build -overlay ──► program
//
// No file of the program knows of it: the copies lie in scratch, and the go
// command is told to read them instead.
package mistake

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Mistake is a change of the program that must be noticed.
type Mistake struct {
	Name string
	What string // what is done wrongly, in a sentence
	// Edits put it in. The zero Mistake has none: the program as it is.
	Edits []Edit
	// Race builds with the race detector.
	Race bool
	// Test is the test that catches it, where no row can, and Why says why.
	Test Test
	Why  string
	// Cluster: it is one of several machines, and caught by package clusters.
	Cluster bool
}

// Test names a test.
type Test struct{ Package, Name string }

// Edit replaces text of a file.
type Edit struct {
	File     string // below the module's directory, with slashes
	Old, New string // Old occurs once
}

// Find finds a mistake by its name.
func Find(name string) (Mistake, error) {
	for _, m := range All {
		if m.Name == name {
			return m, nil
		}
	}
	return Mistake{}, fmt.Errorf("there is no mistake called %q", name)
}

// Source finds the directory of the module, which is above the present one.
func Source() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && bytes.HasPrefix(text, []byte("module homing\n")) {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("this is not homing's source: there is no go.mod of it above the present directory")
		}
		dir = filepath.Dir(dir)
	}
}

// Build builds the program with a mistake, and keeps it in dir under a name made
// of everything it was built from, so that the same is built only once. It
// returns the program's path. A mistake that does not fit the source any more is
// an error.
func Build(ctx context.Context, dir string, m Mistake) (string, error) {
	source, err := Source()
	if err != nil {
		return "", err
	}
	sum, err := m.sum(source)
	if err != nil {
		return "", err
	}
	program := filepath.Join(dir, "homing-"+sum)
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	forget(dir)
	scratch, err := filepath.Abs(filepath.Join(dir, "overlay-"+sum))
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(scratch)
	overlay, err := m.overlay(source, scratch)
	if err != nil {
		return "", err
	}
	// A build that is cut short must not look like one that was finished.
	unfinished, err := filepath.Abs(filepath.Join(dir, "unfinished-"+sum))
	if err != nil {
		return "", err
	}
	args := []string{"build", "-overlay", overlay, "-o", unfinished}
	if m.Race {
		args = append(args, "-race")
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "homing/cmd/homing")...)
	cmd.Dir = source
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("couldn't build the program (%s): %w: %s", m.Name, err, bytes.TrimSpace(out))
	}
	return program, os.Rename(unfinished, program)
}

// keepTime is how long a program is kept that may be of an older source: they are
// large.
const keepTime = 24 * time.Hour

// forget removes old programs. It does what it can.
func forget(dir string) {
	old, _ := filepath.Glob(filepath.Join(dir, "homing-*")) // the pattern is good
	for _, path := range old {
		if info, err := os.Stat(path); err == nil && time.Since(info.ModTime()) > keepTime {
			_ = os.Remove(path) // or somebody else did
		}
	}
}

// overlay writes the changed files and the list of them, and returns its path.
func (m *Mistake) overlay(source, scratch string) (string, error) {
	if err := os.MkdirAll(scratch, 0o700); err != nil {
		return "", err
	}
	changed := map[string]string{}
	for _, e := range m.Edits {
		text := changed[e.File]
		if text == "" {
			raw, err := os.ReadFile(filepath.Join(source, filepath.FromSlash(e.File)))
			if err != nil {
				return "", fmt.Errorf("the mistake %q no longer fits: %w", m.Name, err)
			}
			text = string(raw)
		}
		if n := strings.Count(text, e.Old); n != 1 {
			return "", fmt.Errorf("the mistake %q no longer fits: %s has %d times %q", m.Name, e.File, n, e.Old)
		}
		changed[e.File] = strings.Replace(text, e.Old, e.New, 1)
	}
	var list struct{ Replace map[string]string }
	list.Replace = map[string]string{}
	for file, text := range changed {
		copied := filepath.Join(scratch, fmt.Sprintf("%d-%s", len(list.Replace), filepath.Base(file)))
		if err := os.WriteFile(copied, []byte(text), 0o600); err != nil {
			return "", err
		}
		list.Replace[filepath.Join(source, filepath.FromSlash(file))] = copied
	}
	text, err := json.Marshal(list)
	if err != nil {
		return "", err
	}
	path := filepath.Join(scratch, "overlay.json")
	return path, os.WriteFile(path, text, 0o600)
}

// Fits tells why a mistake does not fit the source.
func (m *Mistake) Fits() error {
	source, err := Source()
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "homing-mistake-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	_, err = m.overlay(source, scratch)
	return err
}

// sum tells what the program is built from.
func (m *Mistake) sum(source string) (string, error) {
	h := sha256.New()
	if err := hashSources(h, source); err != nil {
		return "", fmt.Errorf("couldn't read the source: %w", err)
	}
	text, err := json.Marshal(m)
	if err != nil {
		return "", err
	}
	h.Write(text) // a hash never fails
	return hex.EncodeToString(h.Sum(nil)[:8]), nil
}

// Sum tells the sources of the program apart, in a few characters.
func Sum() (string, error) {
	source, err := Source()
	if err != nil {
		return "", err
	}
	h := sha256.New()
	if err := hashSources(h, source); err != nil {
		return "", fmt.Errorf("couldn't read the source: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)[:4]), nil
}

// hashSources reads everything that is compiled or embedded.
func hashSources(h interface{ Write([]byte) (int, error) }, source string) error {
	return filepath.WalkDir(source, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(source, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name != "." && skipped(filepath.ToSlash(name)) {
				return filepath.SkipDir
			}
			return nil
		}
		inRoot := !strings.Contains(filepath.ToSlash(name), "/")
		if strings.HasSuffix(name, "_test.go") || inRoot && !strings.HasSuffix(name, ".go") && !strings.HasPrefix(name, "go.") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(h, "%s %x\n", name, sha256.Sum256(text))
		return err
	})
}

// skipped tells what is in the source's directory and not in the program.
func skipped(dir string) bool {
	switch dir {
	case "bin", "bench", "docs", "deploy", "reports", "screenshots", "internal/torture", "internal/suite":
		return true
	}
	base := dir[strings.LastIndexByte(dir, '/')+1:]
	return strings.HasPrefix(base, ".") || base == "node_modules" || base == "testdata"
}
