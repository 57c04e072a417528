package torture

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"homing/internal/desk/control"
	"homing/internal/simulate/process"
)

// bitRot damages one place in one file of a data directory and starts the
// program on it. The engines' own tests turn every bit of what they write, in
// memory (segment's TestBitFlips, sqlite's damage_test.go); here it is the whole
// directory, and what is told outside.
var bitRot = Row{
	Name: "bit rot",
	How: "one bit, several bits of a sector, or the tail of a file: spool files closed and open, ledger and its log, " +
		"master keys, VERSION, certificate, warehouse, archive and its manifests; the directory is one that a kill left",
	Proof: "nothing is served that is not as it was; what is missing is one stretch, and told; or the start is refused with the file named; " +
		"reports are whole again by themselves",
	Short: 200, Long: 10_000, Unit: "damages",
	Mistakes: []string{"body checksum not checked", "page checksum not checked"},
	Run:      runBitRot,
}

// rotten is a sort of file, with how often of 100 it is damaged when it is its
// turn.
type rotten struct {
	name    string
	often   int
	pattern string // of its files
	last    bool   // only the last of them; of spool files else only the others
	// words, one of which must be told if the start is refused.
	words []string
	// known: SQLite ends the recovery of its log at what looks torn, and only the
	// warehouse, which has loaded what stood behind, can tell that it was damage.
	known bool
}

var (
	rottenFiles = []rotten{
		{name: "closed spool files", often: 28, pattern: "spool/*.seg", words: []string{".seg", "spool"}},
		{name: "the open spool file", often: 18, pattern: "spool/*.seg", last: true, words: []string{".seg", "spool"}},
		{name: "the ledger", often: 22, pattern: "ledger.db", words: []string{"ledger"}},
		{name: "the ledger's log", often: 18, pattern: "ledger.db-wal", words: []string{"ledger"}, known: true},
		{name: "the master keys", often: 8, pattern: "master-keys.json", words: []string{"master-keys.json"}},
		{name: "VERSION", often: 3, pattern: "VERSION", words: []string{"VERSION", "newer"}},
		{name: "the certificate", often: 3, pattern: "tls/*", words: []string{"tls"}},
	}
	// Those take a start of the warehouse, and seconds.
	rottenReports = []rotten{
		{name: "the warehouse", often: 40, pattern: "warehouse/warehouse.duckdb"},
		{name: "the warehouse's log", often: 20, pattern: "warehouse/warehouse.duckdb.wal"},
		{name: "the archive", often: 25, pattern: "warehouse/archive/*.parquet"},
		{name: "manifests of the archive", often: 15, pattern: "warehouse/archive/*.json"},
	}
)

// reportEvery is how often a file of the reports has its turn.
const reportEvery = 25

// rotChapter is after how many damages another directory is made.
const rotChapter = 500

func runBitRot(ctx context.Context, s *Stage, rounds int) (r Result, err error) {
	counts := s.counts()
	r, err = chapters(ctx, s, rounds, rotChapter, func(below *Stage, from, to int) (Result, error) {
		return rotOf(ctx, below, from, to, s.Done, counts)
	})
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		r.Figures = append(r.Figures, Figure{Name: name, Value: fmt.Sprint(counts[name])})
	}
	return r, err
}

// rotOf is a chapter: one directory, of which copies are damaged.
func rotOf(ctx context.Context, s *Stage, from, to int, done func(int), counts map[string]int) (r Result, err error) {
	b := &rot{stage: s, rand: s.Rand(uint64(from)), found: &r, counts: counts}
	if err := b.prepare(ctx); err != nil {
		return r, err
	}
	for n := from; n < to && r.Total() == 0; n++ {
		if err := b.round(ctx, n); err != nil {
			return r, fmt.Errorf("damage %d: %w", n+1, err)
		}
		r.Rounds++
		done(n + 1)
	}
	r.Clicks, r.Conversions = len(b.truth.clicks), len(b.truth.conversions)
	return r, nil
}

// rot is a data directory to be damaged again and again.
type rot struct {
	stage  *Stage
	rand   *rand.Rand
	whole  string // the directory, undamaged
	truth  truth
	found  *Result
	counts map[string]int
	laid   int  // how many copies were made
	apart  bool // the last damage may be of several blocks that do not touch
}

// truth is what a directory holds.
type truth struct {
	clicks      []string // in order, as JSON
	conversions []string
	postbacks   []string
	settings    string
	totals      totals
}

