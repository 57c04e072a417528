package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"homing"
	"homing/bench/reports/traffic"
	"homing/bench/show"
	"homing/bench/stage"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/sqlite"
	"homing/internal/engine/spool/segment"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/catalog"
)

// The month ends in an afternoon, so that today has something to show, and is
// not over. Days are in UTC, as in an installation where nobody chose.
var (
	from  = homing.MillisOf(time.Date(2026, time.October, 1, 0, 0, 0, 0, time.UTC))
	until = homing.MillisOf(time.Date(2026, time.October, 30, 17, 0, 0, 0, time.UTC))
)

// batchClicks are those of a round of the traffic.
const batchClicks = 245_760

// What lies in the directory.
const (
	homeDir   = "home" // the data directory of homing
	stateFile = "panel.json"
)

// generation grows whenever the same seed makes other data.
const generation = 1

// made is what is known of the data.
type made struct {
	Generation  int              `json:"generation"`
	Seed        uint64           `json:"seed"`
	Clicks      int64            `json:"clicks"`
	Rows        int64            `json:"rows"`
	Conversions int64            `json:"conversions"`
	Postbacks   int64            `json:"postbacks"`
	Account     homing.AccountID `json:"account"` // the one with most clicks
	Share       int64            `json:"share"`   // of all clicks, in percent
	// Of that account: an old conversion and a new one, and the list of another
	// tracker.
	Old  sample `json:"old"`
	New  sample `json:"new"`
	List string `json:"list"`
	// Campaign is its largest.
	Campaign homing.CampaignID `json:"campaign"`
}

// sample is a conversion that is looked at.
type sample struct {
	Conversion homing.ConversionID `json:"conversion"`
	Request    string              `json:"request"`
	Click      string              `json:"click"`
	Value      string              `json:"value"`
}

// some are the first click ids of the list.
func (m *made) some(n int) (ids []string) {
	for line := range strings.Lines(m.List) {
		if id, _, _ := strings.Cut(line, ","); id != "click_id" && len(ids) < n {
			ids = append(ids, id)
		}
	}
	return ids
}

// dataOf makes the data, or finds that it was made before.
func dataOf(ctx context.Context, o *options, progress *show.Progress) (*made, error) {
	m := &made{}
	path := filepath.Join(o.dir, stateFile)
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, m)
	} else if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err != nil {
		return nil, fmt.Errorf("couldn't read what was made before (begin anew with --clean): %w", err)
	}
	if m.Generation == generation && m.Seed == o.seed && m.Clicks == o.clicks {
		return m, nil
	}
	home := filepath.Join(o.dir, homeDir)
	if err := errors.Join(os.RemoveAll(path), os.RemoveAll(home), os.MkdirAll(home, 0o700)); err != nil {
		return nil, err
	}
	progress.Begin("making accounts, campaigns and publishers")
	*m = made{Generation: generation, Seed: o.seed, Clicks: o.clicks}
	if err := m.fill(ctx, home, progress); err != nil {
		return nil, err
	}
	if text, err = json.Marshal(m); err != nil {
		return nil, err
	}
	return m, os.WriteFile(path, text, 0o600)
}

// fill writes a data directory as homing serve would have left it.
func (m *made) fill(ctx context.Context, home string, progress *show.Progress) (err error) {
	ring, err := newMasterKey(home)
	if err != nil {
		return err
	}
	keyring := func() *homing.Keyring { return ring }
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	clock := func() time.Time { return until.Time() }
	kept, err := segment.Open(segment.Options{Dir: filepath.Join(home, "spool"), Clock: clock, Logger: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, kept.Close()) }()
	books, err := sqlite.Open(sqlite.Options{Path: filepath.Join(home, "ledger.db"), Logger: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, books.Close()) }()
	world := traffic.New(m.Seed)
	if err := settle(ctx, books, world, keyring); err != nil {
		return err
	}
	progress.Begin("writing %s clicks down", show.Grouped(m.Clicks))
	stream := world.Stream(traffic.Period{From: from, Until: until, Clicks: m.Clicks, Zone: warehouse.ZoneOf(time.UTC, from, until), Batch: batchClicks})
	defer stream.Close()
	seen := newObserver(keyring)
	written := stage.Stage{Spool: kept, Books: books, Keyring: keyring, Told: seen.see}
	if m.Rows, err = written.Write(ctx, stream, func(done int64) { progress.At(done, m.Clicks) }); err != nil {
		return err
	}
	progress.End()
	if err := seen.tell(m); err != nil {
		return err
	}
	return letIn(ctx, books, ledger.Actor{Name: "benchmark", At: until},
		&homing.User{Email: "advertiser@example.com", Role: homing.RoleAdvertiser, Account: m.Account, Level: homing.Owner}, advertiserToken)
}

// newMasterKey writes the file that package app reads, with a key that has been
// in use all the while.
func newMasterKey(home string) (*homing.Keyring, error) {
	key := homing.MasterKey{ID: "00000001", From: from}
	key.Secret = sha256.Sum256([]byte("benchmark"))
	text := fmt.Sprintf(`{"version":1,"keys":[{"id":%q,"from":%d,"secret":%q}]}`, key.ID, key.From, hex.EncodeToString(key.Secret[:]))
	if err := os.WriteFile(filepath.Join(home, "master-keys.json"), []byte(text), 0o600); err != nil {
		return nil, err
	}
	return homing.NewKeyring(key)
}

// Tokens of the sessions that the pages are asked in.
const (
	operatorToken   = "operator-operator-operator-operator-operato"
	advertiserToken = "advertiseradvertiseradvertiseradvertiseradv"
)

// settle makes accounts, campaigns, keys and people.
func settle(ctx context.Context, books *sqlite.Ledger, world *traffic.World, keyring func() *homing.Keyring) error {
	by := ledger.Actor{Name: "benchmark", At: from}
	var edits []ledger.Edit
	for _, a := range world.Accounts {
		a.ID = 0 // the ledger numbers them in this order
		edits = append(edits, ledger.PutAccount{Account: &a})
	}
	for _, c := range world.Campaigns {
		c.ID = 0
		edits = append(edits, ledger.PutCampaign{Campaign: &c})
	}
	if err := books.Apply(ctx, by, edits...); err != nil {
		return err
	}
	settled, err := catalog.Open(ctx, catalog.Options{Ledger: books, Clock: func() time.Time { return from.Time() }, Keyring: keyring})
	if err != nil {
		return err
	}
	for _, a := range world.Accounts {
		if _, _, err := settled.AddKey(ctx, by.Name, a.ID, "tracker"); err != nil {
			return err
		}
	}
	return letIn(ctx, books, by, &homing.User{Email: "operator@example.com", Role: homing.RoleOperator, Level: homing.Owner}, operatorToken)
}

// letIn makes a user with a session.
func letIn(ctx context.Context, people ledger.People, by ledger.Actor, u *homing.User, token string) error {
	if err := people.PutUser(ctx, by, u); err != nil {
		return err
	}
	return people.PutSession(ctx, ledger.Session{
		Token: sha256.Sum256([]byte(token)), User: u.ID, Created: until, Expires: until + homing.MillisIn(14*24*time.Hour),
	})
}

// cleanUp removes what runs have left. It only removes what it knows.
func cleanUp(dir string) error {
	err := errors.Join(os.RemoveAll(filepath.Join(dir, homeDir)), os.RemoveAll(filepath.Join(dir, stateFile)))
	if gone := os.Remove(dir); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
		err = errors.Join(err, fmt.Errorf("couldn't clean up, something else is there: %w", gone))
	}
	return err
}
