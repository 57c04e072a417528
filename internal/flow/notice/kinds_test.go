package notice_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/flow/catalog"
	"homing/internal/flow/journal"
	"homing/internal/flow/notice"
)

// ill is a way in which something goes wrong: how it begins, what goes on
// happening while it lasts, and how it is over.
type ill struct {
	kind       notice.Kind
	begin, end func(s *stage)
	keep       func(s *stage)
	well       func(s *stage)   // what goes on happening afterwards; nil = nothing
	whose      homing.AccountID // an advertiser's; 0 = the operators'
}

// ills are one of each kind; account 1 is Northwind, whose campaign is 1.
func ills(s *stage, key homing.KeyID) []ill {
	nothing := func(*stage) {}
	use := func(edit func(*ledger.KeyUse)) {
		u := s.uses[key]
		u.Key, u.Last = key, s.now
		edit(&u)
		s.uses[key] = u
	}
	campaign := s.catalog.View().Campaign(1).Campaign
	northwind := *s.catalog.View().Account(1)
	return []ill{
		{kind: notice.Disk, keep: nothing,
			begin: func(s *stage) { s.space.Free = 5 << 30 }, end: func(s *stage) { s.space.Free = 50 << 30 }},
		{kind: notice.Lag, keep: nothing,
			begin: func(s *stage) { s.behind = 10 * time.Minute }, end: func(s *stage) { s.behind = 0 }},
		{kind: notice.Certificate, keep: nothing,
			begin: func(s *stage) {
				s.certificates = []notice.TLSCertificate{{File: "/etc/t.pem", Ends: s.now + 10*aDay}}
			},
			end: func(s *stage) { s.certificates[0].Ends = s.now + 90*aDay }},
		{kind: notice.Warehouse, keep: nothing,
			begin: func(s *stage) { s.warehouse = "it was killed" }, end: func(s *stage) { s.warehouse = "" }},
		{kind: notice.Storage, keep: nothing,
			begin: func(s *stage) { s.storage = []string{"damage"} }, end: func(s *stage) { s.storage = nil }},
		{kind: notice.Refusals, whose: 1,
			begin: func(s *stage) { s.refuse(northwind, 30, homing.ReasonValueComma) },
			keep:  func(s *stage) { s.refuse(northwind, 30, homing.ReasonValueComma) },
			end:   func(s *stage) { s.refuse(northwind, 0, homing.ReasonNone) }},
		{kind: notice.KeyEnds, whose: 1,
			begin: func(s *stage) {
				_, _, err := s.catalog.RotateKey(s.Context(), "test", 1, "new", 3*24*time.Hour)
				s.must(err)
				use(func(*ledger.KeyUse) {})
			},
			keep: func(*stage) { use(func(*ledger.KeyUse) {}) },
			end: func(s *stage) {
				s.must(s.catalog.RevokeKey(s.Context(), "test", 1, key))
			}},
		{kind: notice.KeyExposed, whose: 1,
			begin: func(s *stage) { use(func(u *ledger.KeyUse) { u.OverHTTP++ }) },
			keep:  func(s *stage) { use(func(u *ledger.KeyUse) { u.OverHTTP++ }) },
			end:   func(s *stage) { s.now += 25 * hour; s.look(); s.now += aDay }},
		{kind: notice.Silence, whose: 1, keep: nothing,
			begin: func(s *stage) { s.now -= s.now % hour; s.usual(campaign, 2, s.now-6*hour) },
			end:   func(s *stage) { s.convert(campaign, s.now-1) },
			well:  func(s *stage) { s.convert(campaign, s.now-1) }},
	}
}

// Each kind is told once, also over restarts; is in a digest a day later; and is
// told to be over once. An advertiser's people are told of their own.
func TestEveryKindIsToldOnceAndOver(t *testing.T) {
	for i, info := range notice.Kinds() {
		t.Run(string(info.Kind), func(t *testing.T) {
			s := open(t)
			a := s.account("Northwind", "mara@northwind.example")
			s.campaign(a, "Spring sale")
			s.account("Harbour", "jo@harbour.example")
			list := ills(s, s.catalog.View().KeysOf(a.ID)[0].ID)
			at := slices.IndexFunc(list, func(one ill) bool { return one.kind == info.Kind })
			if at < 0 || len(list) != len(notice.Kinds()) {
				t.Fatalf("kind %d has no case", i)
			}
			ill := list[at]
			want := []string{"ops@homing.example"}
			if ill.whose != 0 {
				want = []string{"mara@northwind.example", "ops@homing.example"}
			}
			hours := func(n homing.Millis) {
				for range n * 2 {
					s.now += 30 * minute
					ill.keep(s)
					s.look()
				}
			}
			told := func(phase, prefix string) {
				t.Helper()
				var to []string
				for _, m := range s.mails.take() {
					if !strings.Contains(m.text, prefix) || prefix == "" && (strings.Contains(m.text, "Over:") || strings.Contains(m.text, "Still:")) {
						t.Errorf("%s: %s", phase, m.text)
					}
					to = append(to, m.to)
				}
				if slices.Sort(to); !slices.Equal(to, want) {
					t.Errorf("%s: told %v, want %v", phase, to, want)
				}
			}
			s.look()
			s.told(0)
			ill.begin(s)
			for range 4 {
				s.now += 3 * minute
				ill.keep(s)
				s.look()
			}
			told("when it begins", "")
			if stands := s.watch.Stands(ill.whose); len(stands) != 1 || stands[0].Info.Kind != info.Kind {
				t.Fatalf("stands: %+v", stands)
			}
			hours(4)
			s.restart()
			s.watch.Look(t.Context()) // keys that were exposed are news when they are exposed again
			hours(4)
			s.told(0)
			hours(18)
			told("a day later", "Still:")
			hours(4)
			s.told(0)
			ill.end(s)
			after := func(looks int) {
				for range looks {
					s.now += 10 * minute
					if ill.well != nil {
						ill.well(s)
					}
					s.look()
				}
			}
			after(30)
			told("when it is over", "Over:")
			if len(s.watch.Stands(0)) != 0 || len(s.watch.Past(ill.whose)) != 1 {
				t.Errorf("stands %+v, past %+v", s.watch.Stands(0), s.watch.Past(ill.whose))
			}
			s.restart()
			after(6)
			s.told(0)
		})
	}
}