// prepare makes a directory of two days, the first of which is sealed, that was
// killed at last.
func (b *rot) prepare(ctx context.Context) (err error) {
	launch := b.stage.Launch(filepath.Join(b.stage.Dir, "whole"), "--spool-segment-size", "1048576", "--track-tls-listen", "127.0.0.1:0")
	b.whole = launch.Data
	var d *Driver
	live := func(offset time.Duration, rebuild bool, end func(p *process.Process) error) error {
		launch.Env = []string{"HOMING_TEST_CLOCK_OFFSET=" + offset.String()}
		p, err := Open(ctx, b.stage, &d, launch)
		if err != nil {
			return err
		}
		defer func() { p.Kill(); p.Sweep() }()
		// A few only: each damage is looked for in all of them.
		stop := d.Load(ctx, 3, b.rand.Uint64())
		for most := d.Sent().Redirected.Load() + 80; err == nil && d.Sent().Redirected.Load() < most; {
			err = Sleep(ctx, time.Millisecond)
		}
		stop()
		if rebuild && err == nil {
			err = b.rebuild(ctx, p)
		}
		if err == nil { // the warehouse has everything
			client := p.Client()
			_, err = b.totals(ctx, client)
			_ = client.Close() // nothing is open between requests
		}
		return errors.Join(err, end(p))
	}
	terminate := func(p *process.Process) error { return errors.Join(p.Terminate(), p.Wait(ctx)) }
	kill := func(*process.Process) error { return nil }
	if err := errors.Join(live(-30*time.Hour, false, terminate), live(-29*time.Hour, false, terminate),
		live(0, true, terminate), live(0, false, kill)); err != nil {
		return err
	}
	// Room, nothing else, and what is made anew at each start.
	if err := errors.Join(removeIfThere(filepath.Join(b.whole, "ledger.db-ballast")), removeIfThere(filepath.Join(b.whole, "ledger.db-shm"))); err != nil {
		return err
	}
	copied, err := b.lay("truth", true)
	if err != nil {
		return err
	}
	p, status, err := b.start(ctx, copied)
	if err != nil {
		return err
	}
	defer func() { p.Kill(); p.Sweep() }()
	if len(status.Notices) > 0 {
		return fmt.Errorf("it complains without damage: %q", status.Notices)
	}
	client := p.Client()
	defer client.Close()
	b.truth, err = read(ctx, client)
	if err == nil {
		b.truth.totals, err = b.totals(ctx, client)
	}
	if err != nil {
		return err
	}
	if clicks, claims := d.Books.Count(); len(b.truth.clicks) < clicks || len(b.truth.conversions) < claims || clicks < 50 {
		return fmt.Errorf("undamaged it holds %d clicks and %d conversions of %d and %d", len(b.truth.clicks), len(b.truth.conversions), clicks, claims)
	}
	b.stage.Note("%d clicks, %d conversions", len(b.truth.clicks), len(b.truth.conversions))
	return nil
}

// rebuild makes the warehouse again, before which days that are over are sealed.
func (b *rot) rebuild(ctx context.Context, p *process.Process) error {
	client := p.Client()
	defer client.Close()
	if _, err := b.totals(ctx, client); err != nil {
		return err
	}
	for _, err := range client.RebuildWarehouse(ctx) {
		if err != nil {
			return err
		}
	}
	sealed, err := filepath.Glob(filepath.Join(b.whole, "warehouse/archive/*.json"))
	if err == nil && len(sealed) == 0 {
		err = errors.New("no day was sealed")
	}
	return err
}

// lay copies the directory. Without reports the warehouse cannot be opened, which
// saves a process. Each copy has a name of its own: a process that was killed a moment
// ago may yet make something in the last one.
func (b *rot) lay(name string, reports bool) (process.Launch, error) {
	b.laid++
	launch := b.stage.Launch(filepath.Join(b.stage.Dir, fmt.Sprintf("%s-%d", name, b.laid)), "--spool-segment-size", "1048576", "--track-tls-listen", "127.0.0.1:0")
	launch.Log = launch.Data + ".log"
	if reports {
		return launch, copyTree(b.whole, launch.Data)
	}
	if err := copyTree(b.whole, launch.Data, "warehouse"); err != nil {
		return launch, err
	}
	return launch, os.WriteFile(filepath.Join(launch.Data, "warehouse"), nil, 0o600)
}

func (b *rot) start(ctx context.Context, launch process.Launch) (*process.Process, control.Status, error) {
	p, err := process.Begin(launch)
	if err != nil {
		return nil, control.Status{}, err
	}
	status, err := p.Ready(ctx)
	if err != nil {
		p.Kill()
		p.Sweep()
	}
	return p, status, err
}

func (b *rot) totals(ctx context.Context, client *control.Client) (totals, error) {
	question := map[string][]string{"by": {"campaign"}, "metrics": {"clicks,conversions,value"}, "from": {"2024-01-01"}, "to": {"2040-01-01"}}
	return askReport(ctx, b.stage.Clock, client, question)
}

