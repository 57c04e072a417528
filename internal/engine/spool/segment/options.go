package segment

import (
	"crypto/rand"
	"io"
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"homing"
)

// Options say where a spool lives and what it may use. Only Dir and Clock are
// needed.
type Options struct {
	// FS is the file system; the machine's own by default.
	FS vfs.FS
	// Dir holds the segments and nothing else. It is made if it is missing.
	// One Spool at a time may have it open.
	Dir string
	// SegmentSize is how large files get, in bytes; 64 MiB by default. Twice
	// as much disk is taken at least, because the next file is prepared ahead;
	// what can be trimmed is counted in whole files.
	SegmentSize int64
	// MaxQueue bounds the records that wait for the disk, in bytes; 8 MiB by
	// default. Over it, Append answers homing.ErrOverloaded.
	MaxQueue int
	// Patience is how long Append waits for the disk; 3 s by default.
	Patience time.Duration
	// Clock dates the files, and measures for Committed. Nothing else depends on
	// it.
	Clock homing.Clock
	// Fatal is called once, from a goroutine of the spool, when an fsync has
	// failed. It may call Close.
	Fatal func(error)
	// Committed is told of every block that was made durable: how long it took to
	// write and sync it, by Clock. It must be quick, for everybody waits. nil =
	// nothing is measured.
	Committed func(took time.Duration)
	// Logger hears of damage, failing disks and recovery; nobody by default.
	Logger *slog.Logger
	// Random draws generations; crypto/rand by default.
	Random io.Reader
}

const (
	defaultSegmentSize = 64 << 20
	defaultMaxQueue    = 8 << 20
	defaultPatience    = 3 * time.Second

	// firstSize is the room of the first segment after opening. It is prepared
	// while the caller waits, the ones that follow behind the scenes.
	firstSize = 4 << 20
)

func (o *Options) setDefaults() {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if o.SegmentSize <= 0 {
		o.SegmentSize = defaultSegmentSize
	}
	if o.MaxQueue <= 0 {
		o.MaxQueue = defaultMaxQueue
	}
	if o.Patience <= 0 {
		o.Patience = defaultPatience
	}
	if o.Clock == nil {
		o.Clock = func() time.Time { return time.UnixMilli(0) }
	}
	if o.Fatal == nil {
		o.Fatal = func(error) {}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
}
