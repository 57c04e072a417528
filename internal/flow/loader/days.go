package loader

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"homing"
	"homing/internal/engine/spool"
	"homing/internal/engine/warehouse"
)

// A day's way out of the spool, each step only when the one before is done:
//
//	loaded    a round that began an hour after the day's end has loaded all
//	sealed    the warehouse keeps the day in a file of its own
//	trimmed   it is two days old: the spool gives it up
//	given up  it is older than KeepClicks or KeepPostbacks: totals stay
//
// None of this is done by a clock that is not believed, see steady.go.
//
// A record is trimmed on the strength of its own day's seal and its own
// position, never of an average: before anything is trimmed, every record that
// would go is looked at.

const (
	keepDaysEvery               = time.Minute
	sealAfter     homing.Millis = 60 * 60 * 1000
	spoolKeeps    homing.Millis = 48 * 60 * 60 * 1000
	leastKept                   = 72 * time.Hour
	trimEvery     homing.Millis = 60 * 60 * 1000
	// daysPatience is how long the warehouse may be away before days are said to
	// stay open: its process is started again within seconds, and a day more or
	// less in the spool does no harm.
	daysPatience homing.Millis = 5 * 60 * 1000
)

// trimPlace is what the trimming remembers.
type trimPlace struct {
	looked homing.Millis  // when it last looked
	safe   spool.Position // every record below may go
}

// keepDays sees to days until ctx is done.
func (l *Loader) keepDays(ctx context.Context) {
	behindTheDoors()
	tick := time.NewTicker(keepDaysEvery)
	defer tick.Stop()
	var open openDays
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		l.lookAtClock(keepDaysEvery)
		l.prepareSalts(ctx)
		if err := l.seeToDays(ctx); ctx.Err() == nil {
			open.note(l, err)
		}
	}
}

// openDays tells of days that cannot be closed.
type openDays struct{ away homing.Millis } // since when the warehouse is; 0 = it is not

// note takes down how seeing to the days went.
func (o *openDays) note(l *Loader, err error) {
	if err == nil {
		o.away = 0
		l.quiet(noticeDays)
		return
	}
	if errors.Is(err, homing.ErrUnavailable) || errors.Is(err, homing.ErrOverloaded) {
		if o.away == 0 {
			o.away = l.now()
		}
		if l.now()-o.away < daysPatience {
			return
		}
	}
	l.tellOnce(noticeDays, "days cannot be closed: "+err.Error())
}

// seeToDays does what is due now.
func (l *Loader) seeToDays(ctx context.Context) error {
	l.keeping.Lock()
	defer l.keeping.Unlock()
	settled, now := l.settled(), l.now()
	if settled == 0 || !l.steady.believes(now) {
		return nil
	}
	if !l.options.NoArchive && l.keepsHouse() {
		if err := l.seal(ctx, min(settled, now)); err != nil {
			return err
		}
	}
	if err := l.trim(ctx, now); err != nil {
		return err
	}
	if !l.keepsHouse() {
		return nil
	}
	if err := l.dropSalts(ctx, now); err != nil {
		return err
	}
	return l.giveUp(ctx, now)
}

// settled is the moment up to which all has been loaded; 0 if that is not known
// from a round of this run since the warehouse last began anew.
func (l *Loader) settled() homing.Millis {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state.settled
}

// seal seals the days that were over at a moment, up to which all is loaded, and
// are not sealed, or got rows since.
func (l *Loader) seal(ctx context.Context, settled homing.Millis) error {
	first, err := l.oldestDay(ctx)
	if err != nil || first == 0 {
		return err
	}
	seals, err := l.sealedDays(ctx)
	if err != nil {
		return err
	}
	for day := first; (day+1).Start()+sealAfter <= settled; day++ {
		if _, ok := seals[day]; ok {
			continue
		}
		if !l.keepsHouse() {
			return nil // the duty went meanwhile
		}
		if err := l.warehouse.Seal(ctx, day); err != nil {
			return fmt.Errorf("couldn't seal %s: %w", day, err)
		}
	}
	return nil
}

// oldestDay is the first day with clicks or postbacks; 0 if there are none.
func (l *Loader) oldestDay(ctx context.Context) (first warehouse.Day, err error) {
	for _, table := range []warehouse.Table{warehouse.ClickTable, warehouse.PostbackTable} {
		day, err := l.warehouse.Oldest(ctx, table)
		if err != nil {
			return 0, fmt.Errorf("couldn't ask for the first day of %s: %w", table, err)
		}
		if day != 0 && (first == 0 || day < first) {
			first = day
		}
	}
	return first, nil
}

