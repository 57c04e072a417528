package catalog

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/flow/cluster/durable"
)

// The cache is the last known settings of a node whose ledger is another machine's.
// It is written after each new version, within seconds and at the end, and read only
// when the ledger is away at the start:
//
//	"homingSC" | format 4 | read at 8 | version 8 | SHA-256 of the rest 32 | sealed settings
//
// Numbers are big-endian. The settings are a ledger.Snapshot in gob's encoding, which
// passes over what another version of homing had besides, sealed under the master
// keys like advertisers' keys; head and settings belong together. Who steals the
// file without the keys reads nothing.
//
// A cache that is damaged, or of another format, is as good as none.
const (
	cacheMagic  = "homingSC"
	cacheFormat = 1
	cacheHead   = len(cacheMagic) + 4 + 8 + 8
)

// cache is guarded by Catalog.changing.
type cache struct {
	file    string // empty = there is none
	keyring func() *homing.Keyring
	log     *slog.Logger

	unsaved *ledger.Snapshot // not written yet; nil = the file has the newest
	failed  bool             // the last try to write, and it was told
}

func (c *cache) used() bool { return c.file != "" }

// note has a snapshot written soon, unless the file has it.
func (c *cache) note(s *ledger.Snapshot) {
	if c.used() {
		c.unsaved = s
	}
}

// saveCache writes the newest settings, if they are not written. That it fails is
// told once, and tried again.
func (c *Catalog) saveCache() {
	c.changing.Lock()
	defer c.changing.Unlock()
	s := c.cache.unsaved
	if s == nil {
		return
	}
	text, err := encodeCache(s, c.now(), c.keyring())
	if err == nil {
		err = durable.Write(c.cache.file, text)
	}
	if err != nil {
		if !c.cache.failed {
			c.cache.log.Warn("couldn't write down the settings for a start without the ledger", "file", c.cache.file, "error", err)
		}
		c.cache.failed = true
		return
	}
	c.cache.unsaved, c.cache.failed = nil, false
}

// openCache begins with the last known settings, because the ledger is away.
func (c *Catalog) openCache(away error) error {
	c.changing.Lock()
	defer c.changing.Unlock()
	text, err := os.ReadFile(c.cache.file)
	if err != nil {
		return fmt.Errorf("%w; and there are no settings from before: %w", away, err)
	}
	snapshot, readAt, err := decodeCache(text, c.keyring())
	if err != nil {
		return fmt.Errorf("%w; and the settings from before cannot be used: %s: %w", away, c.cache.file, err)
	}
	if err := c.show(snapshot); err != nil {
		return fmt.Errorf("%w; and the settings from before cannot be used: %s: %w", away, c.cache.file, err)
	}
	c.cache.unsaved = nil // it is where they come from
	now := c.now()
	c.standing.Store(&Standing{Stale: true, Since: now, Version: snapshot.Version, ReadAt: readAt, FromCache: true})
	c.cache.log.Warn("the ledger is away: this node starts with the settings it knows", "version", snapshot.Version, "of", readAt, "error", away)
	return nil
}

func encodeCache(s *ledger.Snapshot, now homing.Millis, keys *homing.Keyring) ([]byte, error) {
	var settings bytes.Buffer
	if err := gob.NewEncoder(&settings).Encode(s); err != nil {
		return nil, fmt.Errorf("couldn't encode the settings: %w", err)
	}
	head := append(make([]byte, 0, cacheHead), cacheMagic...)
	head = binary.BigEndian.AppendUint32(head, cacheFormat)
	head = binary.BigEndian.AppendUint64(head, uint64(now))
	head = binary.BigEndian.AppendUint64(head, uint64(s.Version))
	sealed := keys.SealSecret(homing.Secret(settings.String()), sealedAs(head))
	sum := sha256.Sum256(sealed)
	return slices.Concat(head, sum[:], sealed), nil
}

// sealedAs ties settings to their head, and to nothing that is an advertiser's key.
func sealedAs(head []byte) string { return "settings.cache " + string(head) }

func decodeCache(text []byte, keys *homing.Keyring) (_ *ledger.Snapshot, readAt homing.Millis, err error) {
	const body = cacheHead + sha256.Size
	if len(text) < body || string(text[:len(cacheMagic)]) != cacheMagic {
		return nil, 0, fmt.Errorf("it is no settings cache: %w", homing.ErrDamaged)
	}
	head, sealed := text[:cacheHead], text[body:]
	at := head[len(cacheMagic):]
	if format := binary.BigEndian.Uint32(at); format != cacheFormat {
		return nil, 0, fmt.Errorf("it has format %d, want %d: %w", format, cacheFormat, homing.ErrNewer)
	}
	if sum := sha256.Sum256(sealed); !bytes.Equal(sum[:], text[cacheHead:body]) {
		return nil, 0, fmt.Errorf("its checksum is wrong: %w", homing.ErrDamaged)
	}
	settings, err := keys.OpenSecret(sealed, sealedAs(head))
	if err != nil {
		return nil, 0, fmt.Errorf("it does not open under this node's master keys: %w", err)
	}
	var s ledger.Snapshot
	if err := gob.NewDecoder(bytes.NewReader([]byte(settings.Reveal()))).Decode(&s); err != nil {
		return nil, 0, fmt.Errorf("it cannot be decoded: %w", errors.Join(homing.ErrDamaged, err))
	}
	return &s, homing.Millis(binary.BigEndian.Uint64(at[4:])), nil
}
