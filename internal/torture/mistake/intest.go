package mistake

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
)

// InTest runs the mistake's own test on the package with the mistake in it, and
// tells what the test said first; "" if it passes. A package that cannot be built,
// or a test that is not there, is an error.
func InTest(ctx context.Context, m Mistake) (said string, err error) {
	source, err := Source()
	if err != nil {
		return "", err
	}
	scratch, err := os.MkdirTemp("", "homing-mistake-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(scratch)
	overlay, err := m.overlay(source, scratch)
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "go", "test", "-count=1", "-v", "-overlay", overlay, "-run", "^"+m.Test.Name+"$", "homing/"+m.Test.Package)
	cmd.Dir = source
	out, err := cmd.CombinedOutput()
	if !regexp.MustCompile(`(?m)^=== RUN +` + m.Test.Name + `$`).Match(out) {
		return "", fmt.Errorf("%s of %s was not run: %w: %s", m.Test.Name, m.Test.Package, err, out)
	}
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return "", err
	}
	if err == nil {
		return "", nil
	}
	if line := regexp.MustCompile(`(?m)^ +(\w+_test\.go:\d+: .*)$`).FindSubmatch(out); line != nil {
		return string(line[1]), nil
	}
	return m.Test.Name + " failed", nil
}
