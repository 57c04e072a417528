package audit

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/engine/ledger"
	"homing/internal/flow/report"
)

const (
	// atOnce is how many entries a page lists, atOnceInFiles how many are read at
	// a time for a file, which has at most maxInFile.
	atOnce        = 100
	atOnceInFiles = 1000
	maxInFile     = 100_000
)

// auditPage is a part of the audit log, the newest first.
type auditPage struct {
	Rows        []row
	Operator    bool
	Advertisers []*homing.Account
	Account     string
	Actors      []choice
	Actor       string
	Actions     []choice
	Action      string
	Filtered    bool
	Older       string // where it goes on; empty = nowhere
	Newest      string // the beginning; empty = this is it
	CSV         string
}

type choice struct{ Value, Label string }

// row is an entry in words.
type row struct {
	Number int64
	At     homing.Millis
	Who    string
	What   string // "changed the campaign"
	Object string // its name, or "campaign 3"
	Path   string // where it is shown; empty = nowhere
	Detail string
}

// reading is one visitor's look at the log.
type reading struct {
	*page.Visit
	query  ledger.AuditQuery
	users  []homing.User
	actors page.Actors
	emails map[homing.UserID]string
}

// read finds out what the visitor may see and asks for. Who is no operator sees
// entries about the own account, as an owner.
func (s *screen) read(v *page.Visit) (*reading, error) {
	if !v.Who.Operator() && !v.Who.Level.AtLeast(homing.Owner) {
		return nil, fmt.Errorf("%w: the audit log takes an owner", homing.ErrUnauthorized)
	}
	users, err := s.people.Users(v.R.Context())
	if err != nil {
		return nil, fmt.Errorf("couldn't read the users: %w", err)
	}
	r := &reading{Visit: v, users: users, actors: v.Actors(users), emails: map[homing.UserID]string{}}
	for _, u := range users {
		if v.Who.MaySee(u.Account) {
			r.emails[u.ID] = u.Email
		}
	}
	asked := v.R.URL.Query()
	r.query = ledger.AuditQuery{Actor: asked.Get("actor"), Action: asked.Get("action"), Account: v.Who.Account}
	if v.Account != nil {
		r.query.Account = v.Account.ID
	}
	if !v.Who.Operator() && r.query.Account == 0 {
		return nil, fmt.Errorf("account: %w", homing.ErrNotFound)
	}
	if text := asked.Get("before"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("entry: %w", homing.ErrNotFound)
		}
		r.query.Before = n
	}
	return r, nil
}

func (s *screen) list(v *page.Visit) error {
	r, err := s.read(v)
	if err != nil {
		return err
	}
	r.query.Limit = atOnce + 1
	entries, err := v.Rooms.Books.Audit(v.R.Context(), r.query)
	if err != nil {
		return fmt.Errorf("couldn't read the audit log: %w", err)
	}
	p := auditPage{
		Operator: v.Who.Operator(), Actor: r.query.Actor, Action: r.query.Action, Actors: r.chooseActors(), Actions: chooseActions(r.query.Action, v.Who.Operator()),
		CSV: r.path("/audit/csv", 0), Filtered: r.query.Actor != "" || r.query.Action != "",
	}
	if p.Operator {
		p.Advertisers = v.Advertisers()
		if v.Account != nil {
			p.Account, p.Filtered = v.Account.ID.String(), true
		}
	}
	if len(entries) > atOnce {
		entries = entries[:atOnce]
		p.Older = r.path("/audit", entries[atOnce-1].Number)
	}
	if r.query.Before != 0 {
		p.Newest = r.path("/audit", 0)
	}
	for i := range entries {
		p.Rows = append(p.Rows, r.row(&entries[i]))
	}
	return v.Show(http.StatusOK, "audit", "Audit log", p)
}

// path is a URL with the same filters.
func (r *reading) path(path string, before int64) string {
	q := url.Values{}
	for name, value := range map[string]string{"actor": r.query.Actor, "action": r.query.Action} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if r.Who.Operator() && r.query.Account != 0 {
		q.Set("account", r.query.Account.String())
	}
	if before > 0 {
		q.Set("before", strconv.FormatInt(before, 10))
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// chooseActors lists who may be asked for. A name that is asked for by URL alone
// stands in the list as well.
func (r *reading) chooseActors() []choice {
	var list []choice
	for _, u := range r.users {
		if r.Who.MaySee(u.Account) {
			list = append(list, choice{"user " + u.ID.String(), u.Email})
		}
	}
	slices.SortFunc(list, func(a, b choice) int { return cmp.Compare(a.Label, b.Label) })
	if r.Who.Operator() {
		list = append(list, choice{"command line", "the command line"}, choice{"set-up", "the set-up"})
	}
	if a := r.query.Actor; a != "" && !slices.ContainsFunc(list, func(c choice) bool { return c.Value == a }) {
		list = append(list, choice{a, r.actors.Name(a)})
	}
	return list
}

var csvColumns = []report.Column{
	{Name: "number", Kind: report.Number}, {Name: "at", Kind: report.Time}, {Name: "who", Kind: report.Text},
	{Name: "what", Kind: report.Text}, {Name: "object", Kind: report.Text}, {Name: "detail", Kind: report.Text},
	{Name: "action", Kind: report.Text},
}

// export writes what the list shows, from its beginning, as a file.
func (s *screen) export(v *page.Visit) error {
	r, err := s.read(v)
	if err != nil {
		return err
	}
	// Asked before the first byte goes out: afterwards no error can be told.
	next, err := r.more()
	if err != nil {
		return err
	}
	return v.SendFile(page.File{Name: "audit.csv", Kind: report.CSV.ContentType()}, func(w io.Writer) error {
		return report.WriteCSV(w, csvColumns, func(yield func([]report.Cell, error) bool) {
			for written := 0; len(next) > 0 && written < maxInFile; {
				for i := range next {
					if !yield(r.cells(&next[i]), nil) {
						return
					}
				}
				written += len(next)
				if next, err = r.more(); err != nil {
					yield(nil, err)
					return
				}
			}
		})
	})
}

// more reads the next entries.
func (r *reading) more() ([]ledger.AuditEntry, error) {
	r.query.Limit = atOnceInFiles
	entries, err := r.Rooms.Books.Audit(r.R.Context(), r.query)
	if err != nil {
		return nil, fmt.Errorf("couldn't read the audit log: %w", err)
	}
	if len(entries) > 0 {
		r.query.Before = entries[len(entries)-1].Number
	}
	return entries, nil
}

func (r *reading) cells(e *ledger.AuditEntry) []report.Cell {
	told := r.row(e)
	object := told.Object
	if object != e.Object {
		object = strings.TrimSpace(told.Object + " (" + e.Object + ")")
	}
	var cells []report.Cell
	for _, text := range []string{strconv.FormatInt(e.Number, 10), e.At.String(), told.Who, told.What, object, told.Detail, e.Action} {
		cells = append(cells, report.Cell{Text: text})
	}
	return cells
}
