package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"homing"
	"homing/internal/flow/catalog"
	"homing/internal/flow/report"
)

// Problem is how every error is told (RFC 9457).
type Problem struct {
	Type   string `json:"type"` // stable; what programs look at
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"` // for people
	// Errors tells, field by field, what is wrong with a question.
	Errors []report.Fault `json:"errors,omitempty"`
}

// typePrefix begins the types of problems.
const typePrefix = "urn:homing:problem:"

// refusal is an error that knows its answer.
type refusal struct {
	Problem
	header [][2]string
}

func (r *refusal) Error() string { return r.Title + ": " + r.Detail }

func refuse(status int, slug, title, detail string, header ...[2]string) *refusal {
	return &refusal{Problem{Type: typePrefix + slug, Title: title, Status: status, Detail: detail}, header}
}

const challenge = `Bearer realm="homing"`

var (
	noToken = refuse(http.StatusUnauthorized, "no-token", "A token is needed",
		"Send the header Authorization: Bearer hmg_…, with a token made by homing token create.",
		[2]string{"WWW-Authenticate", challenge})
	badToken = refuse(http.StatusUnauthorized, "invalid-token", "This token opens nothing",
		"The token is not known, or it was revoked, or it has expired.",
		[2]string{"WWW-Authenticate", challenge + `, error="invalid_token"`})
	operatorsOnly = refuse(http.StatusForbidden, "operator-only", "This is the operator's",
		"Only a token that is not bound to an account may do this.")
)

func wrongScope(scope homing.Scopes) error {
	return refuse(http.StatusForbidden, "insufficient-scope", "The token may not do this",
		"It needs the scope "+scope.String()+".",
		[2]string{"WWW-Authenticate", challenge + `, error="insufficient_scope", scope="` + scope.String() + `"`})
}

func tooManyTries(wait time.Duration) error {
	return refuse(http.StatusTooManyRequests, "too-many-tries", "Too many wrong tokens",
		"Too many requests with wrong tokens came from your address.", retryAfter(wait))
}

func wrongMethod(allowed []string) error {
	return refuse(http.StatusMethodNotAllowed, "method-not-allowed", "That does not work here",
		"This path takes "+strings.Join(allowed, ", ")+".", [2]string{"Allow", strings.Join(allowed, ", ")})
}

func missing(what, detail string) error {
	return refuse(http.StatusNotFound, "not-found", "There is no such "+what, detail)
}

func crowded(wait time.Duration) error {
	return refuse(http.StatusServiceUnavailable, "overloaded", "Too much at once",
		"Too many requests of this sort are under way. Come again in a moment.", retryAfter(wait))
}

// wrongField tells what is wrong with one parameter.
func wrongField(field, problem string, allowed ...string) error {
	return &report.Faults{List: []report.Fault{{Field: field, Problem: problem, Allowed: allowed}}}
}

func retryAfter(wait time.Duration) [2]string {
	return [2]string{"Retry-After", strconv.Itoa(max(1, int((wait+time.Second-1)/time.Second)))}
}

// kinds turns kinds of error into problems. The first that fits counts; whatever
// fits none is a fault of ours, whose cause is not told.
var kinds = []struct {
	kind        error
	status      int
	slug, title string
	detail      string // empty: the error's own words
}{
	{errBodySize, http.StatusRequestEntityTooLarge, "too-large", "The body is too large", "A body may have up to 1 MiB, a list of changes up to 4 MiB."},
	{homing.ErrNotFound, http.StatusNotFound, "not-found", "There is nothing here", "The path does not exist, or what it names does not, or not any more."},
	{homing.ErrInvalid, http.StatusBadRequest, "invalid", "That can't be carried out", ""},
	{homing.ErrUnauthorized, http.StatusForbidden, "forbidden", "The token may not do this", ""},
	{homing.ErrConflict, http.StatusConflict, "conflict", "That contradicts what is there", ""},
	{homing.ErrOverloaded, http.StatusServiceUnavailable, "overloaded", "Too much at once", "It would take more memory or time than there is. Ask for less, or come again."},
	{homing.ErrUnavailable, http.StatusServiceUnavailable, "unavailable", "Not to be had just now", "What answers this is away for a moment, or could not store it. Come again; a PUT may be repeated."},
	{context.DeadlineExceeded, http.StatusServiceUnavailable, "unavailable", "That took too long", "The answer was not there in time. Ask for less, or come again."},
}

// problemOf says an error as it is answered.
func problemOf(err error) *refusal {
	var known *refusal
	if errors.As(err, &known) {
		return known
	}
	for _, k := range kinds {
		if !errors.Is(err, k.kind) {
			continue
		}
		detail := k.detail
		if detail == "" {
			detail = err.Error()
		}
		told := refuse(k.status, k.slug, k.title, detail)
		var field *catalog.FieldError
		if errors.As(err, &field) {
			told.Detail = field.Field + ": " + field.Problem
			told.Errors = []report.Fault{{Field: field.Field, Problem: field.Problem}}
		}
		var faults *report.Faults
		if errors.As(err, &faults) {
			told.Detail, told.Errors = fmt.Sprintf("%d of the parameters cannot be carried out; see errors.", len(faults.List)), faults.List
			if len(faults.List) == 1 {
				told.Detail = faults.List[0].Field + ": " + faults.List[0].Problem
			}
		}
		if k.status == http.StatusServiceUnavailable {
			told.header = append(told.header, retryAfter(5*time.Second))
		}
		return told
	}
	return refuse(http.StatusInternalServerError, "fault", "Something broke on our side", "The fault was noted.")
}

// fail answers with a problem. Faults of ours are logged by the route's pattern:
// a path or a query may hold what no log should.
func (a *api) fail(w http.ResponseWriter, r *http.Request, route string, err error) {
	told := problemOf(err)
	switch {
	case r.Context().Err() != nil: // nobody is waiting for the answer
		return
	case told.Status >= http.StatusInternalServerError && told.Status != http.StatusServiceUnavailable:
		a.Log.Error("the API couldn't answer", "route", route, "error", err)
	}
	for _, h := range told.header {
		w.Header().Set(h[0], h[1])
	}
	writeJSON(w, told.Status, "application/problem+json", told.Problem)
}