// demo makes a demo advertiser with a campaign and a key.
func (s *stage) demo() (homing.Account, homing.Campaign) {
	s.Helper()
	a, _, _, err := s.catalog.CreateAccount(s.Context(), "test", catalog.NewAccount{Name: "Demo", Demo: true})
	s.must(err)
	return a, s.campaign(a, "Made up")
}

// What is made up worries nobody.
func TestDemosArePassedOver(t *testing.T) {
	s := open(t)
	a, c := s.demo()
	k := s.catalog.View().KeysOf(a.ID)[0]
	s.now -= s.now % hour
	s.usual(c, 3, s.now-8*hour)
	s.refuse(a, 40, homing.ReasonValueComma)
	_, _, err := s.catalog.RotateKey(t.Context(), "test", a.ID, "new", 12*time.Hour)
	s.must(err)
	s.uses[k.ID] = ledger.KeyUse{Key: k.ID, Last: s.now, Count: 1}
	s.look()
	s.uses[k.ID] = ledger.KeyUse{Key: k.ID, Last: s.now, Count: 2, OverHTTP: 2}
	s.pass(hour, 10*minute)
	s.told(0)
	if stands := s.watch.Stands(0); len(stands) != 0 {
		t.Errorf("stands: %+v", stands)
	}
}

func TestTheCauseOfRefusalsIsTheMostCommonOne(t *testing.T) {
	s := open(t)
	a := s.account("Northwind")
	s.refuse(a, 20, homing.ReasonValueComma)
	tally := journal.Entry{Count: 25} // calls that were only counted
	tally.Account, tally.At = a.ID, s.now
	tally.Verdict = homing.Verdict{Outcome: homing.Refused, Reason: homing.ReasonKeyWrong}
	s.calls = append(s.calls, tally)
	s.look()
	info := homing.ReasonKeyWrong.Info()
	s.told(1)[0].has(s, "Of 75 calls in the last hour 45 were refused (60 %), most of them (25) for this: "+info.Title, info.Fix, "reason="+info.Code)
}

// Tests, replays, and what is older than an hour say nothing about a sender.
func TestWhatIsNoRefusal(t *testing.T) {
	s := open(t)
	a := s.account("Northwind")
	s.refuse(a, 0, homing.ReasonNone)
	for i := range 90 { // each third would be enough for a notice
		e := journal.Entry{Count: 1}
		e.Account, e.At = a.ID, s.now
		e.Verdict = homing.Verdict{Outcome: homing.Refused, Reason: homing.ReasonValueComma}
		switch i % 3 {
		case 0:
			e.Verdict.Flags = homing.FlagTest
		case 1:
			e.Verdict.Flags = homing.FlagReplayed
		default:
			e.At -= hour + minute
		}
		s.calls = append(s.calls, e)
	}
	s.look()
	s.told(0)
}

func TestAKeyThatWasNotUsedForAWeekEndsInSilence(t *testing.T) {
	s := open(t)
	a := s.account("Northwind")
	k := s.catalog.View().KeysOf(a.ID)[0]
	_, _, err := s.catalog.RotateKey(t.Context(), "test", a.ID, "new", 3*24*time.Hour)
	s.must(err)
	s.uses[k.ID] = ledger.KeyUse{Key: k.ID, Count: 5, Last: s.now - 8*aDay}
	s.pass(2*hour, 10*minute)
	s.told(0)
	s.uses[k.ID] = ledger.KeyUse{Key: k.ID, Count: 6, Last: s.now - 6*aDay}
	s.pass(20 * minute)
	s.told(1)
}

