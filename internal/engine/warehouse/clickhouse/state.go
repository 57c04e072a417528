package clickhouse

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/clickhouse/wire"
	"homing/internal/engine/warehouse/statement"
)

// note is one thing that is known besides rows. Of notes of the same kind and
// name the highest version stands.
//
//	kind    name             value
//	schema                   its version is the schema's
//	epoch                    number and days that were kept by the last Reset
//	mark    epoch/source     next, a line's end, the loader's state; its version is next
//	seal    day              the seal
//	dropped table            the day from which on it has its rows
//	lost    table            the days that are lost
//	erased  what             the erasure; its value tells whether it is done
type note struct {
	kind, name string
	version    uint64
	value      string
}

// state is what all notes say at one moment.
type state struct {
	epoch    epoch
	marks    map[string]warehouse.Mark // of this epoch
	seals    map[warehouse.Day]seal
	holdings statement.Holdings
	lost     []statement.Lost
	erased   erased

	versions noted
}

// epoch counts the Resets. Rows of earlier ones count if their day was kept.
type epoch struct {
	Number uint32          `json:"number"`
	Kept   []warehouse.Day `json:"kept,omitempty"`
}

// seal is a note of a sealed day.
type seal struct {
	Stands  bool              `json:"stands"` // no rows came since
	Rows    [2]int64          `json:"rows"`   // clicks, postbacks
	Bytes   int64             `json:"bytes"`
	Through map[string]uint64 `json:"through"`
}

// lostDays is a note of days that are lost, of clicks and postbacks alike.
type lostDays struct {
	From   warehouse.Day `json:"from"`
	Before warehouse.Day `json:"before"`
}

// lagPause and lagTries are how often, and how many times, notes are read again that
// are older than what was read before.
const (
	lagPause = 50 * time.Millisecond
	lagTries = 40
)

// noted are the versions of notes, by kind and name.
type noted map[[2]string]uint64

// behind tells whether something is older here than there, or missing.
func (n noted) behind(there noted) bool {
	for name, version := range there {
		if n[name] < version {
			return true
		}
	}
	return false
}

