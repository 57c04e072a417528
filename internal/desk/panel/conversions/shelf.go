package conversions

import (
	"slices"
	"sync"
	"sync/atomic"

	"homing"
	"homing/internal/flow/amend"
)

// A preview of ten thousand lines does not fit into a form, so it waits on a
// shelf until it is carried out. Nothing is lost with it: after a restart, or
// when the shelf was full, the list is pasted once more.
const (
	// shelfLen is how many jobs are kept; the oldest goes first. A job of 10,000
	// lines takes a few megabytes.
	shelfLen = 12
	// keptFor is how long a job is kept.
	keptFor = homing.Millis(2 * 3_600_000)
)

// job is a list with what would become of it, or became.
type job struct {
	id    string
	owner homing.UserID
	made  homing.Millis
	task  amend.Task
	said  string // what is to be done, in words
	notes []string
	plan  []amend.Line

	through atomic.Int64 // lines that are carried out

	mu      sync.Mutex
	begun   bool         // guarded by mu
	results []amend.Line // guarded by mu; nil until all is carried out
}

// begin is true for the one who carries the job out.
func (j *job) begin() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	first := !j.begun
	j.begun = true
	return first
}

func (j *job) end(results []amend.Line) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.results = results
}

// state is whether the job is under way, and its lines as they are known.
func (j *job) state() (running, done bool, lines []amend.Line) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.results != nil {
		return false, true, j.results
	}
	return j.begun, false, j.plan
}

// shelf keeps jobs.
type shelf struct {
	mu   sync.Mutex
	jobs []*job // guarded by mu; oldest first
}

func newShelf() *shelf { return &shelf{} }

func (s *shelf) put(j *job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	j.id = homing.RandomText(20)
	s.tidy(j.made)
	if len(s.jobs) >= shelfLen {
		// One that is under way goes on and is only not found any more.
		s.jobs = slices.Delete(s.jobs, 0, 1)
	}
	s.jobs = append(s.jobs, j)
}

// get finds a job of a user; nil if there is none.
func (s *shelf) get(id string, owner homing.UserID, now homing.Millis) *job {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tidy(now)
	for _, j := range s.jobs {
		if j.id == id && j.owner == owner {
			return j
		}
	}
	return nil
}

func (s *shelf) tidy(now homing.Millis) {
	s.jobs = slices.DeleteFunc(s.jobs, func(j *job) bool { return now-j.made > keptFor })
}