// How a notice about a key ended is said as it was.
func TestHowAKeysNoticeEnds(t *testing.T) {
	for want, end := range map[string]func(s *stage, k homing.KeyID){
		"The key was revoked": func(s *stage, k homing.KeyID) {
			s.must(s.catalog.RevokeKey(s.Context(), "test", 1, k))
		},
		"refused from now on":                func(s *stage, _ homing.KeyID) { s.now += 4 * aDay },
		"Nobody has used the key for a week": func(s *stage, k homing.KeyID) { s.uses[k] = ledger.KeyUse{Key: k, Last: s.now - 8*aDay} },
	} {
		s := open(t)
		a := s.account("Northwind")
		k := s.catalog.View().KeysOf(a.ID)[0].ID
		_, _, err := s.catalog.RotateKey(t.Context(), "test", a.ID, "new", 3*24*time.Hour)
		s.must(err)
		s.uses[k] = ledger.KeyUse{Key: k, Last: s.now}
		s.look()
		s.told(1)
		end(s, k)
		s.pass(20 * minute)
		mails := s.mails.take()
		if !slices.ContainsFunc(mails, func(m mailed) bool { return strings.Contains(m.text, want) }) {
			t.Errorf("nobody is told that %q: %v", want, mails)
		}
	}
}

func TestACertificateThatHasEnded(t *testing.T) {
	s := open(t)
	s.certificates = []notice.TLSCertificate{{File: "/etc/t.pem", Ends: s.now - minute}}
	s.look()
	if m := s.told(1)[0]; !strings.Contains(m.subject, "has ended") || !strings.Contains(m.text, "refuse to connect") {
		t.Errorf("%s:\n%s", m.subject, m.text)
	}
}

// A source that cannot tell ends nothing, and begins nothing.
func TestWhatIsNotKnownChangesNothing(t *testing.T) {
	s := open(t)
	a := s.account("Northwind")
	c := s.campaign(a, "Spring sale")
	s.now -= s.now % hour
	s.usual(c, 2, s.now-6*hour)
	s.look()
	s.told(1)
	s.stale = true
	s.convert(c, s.now)
	s.pass(3*hour, 10*minute)
	s.told(0)
	if len(s.watch.Stands(0)) != 1 {
		t.Errorf("stands: %+v", s.watch.Stands(0))
	}
	s.stale = false
	s.pass(10 * minute)
	s.told(1)[0].has(s, "Conversions come in again")
}

// Somebody who rejects conversions is no silence; nor is what has been silent for
// two weeks.
func TestWhatEndsSilence(t *testing.T) {
	s := open(t)
	a := s.account("Northwind")
	c := s.campaign(a, "Spring sale")
	s.now -= s.now % hour
	s.usual(c, 2, s.now-6*hour)
	s.look()
	s.told(1)
	s.pass(13*aDay, 6*hour)
	for _, m := range s.mails.take() {
		if strings.Contains(m.text, "Over:") {
			t.Errorf("over after %s", m.text)
		}
	}
	s.pass(2*aDay, 6*hour)
	over := 0
	for _, m := range s.mails.take() {
		if strings.Contains(m.text, "Over:") {
			over++
		}
	}
	if over != 1 || len(s.watch.Stands(0)) != 0 {
		t.Errorf("after two weeks: %d times over, stands %+v", over, s.watch.Stands(0))
	}
	// A campaign that was paused is told so.
	paused := s.campaign(s.account("Harbour"), "Autumn")
	s.usual(paused, 2, s.now-6*hour)
	s.pass(10 * minute)
	s.told(1)
	_, err := s.catalog.UpdateCampaign(t.Context(), "test", paused.ID, func(c *homing.Campaign) { c.Status = homing.CampaignPaused })
	s.must(err)
	s.pass(10 * minute)
	s.told(1)[0].has(s, "the campaign was paused")
}

// Many at once are in one message, which names so many and counts the rest.
func TestManyAtOnceAreOneMessage(t *testing.T) {
	s := open(t)
	for i := range 35 {
		s.certificates = append(s.certificates, notice.TLSCertificate{File: fmt.Sprintf("/etc/%02d.pem", i), Ends: s.now + 10*aDay})
	}
	s.look()
	m := s.told(1)[0]
	m.has(s, "And 15 more: the panel lists all of them.")
	if !strings.HasSuffix(m.subject, ", and 34 more") || strings.Count(m.text, "What to do:") != 20 {
		t.Errorf("%s: %d notices", m.subject, strings.Count(m.text, "What to do:"))
	}
}

// A fault in what is watched ends neither the watching nor the process.
func TestAFaultOfASourceIsSurvived(t *testing.T) {
	s := open(t)
	s.watch = notice.Open(notice.Options{
		Store: s.store, View: s.catalog.View, Keyring: s.keyring, Clock: s.clock, Log: slog.New(slog.DiscardHandler),
		DeskURL: func() string { return "https://desk.example" },
		Facts:   notice.Facts{Warehouse: func() string { panic("a fault") }},
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { s.watch.Run(ctx); close(done) }()
	time.Sleep(20 * time.Millisecond)
	cancel()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		t.Fatal("it goes on")
	}
}
