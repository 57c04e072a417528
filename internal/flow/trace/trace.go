// Package trace tells a click's whole story from its id: when and where it was
// minted, what was known of the visitor, which postbacks named it, and what
// became of its conversions.
//
// Nothing is indexed for it. The id tells the moment, so the click is found in
// the spool by time, and in the warehouse once the spool has given it up;
// conversions are found in the ledger by the click.
package trace

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/spool"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/catalog"
	"homing/internal/flow/journal"
	"homing/internal/rule/mask"
)

// Tracer answers traces. It is safe for concurrent use.
type Tracer struct {
	Spool   spool.Spool
	Books   ledger.Books
	Journal *journal.Journal
	View    func() *catalog.View
	Keyring func() *homing.Keyring
	Clock   homing.Clock
	// Warehouse has what the spool no longer keeps; nil if there is none.
	Warehouse warehouse.Source
	// Fresh is the moment up to which the warehouse has all; 0, or nil, if that is
	// not known. What it has need not be looked for in the spool.
	Fresh func() homing.Millis
	// Masker takes out keys that became known after they were recorded.
	Masker *mask.Masker
}

// Story is what is known of a click.
type Story struct {
	Asked   string         `json:"asked"`            // what was asked for, cut
	ClickID homing.ClickID `json:"click_id"`         // zero if there is none in it
	Found   bool           `json:"found"`            // there is a well-formed id in it
	Genuine bool           `json:"genuine"`          // minted here
	Minted  string         `json:"minted,omitempty"` // RFC 3339
	Node    homing.NodeID  `json:"node"`
	Test    bool           `json:"test,omitempty"`

	Campaign     homing.CampaignID `json:"campaign,omitempty"`
	CampaignName string            `json:"campaign_name,omitempty"`
	Account      homing.AccountID  `json:"account,omitempty"`
	AccountName  string            `json:"account_name,omitempty"`
	Window       string            `json:"window,omitempty"`
	WindowEnds   string            `json:"window_ends,omitempty"`

	Erased      string       `json:"erased,omitempty"` // when the click was erased
	Click       *Click       `json:"click,omitempty"`  // nil: no longer, or never, on this node
	Postbacks   []Postback   `json:"postbacks"`
	Conversions []Conversion `json:"conversions"`
	// Incomplete says what could not be looked through, in words.
	Incomplete []string `json:"incomplete,omitempty"`

	now homing.Millis
}

// Click is what was known of the visitor.
type Click struct {
	Class     homing.ClickClass `json:"class"`
	Addr      string            `json:"addr,omitempty"` // cut by policy
	UserAgent string            `json:"user_agent,omitempty"`
	Referrer  string            `json:"referrer,omitempty"`
	Language  string            `json:"language,omitempty"`
	Params    map[string]string `json:"params,omitempty"`
	// Facets are told instead of the headers once only the warehouse has the
	// click: device, country, … by their names in reports.
	Facets map[string]string `json:"facets,omitempty"`
}

// Postback is a call that named the click.
type Postback struct {
	At       string           `json:"at"`
	Result   homing.Outcome   `json:"result"`
	Reason   homing.Reason    `json:"reason"`
	Status   int              `json:"status"`
	LeadCode string           `json:"lead_code"`
	Goal     homing.GoalID    `json:"goal"`
	Value    homing.Value     `json:"value"`
	HTTPS    bool             `json:"https"`
	Addr     string           `json:"addr,omitempty"`
	Flags    []string         `json:"flags"`
	Request  homing.RequestID `json:"request_id"`
	at       homing.Millis
}

// Conversion is a row of the click with its history.
type Conversion struct {
	ID       homing.ConversionID `json:"id"`
	LeadCode string              `json:"lead_code"`
	Goal     homing.GoalID       `json:"goal"`
	Status   homing.Status       `json:"status"`
	Value    homing.Value        `json:"value"`
	Price    homing.Money        `json:"price"`
	At       string              `json:"at"`
	Flags    []string            `json:"flags"`
	History  []Step              `json:"history"`
}

