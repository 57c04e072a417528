package torture

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"homing"
	"homing/internal/desk/control"
	"homing/internal/simulate/process"
)

// upgrades opens what earlier programs left behind, and has this program refuse
// what later ones will.
var upgrades = Row{
	Name: "upgrade",
	How: "data directories that every program with formats of its own left behind, killed, are opened; " +
		"and one in which the version of a file was raised",
	Proof: "everything is there as the old program told it, repeats are duplicates, it goes on counting, reports agree, homing doctor finds nothing; " +
		"a newer file is refused with its name, and not a byte is changed",
	Short: 3 + len(newerFiles), Long: 3 + len(newerFiles), Unit: "directories",
	Run: runUpgrades,
}

func runUpgrades(ctx context.Context, s *Stage, rounds int) (r Result, err error) {
	archives, err := filepath.Glob(filepath.Join(s.Source, "internal/torture/testdata/golden/*.tar.gz"))
	if err != nil || len(archives) == 0 {
		return r, fmt.Errorf("couldn't find old data directories: %w", err)
	}
	for done := 0; done < min(rounds, len(archives)+len(newerFiles)); done++ {
		u := &upgrade{stage: s, dir: filepath.Join(s.Dir, fmt.Sprint("upgrade-", done)), found: &r}
		if done < len(archives) {
			err = u.open(ctx, archives[done])
		} else {
			err = u.refuse(ctx, archives[len(archives)-1], newerFiles[done-len(archives)])
		}
		if err != nil {
			return r, fmt.Errorf("%s: %w", u.name, err)
		}
		r.Rounds++
		s.Done(done + 1)
	}
	r.Figures = append(r.Figures, Figure{Name: "old directories", Value: fmt.Sprint(len(archives))},
		Figure{Name: "newer files", Value: fmt.Sprint(len(newerFiles))})
	return r, nil
}

// upgrade is one directory.
type upgrade struct {
	Released
	stage  *Stage
	dir    string
	name   string
	launch process.Launch
	server *process.Process
	track  string
	found  *Result
}

func (u *upgrade) wrong(kind Kind, format string, args ...any) {
	u.found.Tally.Add(kind, u.name+": "+format, args...)
}

// lay unpacks an old directory. The clock stands an hour after it was left, so
// that windows and what is given up after a time are as they were.
func (u *upgrade) lay(archive string) (err error) {
	if u.Released, err = unpackReleased(archive, u.dir); err != nil {
		return err
	}
	u.name = u.Released.Name
	u.launch = u.stage.Launch(filepath.Join(u.dir, releasedDir), "--spool-segment-size", "1048576")
	u.launch.Log = filepath.Join(u.dir, "serve.log")
	offset := u.At.Time().Add(time.Hour).Sub(u.stage.Clock())
	u.launch.Env = append(u.launch.Env, "HOMING_TEST_CLOCK_OFFSET="+offset.String())
	return nil
}

// open upgrades an old directory and looks at everything.
func (u *upgrade) open(ctx context.Context, archive string) (err error) {
	if err := u.lay(archive); err != nil {
		return err
	}
	defer func() { u.kill() }()
	if err := u.start(ctx); err != nil {
		return err
	}
	if err := u.compareLists(ctx); err != nil {
		return err
	}
	more, err := u.goOn(ctx)
	if err != nil {
		return err
	}
	if err := u.compareReport(ctx); err != nil {
		return err
	}
	u.kill()
	if err := u.start(ctx); err != nil {
		return err
	}
	conversions, err := u.list(ctx, "conversions")
	if want := len(u.Lists["conversions"]) + more; err == nil && len(conversions) != want {
		u.wrong(Lost, "%d conversions after another start, want %d", len(conversions), want)
	}
	u.found.Clicks += len(u.Lists["clicks"])
	u.found.Conversions += len(conversions)
	if err != nil {
		return err
	}
	client := u.server.Client()
	defer client.Close()
	return examine(ctx, client, u.wrong)
}

func (u *upgrade) start(ctx context.Context) (err error) {
	if u.server, err = process.Begin(u.launch); err != nil {
		return err
	}
	status, err := u.server.Ready(ctx)
	u.track = status.Track
	if err == nil && len(status.Notices) > 0 {
		u.wrong(Other, "it complains: %q", status.Notices)
	}
	return err
}

func (u *upgrade) kill() {
	if u.server != nil {
		u.server.Kill()
		u.server.Sweep()
	}
	u.server = nil
}

