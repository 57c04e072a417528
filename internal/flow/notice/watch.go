package notice

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"time"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/catalog"
	"homing/internal/flow/disk"
	"homing/internal/flow/journal"
)

// Store keeps what people were told of; the ledger does.
type Store interface {
	Notices(ctx context.Context) ([]ledger.Notice, error)
	PutNotice(ctx context.Context, n ledger.Notice) error
}

// Figures answer how many conversions there were; the warehouse does.
type Figures interface {
	Ask(ctx context.Context, q *warehouse.Query) (*warehouse.Answer, error)
}

// Calls are the newest of the postback log; the journal has them.
type Calls interface {
	Survey(f journal.Filter, see func(*journal.Entry)) (complete homing.Millis)
}

// Facts are what is watched. Nobody watches what is nil.
type Facts struct {
	Figures Figures
	// Fresh tells up to when figures are complete; 0 = not known.
	Fresh   func() homing.Millis
	Calls   Calls
	KeyUses func(ctx context.Context) (map[homing.KeyID]ledger.KeyUse, error)
	Disk    *disk.Gauge
	// Lag tells how far reports are behind, and why.
	Lag          func() (behind time.Duration, why string)
	Certificates func() []TLSCertificate
	// Warehouse tells what is wrong with it; "" = nothing.
	Warehouse func() string
	// Storage tells what is damaged, or keeps anything from being stored.
	Storage func() []string
}

// TLSCertificate is one of a listener's.
type TLSCertificate struct {
	File string
	Ends homing.Millis
	// Ours was made by homing, and is renewed by it.
	Ours bool
}

// Options are what a Watch is made of.
type Options struct {
	Store   Store
	View    func() *catalog.View
	Keyring func() *homing.Keyring
	Clock   homing.Clock
	Log     *slog.Logger
	// Zone is the one of times in messages; nil = UTC.
	Zone func() *time.Location
	// DeskURL tells how the panel is reached, without a slash at its end.
	DeskURL func() string
	Facts
	// Roots are the authorities that mail servers and webhooks are checked by; nil
	// = the system's.
	Roots *x509.CertPool
	// MayReach tells whether an advertiser's webhook may lead to an address; nil =
	// every public one.
	MayReach func(netip.Addr) bool
}

// Watch watches, and tells. It is safe for concurrent use.
type Watch struct {
	o       Options
	sources []*source

	looking sync.Mutex // held by Look
	// delivering is held by Deliver.
	delivering sync.Mutex

	mu     sync.Mutex
	loaded bool                    // guarded by mu: the ledger's list was read
	stands map[key]*standing       // guarded by mu
	past   map[key]ledger.Notice   // guarded by mu: over for up to a week
	digest map[party]homing.Millis // guarded by mu: when the last one was made
	outbox outbox                  // guarded by mu

	waiting chan struct{} // has one while the outbox should be looked at
}

// standing is a notice that is not over.
type standing struct {
	ledger.Notice
	gone homing.Millis // since when the trouble is away; 0 = it is there
	calm homing.Millis // how long it must be away to be over
}

// source looks for troubles of some kinds.
type source struct {
	name  string
	kinds []Kind
	// every is how often it looks; 0 = each time.
	every homing.Millis
	last  homing.Millis // guarded by looking
	// look tells what is wrong now. stands are the notices of its kinds that are
	// not over. After an error nothing is known: what stands goes on standing.
	look func(ctx context.Context, now homing.Millis, stands []ledger.Notice) ([]Trouble, error)
	// over says in words how a notice came to its end; nil or "" = as usual.
	over func(n ledger.Notice) string
}

const (
	// lookEvery is how often Run looks.
	lookEvery = time.Minute
	// patience is how long a source may take.
	patience = 20 * time.Second
	// again is how long a trouble is remembered: one that comes back in the
	// meantime has to be away for againCalm before it is over.
	again     homing.Millis = 24 * 60 * 60 * 1000
	againCalm homing.Millis = 2 * 60 * 60 * 1000
	// keepPast is how long what is over is listed.
	keepPast homing.Millis = 7 * 24 * 60 * 60 * 1000
)

