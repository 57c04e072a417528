// Package sqlite is the ledger of one machine: a single SQLite file.
//
//	Decide ──► queue ──► writer: one batch, one transaction, one fsync ──► answers
//	                        └──► WAL ──► keeper: checkpoints behind the writer's back
//	lists, settings ──► readers: read-only connections, short transactions
//
// The file is in WAL mode with synchronous=FULL: a COMMIT returns after the
// write-ahead log is synced, so what was answered survives a power cut. One
// goroutine writes (see writer); readers never wait for it, nor it for them.
//
// After an error: a full disk or a failed write loses the batch, which is
// answered with homing.ErrUnavailable, and the next batch tries again, so the
// ledger recovers by itself when space returns. A failed fsync is the end: see
// Options.Fatal.
//
// Damage is told, not hidden: Ledger.Damage lists what was met and logs it. A
// log whose middle is damaged is found before SQLite may take the damage for
// the log's end (see cutOff); what is stored is looked through after each
// opening (see survey); lists go around what cannot be read (see list). Every
// page of the file carries checksums, which are verified when it is read: one bit
// that has flipped is turned back and told, and a page with more damage than that
// cannot be read (see summed). Frames of the log have SQLite's checksums, which
// are verified when the ledger is opened, but not while it runs.
//
// A write that meets damage is refused with homing.ErrDamaged, those beside it in
// its batch are not, and a claim is never counted then: its conversion may be
// there. A claim that an index wrongly takes for new is counted; that takes a
// fault of SQLite's or ours, and the survey tells of such an index.
//
// Room on the disk is kept for the log, which is bounded by some 16 MB unless a
// reader holds it, and for its folding (see ballast).
//
//	ledger.db                 the file
//	ledger.db-new             one that is being written in its place, when it is made or of an older format
//	ledger.db-wal             SQLite's write-ahead log, and room behind its end (see logFile); its index is in memory
//	ledger.db-ballast         room, nothing else; gone after a clean end
//	ledger.db-wal.damaged-1   a copy of a damaged log; up to 9, for a human
//
// Nothing but SQLite may open the file while it is in use. POSIX drops all of a
// process' locks on a file when any descriptor of it is closed, and then two
// writers would believe themselves alone.
package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"zombiezen.com/go/sqlite"

	"homing"
	"homing/internal/engine/ledger"
)

// Options say how to open a ledger. All but Path have defaults.
type Options struct {
	// Path is the file. It is made, for its owner only, if it does not exist;
	// its directory must.
	Path string
	// Fatal is told once, on a goroutine of its own, when an fsync fails. From
	// then on every call is answered with homing.ErrUnavailable; the process
	// should end, and trust what it reads after a restart. Default: nothing
	// more than a log entry.
	Fatal func(error)
	// Logger takes what nobody is answered with. Default: slog.Default.
	Logger *slog.Logger
	// MaxQueue is how many writes may wait before claims are answered with
	// homing.ErrOverloaded. Default 8192.
	MaxQueue int
	// MaxBatch is how many writes one transaction carries at most. Default 512.
	MaxBatch int
	// Patience is how long a write may wait for its commit, give or take a
	// sixteenth. Default ledger.Patience.
	Patience time.Duration
	// Cache is how many bytes of pages the writer keeps, and as many whoever folds the
	// log; each page takes twice its size. Default 64 MiB.
	Cache int64
	// Committed is told of every transaction that wrote: how many writes it
	// carried and how long its COMMIT took, by Clock. It must be quick, for
	// everybody waits. Without both nothing is measured.
	Committed func(writes int, took time.Duration)
	Clock     homing.Clock
	// LeadHashes gives the keyed hashes of a lead code, under each key that is
	// in use, the newest first: homing.Keyring.HashLeads. Claims of erased
	// clicks are compared by them. Without it a claim with a lead code of such a
	// click is refused with homing.ErrUnavailable, for nobody can tell whether
	// it was there.
	LeadHashes func(lead string) []string
}