func (u *upgrade) list(ctx context.Context, command string) (list []map[string]any, err error) {
	out, _, err := u.launch.Run(ctx, append(strings.Fields(command), "--format", "json")...)
	if err == nil {
		err = json.Unmarshal([]byte(out), &list)
	}
	return list, err
}

// compareLists wants every line that the old program told, with every field it
// had; new ones may stand beside.
func (u *upgrade) compareLists(ctx context.Context) error {
	for _, command := range slices.Sorted(maps.Keys(releasedLists)) {
		now, err := u.list(ctx, command)
		if err != nil {
			return err
		}
		if then := u.Lists[command]; len(now) != len(then) {
			u.wrong(Other, "%s has %d lines, had %d", command, len(now), len(then))
		}
		byName := map[any]map[string]any{}
		for _, line := range now {
			byName[line[releasedLists[command]]] = line
		}
		for _, then := range u.Lists[command] {
			name := then[releasedLists[command]]
			if name == nil {
				continue // a tally
			}
			line := byName[name]
			if line == nil {
				u.wrong(Lost, "%s: %v is gone", command, then)
				continue
			}
			for field, value := range then {
				if got := line[field]; !reflect.DeepEqual(got, value) && field != "click_url" {
					u.wrong(Other, "%s: %v has %s %v, had %v", command, name, field, got, value)
				}
			}
		}
	}
	return nil
}

// goOn sends repeats and what is new, and tells how many conversions it made.
func (u *upgrade) goOn(ctx context.Context) (more int, err error) {
	send := func(click, query, want string) {
		got, sendErr := sendPostback(ctx, u.track, u.Key, click, query)
		if err = errors.Join(err, sendErr); got != want {
			kind := Other
			if want == "duplicate" {
				kind = Double
			}
			u.wrong(kind, "a postback of click %s with %q is %s, want %s", click, query, got, want)
		}
	}
	for _, c := range u.Counted {
		send(c.Click, c.Query, "duplicate")
	}
	send(u.Orphan, "value=1", "ignored")
	send(u.Unclaimed, "value=5", "counted")
	send(u.Unclaimed, "value=5", "duplicate")
	id, visitErr := sendVisit(ctx, u.track, u.Slug, "sub1=new")
	if err = errors.Join(err, visitErr); err == nil {
		send(id, "value=6&lead_code=new", "counted")
	}
	return 2, err
}

// compareReport compares the totals of a report with the lists.
func (u *upgrade) compareReport(ctx context.Context) error {
	client := u.server.Client()
	defer client.Close()
	// Clicks that were erased, and those of an erased account, go on being counted.
	want := totals{Clicks: int64(len(u.Counted) + len([]string{u.Unclaimed, u.Orphan, "the one of today"}))}
	for c, err := range client.Conversions(ctx, control.ConversionFilter{}) {
		if err != nil {
			return err
		}
		if c.Status == homing.Approved || c.Status == homing.Pending {
			want.Conversions++
			want.Value += c.Value.Money
		}
	}
	question := url.Values{"by": {"campaign"}, "metrics": {"clicks,conversions,value"}, "from": {"2026-01-01"}, "to": {"2036-01-01"}}
	got, err := askReport(ctx, u.stage.Clock, client, question)
	if err == nil && got != want {
		u.wrong(Other, "a report has %+v, the lists %+v", got, want)
	}
	return err
}

// askReport asks until the report lacks nothing, as long as freshTime.
func askReport(ctx context.Context, clock homing.Clock, client *control.Client, question url.Values) (totals, error) {
	for began := clock(); ; {
		text, err := client.Report(ctx, question)
		var told struct {
			Totals totals   `json:"totals"`
			Notes  []string `json:"notes"`
		}
		if err == nil {
			err = json.Unmarshal(text, &told)
		}
		if err == nil && len(told.Notes) > 0 {
			err = fmt.Errorf("it lacks something: %q", told.Notes)
		}
		if err == nil || clock().Sub(began) > freshTime || errors.Is(err, homing.ErrInvalid) {
			return told.Totals, err
		}
		if err := Sleep(ctx, 100*time.Millisecond); err != nil {
			return totals{}, err
		}
	}
}

// newerFile is a file of a later program.
type newerFile struct {
	name string // of the file, as it must be told
	make func(data string) error
	// serves: the doors do without it, so the server starts, and only says so.
	serves bool
	// unclean: the directory is as a kill left it.
	unclean bool
}