// read reads what a server holds, as far as it gets: the error is that of the
// first list that did not end.
func read(ctx context.Context, client *control.Client) (t truth, err error) {
	text := func(v any) string {
		line, err := json.Marshal(v)
		if err != nil {
			panic(err) // it has just been read
		}
		return string(line)
	}
	err = errors.Join(
		each(client.Clicks(ctx, control.ClickFilter{}), func(c control.Click) error {
			t.clicks = append(t.clicks, text(c))
			return nil
		}),
		each(client.Conversions(ctx, control.ConversionFilter{}), func(c control.Conversion) error {
			t.conversions = append(t.conversions, text(c))
			return nil
		}),
		each(client.Postbacks(ctx, control.PostbackFilter{}), func(p control.Postback) error {
			t.postbacks = append(t.postbacks, text(p))
			return nil
		}))
	settings, settingsErr := settingsOf(ctx, client)
	if settingsErr == nil {
		t.settings = text(settings)
	}
	return t, errors.Join(err, settingsErr)
}

// settingsOf lists what somebody has settled; how often keys were used is no
// setting, and may lag.
func settingsOf(ctx context.Context, client *control.Client) (all []any, err error) {
	accounts, err := client.Accounts(ctx)
	for _, a := range accounts {
		keys, keysErr := client.Keys(ctx, a.ID)
		err = errors.Join(err, keysErr)
		for _, k := range keys {
			k.Uses, k.LastUsed, k.LastAddr, k.OverHTTP = 0, "", "", 0
			all = append(all, k)
		}
		all = append(all, a)
	}
	campaigns, campaignsErr := client.Campaigns(ctx, 0)
	for _, c := range campaigns {
		_, c.ClickURL, _ = strings.Cut(c.ClickURL, "/c/") // without the port
		all = append(all, c)
	}
	users, usersErr := client.Users(ctx)
	return append(all, users), errors.Join(err, campaignsErr, usersErr)
}

