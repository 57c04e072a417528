package app

import (
	"testing"
	"time"
)

func TestSizesAreReadAsTheyAreWritten(t *testing.T) {
	for text, want := range map[string]Bytes{
		"0": 0, "1048576": 1 << 20, "512MiB": 512 << 20, "2 GiB": 2 << 30, "3KB": 3000, "7B": 7, "1GB": 1e9,
	} {
		var got Bytes
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%q: %d, %v; want %d", text, got, err, want)
		}
		var again Bytes
		if err := again.UnmarshalText([]byte(got.String())); err != nil || again != got {
			t.Errorf("%q came back as %q: %v", text, got, err)
		}
	}
	for _, text := range []string{"", "-1", "1.5GiB", "2TB", "MiB", "99999999999GiB", "1e6"} {
		var got Bytes
		if err := got.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q was taken for %d", text, got)
		}
	}
}

func TestKeepIsForWholeDaysOrForEver(t *testing.T) {
	for text, want := range map[string]time.Duration{"0": 0, "1d": 24 * time.Hour, "400d": 400 * 24 * time.Hour} {
		var got Keep
		if err := got.UnmarshalText([]byte(text)); err != nil || time.Duration(got) != want || got.String() != text {
			t.Errorf("%q: %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "1h", "-3d", "forever"} {
		var got Keep
		if err := got.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q was taken for %s", text, got)
		}
	}
}
