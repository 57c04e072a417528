package torture

import (
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"homing"
)

// TestKeysAreFound hides a key in every way it is looked for.
func TestKeysAreFound(t *testing.T) {
	const key = "0123456789abcdefghijABCDEFGHIJKLMNop"
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	packed := string(encoder.EncodeAll([]byte(strings.Repeat("so it is ", 1000)+key), nil))
	for name, text := range map[string]string{
		"nothing":       "nothing is here " + key[:30],
		"plain":         "key=" + key + "&a",
		"hexadecimal":   hex.EncodeToString([]byte("x" + key)),
		"base64":        base64.StdEncoding.EncodeToString([]byte(key)),
		"base64 by one": base64.URLEncoding.EncodeToString([]byte("x" + key + "x")),
		"base64 by two": base64.StdEncoding.EncodeToString([]byte("xx" + key + "yyyyy")),
		"in the spool":  "hblk and so on" + packed + "hblk",
		"cut":           packed[:len(packed)/2],
	} {
		s := &Stage{Dir: t.TempDir()}
		s.Keep(homing.Secret(key))
		if err := os.Mkdir(filepath.Join(s.Dir, "data"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(s.Dir, "data", "file"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var r Result
		if err := s.lookForSecrets(t.Context(), &r); err != nil {
			t.Fatal(err)
		}
		if none := name == "nothing" || name == "cut"; (r.Other == 0) != none {
			t.Errorf("%s: %d found", name, r.Other)
		}
		if strings.Contains(strings.Join(r.First, ""), key) {
			t.Errorf("%s: the key is told", name)
		}
	}
}
