package settings

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/desk/signin"
)

// tokensPage lists tokens of the HTTP API: an advertiser's own, or, for
// operators, all.
type tokensPage struct {
	Operator bool
	Rows     []tokenRow
	Paging   page.Paging
	Form     *page.Form
	Scopes   []scopeWord
	// Advertisers a new token can be bound to; operators choose.
	Advertisers []*homing.Account
	// Text of a token that was made just now; it is shown once.
	Text, Name string
}

type tokenRow struct {
	homing.Token
	Of    string // the advertiser's name; "" = every one
	State string
	May   []string // in words
}

// scopeWord is a scope in plain words.
type scopeWord struct {
	Scope       homing.Scopes
	Name, Means string
	Chosen      bool
}

var scopeWords = []scopeWord{
	{Scope: homing.ScopeReports, Means: "read reports"},
	{Scope: homing.ScopeClicks, Means: "read single clicks"},
	{Scope: homing.ScopePostbacks, Means: "read the postback log"},
	{Scope: homing.ScopeConversions, Means: "read conversions"},
	{Scope: homing.ScopeConversionsWrite, Means: "approve and reject conversions"},
	{Scope: homing.ScopeSettings, Means: "read settings: advertisers, campaigns, names of keys"},
	{Scope: homing.ScopeSettingsWrite, Means: "change settings, and make and revoke keys"},
}

// expiries are the choices of how long a token is good.
var expiries = map[string]time.Duration{
	"30d": 30 * 24 * time.Hour, "90d": 90 * 24 * time.Hour, "365d": 365 * 24 * time.Hour, "never": 0,
}

// tokensAtOnce is how many a page lists, the active ones first, the newest first.
const tokensAtOnce = 50

func (s screen) showTokens(v *page.Visit) error {
	return s.renderTokens(v, http.StatusOK, tokensPage{})
}

func (s screen) renderTokens(v *page.Visit, status int, p tokensPage) error {
	all, err := s.Tokens.List(v.R.Context())
	if err != nil {
		return err
	}
	p.Operator = v.Who.Operator()
	for _, t := range slices.Backward(all) {
		if v.Who.MaySee(t.Account) {
			p.Rows = append(p.Rows, rowOf(v, t))
		}
	}
	slices.SortStableFunc(p.Rows, func(a, b tokenRow) int { return cmp.Compare(past(a), past(b)) })
	p.Rows, p.Paging = page.Cut(v, "/settings/tokens", p.Rows, tokensAtOnce, "token")
	if p.Operator {
		p.Advertisers = v.Advertisers()
	}
	if p.Form == nil {
		p.Form = page.NewForm("expires", "90d")
	}
	for _, w := range scopeWords {
		w.Name = w.Scope.String()
		w.Chosen = slices.Contains(p.Form.All("scope"), w.Name)
		p.Scopes = append(p.Scopes, w)
	}
	return v.Show(status, "settings_tokens", "API tokens", p)
}

// past is 1 for tokens that open nothing any more.
func past(r tokenRow) int {
	if r.State == "active" {
		return 0
	}
	return 1
}

func rowOf(v *page.Visit, t homing.Token) tokenRow {
	row := tokenRow{Token: t, State: "active"}
	switch {
	case t.Revoked != 0:
		row.State = "revoked"
	case t.Expires != 0 && t.Expires <= v.Now:
		row.State = "expired"
	}
	if a := v.View.Account(t.Account); a != nil {
		row.Of = a.Name
	}
	for _, w := range scopeWords {
		if t.Scopes.Has(w.Scope) {
			row.May = append(row.May, w.Means)
		}
	}
	return row
}

// makeToken makes a token and shows it, after the password was typed.
func (s screen) makeToken(v *page.Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	n := signin.NewToken{Name: f.Get("name"), Account: v.Who.Account}
	if v.Who.Operator() {
		n.Account = chosenAdvertiser(v, f)
	}
	n.Scopes, err = homing.ParseScopes(f.All("scope")...)
	f.Fail("scope", err)
	if n.Scopes == 0 {
		f.Fail("scope", errors.New("choose at least one"))
	}
	good, known := expiries[f.Get("expires")]
	if !known {
		f.Fail("expires", errors.New("choose one of the list"))
	}
	if good > 0 {
		n.Expires = v.Now + homing.MillisIn(good)
	}
	if f.Bad() {
		return s.renderTokens(v, http.StatusUnprocessableEntity, tokensPage{Form: f})
	}
	err = v.Rooms.SignIn.Confirm(v.R.Context(), v.From(), v.Who, f.Get("password"))
	if status, told := v.Refusal(err, f); told {
		return s.renderTokens(v, status, tokensPage{Form: f})
	} else if err != nil {
		return err
	}
	made, text, err := s.Tokens.Make(v.R.Context(), v.Who.Actor(), n)
	if err != nil {
		if !f.Take(err, map[string]string{"name": "name", "scopes": "scope"}) {
			return err
		}
		return s.renderTokens(v, http.StatusUnprocessableEntity, tokensPage{Form: f})
	}
	return s.renderTokens(v, http.StatusOK, tokensPage{Text: text.Reveal(), Name: made.Name})
}

// chosenAdvertiser is what an operator binds a token to; 0 = every advertiser.
func chosenAdvertiser(v *page.Visit, f *page.Form) homing.AccountID {
	text := f.Get("account")
	if text == "all" {
		return 0
	}
	for _, a := range v.Advertisers() {
		if a.ID.String() == text {
			return a.ID
		}
	}
	f.Fail("account", errors.New("there is no such advertiser; choose one, or all"))
	return 0
}

// findToken finds a token; whose, the router asks.
func (s screen) findToken(v *page.Visit, text string) (homing.AccountID, error) {
	all, err := s.Tokens.List(v.R.Context())
	if err != nil {
		return 0, err
	}
	for _, t := range all {
		if strconv.FormatUint(uint64(t.ID), 10) == text {
			v.Found = map[string]any{"apitoken": t}
			return t.Account, nil
		}
	}
	return 0, fmt.Errorf("token: %w", homing.ErrNotFound)
}

func (s screen) revokeToken(v *page.Visit) error {
	t := v.Found["apitoken"].(homing.Token)
	if _, err := s.Tokens.Revoke(v.R.Context(), v.Who.Actor(), t.ID); err != nil {
		return err
	}
	return v.See("/settings/tokens?done=token-revoked")
}
