package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// processorOf is the processor time, user and system, that processes and
// everything they have started have used so far.
func processorOf(roots []int) time.Duration {
	const parent, user, system, tick = 1, 11, 12, time.Second / 100
	type stat struct {
		parent int
		ticks  int64
	}
	all := map[int]stat{}
	paths, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is good
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		if len(fields) <= system {
			continue
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		up, _ := strconv.Atoi(fields[parent])
		u, _ := strconv.ParseInt(fields[user], 10, 64)
		s, _ := strconv.ParseInt(fields[system], 10, 64)
		all[pid] = stat{up, u + s}
	}
	ours := map[int]bool{}
	for _, pid := range roots {
		ours[pid] = true
	}
	for grown := true; grown; {
		grown = false
		for pid, s := range all {
			if !ours[pid] && ours[s.parent] {
				ours[pid], grown = true, true
			}
		}
	}
	var ticks int64
	for pid := range ours {
		ticks += all[pid].ticks
	}
	return time.Duration(ticks) * tick
}