// Step is a change of status.
type Step struct {
	At     string        `json:"at"`
	From   homing.Status `json:"from,omitempty"`
	To     homing.Status `json:"to"`
	Actor  string        `json:"actor"`
	Reason string        `json:"reason,omitempty"`
}

// patience bounds how long postbacks are looked for in the spool.
const patience = 10 * time.Second

// Of tells the story of the first click id in text: a bare id, or any URL that
// contains one. homing.ErrInvalid: there is none in it.
func (t *Tracer) Of(ctx context.Context, text string) (Story, error) {
	return t.OfAccount(ctx, 0, text)
}

// OfAccount is Of for somebody who sees only an account's clicks (0 = all): an id
// of another's is told of as one that was not made here.
func (t *Tracer) OfAccount(ctx context.Context, account homing.AccountID, text string) (Story, error) {
	return t.tell(ctx, account, text, t.tellErasure, t.tellClick, t.tellConversions, t.tellPostbacks)
}

// Brief is OfAccount with what can be had at once: where the click comes from and
// its conversions.
func (t *Tracer) Brief(ctx context.Context, account homing.AccountID, text string) (Story, error) {
	return t.tell(ctx, account, text, t.tellConversions)
}

type teller func(context.Context, *Story, homing.Origin) error

func (t *Tracer) tell(ctx context.Context, account homing.AccountID, text string, tellers ...teller) (Story, error) {
	s := Story{Asked: text[:min(len(text), 200)], now: homing.MillisOf(t.Clock())}
	s.Postbacks, s.Conversions = []Postback{}, []Conversion{}
	id, ok := FindID(text)
	if !ok {
		return s, fmt.Errorf("%w click id: there are no 40 characters of 0-9 and a-f in it", homing.ErrInvalid)
	}
	s.ClickID, s.Found = id, true
	origin, genuine := t.Keyring().Open(id)
	if !genuine || account != 0 && !t.belongs(origin, account) {
		return s, nil
	}
	s.Genuine = true
	t.tellOrigin(&s, origin)
	for _, tell := range tellers {
		if err := tell(ctx, &s, origin); err != nil {
			return s, fmt.Errorf("couldn't trace %s: %w", id, err)
		}
	}
	return s, nil
}

func (t *Tracer) belongs(o homing.Origin, account homing.AccountID) bool {
	campaign := t.View().Campaign(o.Campaign)
	return campaign != nil && campaign.Account == account
}

func (t *Tracer) tellOrigin(s *Story, o homing.Origin) {
	s.Minted, s.Node, s.Test, s.Campaign = o.Time.String(), o.Node, o.Test(), o.Campaign
	campaign := t.View().Campaign(o.Campaign)
	if campaign == nil {
		s.Incomplete = append(s.Incomplete, "the settings know no campaign "+o.Campaign.String())
		return
	}
	s.CampaignName, s.Account, s.AccountName = campaign.Name, campaign.Account, campaign.Owner.Name
	s.Window = homing.FormatWindow(campaign.Window)
	s.WindowEnds = (o.Time + homing.MillisIn(campaign.Window)).String()
}

// tellErasure looks whether the click was erased. The spool still has it then,
// until it is old enough to be given up, and it is told no more.
func (t *Tracer) tellErasure(ctx context.Context, s *Story, o homing.Origin) error {
	for e, err := range ledger.AllErasures(ctx, t.Books) {
		if err != nil {
			return err
		}
		if e.Click == o || e.Account != 0 && e.Account == s.Account {
			s.Erased = e.At.String()
			return nil
		}
	}
	return nil
}

func (t *Tracer) tellClick(ctx context.Context, s *Story, o homing.Origin) error {
	if s.Erased != "" {
		return nil
	}
	q := spool.Query{Since: o.Time, Until: o.Time + 1, Kinds: spool.SetOf(spool.KindClick)}
	var click homing.Click
	for record, err := range t.Spool.Scan(ctx, q) {
		if err != nil {
			return err
		}
		if err := homing.DecodeClick(&click, record.Data); err != nil {
			return err
		}
		if click.Origin == o {
			t.Masker.Click(&click, nil)
			s.Click = clickOf(&click)
			return nil
		}
	}
	return t.tellOldClick(ctx, s, o)
}

