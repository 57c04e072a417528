package main

import (
	"bufio"
	"context"
	"net/http"
	"strconv"
	"strings"
)

// written is how often a homing has made something durable, and how much.
type written struct {
	spoolCommits, spoolRecords, ledgerCommits, ledgerWrites float64
}

// writtenBy reads it from a homing's metrics; it is nothing for others.
func writtenBy(ctx context.Context, s *server) written {
	samples := samplesOf(ctx, s)
	return written{
		spoolCommits: samples["homing_spool_commit_seconds_count"], spoolRecords: samples["homing_spool_records_total"],
		ledgerCommits: samples["homing_ledger_commit_seconds_count"], ledgerWrites: samples["homing_ledger_writes_total"],
	}
}

// samplesOf are a homing's metrics by name with labels; nobody else has any.
func samplesOf(ctx context.Context, s *server) map[string]float64 {
	if s.desk == "" {
		return nil
	}
	request, err := http.NewRequestWithContext(ctx, "GET", s.desk+"/metrics", nil)
	if err != nil {
		return nil
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil
	}
	defer answer.Body.Close()
	samples := map[string]float64{}
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		if name, value, ok := strings.Cut(lines.Text(), " "); ok && !strings.HasPrefix(name, "#") {
			samples[name], _ = strconv.ParseFloat(value, 64) // metrics are numbers
		}
	}
	return samples
}

// since tells how many records a commit has made durable since before.
func (w written) since(before written, what string) float64 {
	commits, records := w.spoolCommits-before.spoolCommits, w.spoolRecords-before.spoolRecords
	if what == "postbacks" {
		commits, records = w.ledgerCommits-before.ledgerCommits, w.ledgerWrites-before.ledgerWrites
	}
	if commits <= 0 {
		return 0
	}
	return records / commits
}
