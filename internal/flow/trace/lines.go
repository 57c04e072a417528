package trace

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"homing"
)

// maxLines is how many postbacks and conversions are told one by one.
const maxLines = 12

// Lines tells the story to a person, in a dozen clear lines.
func (s *Story) Lines() []string {
	var out []string
	say := func(label, format string, args ...any) {
		out = append(out, fmt.Sprintf("%-11s ", label)+fmt.Sprintf(format, args...))
	}
	say("click id", "%s", s.ClickID)
	if !s.Genuine {
		info := homing.ReasonCodeNotMinted.Info()
		say("verdict", "not ours: %s", lower(info.Title))
		say("cause", "%s", info.Cause)
		say("to do", "%s", info.Fix)
		return out
	}
	say("minted", "%s, %s ago, by node %d%s", s.Minted, s.ago(s.Minted), s.Node, mark(s.Test, ", test traffic"))
	say("campaign", "%s %q of advertiser %s %q", s.Campaign, s.CampaignName, s.Account, s.AccountName)
	if s.WindowEnds != "" {
		say("window", "%s, until %s", s.Window, s.WindowEnds)
	}
	s.sayClick(say)
	s.sayConversions(say)
	s.sayPostbacks(say)
	for _, missing := range s.Incomplete {
		say("note", "%s", missing)
	}
	return out
}

type sayer func(label, format string, args ...any)

func (s *Story) sayClick(say sayer) {
	c := s.Click
	switch {
	case s.Erased != "":
		say("visitor", "erased at %s (the id alone still proves the click)", s.Erased)
		return
	case c == nil:
		say("visitor", "the click's record is not on this node (the id alone still proves the click)")
		return
	case c.Facets != nil:
		say("visitor", "%s, from %s; its headers are kept no longer", c.Class, or(c.Addr, "an unknown address"))
		sayAll(say, "known", c.Facets)
	default:
		say("visitor", "%s, from %s, %s", c.Class, or(c.Addr, "an unknown address"), or(short(c.UserAgent, 80), "no user agent"))
	}
	if c.Referrer != "" {
		say("referrer", "%s", short(c.Referrer, 100))
	}
	sayAll(say, "parameters", c.Params)
}

// sayAll tells names with their values, if there are any.
func sayAll(say sayer, label string, values map[string]string) {
	var all []string
	for name, value := range values {
		all = append(all, name+"="+short(value, 40))
	}
	if len(all) > 0 {
		slices.Sort(all)
		say(label, "%s", strings.Join(all, "  "))
	}
}

func (s *Story) sayConversions(say sayer) {
	if len(s.Conversions) == 0 {
		say("conversion", "none so far")
	}
	for i, c := range s.Conversions {
		if i == maxLines {
			say("", "and %d conversions more", len(s.Conversions)-i)
			break
		}
		say("conversion", "%s %s%s%s%s at %s%s", c.ID, c.Status, lead(c.LeadCode), goal(c.Goal), worth(c.Value), c.At, flags(c.Flags))
		for _, h := range c.History[min(1, len(c.History)):] {
			say("", "  %s by %s at %s%s", h.To, h.Actor, h.At, mark(h.Reason != "", ": "+h.Reason))
		}
	}
}

func (s *Story) sayPostbacks(say sayer) {
	if len(s.Postbacks) == 0 && s.Erased == "" {
		say("postback", "none arrived with this id")
	}
	for i, p := range s.Postbacks {
		if i == maxLines {
			say("", "and %d postbacks more", len(s.Postbacks)-i)
			break
		}
		why := ""
		if p.Reason.String() != p.Result.String() {
			why = " (" + p.Reason.String() + ")"
		}
		say("postback", "%s %s%s%s%s%s from %s over %s, %s after the click%s", p.At, p.Result, why, lead(p.LeadCode), goal(p.Goal),
			worth(p.Value), or(p.Addr, "?"), scheme(p.HTTPS), s.after(p.at), flags(p.Flags))
		if p.Result == homing.Refused {
			info := p.Reason.Info()
			say("", "  %s %s", info.Title, info.Fix)
		}
	}
}

func (s *Story) ago(minted string) string {
	at, _ := time.Parse(time.RFC3339, minted)
	return age(s.now.Time().Sub(at))
}

func (s *Story) after(at homing.Millis) string {
	minted, _ := time.Parse(time.RFC3339, s.Minted)
	return age(at.Time().Sub(minted))
}

// age writes a length of time to two figures or so.
func age(d time.Duration) string {
	switch {
	case d < 0:
		return "-" + age(-d)
	case d < time.Minute:
		return d.Round(time.Millisecond).String()
	case d < 48*time.Hour:
		return strings.TrimSuffix(d.Round(time.Second).String(), "0s")
	}
	return fmt.Sprintf("%d days", int(d/(24*time.Hour)))
}

func lead(code string) string {
	return mark(code != "", fmt.Sprintf(" lead %q", short(code, 40)))
}

func goal(id homing.GoalID) string { return mark(id != 0, " goal "+id.String()) }

func worth(v homing.Value) string { return mark(v.Given, " worth "+v.String()) }

func flags(names []string) string {
	return mark(len(names) > 0, " ["+strings.Join(names, ", ")+"]")
}

func scheme(https bool) string {
	if https {
		return "https"
	}
	return "http"
}

func mark(is bool, text string) string {
	if is {
		return text
	}
	return ""
}

func or(text, instead string) string {
	if text == "" {
		return instead
	}
	return text
}

func lower(sentence string) string { return strings.ToLower(sentence[:1]) + sentence[1:] }

// short cuts a text at a rune and makes what a terminal would act on visible.
func short(text string, most int) string {
	runes := []rune(strings.ToValidUTF8(text, "�"))
	if len(runes) > most {
		runes = append(runes[:most], '…')
	}
	q := fmt.Sprintf("%q", string(runes))
	return q[1 : len(q)-1]
}
