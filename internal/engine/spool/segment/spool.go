package segment

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/klauspost/compress/zstd"

	"homing"
	"homing/internal/engine/spool"
)

// Spool is a spool in a directory of segment files.
type Spool struct {
	opts    Options
	decoder *zstd.Decoder // safe for concurrent use

	dirMu sync.Mutex
	dir   vfs.File // for syncing, of dirMu

	mu   sync.Mutex
	work *sync.Cond // on mu: there is a batch, or an end to it
	// Of mu, from here to durable:
	queue    []*batch // waiting; the last one is open
	inflight *batch   // what the committer has taken
	ticks    int      // of the watchdog, since the committer took it
	waiting  int      // bytes of queue and inflight
	free     []*batch
	hung     bool  // the disk does not answer
	failing  bool  // the last batch could not be stored
	noRoom   error // why there is no next file; nil = there is one, or it is being made
	dead     error // why the spool has ended
	closing  bool
	dropped  int        // records of Behind that could not be stored before the end
	segments []*segment // in order; the last one is written, or the next one follows it. Replaced, never changed
	end      int64      // behind the last durable block of the last segment
	endSeal  seal       // what the last segment's seal would say, of end
	holds    int        // that were not released
	held     []*segment // trimmed while there were holds; they go with the last one
	readers  map[*follower]struct{}
	// durable is written under mu, read anywhere.
	durable atomic.Uint64
	crowd   crowd

	// Of the committer:
	active *writer // nil after a failure
	packer *packer
	full   bool // the last attempt to get a segment failed

	ready         chan prepared
	prepareNumber atomic.Int64
	prepareDone   chan struct{}

	done      chan struct{} // closed when the committer has ended
	stop      chan struct{} // closed to end the other goroutines
	watchDone chan struct{}
	ended     chan struct{} // closed when there is nothing more to read or wait for
	endOnce   sync.Once
	closeErr  error // of the committer, read after done

	damage damageList
}

var _ spool.Spool = (*Spool)(nil)

var (
	errClosed = fmt.Errorf("spool is closed: %w", homing.ErrUnavailable)
	errHung   = fmt.Errorf("the spool's disk does not answer: %w", homing.ErrUnavailable)
	errQueue  = fmt.Errorf("the spool's queue is full: %w", homing.ErrOverloaded)
)

// Open opens the spool in a directory, and makes one where there is none. It
// reads no more than the last segment, and that only if the spool was not
// closed. A full disk does not keep it from opening. Data of a newer version is homing.ErrNewer.
func Open(opts Options) (*Spool, error) {
	opts.setDefaults()
	s := &Spool{
		opts: opts, decoder: newDecoder(), packer: newPacker(), crowd: newCrowd(),
		readers: map[*follower]struct{}{},
		ready:   make(chan prepared), prepareDone: make(chan struct{}),
		done: make(chan struct{}), stop: make(chan struct{}), watchDone: make(chan struct{}), ended: make(chan struct{}),
	}
	s.work = sync.NewCond(&s.mu)
	s.damage.logger = opts.Logger
	if err := s.start(); err != nil {
		s.decoder.Close()
		if s.dir != nil {
			_ = s.dir.Close()
		}
		return nil, fmt.Errorf("couldn't open spool %s: %w", opts.Dir, err)
	}
	go s.prepareLoop()
	go s.watch()
	go s.commitLoop()
	return s, nil
}

// start finds out what is stored and begins a segment behind it.
func (s *Spool) start() error {
	next, err := s.load()
	if err != nil {
		return err
	}
	s.durable.Store(uint64(next))
	first := s.prepare(min(firstSize, s.opts.SegmentSize))
	if isFull(first.err) {
		s.failing, s.noRoom = true, first.err
		s.opts.Logger.Error("spool opens on a full disk; nothing can be appended until there is room", "dir", s.opts.Dir)
		return nil
	}
	if first.err != nil {
		return first.err
	}
	return s.begin(first)
}

// Durable is the mark behind the last durable record.
func (s *Spool) Durable() spool.Position { return spool.Position(s.durable.Load()) }

// Oldest is the position of the first record still kept.
func (s *Spool) Oldest() spool.Position {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.oldest()
}

func (s *Spool) oldest() spool.Position {
	if len(s.segments) == 0 {
		return s.Durable()
	}
	return s.segments[0].first
}

// Damage lists what is known to be unreadable.
func (s *Spool) Damage() []spool.Damage { return s.damage.list() }

// Close makes durable what was appended, seals the last segment and ends all
// goroutines. Followers get homing.ErrUnavailable. If the disk hangs it returns
// an error and leaves the committer behind.
func (s *Spool) Close() error {
	s.mu.Lock()
	if s.closing {
		s.mu.Unlock()
		return errClosed
	}
	s.closing = true
	s.work.Signal()
	s.mu.Unlock()

	err := s.awaitCommitter()
	close(s.stop)
	s.endReaders()
	<-s.watchDone
	if err != nil {
		return err
	}
	<-s.prepareDone
	// Readers that are still under way may need the decoder; it is left to the
	// garbage collector.
	return errors.Join(s.closeErr, s.dir.Close())
}

// awaitCommitter waits as long as the disk makes progress.
func (s *Spool) awaitCommitter() error {
	for {
		select {
		case <-s.done:
			return nil
		case <-time.After(s.opts.Patience):
		}
		s.mu.Lock()
		hung := s.hung
		s.mu.Unlock()
		if hung {
			return errHung
		}
	}
}

// die ends the spool after a failed fsync. Which of the written bytes are on
// the disk cannot be known any more, nor read back.
func (s *Spool) die(cause error) error {
	err := fmt.Errorf("spool ended by a failed fsync: %w: %w", homing.ErrUnavailable, cause)
	s.mu.Lock()
	first := s.dead == nil
	if first {
		s.dead = err
	}
	err = s.dead
	s.work.Signal()
	s.mu.Unlock()
	if first {
		s.endReaders()
		s.opts.Logger.Error("spool ended by a failed fsync", "dir", s.opts.Dir, "error", cause)
		go s.opts.Fatal(err) // on its own, because it may call Close
	}
	return err
}

// isDead returns why the spool has ended, or nil.
func (s *Spool) isDead() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dead
}

// endReaders wakes followers for the last time.
func (s *Spool) endReaders() { s.endOnce.Do(func() { close(s.ended) }) }

// whyEnded tells followers and scans what became of the spool.
func (s *Spool) whyEnded() error {
	if err := s.isDead(); err != nil {
		return err
	}
	return errClosed
}

func (s *Spool) path(name string) string { return s.opts.FS.PathJoin(s.opts.Dir, name) }

// syncDir makes new, renamed and removed names durable.
func (s *Spool) syncDir() error {
	s.dirMu.Lock() // vfs wants syncs one after the other
	defer s.dirMu.Unlock()
	return s.dir.Sync()
}
