package control

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"path/filepath"
	"sync"
	"time"

	"homing"
	"homing/internal/engine/ledger"
)

// Backups makes backups.
type Backups interface {
	// Make makes one in a directory, an absolute path, which must be new or empty.
	Make(ctx context.Context, by, dir string, progress func(what string, done, total int64)) (BackupMade, error)
}

// Backing tells how far a backup is, in bytes: Done of Total, 0 while it is
// unknown. The last one has Made, unless an error follows.
type Backing struct {
	What  string      `json:"what,omitempty"`
	Done  int64       `json:"done,omitempty"`
	Total int64       `json:"total,omitempty"`
	Made  *BackupMade `json:"made,omitempty"`
}

// BackupMade tells of a backup that was made.
type BackupMade struct {
	Dir     string  `json:"dir"`
	Begun   string  `json:"begun"` // what was acknowledged before is in it
	Made    string  `json:"made"`  // what came after is not
	Files   int     `json:"files"`
	Bytes   int64   `json:"bytes"`
	Seconds float64 `json:"seconds"`
	// Conversions, Records and Days tell what is in it: conversions, records of the
	// spool, sealed days.
	Conversions int64 `json:"conversions"`
	Records     int64 `json:"records"`
	Days        int   `json:"days"`
	// Notes tell of damage that was copied as it stands, and of what could not be
	// noted.
	Notes []string `json:"notes,omitempty"`
}

// backup makes a backup, and tells how far it is a few times a second. It is given
// up when the client goes.
func (d desk) backup(r *http.Request, out *lines) error {
	dir := r.URL.Query().Get("dir")
	if d.Backups == nil {
		return &said{"this homing makes no backups", homing.ErrUnavailable}
	}
	if !filepath.IsAbs(dir) {
		return fmt.Errorf("%w backup directory %q: it must be absolute", homing.ErrInvalid, dir)
	}
	p := backupProgress{out: out, clock: d.Clock}
	made, err := d.Backups.Make(r.Context(), actor, dir, p.tell)
	if err != nil {
		return err
	}
	return out.write(Backing{Made: &made})
}

// backupProgress passes progress on. It is safe for concurrent use.
type backupProgress struct {
	out   *lines
	clock homing.Clock
	mu    sync.Mutex
	told  time.Time // guarded by mu
	what  string    // guarded by mu
}

func (p *backupProgress) tell(what string, done, total int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock()
	if what == p.what && now.Sub(p.told) < 4*flushEvery {
		return
	}
	p.what, p.told = what, now
	_ = p.out.write(Backing{What: what, Done: done, Total: total}) // who went away ends the context
}

// Backup makes a backup in a directory, an absolute path for the server, and tells
// how far it is until it is done.
func (c *Client) Backup(ctx context.Context, dir string) iter.Seq2[Backing, error] {
	return listBy[Backing](ctx, c, "POST", "backup?"+url.Values{"dir": {dir}}.Encode())
}

// Erased is one line of homing erase list: a click or an account that was erased.
// homing restore reads them.
type Erased struct {
	Number  int64            `json:"number"`
	At      string           `json:"at"`
	ClickID string           `json:"click_id,omitempty"`
	Account homing.AccountID `json:"account,omitempty"`
}

// erasures lists what was ever erased, in order.
func (d desk) erasures(r *http.Request, out *lines) error {
	for e, err := range ledger.AllErasures(r.Context(), d.Books) {
		if err != nil {
			return err
		}
		line := Erased{Number: e.Number, At: when(e.At), Account: e.Account}
		if e.Account == 0 {
			line.ClickID = d.Keyring().Seal(e.Click).String()
		}
		if err := out.write(line); err != nil {
			return err
		}
	}
	return nil
}

// Erasures lists what was ever erased, in order.
func (c *Client) Erasures(ctx context.Context) iter.Seq2[Erased, error] {
	return list[Erased](ctx, c, "erasures", asked{})
}