// round damages one place and looks at what is served.
func (b *rot) round(ctx context.Context, n int) error {
	files, reports := rottenFiles, n%reportEvery == reportEvery-1
	if reports {
		files = rottenReports
	}
	draw := b.rand.IntN(100)
	var kind rotten
	for _, kind = range files {
		if draw -= kind.often; draw < 0 {
			break
		}
	}
	launch, err := b.lay("damaged", reports)
	if err != nil {
		return err
	}
	file, text, what, err := b.damage(launch.Data, kind)
	if err != nil {
		return err
	}
	found := b.found.Total()
	fate, err := b.serve(ctx, launch, kind, reports)
	if err == nil && fate == "" {
		// Once more, with the warehouse.
		if err = b.remove(ctx, launch); err == nil {
			launch, err = b.lay("damaged", true)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(launch.Data, file), text, 0o600)
		}
		if err == nil {
			fate, err = b.serve(ctx, launch, kind, true)
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	b.counts[kind.name+": "+fate]++
	if b.found.Total() > found {
		b.found.Tally.Add(Other, "that was with %s", what)
		return nil // what is there may tell more
	}
	return b.remove(ctx, launch)
}

// remove removes a copy that was looked at, and what the server on it said. A server
// that is killed in the moment in which it starts its warehouse leaves a child that
// nobody knows, which ends by itself, and may make a directory before.
func (b *rot) remove(ctx context.Context, launch process.Launch) error {
	err := os.RemoveAll(launch.Data)
	for tries := 0; err != nil && tries < 100; tries++ {
		if err := Sleep(ctx, 20*time.Millisecond); err != nil {
			return err
		}
		err = os.RemoveAll(launch.Data)
	}
	return errors.Join(err, removeIfThere(launch.Log))
}

// serve starts the program on what was damaged and tells what became of it; ""
// is that only the warehouse can tell.
func (b *rot) serve(ctx context.Context, launch process.Launch, kind rotten, reports bool) (fate string, err error) {
	p, status, refused := b.start(ctx, launch)
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if refused != nil {
		words := refused.Error()
		if !slices.ContainsFunc(kind.words, func(word string) bool { return strings.Contains(words, word) }) {
			b.found.Tally.Add(Other, "it does not say what is damaged: %s", words)
		}
		return "start refused", nil
	}
	defer func() { p.Kill(); p.Sweep() }()
	client := p.Client()
	defer client.Close()
	got, readErr := read(ctx, client)
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	lost, wrong := b.compare(&got)
	told := func() bool {
		if w := status.Warehouse; w != nil && slices.ContainsFunc(w.Notices, func(notice string) bool { return strings.Contains(notice, "the ledger ends before") }) {
			return true
		}
		return len(status.Spool.Damage) > 0 || readErr != nil || slices.ContainsFunc(status.Notices, func(notice string) bool {
			return reports || !strings.HasPrefix(notice, "reports are out of order")
		})
	}
	// The ledger is looked through behind the start.
	patience := 40
	switch {
	case kind.known && !reports:
		patience = 4
	case kind.known:
		patience = 200
	}
	for tries := 0; lost > 0 && !told() && tries < patience; tries++ {
		if err := Sleep(ctx, 50*time.Millisecond); err != nil {
			return "", err
		}
		if status, err = client.Status(ctx); err != nil {
			return "", err
		}
	}
	if lost > 0 && !told() && wrong.Total() == 0 && kind.known && !reports {
		return "", nil
	}
	b.found.Tally.add(wrong)
	if lost > 0 && !told() {
		b.found.Tally.Add(Lost, "%d records are missing, and nobody is told", lost)
	}
	if reports && lost == 0 && wrong.Total() == 0 {
		switch got, err := b.totals(ctx, client); {
		case err != nil:
			b.found.Tally.Add(Other, "reports do not come back: %v", err)
		case got != b.truth.totals:
			b.found.Tally.Add(Other, "reports have %+v, not %+v", got, b.truth.totals)
		}
	}
	switch {
	case lost > 0:
		return "records lost and told", nil
	case told():
		return "told, nothing lost", nil
	}
	return "nothing lost", nil
}

// compare compares what is served with what there was: how many records are not
// there as they were, and what is there that must not be.
func (b *rot) compare(got *truth) (lost int, wrong Tally) {
	for _, list := range []struct {
		name      string
		then, now []string
	}{
		{"click", b.truth.clicks, got.clicks},
		{"conversion", b.truth.conversions, got.conversions},
		{"postback", b.truth.postbacks, got.postbacks},
	} {
		now := map[string]bool{}
		for _, line := range list.now {
			if now[line] {
				wrong.Add(Double, "a %s is served twice: %s", list.name, line)
			}
			now[line] = true
		}
		stretches, missing := 0, false
		for _, line := range list.then {
			gone := !now[line]
			if gone && !missing {
				stretches++
			}
			if gone {
				lost++
			}
			missing = gone
			delete(now, line)
		}
		for line := range now {
			wrong.Add(Other, "a %s is served that never was: %s", list.name, line)
		}
		if list.name == "click" && stretches > 1 && !b.apart {
			wrong.Add(Lost, "one damage took %d stretches of clicks", stretches)
		}
	}
	if got.settings != "" && got.settings != b.truth.settings {
		wrong.Add(Other, "settings are others than before: %s", got.settings)
	}
	return lost, wrong
}

// damage damages one place in one file of a kind, and tells the file, what is in
// it then, and the place in words.
func (b *rot) damage(data string, kind rotten) (file string, text []byte, what string, err error) {
	names, err := filepath.Glob(filepath.Join(data, filepath.FromSlash(kind.pattern)))
	if err != nil || len(names) == 0 {
		return "", nil, "", fmt.Errorf("there is no file of %s: %w", kind.name, err)
	}
	slices.Sort(names)
	name := names[len(names)-1]
	if !kind.last && len(names) > 1 {
		if kind.pattern == "spool/*.seg" {
			names = names[:len(names)-1]
		}
		name = names[b.rand.IntN(len(names))]
	}
	if text, err = os.ReadFile(name); err != nil {
		return "", nil, "", err
	}
	text, what = b.spoil(text)
	file, err = filepath.Rel(data, name)
	return file, text, what + " of " + file, errors.Join(err, os.WriteFile(name, text, 0o600))
}

// spoil damages one place.
func (b *rot) spoil(text []byte) (spoilt []byte, what string) {
	// Mostly where something is, for a spool file has much room; seldom behind.
	used := len(text)
	for used > 0 && text[used-1] == 0 {
		used--
	}
	if used == 0 || b.rand.IntN(10) == 0 {
		used = len(text)
	}
	at := b.rand.IntN(used)
	b.apart = false
	switch draw := b.rand.IntN(10); {
	case draw < 7:
		bit := b.rand.IntN(8)
		text[at] ^= 1 << bit
		return text, fmt.Sprintf("bit %d of byte %d", bit, at)
	case draw < 9:
		n := 2 + b.rand.IntN(7)
		b.apart = true
		for range n {
			text[min(at&^511+b.rand.IntN(512), len(text)-1)] ^= 1 << b.rand.IntN(8)
		}
		return text, fmt.Sprintf("up to %d bits from byte %d on", n, at&^511)
	}
	return text[:at], fmt.Sprintf("all from byte %d on", at)
}
