// Package done keeps what long proofs have done, so that they go on where they were
// ended, and tells what they found in words that are fit for a document.
package done

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Read reads what was kept in a file; a missing one leaves into as it is.
func Read(path string, into any) error {
	text, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		return fmt.Errorf("couldn't read what is done: %w", err)
	}
	return nil
}

// Write replaces the file, so that one that was cut short is never read.
func Write(path string, what any) error {
	text, err := json.MarshalIndent(what, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	unfinished := path + ".new"
	if err := os.WriteFile(unfinished, text, 0o600); err != nil {
		return err
	}
	return os.Rename(unfinished, path)
}

// Brief is a finding for the document: its first line and its last. What a server
// said between them, addresses and one-time links among it, is where it was run, and
// so are the paths.
func Brief(text string) string {
	first, rest, long := strings.Cut(strings.TrimSpace(text), "\n")
	if !long {
		return withoutPaths(first)
	}
	return withoutPaths(first) + " … " + withoutPaths(rest[strings.LastIndexByte(rest, '\n')+1:])
}

var absolute = regexp.MustCompile(`/[^\s:]*/`)

func withoutPaths(line string) string { return absolute.ReplaceAllString(line, "") }