func (o *Options) fill() {
	if o.Fatal == nil {
		o.Fatal = func(error) {}
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Committed == nil || o.Clock == nil {
		o.Committed, o.Clock = func(int, time.Duration) {}, func() time.Time { return time.Time{} }
	}
	if o.MaxQueue == 0 {
		o.MaxQueue = 8192
	}
	if o.MaxBatch == 0 {
		o.MaxBatch = 512
	}
	if o.Patience == 0 {
		o.Patience = ledger.Patience
	}
	if o.Cache == 0 {
		o.Cache = 64 << 20
	}
}

// pragmas are those of who writes.
func (o *Options) pragmas() string {
	return writerPragmas + fmt.Sprintf("\n\tPRAGMA cache_size = -%d;", o.Cache>>10)
}

// Ledger is a ledger.Ledger in an SQLite file.
type Ledger struct {
	path    string
	uri     string // of its file, for connections
	unwatch func()
	damage  *damageList
	log     *slog.Logger
	fatal   func(error)
	queue   *queue
	writer  *writer
	keeper  *keeper
	readers chan *sqlite.Conn // idle ones; all of them after Close has begun
	failure atomic.Pointer[error]

	closeOnce sync.Once
	closeErr  error
	closing   chan struct{}  // closed when Close begins: no new readers
	writing   sync.WaitGroup // the writer
	minding   sync.WaitGroup // watchdog, keeper and survey
	stop      chan struct{}  // ends watchdog and keeper
	unsurvey  context.CancelFunc
}

var _ ledger.Ledger = (*Ledger)(nil)

// readerCount is how many lists and look-ups run at once; others wait.
const readerCount = 4

// Open opens the ledger at o.Path, makes it if there is none, and brings an
// older one up to date. A file that is no ledger of homing is refused, and one
// of a newer version with homing.ErrNewer; both are left as they are.
func Open(o Options) (_ *Ledger, err error) {
	o.fill()
	path, err := filepath.Abs(o.Path)
	if err != nil {
		return nil, fmt.Errorf("couldn't open the ledger: %w", err)
	}
	l := &Ledger{path: path, damage: &damageList{logger: o.Logger}, log: o.Logger, fatal: o.Fatal,
		readers: make(chan *sqlite.Conn, readerCount), closing: make(chan struct{}), stop: make(chan struct{})}
	watcher, unwatch := watch(func(r rot) { l.damage.add("%s", r.words(path)) })
	l.uri, l.unwatch = summedURI(path, watcher), unwatch
	if err := l.open(&o); err != nil {
		if err = errors.Join(err, l.closeConns()); faultOf(err) == damaged && len(l.Damage()) > 0 {
			err = fmt.Errorf("%w: %s", err, strings.Join(l.Damage(), "; "))
		}
		return nil, told("open the ledger "+path, err)
	}
	l.start(o.Patience)
	return l, nil
}

func (l *Ledger) open(o *Options) error {
	state, err := l.inspect()
	if err != nil {
		return err
	}
	l.tellKept()
	unclean, err := l.inspectLog()
	if err != nil {
		return err
	}
	if state != present {
		if err := l.renew(state, o.Patience); err != nil {
			return err
		}
		unclean = false
	}
	const patienceTicks = watchTicks
	l.queue = newQueue(o.MaxQueue, o.MaxBatch, patienceTicks)
	l.writer = &writer{queue: l.queue, stale: true, broke: l.breakDown, broken: l.broken,
		patience: o.Patience, leadHashes: o.LeadHashes, committed: o.Committed, clock: o.Clock, nudge: make(chan struct{}, 1),
		ballast: &ballast{path: l.path + "-ballast"}, damage: l.damage}
	l.keeper = &keeper{ledger: l, writer: l.writer}
	if l.writer.conn, err = connect(l.uri, sqlite.OpenReadWrite, o.Patience, o.pragmas()); err != nil {
		return err
	}
	if err := migrate(l.writer.conn, len(migrations)); err != nil {
		return err
	}
	if err := syncDir(filepath.Dir(l.path)); err != nil {
		return err
	}
	if unclean {
		if err := l.startLogOver(); err != nil {
			return err
		}
	}
	if err := l.writer.prepare(); err != nil {
		return err
	}
	// The keeper never waits for a lock: whatever is in its way comes first.
	if l.keeper.conn, err = connect(l.uri, sqlite.OpenReadWrite, 0, o.pragmas()); err != nil {
		return err
	}
	for range readerCount {
		conn, err := connect(l.uri, sqlite.OpenReadOnly, o.Patience, readerPragmas)
		if err != nil {
			return err
		}
		l.readers <- conn
	}
	return nil
}

// startLogOver folds what an unclean end left, so that the log begins a round of
// its own: else frames that recovery left out would lie behind the new ones
// under the same salts, and the next opening would take them for cut off.
func (l *Ledger) startLogOver() error {
	err := l.writer.fold("TRUNCATE")
	l.damage.meet("checkpointing", err)
	if faultOf(err) == unsynced {
		return err
	}
	return nil // any other failure loses nothing, and the keeper sees to it
}

func (l *Ledger) start(patience time.Duration) {
	l.writing.Go(l.writer.loop)
	l.minding.Go(func() { l.watch(patience) })
	l.minding.Go(l.keeper.loop)
	var ctx context.Context
	ctx, l.unsurvey = context.WithCancel(context.Background())
	l.minding.Go(func() { l.survey(ctx) })
}

// prepare readies the writer's statements.
func (w *writer) prepare() error {
	if err := w.stmts.prepare(w.conn); err != nil {
		return err
	}
	if err := holdMemory(w.conn); err != nil {
		return err
	}
	commit, err := w.conn.Prepare("COMMIT")
	w.commit = func() error { return step(commit) }
	return err
}

// holdMemory keeps a block of every size class of the allocator under SQLite
// in use. It gives a class back to the kernel as soon as its last block is
// freed, so that a page split, which takes and frees one large block, costs an
// mmap and a munmap: a tenth of the CPU of a claim.
func holdMemory(conn *sqlite.Conn) error {
	stmt, err := conn.Prepare("SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10")
	if err != nil {
		return err
	}
	for i := range stmt.BindParamCount() {
		stmt.BindBytes(i+1, make([]byte, 24<<i)) // 24 bytes to 12 KiB
	}
	return nil
}

// watchTicks is how finely patience is measured.
const watchTicks = 16

// watch answers writes that wait for a commit that does not come.
func (l *Ledger) watch(patience time.Duration) {
	ticker := time.NewTicker(patience / watchTicks)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			l.queue.expire()
		case <-l.stop:
			return
		}
	}
}