// Open makes a watch. Run is to be run beside the doors.
func Open(o Options) *Watch {
	w := &Watch{
		o: o, stands: map[key]*standing{}, past: map[key]ledger.Notice{}, digest: map[party]homing.Millis{},
		outbox: outbox{handed: map[string]homing.Millis{}}, waiting: make(chan struct{}, 1),
	}
	w.sources = []*source{w.silence(), w.refusals(), w.keyEnds(), w.keyExposed(), w.disk(), w.lag(), w.certificates(), w.warehouse(), w.storage()}
	w.sources = slices.DeleteFunc(w.sources, func(s *source) bool { return s == nil })
	return w
}

// Run looks once a minute, and delivers, until ctx is done.
func (w *Watch) Run(ctx context.Context) {
	var delivering sync.WaitGroup
	defer delivering.Wait()
	delivering.Go(func() { w.keepDelivering(ctx) })
	w.guarded("watching", func() { w.Look(ctx) })
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			w.guarded("watching", func() { w.Look(ctx) })
		}
	}
}

// guarded keeps a fault of ours from ending the process: whoever redirects
// visitors must not fall with whoever watches.
func (w *Watch) guarded(what string, do func()) {
	defer func() {
		if fault := recover(); fault != nil {
			w.o.Log.Error("notices: a fault of ours", "while", what, "fault", fault)
		}
	}()
	do()
}

func (w *Watch) now() homing.Millis { return homing.MillisOf(w.o.Clock()) }

// Look asks every source that is due what is wrong, and hands what is to be told
// to the outbox.
func (w *Watch) Look(ctx context.Context) {
	w.looking.Lock()
	defer w.looking.Unlock()
	if err := w.load(ctx); err != nil {
		// Without knowing what was told before, everything would be told again.
		w.o.Log.Warn("notices: couldn't read what people were told; nothing is watched until that can be read", "error", err)
		return
	}
	now := w.now()
	var over []item
	for _, s := range w.sources {
		if s.every > 0 && s.last != 0 && now-s.last < s.every {
			continue
		}
		ended, err := w.ask(ctx, s, now)
		if err != nil {
			w.o.Log.Debug("notices: nothing is known", "of", s.name, "error", err)
			continue
		}
		s.last = now
		over = append(over, ended...)
	}
	w.tell(ctx, now, w.due(now), over)
	w.tellDigests(ctx, now)
	w.prune(now)
}

// load reads what the ledger knows, once.
func (w *Watch) load(ctx context.Context) error {
	w.mu.Lock()
	loaded := w.loaded
	w.mu.Unlock()
	if loaded {
		return nil
	}
	list, err := w.o.Store.Notices(ctx)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, n := range list {
		switch {
		case n.Kind == deliveryRow:
			w.outbox.restore(n)
		case n.Kind == digestRow:
			w.digest[party(n.Account)] = n.Told
		case n.Ended != 0:
			w.past[key{n.Kind, n.Object}] = n
		default:
			w.stands[key{n.Kind, n.Object}] = &standing{Notice: n, calm: calmOf(n.Kind)}
		}
	}
	w.loaded = true
	w.wake()
	return nil
}

func calmOf(kind string) homing.Millis {
	info, _ := infoOf(Kind(kind))
	return homing.MillisIn(info.calm)
}

// ask lets a source look, and notes what it saw. It returns what is over.
func (w *Watch) ask(ctx context.Context, s *source, now homing.Millis) (over []item, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	troubles, err := s.look(ctx, now, w.standingOf(s.kinds))
	if err != nil {
		return nil, err
	}
	there := map[key]bool{}
	for i := range troubles {
		there[troubles[i].key()] = true
		w.seen(ctx, &troubles[i], now)
	}
	for _, n := range w.standingOf(s.kinds) {
		k := key{n.Kind, n.Object}
		if there[k] {
			continue
		}
		if ended, ok := w.unseen(ctx, k, now); ok && ended.Told != 0 {
			one := item{phase: ends, Notice: ended}
			if s.over != nil {
				one.overWords = s.over(ended)
			}
			over = append(over, one)
		}
	}
	return over, nil
}

// standingOf lists what stands of some kinds, oldest first.
func (w *Watch) standingOf(kinds []Kind) (list []ledger.Notice) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.stands {
		if slices.Contains(kinds, Kind(s.Kind)) {
			list = append(list, s.Notice)
		}
	}
	sortNotices(list)
	return list
}

func sortNotices(list []ledger.Notice) {
	slices.SortFunc(list, func(a, b ledger.Notice) int {
		return cmp.Or(cmp.Compare(a.Since, b.Since), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Object, b.Object))
	})
}

