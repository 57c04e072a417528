package torture

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"homing"
	"homing/internal/desk/control"
	"homing/internal/simulate/process"
)

var backups = Row{
	Name:  "backup",
	How:   "homing backup under load and again at rest, homing restore into new directories; a bit of the backup is flipped",
	Proof: "what was acknowledged before the backup began is in it, once; restored at rest, every list is equal byte for byte; nothing is written over; damage is refused with its place",
	Short: 1, Long: 20, Unit: "backups",
	Mistakes: []string{"backup of the clicks first"},
	Run: func(ctx context.Context, s *Stage, rounds int) (Result, error) {
		return chapters(ctx, s, rounds, backupChapter, func(below *Stage, from, to int) (Result, error) {
			return backupsOf(ctx, below, from, to, s.Done)
		})
	},
}

// noContent is what lists tell beside what a backup holds: where the server
// listens, and how often a key was used, which is noted in a while.
var noContent = regexp.MustCompile(`http://127\.0\.0\.1:\d+|(?m),?\n *"(uses|last_[a-z]+)":.*$`)

// backupChapter is how many backups are made of one run.
const backupChapter = 5

// lists are what must be equal after a restore, as commands.
var lists = [][]string{
	{"conversions", "--format", "jsonl"}, {"clicks", "--format", "jsonl"}, {"postbacks", "--format", "jsonl"},
	{"account", "list", "--format", "json"}, {"campaign", "list", "--format", "json"}, {"key", "list", "1", "--format", "json"},
	{"masterkey", "list", "--format", "json"},
	{"report", "--by", "campaign,device,weekday", "--metrics", "clicks,unique_clicks,conversions,value,duplicates,refusals", "--from", "2026-01-01", "--to", "2040-01-01", "--format", "csv"},
}

func backupsOf(ctx context.Context, s *Stage, from, to int, done func(int)) (r Result, err error) {
	b := &backing{Stage: s, rand: s.Rand(uint64(from)), launch: s.Launch(filepath.Join(s.Dir, "data"))}
	if b.server, err = Open(ctx, s, &b.d, b.launch); err != nil {
		return r, err
	}
	defer func() { b.server.Kill(); b.server.Sweep() }()
	n := from
	for found := b.d.Books.Found(); n < to && found.Total() == 0; n++ {
		if err := b.round(ctx, n); err != nil {
			return b.d.Result(n - from), fmt.Errorf("backup %d: %w", n+1, err)
		}
		done(n + 1)
		found = b.d.Books.Found()
	}
	if found := b.d.Books.Found(); found.Total() == 0 {
		err = b.d.Settle(ctx, b.server)
	}
	return b.d.Result(n - from), err
}

// backing is one run of backups.
type backing struct {
	*Stage
	d      *Driver
	rand   *rand.Rand
	launch process.Launch
	server *process.Process
}

func (b *backing) round(ctx context.Context, n int) error {
	path := func(name string) string { return filepath.Join(b.Dir, fmt.Sprintf("%s-%d", name, n)) }
	stop := b.d.Load(ctx, 8, b.rand.Uint64())
	err := Sleep(ctx, time.Duration(200+b.rand.IntN(600))*time.Millisecond)
	clicks, claims := b.d.Books.acknowledged()
	if err == nil {
		_, _, err = b.launch.Run(ctx, "backup", path("busy"))
	}
	stop()
	if err != nil {
		return err
	}
	if err := b.compareRestored(ctx, path("busy"), path("restored"), &Driver{Books: b.d.Books.asOf(clicks, claims), Stage: b.Stage, cast: b.d.cast}); err != nil {
		return err
	}
	if _, _, err := b.launch.Run(ctx, "backup", path("calm")); err != nil {
		return err
	}
	if err := b.compareLists(ctx, path("calm"), path("equal")); err != nil {
		return err
	}
	if err := b.damage(ctx, path("calm")); err != nil {
		return err
	}
	for _, name := range []string{"busy", "restored", "calm", "equal"} {
		err = errors.Join(err, os.RemoveAll(path(name)))
	}
	return err
}

