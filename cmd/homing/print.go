package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
)

// Formats of what is printed. table is for people and may change; json, jsonl
// and csv are relied on by scripts: fields are added, never renamed.
const (
	formatTable = "table"
	formatJSON  = "json"
	formatJSONL = "jsonl"
	formatCSV   = "csv"
)

// listFormat is the flag of commands that print a list.
type listFormat struct {
	Format string `enum:"table,json,jsonl" default:"table" help:"table is for people; json is one document, jsonl one object a line."`
}

// oneFormat is the flag of commands that print one thing.
type oneFormat struct {
	Format string `enum:"table,json,jsonl" default:"table" help:"table is for people; json is one object."`
}

// column is a column of a table or of CSV.
type column[T any] struct {
	head  string
	cell  func(*T) string
	right bool // numbers
	width int  // at least
}

// printOne prints one thing; text prints it for people.
func printOne(w io.Writer, format string, v any, text func(io.Writer)) error {
	switch format {
	case formatJSON:
		return writeJSON(w, v, "", "  ", "\n")
	case formatJSONL:
		return writeJSON(w, v, "", "", "\n")
	}
	text(w)
	return nil
}

// printList prints a list whose end is near.
func printList[T any](w io.Writer, format string, columns []column[T], list iter.Seq2[T, error]) error {
	out := bufio.NewWriterSize(w, 64<<10)
	err := printTo(out, format, columns, list, rowsAtOnce)
	if flushed := out.Flush(); err == nil {
		err = flushed
	}
	return err
}

// printLive prints a list line by line, as it comes.
func printLive[T any](w io.Writer, format string, columns []column[T], list iter.Seq2[T, error]) error {
	return printTo(w, format, columns, list, 1)
}

// rowsAtOnce is how many rows of a table are looked at to find its widths.
const rowsAtOnce = 500

func printTo[T any](w io.Writer, format string, columns []column[T], list iter.Seq2[T, error], atOnce int) error {
	switch format {
	case formatJSON:
		return printArray(w, list)
	case formatJSONL:
		for v, err := range list {
			if err != nil {
				return err
			}
			if err := writeJSON(w, v, "", "", "\n"); err != nil {
				return err
			}
		}
		return nil
	case formatCSV:
		return printCSV(w, columns, list)
	}
	return printTable(w, columns, list, atOnce)
}

// printArray prints one JSON document. If the list breaks off, so does the
// document, so that nobody takes it for whole.
func printArray[T any](w io.Writer, list iter.Seq2[T, error]) error {
	before := "[\n  "
	for v, err := range list {
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, before); err != nil {
			return err
		}
		before = ",\n  "
		if err := writeJSON(w, v, "  ", "  ", ""); err != nil {
			return err
		}
	}
	end := "\n]\n"
	if before[0] == '[' {
		end = "[]\n"
	}
	_, err := io.WriteString(w, end)
	return err
}

func writeJSON(w io.Writer, v any, prefix, indent, end string) error {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false) // URLs are full of &
	e.SetIndent(prefix, indent)
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("couldn't write JSON: %w", err)
	}
	_, err := w.Write(append(bytes.TrimRight(text.Bytes(), "\n"), end...))
	return err
}

func printCSV[T any](w io.Writer, columns []column[T], list iter.Seq2[T, error]) error {
	out := csv.NewWriter(w)
	row := make([]string, len(columns))
	for i, c := range columns {
		row[i] = c.head
	}
	out.Write(row) // errors are told by Error
	for v, err := range list {
		if err != nil {
			out.Flush()
			return err
		}
		for i, c := range columns {
			row[i] = noFormula(c.cell(&v))
		}
		out.Write(row)
	}
	out.Flush()
	return out.Error()
}

// noFormula keeps a spreadsheet from running a cell that came from outside.
func noFormula(cell string) string {
	if cell != "" && strings.IndexByte("=+-@\t\r", cell[0]) >= 0 {
		return "'" + cell
	}
	return cell
}

func seqOf[T any](list []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for v := range slices.Values(list) {
			if !yield(v, nil) {
				return
			}
		}
	}
}
