package backup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"homing"
)

var testLayout = Layout{Version: 1, Keys: "k", Ledger: "l", Spool: "s", Archive: "w/a", Certificates: "t"}

func write(t *testing.T, m *Manifest) string {
	t.Helper()
	text, err := m.encode()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, ManifestName), text, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func whole() *Manifest {
	return &Manifest{Format: formatVersion, Layout: 1, Files: []File{
		{Name: "k", Size: 1, Chunks: chunks{7}}, {Name: "l", Size: chunkSize + 1, SHA256: "ab", Chunks: chunks{1, 1<<32 - 1}}, {Name: "s/x"},
	}}
}

func TestManifestComesBack(t *testing.T) {
	m := whole()
	b, err := Open(write(t, m), testLayout)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprintf("%+v", *b.Manifest), fmt.Sprintf("%+v", *m); strings.ReplaceAll(got, "<nil>", "[]") != want {
		t.Errorf("\n%s\n%s", got, want)
	}
}

// TestEveryBitOfTheManifest counts.
func TestEveryBitOfTheManifest(t *testing.T) {
	text, err := whole().encode()
	if err != nil {
		t.Fatal(err)
	}
	for i := range text {
		for bit := range 8 {
			text[i] ^= 1 << bit
			if _, err := decode(text); !errors.Is(err, homing.ErrDamaged) {
				t.Fatalf("byte %d, bit %d: %v", i, bit, err)
			}
			text[i] ^= 1 << bit
		}
		if _, err := decode(text[:i]); !errors.Is(err, homing.ErrDamaged) {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
}

func TestNewerIsRefused(t *testing.T) {
	m := whole()
	m.Format = formatVersion + 1
	if _, err := Open(write(t, m), testLayout); !errors.Is(err, homing.ErrNewer) {
		t.Errorf("format: %v", err)
	}
	m = whole()
	m.Layout = 2
	if _, err := Open(write(t, m), testLayout); !errors.Is(err, homing.ErrNewer) {
		t.Errorf("layout: %v", err)
	}
}

// TestNamesLeadNowhere wants a manifest to name files of a backup only.
func TestNamesLeadNowhere(t *testing.T) {
	for _, name := range []string{"../x", "/etc/passwd", "s/../../x", "s/", "s/..", "s/.", "s", "w/x", "x", "", "s/a/b", `s\x`, "s/a\x00", "k"} {
		m := whole()
		m.Files = append(m.Files, File{Name: name})
		if _, err := Open(write(t, m), testLayout); !errors.Is(err, homing.ErrDamaged) {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, without := range []int{0, 1} {
		m := whole()
		m.Files = append(m.Files[:without:without], m.Files[without+1:]...)
		if _, err := Open(write(t, m), testLayout); !errors.Is(err, homing.ErrDamaged) {
			t.Errorf("without file %d: %v", without, err)
		}
	}
	m := whole()
	m.Files[1].Chunks = m.Files[1].Chunks[:1]
	if _, err := Open(write(t, m), testLayout); !errors.Is(err, homing.ErrDamaged) {
		t.Errorf("with a chunk missing: %v", err)
	}
}