// breakDown ends all work: see unsynced.
func (l *Ledger) breakDown(err error) {
	kinded := told("sync the ledger; nothing in it can be trusted until a restart", err)
	if !l.failure.CompareAndSwap(nil, &kinded) {
		return
	}
	l.log.Error("the ledger has failed for good", "err", kinded)
	l.queue.close(kinded)
	go l.fatal(kinded)
}

// broken returns why nothing can be trusted, or nil.
func (l *Ledger) broken() error {
	if err := l.failure.Load(); err != nil {
		return *err
	}
	return nil
}

// Size implements ledger.Ledger: the file, its write-ahead log and the ballast.
func (l *Ledger) Size() (int64, error) {
	var size int64
	for _, suffix := range []string{"", "-wal", "-shm", "-ballast"} {
		info, err := os.Stat(l.path + suffix)
		if errors.Is(err, fs.ErrNotExist) && suffix != "" {
			continue
		}
		if err != nil {
			return 0, fmt.Errorf("couldn't measure the ledger: %w: %w", homing.ErrUnavailable, err)
		}
		size += info.Size()
	}
	return size, nil
}

// Close carries out what waits, folds the write-ahead log into the file and
// releases everything. After a failed fsync it touches the files no more: the
// restart finds them as the failure left them.
func (l *Ledger) Close() error {
	l.closeOnce.Do(func() { l.closeErr = l.close() })
	return l.closeErr
}

func (l *Ledger) close() error {
	l.queue.close(errClosed)
	close(l.closing)
	l.unsurvey()
	l.writing.Wait()
	close(l.stop)
	l.minding.Wait()
	readers := make([]*sqlite.Conn, 0, readerCount)
	for range readerCount {
		readers = append(readers, <-l.readers) // waits for those in use
	}
	if l.broken() != nil {
		return nil // already told; the connections end with the process
	}
	for _, conn := range readers {
		l.readers <- conn
	}
	err := l.writer.fold("TRUNCATE")
	if err == nil { // else the next run may need it
		err = l.writer.ballast.clear()
	}
	return told("close the ledger", errors.Join(err, l.closeConns()))
}

// closeConns closes what connections there are.
func (l *Ledger) closeConns() (err error) {
	defer l.unwatch()
	for {
		select {
		case conn := <-l.readers:
			err = errors.Join(err, conn.Close())
			continue
		default:
		}
		break
	}
	if l.keeper != nil && l.keeper.conn != nil {
		err = errors.Join(err, l.keeper.conn.Close())
	}
	if l.writer != nil && l.writer.conn != nil {
		err = errors.Join(err, l.writer.conn.Close())
	}
	return err
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