// seen notes a trouble that is there.
func (w *Watch) seen(ctx context.Context, t *Trouble, now homing.Millis) {
	w.mu.Lock()
	s := w.stands[t.key()]
	if s != nil {
		s.gone, s.Detail = 0, t.detail() // kept when it is told, and at its end
		w.mu.Unlock()
		return
	}
	s = &standing{
		Notice: ledger.Notice{Kind: string(t.Kind), Object: t.Object, Account: t.Account, Since: now, Detail: t.detail()},
		calm:   calmOf(string(t.Kind)),
	}
	if before, was := w.past[t.key()]; was && now-before.Ended < again {
		s.calm = max(s.calm, againCalm)
	}
	delete(w.past, t.key())
	w.stands[t.key()] = s
	n := s.Notice
	w.mu.Unlock()
	w.keep(ctx, n)
}

// unseen notes that a trouble is away, and tells whether that is its end.
func (w *Watch) unseen(ctx context.Context, k key, now homing.Millis) (ended ledger.Notice, over bool) {
	w.mu.Lock()
	s := w.stands[k]
	if s.gone == 0 {
		s.gone = now
	}
	if now-s.gone < s.calm {
		w.mu.Unlock()
		return ledger.Notice{}, false
	}
	delete(w.stands, k)
	s.Ended = s.gone
	w.past[k] = s.Notice
	w.mu.Unlock()
	w.keep(ctx, s.Notice)
	return s.Notice, true
}

// due lists what stands and is to be told now.
func (w *Watch) due(now homing.Millis) (list []ledger.Notice) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.stands {
		info, _ := infoOf(Kind(s.Kind))
		if s.Told == 0 && s.gone == 0 && now-s.Since >= homing.MillisIn(info.settle) {
			list = append(list, s.Notice)
		}
	}
	sortNotices(list)
	return list
}

// told notes that people were told, or that there is nobody to tell.
func (w *Watch) told(ctx context.Context, list []ledger.Notice, now homing.Millis) {
	for _, n := range list {
		w.mu.Lock()
		s := w.stands[key{n.Kind, n.Object}]
		if s == nil {
			w.mu.Unlock()
			continue
		}
		s.Told = now
		n = s.Notice
		w.mu.Unlock()
		w.keep(ctx, n)
	}
}

// keep writes a notice into the ledger. If that fails, people are told all the
// same, and perhaps twice.
func (w *Watch) keep(ctx context.Context, n ledger.Notice) {
	if err := w.o.Store.PutNotice(ctx, n); err != nil && ctx.Err() == nil {
		w.o.Log.Warn("notices: couldn't note what people are told", "kind", n.Kind, "object", n.Object, "error", err)
	}
}

// prune forgets what has been over for long, and what belonged to erased
// accounts.
func (w *Watch) prune(now homing.Millis) {
	view := w.o.View()
	gone := func(id homing.AccountID) bool {
		a := view.Account(id)
		return id != 0 && (a == nil || a.Erased)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for k, n := range w.past {
		if now-n.Ended > keepPast || gone(n.Account) {
			delete(w.past, k)
		}
	}
	for k, s := range w.stands {
		if gone(s.Account) {
			delete(w.stands, k)
		}
	}
	w.outbox.prune(now, gone)
}

// Stands lists what is wrong now, oldest first: of an account, or everything if
// it is 0.
func (w *Watch) Stands(account homing.AccountID) []Notice {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []ledger.Notice
	for _, s := range w.stands {
		if s.gone == 0 || s.Told != 0 {
			list = append(list, s.Notice)
		}
	}
	return mine(list, account)
}

// Past lists what was wrong in the last week and is over, the newest first.
func (w *Watch) Past(account homing.AccountID) []Notice {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []ledger.Notice
	for _, n := range w.past {
		if n.Told != 0 { // what was over before anybody was told is no news
			list = append(list, n)
		}
	}
	found := mine(list, account)
	slices.SortStableFunc(found, func(a, b Notice) int { return cmp.Compare(b.Ended, a.Ended) })
	return found
}

// mine are those that an account is told of, or all.
func mine(list []ledger.Notice, account homing.AccountID) (found []Notice) {
	sortNotices(list)
	for _, n := range list {
		s := shown(n)
		if account == 0 || n.Account == account && s.Info.Advertisers {
			found = append(found, s)
		}
	}
	return found
}

// errUnknown is for sources that cannot tell just now.
var errUnknown = errors.New("not known just now")

func unknown(why string) error { return fmt.Errorf("%w: %s", errUnknown, why) }
