package app

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"homing"
)

// Bytes is a size, written like 512MiB, 2GB or 1048576.
type Bytes int64

var byteUnits = []struct {
	name string
	size int64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30},
	{"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"B", 1}, {"", 1},
}

// UnmarshalText reads a size.
func (b *Bytes) UnmarshalText(text []byte) error {
	for _, unit := range byteUnits {
		digits, ok := strings.CutSuffix(string(text), unit.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 64)
		if err != nil || n < 0 || n > (1<<62)/unit.size {
			break
		}
		*b = Bytes(n * unit.size)
		return nil
	}
	return fmt.Errorf("%w size %q: write it like 512MiB or 2GiB", homing.ErrInvalid, text)
}

// MarshalText writes a size as UnmarshalText reads it.
func (b Bytes) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

func (b Bytes) String() string {
	for _, unit := range []int{2, 1, 0} {
		if size := byteUnits[unit].size; b != 0 && int64(b)%size == 0 {
			return strconv.FormatInt(int64(b)/size, 10) + byteUnits[unit].name
		}
	}
	return strconv.FormatInt(int64(b), 10)
}

// Keep is how long something is kept, written like 400d; 0 is for ever.
type Keep time.Duration

// UnmarshalText reads a length of time.
func (k *Keep) UnmarshalText(text []byte) error {
	if string(text) == "0" {
		*k = 0
		return nil
	}
	d, err := homing.ParseWindow(string(text))
	if err != nil {
		return err
	}
	if d < 24*time.Hour {
		return fmt.Errorf("%w length of time %q: whole days are given up, so the shortest is 1d; 0 is for ever", homing.ErrInvalid, text)
	}
	*k = Keep(d)
	return nil
}

// MarshalText writes a length of time as UnmarshalText reads it.
func (k Keep) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

func (k Keep) String() string {
	if k == 0 {
		return "0"
	}
	return homing.FormatWindow(time.Duration(k))
}
