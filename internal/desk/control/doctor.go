package control

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"sync"
	"time"

	"homing"
)

// DoctorRequest asks for an examination.
type DoctorRequest struct {
	Repair, Quick bool
	// Acknowledge: what was lost before, and told of, has been seen.
	Acknowledge bool
}

// DoctorLine is one thing that an examination tells; one of its fields is given.
// The last line says that it is over.
type DoctorLine struct {
	Progress *DoctorProgress `json:"progress,omitempty"`
	Finding  *DoctorFinding  `json:"finding,omitempty"`
	// Checked is something that was looked at, in words.
	Checked string `json:"checked,omitempty"`
	// Repaired is something that was put right, Failed something that could not be.
	Repaired string `json:"repaired,omitempty"`
	Failed   string `json:"failed,omitempty"`
	// Again: what follows was found after the repairs, and replaces what was told.
	Again bool `json:"again,omitempty"`
	Over  bool `json:"over,omitempty"`
}

// DoctorProgress tells how far a piece of work is; Total 0 is unknown.
type DoctorProgress struct {
	What  string `json:"what"`
	Done  int64  `json:"done"`
	Total int64  `json:"total"`
	Bytes bool   `json:"bytes,omitempty"` // else a number of things
}

// DoctorFinding is something that was found, see package doctor.
type DoctorFinding struct {
	Kind       string `json:"kind"` // a stable name
	Severity   string `json:"severity"`
	Where      string `json:"where"`
	What       string `json:"what"`
	Means      string `json:"means"`
	Do         string `json:"do"`
	Repairable bool   `json:"repairable"`
}

// Doctor has the house examined, and told line by line what is found.
func (c *Client) Doctor(ctx context.Context, ask DoctorRequest) iter.Seq2[DoctorLine, error] {
	q := url.Values{}
	if ask.Repair {
		q.Set("repair", "true")
	}
	if ask.Quick {
		q.Set("quick", "true")
	}
	if ask.Acknowledge {
		q.Set("acknowledge", "true")
	}
	return listBy[DoctorLine](ctx, c, "POST", "doctor?"+q.Encode())
}

// doctor examines the house.
func (d desk) doctor(r *http.Request, out *lines) error {
	q := queryOf(r, "repair", "quick", "acknowledge")
	ask := DoctorRequest{Repair: q.values.Get("repair") == "true", Quick: q.values.Get("quick") == "true",
		Acknowledge: q.values.Get("acknowledge") == "true"}
	if q.err != nil {
		return q.err
	}
	if d.Desk.Doctor == nil {
		return &said{"this homing cannot be examined over its socket", homing.ErrUnavailable}
	}
	t := doctorTelling{out: out, clock: d.Clock}
	return d.Desk.Doctor(r.Context(), ask, t.tell)
}

// doctorTelling passes on what is told, progress at most a few times a second. It
// is safe for concurrent use.
type doctorTelling struct {
	out   *lines
	clock homing.Clock
	mu    sync.Mutex
	told  time.Time // guarded by mu
	what  string    // guarded by mu
}

func (t *doctorTelling) tell(line DoctorLine) {
	if p := line.Progress; p != nil {
		t.mu.Lock()
		now := t.clock()
		soon := p.What == t.what && now.Sub(t.told) < 4*flushEvery
		if !soon {
			t.what, t.told = p.What, now
		}
		t.mu.Unlock()
		if soon {
			return
		}
	}
	_ = t.out.write(line) // who went away ends the context
}
