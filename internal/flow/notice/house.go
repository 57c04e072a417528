package notice

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/flow/disk"
)

// What follows is about the house itself, and for its operators.

const systemPath = "/system"

func (w *Watch) disk() *source {
	if w.o.Disk == nil {
		return nil
	}
	look := func(ctx context.Context, now homing.Millis, stands []ledger.Notice) ([]Trouble, error) {
		s, err := w.o.Disk.Look(ctx, now)
		if err != nil {
			return nil, err
		}
		if !s.Low() && (len(stands) == 0 || s.Well()) {
			return nil, nil
		}
		t := Trouble{Kind: Disk, Object: "disk"}
		t.Title = "The disk is nearly full"
		t.Text = fmt.Sprintf("Where homing keeps its data, %s of %s are left (%d %%). %s When nothing is left, clicks and postbacks are answered 503 and nothing is counted.",
			disk.Size(s.Free), disk.Size(s.Total), s.Percent(), s.Forecast())
		t.Fix = "Make the disk larger, take away what is not homing's, or keep clicks for a shorter time (--keep-clicks)."
		t.Path = systemPath
		return []Trouble{t}, nil
	}
	return &source{name: "disk", kinds: []Kind{Disk}, look: look}
}

const (
	lagBegins = 5 * time.Minute
	lagStays  = time.Minute
)

func (w *Watch) lag() *source {
	if w.o.Lag == nil {
		return nil
	}
	look := func(_ context.Context, _ homing.Millis, stands []ledger.Notice) ([]Trouble, error) {
		behind, why := w.o.Lag()
		if behind <= lagStays || behind <= lagBegins && len(stands) == 0 {
			return nil, nil
		}
		t := Trouble{Kind: Lag, Object: "reports"}
		t.Title = "Reports are more than five minutes behind"
		t.Text = fmt.Sprintf("What happened in the last %s is not in reports yet; nothing of it is lost, and clicks and postbacks go on.", lengthOf(homing.MillisIn(behind)))
		if why = clean(why, 300); why != "" {
			t.Text += " The cause: " + why + "."
		}
		t.Fix = "Look at the system page. If much came at once, they catch up by themselves."
		t.Path = systemPath
		return []Trouble{t}, nil
	}
	return &source{name: "lag", kinds: []Kind{Lag}, look: look}
}

const (
	certificateSoon homing.Millis = 14 * day
	certificateLast homing.Millis = 3 * day
)

func (w *Watch) certificates() *source {
	if w.o.Certificates == nil {
		return nil
	}
	look := func(_ context.Context, now homing.Millis, _ []ledger.Notice) (list []Trouble, err error) {
		for _, c := range w.o.Certificates() {
			left := c.Ends - now
			if c.Ours || left > certificateSoon {
				continue
			}
			t := Trouble{Kind: Certificate, Object: "certificate " + clean(c.File, 200)}
			t.Title = fmt.Sprintf("The certificate in %s ends at %s", clean(filepath.Base(c.File), 60), w.clockOf(c.Ends))
			t.Text = fmt.Sprintf("It ends in %s. From then on browsers and senders refuse to connect.", lengthOf(left))
			if left <= 0 {
				t.Title = fmt.Sprintf("The certificate in %s has ended", clean(filepath.Base(c.File), 60))
				t.Text = fmt.Sprintf("It ended at %s. Browsers and senders refuse to connect.", w.clockOf(c.Ends))
			}
			t.Fix = "Renew the file " + clean(c.File, 200) + ". It is read again within seconds, without a restart."
			t.Path = systemPath
			list = append(list, t)
			if left <= certificateLast {
				t.Object += lastCall
				list = append(list, t)
			}
		}
		return list, nil
	}
	return &source{name: "certificates", kinds: []Kind{Certificate}, every: 10 * 60 * 1000, look: look}
}

func (w *Watch) warehouse() *source {
	if w.o.Warehouse == nil {
		return nil
	}
	look := func(context.Context, homing.Millis, []ledger.Notice) ([]Trouble, error) {
		what := clean(w.o.Warehouse(), 500)
		if what == "" {
			return nil, nil
		}
		t := Trouble{Kind: Warehouse, Object: "warehouse"}
		t.Title = "There are no reports: the warehouse is out of order"
		t.Text = "The cause: " + what + ". Clicks and postbacks go on, and will be in reports when it answers again."
		t.Fix = "It is started again by itself. If it stays like this, look at the system page and at the log."
		t.Path = systemPath
		return []Trouble{t}, nil
	}
	return &source{name: "warehouse", kinds: []Kind{Warehouse}, look: look}
}

func (w *Watch) storage() *source {
	if w.o.Storage == nil {
		return nil
	}
	look := func(context.Context, homing.Millis, []ledger.Notice) ([]Trouble, error) {
		found := w.o.Storage()
		if len(found) == 0 {
			return nil, nil
		}
		t := Trouble{Kind: Storage, Object: "storage"}
		t.Title = "Something that is stored is damaged, or nothing can be stored"
		t.Text = "What was found: " + clean(strings.Join(found[:min(len(found), 3)], "; "), 700) + "."
		if more := len(found) - 3; more > 0 {
			t.Text += fmt.Sprintf(" And %d more.", more)
		}
		t.Fix = "Look at the disk and at its log. Keep a copy of the data directory before anything is repaired."
		t.Path = systemPath
		return []Trouble{t}, nil
	}
	return &source{name: "storage", kinds: []Kind{Storage}, look: look}
}

// capital begins a sentence.
func capital(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