// compareRestored restores a backup that was made under load, starts a server on
// it and compares. Another restore to the same place must be refused.
func (b *backing) compareRestored(ctx context.Context, backup, data string, seen *Driver) error {
	launch := b.Launch(data)
	launch.Log = filepath.Join(b.Dir, "restored.log")
	if _, _, err := launch.Run(ctx, "restore", backup); err != nil {
		return err
	}
	if _, _, err := launch.Run(ctx, "restore", backup); err == nil {
		b.d.Books.Wrong(Other, "a restore wrote over the directory that was there")
	}
	second, err := seen.Reopen(ctx, launch)
	if err != nil {
		return err
	}
	if second != nil {
		defer func() { second.Kill(); second.Sweep() }()
		client := second.Client()
		defer client.Close()
		err = errors.Join(seen.Compare(ctx, client, 0, false), seen.CompareReports(ctx, client), seen.clicksOfConversions(ctx, client))
	}
	b.d.Books.take(seen.Books)
	return err
}

// clicksOfConversions wants the click of every conversion to be there.
func (d *Driver) clicksOfConversions(ctx context.Context, client *control.Client) error {
	held := map[homing.ClickID]bool{}
	for c, err := range client.Clicks(ctx, control.ClickFilter{}) {
		if err != nil {
			return err
		}
		held[c.ClickID] = true
	}
	for c, err := range client.Conversions(ctx, control.ConversionFilter{}) {
		if err != nil {
			return err
		}
		if !held[c.ClickID] {
			d.Books.Wrong(Lost, "the click %s of conversion %d", c.ClickID, c.ID)
		}
	}
	return nil
}

// compareLists restores a backup that was made at rest, and compares what both
// say, to the byte.
func (b *backing) compareLists(ctx context.Context, backup, data string) error {
	restored := b.Launch(data)
	if _, _, err := restored.Run(ctx, "restore", backup); err != nil {
		return err
	}
	for _, list := range lists {
		want, _, err := b.launch.Run(ctx, list...)
		if err != nil {
			return err
		}
		got, _, err := restored.Run(ctx, list...)
		if err != nil {
			return err
		}
		want, got = noContent.ReplaceAllString(want, ""), noContent.ReplaceAllString(got, "")
		if got != want {
			b.d.Books.Wrong(Other, "homing %s says %s where the restored directory says %s", strings.Join(list, " "), firstDifference(want, got), firstDifference(got, want))
		}
	}
	return nil
}

// firstDifference is the first line of a text that differs from another's.
func firstDifference(text, other string) string {
	mine, theirs := strings.Split(text, "\n"), strings.Split(other, "\n")
	for i, line := range mine {
		if i >= len(theirs) || theirs[i] != line {
			return fmt.Sprintf("%q (line %d of %d)", line[:min(len(line), 300)], i+1, len(mine))
		}
	}
	return fmt.Sprintf("nothing behind line %d", len(mine))
}

// damage flips a bit of a file of the backup, which must then be refused by name.
func (b *backing) damage(ctx context.Context, backup string) error {
	var files []string
	err := filepath.WalkDir(backup, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			info, failed := e.Info()
			if err = failed; err == nil && info.Size() > 0 {
				files = append(files, path)
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	path := files[b.rand.IntN(len(files))]
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	at := b.rand.IntN(len(content))
	content[at] ^= 1 << b.rand.IntN(8)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return err
	}
	name, err := filepath.Rel(backup, path)
	if err != nil {
		return err
	}
	data := filepath.Join(b.Dir, "never")
	_, told, err := b.Launch(data).Run(ctx, "restore", backup)
	_, made := os.Stat(data)
	switch {
	case err == nil:
		b.d.Books.Wrong(Other, "a backup with a flipped bit in %s, byte %d, was restored", name, at)
	case !strings.Contains(told, filepath.Base(name)):
		b.d.Books.Wrong(Other, "damage in %s, byte %d, was refused without its place: %s", name, at, told)
	case made == nil && !empty(data):
		b.d.Books.Wrong(Other, "a damaged backup was refused, and something was written")
	}
	return os.RemoveAll(data)
}

// empty tells whether there is nothing in a directory.
func empty(dir string) bool {
	entries, err := os.ReadDir(dir)
	return err == nil && len(entries) == 0
}