// state reads the notes. Time does not run backwards for who asks: a replica that lags
// behind the one that was asked before is given a while.
func (w *Warehouse) state(ctx context.Context, s *server) (*state, error) {
	before := w.noted.Load()
	for try := 1; ; try++ {
		st, err := w.readState(ctx, s)
		if err != nil || s.cluster == "" {
			return st, err
		}
		if before == nil || !st.versions.behind(*before) {
			w.noted.Store(&st.versions)
			return st, nil
		}
		if try == lagTries {
			return st, nil // it shows less, as long as the others are away
		}
		select {
		case <-time.After(lagPause):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (w *Warehouse) readState(ctx context.Context, s *server) (*state, error) {
	st := &state{marks: map[string]warehouse.Mark{}, seals: map[warehouse.Day]seal{}, versions: noted{}}
	var all []note
	err := w.each(ctx, s, func(r *wire.Rows) {
		all = append(all, note{r.Text(0), r.Text(1), uint64(r.Int(2)), r.Text(3)})
	}, "SELECT kind, name, max(version), argMax(value, version) FROM notes GROUP BY kind, name ORDER BY kind, name")
	if err != nil {
		return nil, fmt.Errorf("couldn't read what the warehouse notes: %w", err)
	}
	for _, n := range all { // marks, which need the epoch, come behind it
		st.versions[[2]string{n.kind, n.name}] = n.version
		if err := st.take(n); err != nil {
			return nil, fmt.Errorf("the warehouse's note %s %q: %w: %w", n.kind, n.name, homing.ErrDamaged, err)
		}
	}
	return st, nil
}

func (st *state) take(n note) error {
	switch n.kind {
	case "epoch":
		return json.Unmarshal([]byte(n.value), &st.epoch)
	case "mark":
		source, ok := strings.CutPrefix(n.name, fmt.Sprintf("%d/", st.epoch.Number))
		if !ok {
			return nil
		}
		_, rest, ok := strings.Cut(n.value, "\n")
		if !ok {
			return errors.New("it has no state")
		}
		mark := warehouse.Mark{Next: n.version}
		if rest != "" {
			mark.State = []byte(rest)
		}
		st.marks[source] = mark
	case "seal":
		day, err := strconv.Atoi(n.name)
		if err != nil {
			return err
		}
		var one seal
		err = json.Unmarshal([]byte(n.value), &one)
		st.seals[warehouse.Day(day)] = one
		return err
	case "dropped":
		for table := range rawTables {
			if rawTables[table].name == n.name {
				day, err := strconv.Atoi(n.value)
				st.holdings[table] = warehouse.Day(day)
				return err
			}
		}
		return errors.New("there is no such table")
	case "lost":
		var list []lostDays
		err := json.Unmarshal([]byte(n.value), &list)
		for _, l := range list {
			for _, t := range []warehouse.Table{warehouse.ClickTable, warehouse.PostbackTable} {
				st.lost = append(st.lost, statement.Lost{Table: t, From: l.From, Before: l.Before})
			}
		}
		return err
	case "erased":
		return st.erased.take(n.value)
	}
	return nil
}

// next is a new version of a note.
func (st *state) next(kind, name string, value any) note {
	data, err := json.Marshal(value)
	if err != nil {
		panic("clickhouse: a note cannot be written: " + err.Error()) // numbers, texts and lists of them
	}
	return note{kind, name, st.versions[[2]string{kind, name}] + 1, string(data)}
}

// markNote is where a source's mark is written down.
func (st *state) markNote(source string, m warehouse.Mark) note {
	return note{"mark", fmt.Sprintf("%d/%s", st.epoch.Number, source), m.Next, fmt.Sprintf("%d\n%s", m.Next, m.State)}
}

func (w *Warehouse) insertNotes(ctx context.Context, s *server, list ...note) error {
	b := notes.block()
	for _, n := range list {
		b.Text(n.kind)
		b.Text(n.name)
		b.Int(int64(n.version))
		b.Text(n.value)
	}
	return w.insert(ctx, s, notes, b)
}

// sourceNumber stands for a source in rows.
func sourceNumber(source string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(source))
	return h.Sum64()
}

// visible is the condition of a table's rows that count: those of batches that
// their source's mark has passed, and of days that a Reset kept; none that were
// given up.
//
// A batch's rows are written before its mark, in any number of inserts, and come
// into sight all at once with the mark. What is behind a mark is waste until its
// batch is loaded again. The condition asks for the position at which the batch
// began, and not for the one at which it ended, so that rows that somebody writes
// once more in other batches stay in sight.
func (st *state) visible(t warehouse.Table) string {
	var sources, marks []string
	for _, source := range slices.Sorted(maps.Keys(st.marks)) {
		sources = append(sources, fmt.Sprint(sourceNumber(source)))
		marks = append(marks, fmt.Sprint(st.marks[source].Next))
	}
	now := "1 = 0"
	if len(sources) > 0 {
		now = fmt.Sprintf("epoch = %d AND first < transform(src, [%s], [%s], toUInt64(0))", st.epoch.Number,
			strings.Join(sources, ", "), strings.Join(marks, ", "))
	}
	if len(st.epoch.Kept) > 0 && t != warehouse.ConversionTable {
		days := make([]string, len(st.epoch.Kept))
		for i, day := range st.epoch.Kept {
			days[i] = fmt.Sprint(int(day))
		}
		now += fmt.Sprintf(" OR epoch < %d AND intDiv(at, %d) IN (%s)", st.epoch.Number, dayMillis, strings.Join(days, ", "))
	}
	if h := st.holdings[t]; h != 0 {
		return fmt.Sprintf(`"at" >= %d AND (%s)`, h.Start(), now)
	}
	return "(" + now + ")"
}

const dayMillis = 24 * 60 * 60 * 1000

// dialect is how questions are put by what is known now.
func (st *state) dialect() statement.ClickHouse {
	d := statement.ClickHouse{Visible: map[string]string{}}
	for t, raw := range rawTables {
		d.Visible[raw.name] = st.visible(warehouse.Table(t))
	}
	return d
}

// kept tells whether rows of a table are kept at a moment: those of days that
// were given up are in the totals.
func (st *state) kept(t warehouse.Table, at homing.Millis) bool {
	return warehouse.DayAt(at) >= st.holdings[t] || st.holdings[t] == 0
}

// read is what every call begins with.
func (w *Warehouse) read(ctx context.Context) (*server, *state, error) {
	s, err := w.ready(ctx)
	if err != nil {
		return nil, nil, err
	}
	st, err := w.state(ctx, s)
	return s, st, err
}
