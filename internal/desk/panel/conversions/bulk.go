package conversions

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/flow/amend"
)

// verbChoice is a line of the menu of what may be done with many.
type verbChoice struct {
	Value, Label string
	task         amend.Task
}

// verbChoices is the menu. Each does it to those it fits; the preview names the
// others.
func verbChoices() []verbChoice {
	return []verbChoice{
		{"approve", "Approve pending ones", amend.Task{Verb: amend.Approve}},
		{"reject", "Reject", amend.Task{Verb: amend.Reject}},
		{"restore", "Restore rejected ones, as approved", amend.Task{Verb: amend.Restore}},
		{"restore_pending", "Restore rejected ones, as pending", amend.Task{Verb: amend.Restore, Pending: true}},
		{"accept", "Accept late ones, as approved", amend.Task{Verb: amend.Accept}},
		{"accept_pending", "Accept late ones, as pending", amend.Task{Verb: amend.Accept, Pending: true}},
		{"set", "What the list's status column says", amend.Task{Verb: amend.Set}},
	}
}

// bulkPage is the form for a list.
type bulkPage struct {
	Form  *page.Form
	Verbs []verbChoice
	Most  int
}

func (s *screen) askForList(v *page.Visit) error {
	return renderBulk(v, http.StatusOK, page.NewForm())
}

// tooMuch is how much of a pasted list a page shows again.
const tooMuch = 32 << 10

func renderBulk(v *page.Visit, status int, f *page.Form) error {
	if len(f.Get("list")) > tooMuch {
		f.Set("list", "")
		f.Fail("list", errors.New("the list is too long to be shown here again: paste it once more, or choose the file"))
	}
	f.Set("file", "")
	return v.Show(status, "conversions_change", "Change many conversions", bulkPage{f, verbChoices(), amend.MaxLines})
}

// preview looks at what would become of a list, and keeps it until it is carried
// out.
func (s *screen) preview(v *page.Visit) error {
	f, err := v.Upload()
	if err != nil {
		return err
	}
	j := &job{owner: v.Who.ID, made: v.Now}
	for _, c := range verbChoices() {
		if c.Value == f.Get("verb") {
			j.task, j.said = c.task, c.Label
		}
	}
	j.task.Reason, j.task.Actor = strings.TrimSpace(f.Get("reason")), v.Who.Actor()
	if j.said == "" {
		f.Fail("verb", errors.New("choose what to do"))
	}
	f.Fail("reason", amend.CheckReason(j.task.Reason))
	if j.task.Verb == amend.Reject && j.task.Reason == "" && !f.Bad() {
		f.Fail("reason", errors.New("say why they are rejected: the advertisers see it"))
	}
	text := listOf(f)
	if len(text) == 0 {
		f.Fail("list", errors.New("paste a list, or choose a file"))
	}
	if f.Bad() {
		return renderBulk(v, http.StatusUnprocessableEntity, f)
	}
	list, err := amend.Parse(text)
	if err != nil {
		f.Fail("list", plainly(err))
		return renderBulk(v, http.StatusUnprocessableEntity, f)
	}
	j.notes = notesOf(list, &j.task)
	if j.plan, err = s.amender.Plan(v.R.Context(), j.task, list.Orders); err != nil {
		return err
	}
	s.shelf.put(j)
	return v.See(jobPath(j))
}

// plainly takes the kind off an error of a list.
func plainly(err error) error {
	return errors.New(strings.TrimPrefix(err.Error(), homing.ErrInvalid.Error()+" list: "))
}

// notesOf tells how the list was understood.
func notesOf(list *amend.List, t *amend.Task) (notes []string) {
	if len(list.Ignored) > 0 {
		notes = append(notes, "These columns mean nothing here and were passed over: "+strings.Join(list.Ignored, ", ")+".")
	}
	if list.Statuses && t.Verb != amend.Set {
		notes = append(notes, "The list's status column was passed over: all lines are treated alike, as you chose.")
	}
	return notes
}

func jobPath(j *job) string { return "/conversions/change/" + j.id }

// findJob finds a list on the shelf; it is the one's who put it there.
func (s *screen) findJob(v *page.Visit, id string) (homing.AccountID, error) {
	j := s.shelf.get(id, v.Who.ID, v.Now)
	if j == nil {
		return 0, fmt.Errorf("list of conversions: %w", homing.ErrNotFound)
	}
	v.Found = map[string]any{"job": j}
	return 0, nil // the operators'
}

// carryOut changes what the preview said. It goes on to the end also if the
// browser has gone: the result waits on the shelf.
func (s *screen) carryOut(v *page.Visit) error {
	j := v.Found["job"].(*job)
	if !j.begin() {
		return v.See(jobPath(j))
	}
	// A writer without deadlines, in a test, has none to lift.
	_ = http.NewResponseController(v.W).SetWriteDeadline(time.Time{})
	ctx, cancel := context.WithCancel(context.WithoutCancel(v.R.Context()))
	defer cancel()
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		select {
		case <-v.Stopping:
			cancel()
		case <-ended:
		}
	}()
	j.end(s.amender.CarryOut(ctx, j.task, j.plan, func(lines int) { j.through.Store(int64(lines)) }))
	return v.See(jobPath(j))
}

// listOf is the list that was sent: of a file, pasted, or of ticked rows.
func listOf(f *page.Form) []byte {
	if text := f.Get("file"); strings.TrimSpace(text) != "" {
		return []byte(text)
	}
	if ticked := f.All("id"); len(ticked) > 0 {
		return []byte(strings.Join(ticked, "\n"))
	}
	return []byte(f.Get("list"))
}