var newerFiles = []newerFile{
	{name: "layout", make: func(data string) error { return os.WriteFile(filepath.Join(data, "VERSION"), []byte("2\n"), 0o600) }},
	{name: "layout", unclean: true, make: func(data string) error { return os.WriteFile(filepath.Join(data, "VERSION"), []byte("2\n"), 0o600) }},
	{name: "master-keys.json", make: newerKeys},
	{name: "master-keys.json", unclean: true, make: newerKeys},
	{name: "ledger.db", make: newerLedger},
	{name: ".seg", make: newerSpool},
	{name: ".seg", unclean: true, make: newerSpool},
	{name: "2026-11-20.json", make: newerManifest, serves: true},
}

// refuse raises a version in a directory and wants the program to leave it.
func (u *upgrade) refuse(ctx context.Context, archive string, f newerFile) error {
	if err := u.lay(archive); err != nil {
		return err
	}
	u.name = "a newer " + f.name
	defer u.kill()
	if !f.unclean {
		u.launch.Env = nil
		if err := u.start(ctx); err != nil {
			return err
		}
		if err := errors.Join(u.server.Terminate(), u.server.Wait(ctx)); err != nil {
			return err
		}
	}
	if err := f.make(u.launch.Data); err != nil {
		return err
	}
	watched := u.launch.Data
	if f.serves {
		watched = filepath.Join(watched, "warehouse", "archive")
	}
	before, err := contents(watched)
	if err != nil {
		return err
	}
	if u.server, err = process.Begin(u.launch); err != nil {
		return err
	}
	var words string
	switch status, refused := u.server.Ready(ctx); {
	case ctx.Err() != nil:
		return ctx.Err()
	case refused != nil:
		words = refused.Error()
		if f.serves {
			u.wrong(Other, "it does not start: %v", refused)
		}
	case f.serves:
		words, err = u.told(ctx, status, f.name)
	default:
		u.wrong(Other, "it starts")
	}
	u.kill()
	if !strings.Contains(words, f.name) || !strings.Contains(words, "newer") {
		u.wrong(Other, "it says %q", words)
	}
	after, afterErr := contents(watched)
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if after[name] != before[name] {
			u.wrong(Other, "%s was changed", name)
		}
	}
	for name := range after {
		if _, there := before[name]; !there {
			u.wrong(Other, "%s was made", name)
		}
	}
	return errors.Join(err, afterErr)
}

// told waits until somebody is told of a file, and wants clicks to go on.
func (u *upgrade) told(ctx context.Context, status control.Status, name string) (words string, err error) {
	client := u.server.Client()
	defer client.Close()
	for began := u.stage.Clock(); u.stage.Clock().Sub(began) < resumeTime; {
		if words = strings.Join(status.Notices, "; "); strings.Contains(words, name) {
			break
		}
		if err := Sleep(ctx, 50*time.Millisecond); err != nil {
			return words, err
		}
		if status, err = client.Status(ctx); err != nil {
			return words, err
		}
	}
	_, err = sendVisit(ctx, status.Track, u.Slug, "")
	return words, err
}

func newerKeys(data string) error {
	return change(filepath.Join(data, "master-keys.json"), func(text []byte) []byte {
		return []byte(strings.Replace(string(text), `"version": 1`, `"version": 2, "hardware": true`, 1))
	})
}

// newerLedger raises what SQLite keeps for its user at byte 60.
func newerLedger(data string) error {
	return change(filepath.Join(data, "ledger.db"), func(file []byte) []byte {
		file[63] = 99
		return file
	})
}

// newerSpool raises the version in the pages of the last file, see the package
// comment of segment.
func newerSpool(data string) error {
	names, err := filepath.Glob(filepath.Join(data, "spool", "*.seg"))
	if err != nil || len(names) == 0 {
		return fmt.Errorf("there is no spool: %w", err)
	}
	slices.Sort(names)
	return change(names[len(names)-1], func(file []byte) []byte {
		const page = 4096
		for at := 0; at < 2*page; at += page {
			file[at+8] = 2
			putChecksum(file[at : at+page])
		}
		return file
	})
}

func newerManifest(data string) error {
	dir := filepath.Join(data, "warehouse", "archive")
	text := fmt.Sprintf(`{"version":%d,"day":"2026-11-20","more":{}}`, math.MaxInt32)
	return errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(filepath.Join(dir, "2026-11-20.json"), []byte(text), 0o600),
		os.WriteFile(filepath.Join(dir, "clicks-2026-11-20.1.parquet"), []byte("of a newer program"), 0o600))
}
