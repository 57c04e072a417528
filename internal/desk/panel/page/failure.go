package page

import (
	"context"
	"errors"
	"net/http"

	"homing"
	"homing/internal/desk/signin"
)

// failures turns kinds of error into answers. The first that fits counts;
// whatever fits none is a fault of ours.
var failures = []struct {
	kind        error
	status      int
	title, text string
}{
	{errMethod, http.StatusMethodNotAllowed, "That does not work here", "This address does not take that kind of request."},
	{homing.ErrNotFound, http.StatusNotFound, "There is nothing here", "The page does not exist, or it is not yours to see. If you came over a one-time link, it was used already or has expired; ask for a new one."},
	{homing.ErrUnauthorized, http.StatusForbidden, "You may not do that", "Your user has no permission for this. An operator can help."},
	{homing.ErrInvalid, http.StatusUnprocessableEntity, "That can't be carried out", "Something about the request is not right. Go back, look at the form and try again."},
	{homing.ErrConflict, http.StatusConflict, "Somebody was faster", "What you wanted to change was changed in the meantime. Go back, load the page again, and look before you repeat it."},
	{homing.ErrOverloaded, http.StatusServiceUnavailable, "Too much at once", "There are too many requests just now. Nothing was changed. Wait a minute and try again."},
	{homing.ErrUnavailable, http.StatusServiceUnavailable, "It could not be stored", "The change may not have been kept. Look before you repeat it; if this stays so, the operator should look at the disk."},
	{context.DeadlineExceeded, http.StatusServiceUnavailable, "That took too long", "The answer did not come in time. Try again in a moment."},
}

// Away tells errors of reports that are not there for the moment, have too much to
// do, or take too long, from others: a page that has something without them shows
// that.
func Away(err error) bool {
	return errors.Is(err, homing.ErrUnavailable) || errors.Is(err, homing.ErrOverloaded) || errors.Is(err, context.DeadlineExceeded)
}

// failurePage is what the page shows.
type failurePage struct {
	Status      int
	Title, Text string
}

// fail answers with the error page of err's kind. Faults of ours are logged;
// the page never tells their cause.
func (p *house) fail(w http.ResponseWriter, r *http.Request, err error) {
	f := failurePage{http.StatusInternalServerError, "Something broke on our side",
		"The fault was noted. Nothing you did is lost except this request; try again."}
	for _, known := range failures {
		if errors.Is(err, known.kind) {
			f = failurePage{known.status, known.title, known.text}
			break
		}
	}
	switch {
	case errors.Is(err, context.Canceled): // nobody is waiting for the answer
	case f.Status >= http.StatusInternalServerError:
		// The error names the route by its pattern: a path can hold a token.
		p.Log.Error("the panel couldn't answer", "error", err)
	}
	if f.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "30")
	}
	v := &Visit{Rooms: &p.Rooms, house: p, W: w, R: r, Who: signin.PersonOf(r), View: p.Catalog.View(), Now: homing.MillisOf(p.Clock())}
	v.lookAs()
	v.render(f.Status, "failure", f.Title, f)
}
