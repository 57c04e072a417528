package cluster

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"homing"
)

func aKey(t testing.TB) Key {
	t.Helper()
	key, err := ParseKey(strings.Repeat("5a", 32))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	text := NewKey()
	if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	key, err := ReadKeyFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := ParseKey(text); err != nil {
		t.Error(err)
	} else if value, err := again.Open("a", key.Seal("a", []byte("value"))); err != nil || string(value) != "value" {
		t.Errorf("%q, %v", value, err)
	}
	if told := fmt.Sprint(key); strings.Contains(told, text[:8]) || told != "[secret]" {
		t.Errorf("printed as %s", told)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadKeyFile(path); !errors.Is(err, homing.ErrInvalid) {
		t.Errorf("a file that others read: %v", err)
	}
	for _, wrong := range []string{"", "5a", strings.Repeat("5g", 32), strings.Repeat("5a", 33)} {
		if _, err := ParseKey(wrong); !errors.Is(err, homing.ErrInvalid) || wrong != "" && strings.Contains(err.Error(), wrong) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}

func TestSealed(t *testing.T) {
	key := aKey(t)
	sealed := key.Seal("one", []byte("value"))
	if bytes.Contains(sealed, []byte("value")) {
		t.Error("it can be read")
	}
	other, err := ParseKey(NewKey())
	if err != nil {
		t.Fatal(err)
	}
	for what, open := range map[string]func() ([]byte, error){
		"another name": func() ([]byte, error) { return key.Open("two", sealed) },
		"another key":  func() ([]byte, error) { return other.Open("one", sealed) },
		"a short one":  func() ([]byte, error) { return key.Open("one", sealed[:5]) },
	} {
		if value, err := open(); !errors.Is(err, homing.ErrDamaged) {
			t.Errorf("%s: %q, %v", what, value, err)
		}
	}
}
