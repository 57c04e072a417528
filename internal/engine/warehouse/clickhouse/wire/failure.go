package wire

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"homing"
)

// Failure is what a server says went wrong.
type Failure struct {
	Code int // ClickHouse's own
	Text string
}

func (f *Failure) Error() string { return "ClickHouse: " + f.Text }

// kinds of what is not simply homing.ErrUnavailable. Numbers are those of
// ClickHouse's ErrorCodes.cpp, and never change.
var kinds = map[int]error{
	158: homing.ErrOverloaded, // TOO_MANY_ROWS
	159: homing.ErrOverloaded, // TIMEOUT_EXCEEDED
	160: homing.ErrOverloaded, // TOO_SLOW
	191: homing.ErrOverloaded, // SET_SIZE_LIMIT_EXCEEDED
	202: homing.ErrOverloaded, // TOO_MANY_SIMULTANEOUS_QUERIES
	241: homing.ErrOverloaded, // MEMORY_LIMIT_EXCEEDED
	307: homing.ErrOverloaded, // TOO_MANY_BYTES
	396: homing.ErrOverloaded, // TOO_MANY_ROWS_OR_BYTES

	40:  homing.ErrDamaged, // CHECKSUM_DOESNT_MATCH
	226: homing.ErrDamaged, // NO_FILE_IN_DATA_PART
	228: homing.ErrDamaged, // BAD_SIZE_OF_FILE_IN_DATA_PART
	246: homing.ErrDamaged, // CORRUPTED_DATA
	271: homing.ErrDamaged, // CANNOT_DECOMPRESS
}

// elsewhere are failures of one server that another one may not have: it cannot
// write, or reach others, or read what it has stored.
var elsewhere = map[int]bool{
	40: true, 226: true, 228: true, 246: true, 271: true, // see kinds
	210: true, // NETWORK_ERROR
	225: true, // NO_ZOOKEEPER
	242: true, // TABLE_IS_READ_ONLY
	279: true, // ALL_CONNECTION_TRIES_FAILED
	999: true, // KEEPER_EXCEPTION
}

func (f *Failure) kind() error {
	if kind, ok := kinds[f.Code]; ok {
		return kind
	}
	return homing.ErrUnavailable
}

var codePattern = regexp.MustCompile(`Code: (\d+)`)

// textBytes is how much of what a server says is told.
const textBytes = 600

// failureOf reads the body of an answer that is not 200.
func failureOf(status int, body string) error {
	f := &Failure{Text: strings.TrimSpace(strings.ToValidUTF8(body, "?"))}
	if m := codePattern.FindStringSubmatch(body); m != nil {
		f.Code, _ = strconv.Atoi(m[1])
	}
	if f.Text == "" {
		f.Text = fmt.Sprintf("status %d", status)
	}
	if len(f.Text) > textBytes {
		cut := textBytes
		for !utf8.RuneStart(f.Text[cut]) {
			cut--
		}
		f.Text = f.Text[:cut] + "…"
	}
	return fmt.Errorf("%w: %w", f.kind(), f)
}

// CodeOf is ClickHouse's number of an error, 0 if it is none of its own.
func CodeOf(err error) int {
	if f := (*Failure)(nil); errors.As(err, &f) {
		return f.Code
	}
	return 0
}

// troubled is an error of the network. One that comes of ctx's end is ctx's.
func troubled(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("%w: %w", homing.ErrUnavailable, err)
}
