package settings

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/engine/ledger"
	"homing/internal/rule/device"
)

// sessionRow is a browser that is signed in.
type sessionRow struct {
	ledger.Session
	Name    string // for the URL; opens nothing
	Browser string
	This    bool // the one that asks
}

// sessionsAtOnce is how many a page lists; all can be ended at once.
const sessionsAtOnce = 20

// sessionRows are a page of a person's sessions, the one that asks before all
// others.
func sessionRows(v *page.Visit, sessions []ledger.Session) (rows []sessionRow, paging page.Paging) {
	this := func(s ledger.Session) bool { return s.Token == v.Who.Session.Token }
	if i := slices.IndexFunc(sessions, this); i > 0 {
		one := sessions[i]
		sessions = slices.Insert(slices.Delete(slices.Clone(sessions), i, i+1), 0, one)
	}
	sessions, paging = page.Cut(v, "/settings", sessions, sessionsAtOnce, "session")
	for _, to := range []*string{&paging.Previous, &paging.Next} {
		if *to != "" {
			*to += "#sessions"
		}
	}
	for _, s := range sessions {
		rows = append(rows, sessionRow{s, nameOf(s), browserOf(s.UserAgent), this(s)})
	}
	return rows, paging
}

// nameOf tells a session from the others of a person. It is the beginning of the
// hash, from which nobody works out the token.
func nameOf(s ledger.Session) string { return hex.EncodeToString(s.Token[:8]) }

// browserOf is a User-Agent in words, where it is one of a browser.
func browserOf(agent string) string {
	info := device.Parse(agent)
	known := info.Browser != "" && info.Browser != device.Other
	switch {
	case known && info.OS != "":
		return info.Browser + " on " + info.OS
	case known:
		return info.Browser
	case strings.TrimSpace(agent) == "":
		return "a program that does not say its name"
	}
	return agent
}

// findSession finds one of the person's own sessions: nobody names another's.
func findSession(v *page.Visit, text string) (homing.AccountID, error) {
	sessions, err := v.Rooms.SignIn.Sessions(v.R.Context(), v.Who)
	if err != nil {
		return 0, err
	}
	for _, s := range sessions {
		if nameOf(s) == text {
			v.Found = map[string]any{"session": s}
			return v.Who.Account, nil
		}
	}
	return 0, fmt.Errorf("session: %w", homing.ErrNotFound)
}

func endSession(v *page.Visit) error {
	one := v.Found["session"].(ledger.Session)
	if one.Token == v.Who.Session.Token {
		if err := v.Rooms.SignIn.End(v.W, v.R); err != nil {
			return err
		}
		return v.See("/signin")
	}
	if err := v.Rooms.SignIn.EndSession(v.R.Context(), one); err != nil {
		return err
	}
	return v.See("/settings?done=session-ended#sessions")
}

func endOthers(v *page.Visit) error {
	if err := v.Rooms.SignIn.EndOthers(v.R.Context(), v.Who); err != nil {
		return err
	}
	return v.See("/settings?done=sessions-ended#sessions")
}