func clickOf(c *homing.Click) *Click {
	told := &Click{
		Class: c.Class, UserAgent: string(c.UserAgent), Referrer: string(c.Referrer),
		Language: string(c.Language), Params: map[string]string{},
	}
	if c.Addr.IsValid() {
		told.Addr = homing.CutAddr(c.Addr).String()
	}
	for p, value := range c.Params {
		if value != nil {
			told.Params[homing.Param(p).String()] = string(value)
		}
	}
	return told
}

func (t *Tracer) tellConversions(ctx context.Context, s *Story, o homing.Origin) error {
	conversions, err := t.Books.ConversionsOf(ctx, o)
	if err != nil {
		return err
	}
	for _, c := range conversions {
		history, err := t.Books.History(ctx, c.ID)
		if err != nil {
			return err
		}
		told := Conversion{
			ID: c.ID, LeadCode: t.Masker.Text(c.Lead), Goal: c.Goal, Status: c.Status, Value: c.Value, Price: c.Price,
			At: c.At.String(), Flags: c.Flags.Names(), History: []Step{},
		}
		for _, h := range history {
			told.History = append(told.History, Step{At: h.At.String(), From: h.From, To: h.To, Actor: h.Actor, Reason: h.Reason})
		}
		s.Conversions = append(s.Conversions, told)
	}
	return nil
}

func (t *Tracer) tellPostbacks(ctx context.Context, s *Story, o homing.Origin) error {
	if s.Erased != "" {
		return nil
	}
	told := map[homing.RequestID]bool{}
	since, err := t.tellLoadedPostbacks(ctx, s, o, told)
	if err != nil {
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for e, err := range t.Journal.OfClick(bounded, o, since) {
		if told[e.Request] && err == nil {
			continue
		}
		if bounded.Err() != nil && ctx.Err() == nil {
			s.Incomplete = append(s.Incomplete, "duplicates and refusals were looked for during 10 seconds; there may be later ones")
			break
		}
		if err != nil {
			return err
		}
		told[e.Request] = true
		s.Postbacks = append(s.Postbacks, postbackOf(&e.Postback))
	}
	slices.SortStableFunc(s.Postbacks, func(a, b Postback) int {
		// At the same time what was counted comes before what may repeat it.
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(repeats(a.Result), repeats(b.Result)))
	})
	return nil
}

func repeats(result homing.Outcome) int {
	if result == homing.Duplicate || result == homing.Refused {
		return 1
	}
	return 0
}

func postbackOf(p *homing.Postback) Postback {
	told := Postback{
		At: p.At.String(), Result: p.Verdict.Outcome, Reason: p.Verdict.Reason, Status: p.Verdict.Reason.Info().Answer.Status(),
		LeadCode: p.Lead, Goal: p.Goal, Value: p.Value, HTTPS: p.HTTPS, Flags: p.Verdict.Flags.Names(), Request: p.Request, at: p.At,
	}
	if p.Addr.IsValid() {
		told.Addr = p.Addr.String()
	}
	return told
}

// FindID finds the first click id in a text: a run of exactly 40 characters of
// [0-9a-f] that no further letter or digit adjoins.
func FindID(text string) (homing.ClickID, bool) {
	for i := 0; i < len(text); {
		if !homing.IsAlnum(text[i]) {
			i++
			continue
		}
		start := i
		for i < len(text) && homing.IsAlnum(text[i]) {
			i++
		}
		run := text[start:i]
		// A run behind a percent sign begins with the two digits of an escape:
		// …%3Dc86b8a… is "=" and an id.
		if start > 0 && text[start-1] == '%' && len(run) == homing.ClickIDLen+2 {
			run = run[2:]
		}
		if id, ok := homing.ParseClickID(run); ok {
			return id, true
		}
	}
	return homing.ClickID{}, false
}
