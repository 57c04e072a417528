package tryout

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/flow/catalog"
	"homing/internal/flow/journal"
	"homing/internal/flow/trial"
)

// tried is what {trial} in a path stands for.
type tried struct {
	id       homing.ClickID
	origin   homing.Origin
	campaign *catalog.Campaign
}

// findTrial finds a test click by its id, which proves all there is to know.
func (s *screen) findTrial(v *page.Visit, text string) (homing.AccountID, error) {
	id, ok := homing.ParseClickID(text)
	origin, genuine := homing.Origin{}, false
	if ok {
		origin, genuine = s.Keyring().Open(id)
	}
	campaign := v.View.Campaign(origin.Campaign)
	if !genuine || !origin.Test() || campaign == nil || campaign.Owner.Erased {
		return 0, fmt.Errorf("test click: %w", homing.ErrNotFound)
	}
	if v.Found == nil {
		v.Found = map[string]any{}
	}
	v.Found["trial"] = &tried{id, origin, campaign}
	return campaign.Account, nil
}

// triedOf is the trial of the path, of the path's advertiser.
func triedOf(v *page.Visit) (*tried, error) {
	t := v.Found["trial"].(*tried)
	if t.campaign.Account != v.Account.ID {
		return nil, fmt.Errorf("test click: %w", homing.ErrNotFound)
	}
	return t, nil
}

// trialPage is one test: where to go, what to do, and what has come of it.
type trialPage struct {
	Head
	*trial.Trial
	Campaign *catalog.Campaign
	Path     string
	Pieces   []page.Piece // of the destination
	// Carries: the destination has the id in it, so that a tracker can take it up.
	Carries bool
	// Yourself is a command that plays the tracker.
	Yourself string
	Heard    heard
	ClickURL string
}

func (s *screen) showTrial(v *page.Visit) error {
	t, err := triedOf(v)
	if err != nil {
		return err
	}
	found, err := s.Trials.Find(v.R.Context(), t.campaign, t.id, t.origin)
	if err != nil {
		return err
	}
	p := trialPage{
		Head: headOf(v, false), Trial: found, Campaign: t.campaign, Path: TestPath(v.Account.ID) + "/" + t.id.String(),
		Pieces: marked(found.Destination, t.id.String()), ClickURL: v.ClickURL(&t.campaign.Campaign),
		Yourself: "curl '" + v.Addresses().Plain() + page.PostbackPath + t.id.String() + "?account=" + v.Account.PublicID + "'",
	}
	p.Carries = strings.Contains(found.Destination, t.id.String())
	if p.Heard, err = heardOf(v, t); err != nil {
		return err
	}
	return v.Show(http.StatusOK, "trial", "Test", p)
}

// marked is a URL with the id in it made visible.
func marked(url, id string) (pieces []page.Piece) {
	before, after, found := strings.Cut(url, id)
	if before != "" {
		pieces = append(pieces, page.Piece{Text: before, Kind: "literal"})
	}
	if found {
		pieces = append(append(pieces, page.Piece{Text: id, Kind: "known"}), marked(after, id)...)
	}
	return pieces
}

// heard is what has come of a trial so far, the newest first.
type heard struct {
	Calls []verdict
	// Astray are calls that name the advertiser, but no click: most likely the
	// same tracker, with something else in place of the id.
	Astray  []verdict
	Counted bool
	Late    bool // the trial is past its window; a new one is better
}

// Seen tells one state of a trial from another.
func (h heard) Seen() int { return len(h.Calls) + len(h.Astray) }

const (
	mostCalls  = 20
	mostAstray = 5
	lookedAt   = 1000 // refused calls of the advertiser
	// strayFor is how long after the test click calls without an id are taken for
	// belonging to it.
	strayFor = 60 * 60 * 1000
)

func heardOf(v *page.Visit, t *tried) (h heard, err error) {
	h.Late = t.origin.Age(v.Now) > t.campaign.Window
	if err := h.calls(v, t); err != nil {
		return h, err
	}
	waited := journal.Filter{
		Account: v.Account.ID, Outcome: homing.Refused, Since: t.origin.Time, Until: t.origin.Time + strayFor,
	}
	for _, e := range v.Journal.Recent(waited, lookedAt) {
		if t.astray(&e) && len(h.Astray) < mostAstray {
			h.Astray = append(h.Astray, verdictOf(v, &e.Postback))
		}
	}
	return h, nil
}

// calls finds the calls that named the click: in memory, or, of a test that the
// memory may have forgotten, in the stores.
func (h *heard) calls(v *page.Visit, t *tried) error {
	entries := v.Journal.Recent(journal.Filter{Click: t.origin}, mostCalls)
	if len(entries) == 0 && v.Now-t.origin.Time > remembered {
		for e, err := range v.Journal.OfClick(v.R.Context(), t.origin, t.origin.Time) {
			if err != nil {
				return fmt.Errorf("couldn't read the calls of a test: %w", err)
			}
			if entries = append(entries, e); len(entries) == mostCalls {
				break
			}
		}
		slices.Reverse(entries)
	}
	for i := range entries {
		h.Calls = append(h.Calls, verdictOf(v, &entries[i].Postback))
		h.Counted = h.Counted || entries[i].Verdict.Outcome == homing.Counted
	}
	return nil
}

// remembered is how far back the journal's memory surely reaches.
const remembered = 12 * 60 * 60 * 1000

// astray tells whether a call names no click, and came while the trial was
// waited for.
func (t *tried) astray(e *journal.Entry) bool {
	return e.Origin == homing.Origin{} && e.Request != homing.RequestID{} && e.At >= t.origin.Time && e.At < t.origin.Time+strayFor
}
