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
func writtenBy(ctx context.Context, s *server) (w written) {
	if s.desk == "" {
		return w
	}
	request, err := http.NewRequestWithContext(ctx, "GET", s.desk+"/metrics", nil)
	if err != nil {
		return w
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return w
	}
	defer answer.Body.Close()
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), " ")
		for wanted, into := range map[string]*float64{
			"homing_spool_commit_seconds_count": &w.spoolCommits, "homing_spool_records_total": &w.spoolRecords,
			"homing_ledger_commit_seconds_count": &w.ledgerCommits, "homing_ledger_writes_total": &w.ledgerWrites,
		} {
			if bare, _, _ := strings.Cut(name, "{"); bare == wanted {
				n, _ := strconv.ParseFloat(value, 64) // metrics are numbers
				*into += n
			}
		}
	}
	return w
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
