package settings

import (
	"encoding/hex"
	"fmt"
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

// mostSessions are shown; all can be ended at once.
const mostSessions = 50

func sessionRows(v *page.Visit, sessions []ledger.Session) (rows []sessionRow) {
	for _, s := range sessions {
		row := sessionRow{s, nameOf(s), browserOf(s.UserAgent), s.Token == v.Who.Session.Token}
		if row.This {
			rows = append([]sessionRow{row}, rows...)
		} else if len(rows) < mostSessions {
			rows = append(rows, row)
		}
	}
	return rows
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
