package torture

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"homing"
	"homing/internal/desk/control"
)

// Keep has keys looked for, when the row is over, in everything that is left in
// Dir: data, logs, what was asked for and kept.
func (s *Stage) Keep(keys ...homing.Secret) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secrets = append(s.secrets, keys...)
}

// keepMetrics keeps what the server tells on /metrics.
func (d *Driver) keepMetrics(ctx context.Context, client *control.Client) error {
	status, err := client.Status(ctx)
	if err != nil {
		return fmt.Errorf("couldn't ask where /metrics are: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, status.Desk+"/metrics", nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("couldn't read /metrics: %w", err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		return fmt.Errorf("couldn't read /metrics: %s, %w", answer.Status, err)
	}
	return os.WriteFile(filepath.Join(d.Stage.Dir, "metrics.txt"), text, 0o600)
}

// needle is a form in which a key must not be found.
type needle struct {
	form string
	text []byte
}

// needles are the forms of the keys, as they are and as they may be written.
func needles(keys []homing.Secret) (all []needle) {
	for _, key := range keys {
		raw := []byte(key.Reveal())
		all = append(all,
			needle{"plain", raw}, needle{"in hexadecimal", []byte(hex.EncodeToString(raw))},
			needle{"in hexadecimal", []byte(strings.ToUpper(hex.EncodeToString(raw)))})
		// What base64 makes of the middle of a text depends on where it begins, and
		// the ends on what is around it.
		for shift := range 3 {
			for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
				text := encoding.EncodeToString(append(make([]byte, shift), raw...))
				begin := (shift*8 + 5) / 6
				all = append(all, needle{"in base64", []byte(text[begin : len(text)-2])})
			}
		}
	}
	return all
}

// lookForSecrets looks for the keys that were used in every file that is left,
// also in what the spool has compressed. What it finds is a difference.
func (s *Stage) lookForSecrets(ctx context.Context, into *Result) error {
	s.mu.Lock()
	all := needles(s.secrets)
	s.mu.Unlock()
	if len(all) == 0 {
		return nil
	}
	var looked int64
	err := filepath.WalkDir(s.Dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		looked += int64(len(text))
		name, err := filepath.Rel(s.Dir, path)
		if err != nil {
			return err
		}
		for _, text := range append(unpacked(text), text) {
			for _, n := range all {
				if bytes.Contains(text, n.text) {
					into.Tally.Add(Other, "a key is written %s in %s", n.form, name)
				}
			}
		}
		return nil
	})
	if err == nil && looked == 0 {
		return fmt.Errorf("nothing is left in %s", s.Dir)
	}
	return err
}

// mostUnpacked bounds what one piece may become.
const mostUnpacked = 4 << 20

// unpacked finds what a file holds in frames of zstd, as the spool's do. What
// only looks like a frame gives what can be made of it, which harms nobody.
func unpacked(text []byte) (pieces [][]byte) {
	magic := []byte{0x28, 0xb5, 0x2f, 0xfd}
	var decoder *zstd.Decoder
	for {
		i := bytes.Index(text, magic)
		if i < 0 {
			return pieces
		}
		text = text[i:]
		var err error
		if decoder == nil {
			decoder, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(64<<20))
			if err != nil {
				panic(err) // the options are constants
			}
			defer decoder.Close()
		}
		if decoder.Reset(bytes.NewReader(text)) == nil {
			// The error is of what lies behind the frame.
			piece, _ := io.ReadAll(io.LimitReader(decoder, mostUnpacked))
			pieces = append(pieces, piece)
		}
		text = text[len(magic):]
	}
}
