package compare

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/report"
	"homing/internal/rule/judge"
)

// sifting is one comparison under way.
type sifting struct {
	*Comparer
	scope  report.Scope
	zone   *time.Location
	now    homing.Millis
	result Result
	clicks []*click // in the order of their first lines
	// accounts are whose conversions and calls are looked at: the scope's, else
	// those that the list's own ids prove. Somebody's list lacks nothing of others.
	accounts []homing.AccountID
}

// click is a click of ours that the list names, with what we know of it.
type click struct {
	origin      homing.Origin
	rows        []*Row // in the order of the list
	conversions []homing.Conversion
	used        []bool // of conversions: a line names it
}

// open opens every line's id. What is not the asker's is not ours.
func (s *sifting) open(l *List) {
	s.result.Rows = make([]Row, len(l.Lines))
	ring, view := s.Keyring(), s.View()
	byOrigin := map[homing.Origin]*click{}
	if s.scope.Account != 0 {
		s.accounts = []homing.AccountID{s.scope.Account}
	}
	for i := range l.Lines {
		row := &s.result.Rows[i]
		row.Line = l.Lines[i]
		s.result.Listed.Count++
		if s.scope.HideMoney {
			row.Value, row.Unread = homing.Value{}, ""
		}
		s.result.Listed.Value.Add(row.Value)
		if !row.Found {
			row.Finding, row.Diagnosis = NoID, judge.DiagnoseCode(row.Cell)
			row.Cell = shown(s.masked(row.Cell))
			continue
		}
		origin, genuine := ring.Open(row.Click)
		campaign := view.Campaign(origin.Campaign)
		if !genuine || s.scope.Account != 0 && (campaign == nil || campaign.Account != s.scope.Account) {
			row.Finding = NotOurs
			continue
		}
		if campaign != nil && !slices.Contains(s.accounts, campaign.Account) {
			s.accounts = append(s.accounts, campaign.Account)
		}
		row.Campaign, row.Test = origin.Campaign, origin.Test()
		c := byOrigin[origin]
		if c == nil {
			c = &click{origin: origin}
			byOrigin[origin] = c
			s.clicks = append(s.clicks, c)
		}
		c.rows = append(c.rows, row)
	}
}

func (s *sifting) masked(text string) string {
	if s.Masker == nil {
		return text
	}
	return s.Masker.Text(text)
}

// atOnce is how many clicks are looked up at once.
const atOnce = 4

// findConversions asks the ledger for every click's conversions.
func (s *sifting) findConversions(ctx context.Context) error {
	var next atomic.Int64
	errs := make([]error, atOnce)
	var working sync.WaitGroup
	for worker := range atOnce {
		working.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(s.clicks) {
					return
				}
				c := s.clicks[i]
				found, err := s.Books.ConversionsOf(ctx, c.origin)
				if err != nil {
					errs[worker] = err
					next.Store(int64(len(s.clicks))) // the others may stop, too
					return
				}
				c.conversions, c.used = found, make([]bool, len(found))
			}
		})
	}
	working.Wait()
	return errors.Join(errs...)
}

func (s *sifting) matchAll() {
	same := func(conversion *homing.Conversion, lead string) bool { return s.sameLead(lead, conversion.Lead) }
	ring := s.Keyring()
	erased := func(conversion *homing.Conversion, lead string) bool {
		if warehouse.IsErasedLead(conversion.Lead) {
			return slices.Contains(ring.HashLeads(lead), conversion.Lead)
		}
		return s.sameLead(lead, conversion.Lead)
	}
	for _, c := range s.clicks {
		equal := same
		for i := range c.conversions {
			if warehouse.IsErasedLead(c.conversions[i].Lead) {
				equal = erased
			}
			if s.scope.HideMoney {
				c.conversions[i].Value, c.conversions[i].Price = homing.Value{}, 0
			}
		}
		c.match(equal)
	}
}

// sameLead compares a lead code of the list with one of ours. The list may be a
// file of ours, where it is masked, and guarded against being taken for a formula.
func (s *sifting) sameLead(listed, lead string) bool {
	if listed == lead {
		return true
	}
	shown := s.masked(lead)
	guarded, ok := strings.CutPrefix(listed, "'")
	return listed == shown || ok && guarded != "" && strings.ContainsRune("=+-@\t\r", rune(guarded[0])) && guarded == shown
}

// sum counts the rows by finding.
func (s *sifting) sum() {
	groups := make([]Group, findingEnd)
	add := func(r *Row) {
		g := &groups[r.Finding]
		g.Finding = r.Finding
		g.Count++
		g.Theirs.Add(r.Value)
		g.Ours.Add(r.Ours())
	}
	for i := range s.result.Rows {
		add(&s.result.Rows[i])
	}
	for i := range s.result.Lacking {
		add(&s.result.Lacking[i])
	}
	for i := range groups {
		if groups[i].Count > 0 {
			s.result.Groups = append(s.result.Groups, groups[i])
		}
	}
}
