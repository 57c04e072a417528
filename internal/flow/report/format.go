package report

import (
	"fmt"
	"strings"

	"homing"
)

// Format is a kind of file that reports and lists are exported as.
type Format uint8

const (
	CSV Format = iota + 1
	JSONLines
	Parquet
)

var formats = [...]struct{ name, contentType string }{
	CSV:       {"csv", "text/csv; charset=utf-8"},
	JSONLines: {"jsonl", "application/x-ndjson; charset=utf-8"},
	Parquet:   {"parquet", "application/vnd.apache.parquet"},
}

// String is the format's name, which is also how its files end.
func (f Format) String() string { return formats[f].name }

// ContentType is the format's media type.
func (f Format) ContentType() string { return formats[f].contentType }

// ParseFormat finds a format by its name.
func ParseFormat(name string) (Format, error) {
	for f := CSV; f <= Parquet; f++ {
		if f.String() == name {
			return f, nil
		}
	}
	return 0, fmt.Errorf("%w format %s: want one of %s", homing.ErrInvalid, quote(name), strings.Join(FormatNames(), ", "))
}

// FormatNames lists the names of the formats.
func FormatNames() (names []string) {
	for f := CSV; f <= Parquet; f++ {
		names = append(names, f.String())
	}
	return names
}