// sealedDays tells how far the spool had been loaded when each day was sealed.
func (l *Loader) sealedDays(ctx context.Context) (map[warehouse.Day]spool.Position, error) {
	seals, err := l.warehouse.Seals(ctx)
	if err != nil {
		return nil, fmt.Errorf("couldn't list the sealed days: %w", err)
	}
	days := make(map[warehouse.Day]spool.Position, len(seals))
	for _, s := range seals {
		days[s.Day] = spool.Position(s.Through[l.options.Source])
	}
	return days, nil
}

// giveUp drops what is older than it is to be kept.
func (l *Loader) giveUp(ctx context.Context, now homing.Millis) error {
	clicks, postbacks := l.horizons(now)
	for _, t := range []struct {
		table  warehouse.Table
		before warehouse.Day
	}{{warehouse.ClickTable, clicks}, {warehouse.PostbackTable, postbacks}} {
		oldest, err := l.warehouse.Oldest(ctx, t.table)
		if err != nil {
			return fmt.Errorf("couldn't ask for the first day of %s: %w", t.table, err)
		}
		if oldest == 0 || oldest >= t.before {
			continue
		}
		if err := l.warehouse.Drop(ctx, t.table, t.before); err != nil {
			return fmt.Errorf("couldn't give up %s before %s: %w", t.table, t.before, err)
		}
	}
	return nil
}

// forEver is before every day.
const forEver warehouse.Day = -1 << 31

// horizons are the first days that clicks and postbacks are kept of, if the clock
// says now. A clock that is not believed makes nothing old.
func (l *Loader) horizons(now homing.Millis) (clicks, postbacks warehouse.Day) {
	believed := l.steady.believes(now)
	horizon := func(keep time.Duration) warehouse.Day {
		if keep <= 0 || !believed {
			return forEver
		}
		return warehouse.DayAt(now - homing.MillisIn(max(keep, leastKept)))
	}
	return horizon(l.options.KeepClicks), horizon(l.options.KeepPostbacks)
}

// trim gives up the spool's records from the beginning to the first that must
// stay.
func (l *Loader) trim(ctx context.Context, now homing.Millis) error {
	if ago := now - l.trimmed.looked; l.trimmed.looked != 0 && ago >= 0 && ago < trimEvery {
		return nil
	}
	mark, err := l.warehouse.Mark(ctx, l.options.Source)
	if err != nil {
		return fmt.Errorf("couldn't ask for the mark of %s: %w", l.options.Source, err)
	}
	may, err := l.mayGo(ctx, spool.Position(mark.Next), now)
	if err != nil {
		return err
	}
	safe := max(l.trimmed.safe, l.spool.Oldest())
	next := 0
	for rec, err := range l.spool.Scan(ctx, spool.Query{From: safe}) {
		if err != nil {
			return fmt.Errorf("couldn't look for what may be trimmed: %w", err)
		}
		if !may(&rec) {
			safe = rec.Position
			break
		}
		safe = rec.Position + 1
		if next++; next%yieldEvery == 0 {
			runtime.Gosched()
		}
	}
	l.trimmed = trimPlace{looked: now, safe: safe}
	if safe <= l.spool.Oldest() {
		return nil
	}
	if err := l.spool.Trim(safe); err != nil {
		return fmt.Errorf("couldn't trim the spool below %s: %w", safe, err)
	}
	return nil
}

// mayGo tells which records may be trimmed.
func (l *Loader) mayGo(ctx context.Context, loaded spool.Position, now homing.Millis) (func(*spool.Record) bool, error) {
	seals, err := l.sealedDays(ctx)
	if err != nil {
		return nil, err
	}
	clicks, postbacks := l.horizons(now)
	return func(rec *spool.Record) bool {
		if rec.Position >= loaded || rec.At > now-spoolKeeps {
			return false
		}
		day, horizon := warehouse.DayAt(rec.At), postbacks
		if rec.Kind == spool.KindClick {
			horizon = clicks
		}
		return day < horizon || l.options.NoArchive || l.options.Shared || rec.Position < seals[day]
	}, nil
}
