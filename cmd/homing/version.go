package main

import (
	"fmt"
	"io"
	"runtime"

	"homing/internal/app"
)

type versionCmd struct{ oneFormat }

type versionInfo struct {
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// Run tells what this program is.
func (c *versionCmd) Run(s *session) error {
	v := versionInfo{app.Version, app.Commit(), runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH}
	return printOne(s.out, c.Format, v, func(w io.Writer) {
		commit := ""
		if v.Commit != "" {
			commit = " (commit " + v.Commit[:min(12, len(v.Commit))] + ")"
		}
		fmt.Fprintf(w, "homing %s%s %s %s\n", v.Version, commit, v.Go, v.Platform)
	})
}
