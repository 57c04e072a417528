package notice_test

import (
	"strings"
	"testing"

	"homing"
)

// usual makes nine days of conversions, some an hour, up to so long ago.
func (s *stage) usual(c homing.Campaign, anHour int, until homing.Millis) {
	s.Helper()
	for at := s.now - 10*aDay; at < until; at += hour {
		for i := range anHour {
			s.convert(c, at+homing.Millis(i)*minute)
		}
	}
}

func TestSilence(t *testing.T) {
	s := open(t)
	a := s.account("Northwind", "mara@northwind.example")
	loud, quiet := s.campaign(a, "Spring sale"), s.campaign(a, "Brand search")
	s.now -= s.now % hour
	s.now += 30 * minute
	s.usual(loud, 2, s.now)
	s.usual(quiet, 2, s.now-2*hour)
	s.look()
	s.told(0) // four are usual in two hours
	for range 3 {
		s.now += hour
		s.convert(loud, s.now-minute)
		s.look()
	}
	mails := s.told(2)
	for _, m := range mails {
		m.has(s, "the campaign Brand search of Northwind", "about 8 are usual", "No visitors were sent on", "https://desk.example/postbacks?account=1&campaign=2")
	}
	s.convert(loud, s.now)
	s.pass(2*hour, 10*minute) // nothing of either
	s.convert(loud, s.now)
	s.pass(hour, 10*minute)
	s.told(0)
	s.stale = true
	s.pass(3*hour, 10*minute)
	s.told(0) // figures that are old tell nothing, neither that it began nor that it is over
	s.stale = false
	s.convert(loud, s.now)
	s.convert(quiet, s.now)
	s.pass(10 * minute)
	for _, m := range s.told(2) {
		m.has(s, "Conversions come in again")
		if m.subject != "Over: No conversions from the campaign Brand search of Northwind" {
			t.Errorf("subject %q", m.subject)
		}
	}
}

func TestASilentAccountIsToldOnceNotCampaignByCampaign(t *testing.T) {
	s := open(t)
	a := s.account("Northwind")
	first, second := s.campaign(a, "First"), s.campaign(a, "Second")
	s.now -= s.now % hour
	until := s.now - 5*hour
	s.usual(first, 2, until)
	s.usual(second, 2, until)
	s.look()
	m := s.told(1)[0]
	if m.subject != "No conversions from Northwind" || strings.Contains(m.text, "campaign First") {
		t.Errorf("got %q:\n%s", m.subject, m.text)
	}
	s.restart()
	s.pass(hour, 10*minute)
	s.told(0)
}

func TestWhatIsNoSilence(t *testing.T) {
	s := open(t)
	a := s.account("Northwind")
	rare, paused, resting := s.campaign(a, "Rare"), s.campaign(a, "Paused"), s.campaign(a, "Resting")
	s.now -= s.now % hour
	for d := homing.Millis(1); d < 10; d++ {
		s.convert(rare, s.now-d*aDay-hour) // once a day
	}
	s.usual(paused, 3, s.now-8*hour)
	_, err := s.catalog.UpdateCampaign(t.Context(), "test", paused.ID, func(c *homing.Campaign) { c.Status = homing.CampaignPaused })
	s.must(err)
	// Every day but this day of the week.
	for d := homing.Millis(1); d < 7; d++ {
		for i := range homing.Millis(40) {
			s.convert(resting, s.now-d*aDay-i*10*minute)
		}
	}
	s.look()
	if got := s.mails.take(); len(got) != 0 {
		t.Errorf("got %v:\n%s", got, got[0].text)
	}
}
