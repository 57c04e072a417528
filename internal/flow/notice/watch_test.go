package notice_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/flow/disk"
	"homing/internal/flow/journal"
	"homing/internal/flow/notice"
)

func TestATroubleIsToldOnceWhenItBeginsAndOnceWhenItIsOver(t *testing.T) {
	s := open(t)
	s.pass(3 * minute)
	s.told(0)
	s.behind = 7 * time.Minute
	s.look()
	m := s.told(1)[0]
	m.has(s, "last 7 minutes", "the warehouse was slow", "https://desk.example/system", "to the operators of homing", "https://desk.example/settings/notices")
	if m.to != "ops@homing.example" || m.subject != "Reports are more than five minutes behind" {
		t.Errorf("got %v", m)
	}
	s.pass(10 * minute)
	s.restart()
	s.pass(10 * minute)
	s.told(0)
	s.behind = 2 * time.Minute // better, but not well
	s.pass(30 * minute)
	s.told(0)
	s.behind = 0
	s.pass(4 * minute)
	s.told(0)
	s.pass(3 * minute)
	m = s.told(1)[0]
	m.has(s, "caught up", "It stood from")
	if !strings.HasPrefix(m.subject, "Over: ") {
		t.Errorf("subject %q", m.subject)
	}
	s.restart()
	s.pass(10 * minute)
	s.told(0)
	if past := s.watch.Past(0); len(past) != 1 || past[0].Info.Kind != notice.Lag || past[0].Ended == 0 || len(s.watch.Stands(0)) != 0 {
		t.Errorf("past %+v, stands %+v", past, s.watch.Stands(0))
	}
}

func TestARestartBeforeTheMailWentLosesNothingAndRepeatsNothing(t *testing.T) {
	s := open(t)
	s.behind = 7 * time.Minute
	s.watch.Look(t.Context()) // noted, not delivered
	s.restart()
	s.look()
	id := s.told(1)[0].header.Get("Message-ID")
	if id == "" {
		t.Error("a mail without an id")
	}
	s.restart()
	s.pass(5 * minute)
	s.told(0)
}

func TestWhatComesAndGoesIsDamped(t *testing.T) {
	s := open(t)
	told := 0
	for range 30 { // five hours of ten minutes each way
		s.behind = 7 * time.Minute
		s.pass(10 * minute)
		s.behind = 0
		s.pass(10 * minute)
		told += len(s.mails.take())
	}
	if told > 6 {
		t.Errorf("%d mails in ten hours of flapping", told)
	}
	s.pass(3 * hour)
	if got := s.mails.take(); len(got) > 1 || len(s.watch.Stands(0)) != 0 {
		t.Errorf("afterwards: %v, %v", got, s.watch.Stands(0))
	}
}

func TestWhatLastsIsInADigestOnceADay(t *testing.T) {
	s := open(t)
	s.behind = 7 * time.Minute
	s.look()
	s.told(1)
	s.pass(23*hour, hour)
	s.told(0)
	s.pass(3*hour, hour)
	m := s.told(1)[0]
	m.has(s, "Still: Reports", "has not changed for a day", "Since ")
	s.restart()
	s.pass(20*hour, hour)
	s.told(0)
	s.pass(10*hour, hour)
	s.told(1)
}

func TestKindsAreSwitchedOff(t *testing.T) {
	s := open(t)
	s.install(func(i *homing.Installation) { i.Notices.Off = []string{"lag"} })
	s.behind, s.storage = 7*time.Minute, []string{"the ledger is damaged"}
	s.pass(3 * minute)
	s.told(1)[0].has(s, "What was found: the ledger is damaged.")
	if len(s.watch.Stands(0)) != 2 {
		t.Errorf("stands: %+v", s.watch.Stands(0))
	}
	s.pass(26*hour, hour)
	if m := s.told(1)[0]; strings.Contains(m.text, "behind") {
		t.Errorf("the digest has what is switched off:\n%s", m.text)
	}
}

func TestAShortTroubleOfTheWarehouseIsNotTold(t *testing.T) {
	s := open(t)
	s.warehouse = "the process was killed (signal 9)"
	s.look()
	s.pass(minute)
	s.warehouse = ""
	s.pass(10 * minute)
	s.told(0)
	if len(s.watch.Past(0)) != 0 {
		t.Errorf("listed: %+v", s.watch.Past(0))
	}
	s.warehouse = "the process was killed (signal 9)"
	s.pass(4 * minute)
	s.told(1)[0].has(s, "signal 9", "Clicks and postbacks go on")
}

func TestTheDiskIsToldWithAForecast(t *testing.T) {
	s := open(t)
	s.look()
	for range 10 {
		s.space.Free -= 4 << 30
		s.pass(hour, 10*minute)
	}
	s.told(0)
	s.space.Free = 8 << 30
	s.look()
	s.told(1)[0].has(s, "8.0 GiB of 100 GiB", "(8 %)", "full in about", "503")
	s.space.Free = 11 << 30 // not well yet
	s.pass(hour)
	s.told(0)
	s.space.Free = 30 << 30
	s.pass(11 * minute)
	s.told(1)[0].has(s, "There is room again.")
}

func TestACertificateIsToldTwice(t *testing.T) {
	s := open(t)
	s.certificates = []notice.TLSCertificate{
		{File: "/etc/homing/t.pem", Ends: s.now + 15*aDay}, {File: "/data/self-signed.crt", Ends: s.now + aDay, Ours: true},
	}
	s.pass(20 * minute)
	s.told(0)
	s.pass(aDay+20*minute, 20*minute)
	s.told(1)[0].has(s, "/etc/homing/t.pem", "ends in 14 days")
	s.mails.take()
	s.certificates[0].Ends = s.now + 2*aDay
	s.pass(20 * minute)
	s.told(1)[0].has(s, "ends in 47 hours")
	s.certificates[0].Ends = s.now + 90*aDay
	s.pass(20 * minute)
	if m := s.told(1)[0]; strings.Count(m.text, "Over:") != 1 {
		t.Errorf("told twice in one mail:\n%s", m.text)
	}
}

func TestPeopleAreToldAlthoughTheLedgerTakesNothing(t *testing.T) {
	s := open(t)
	s.store = forgetful{}
	s.restart()
	s.space.Free = 1
	s.pass(5 * minute)
	s.told(1)
	s.store = closed{}
	s.restart()
	s.pass(5 * minute)
	s.told(0) // what was told before is not known
}

func TestAnAdvertiserIsToldOfTheOwnOnly(t *testing.T) {
	s := open(t)
	mine, theirs := s.account("Northwind", "mara@northwind.example"), s.account("Harbour", "jo@harbour.example")
	s.refuse(mine, 30, homing.ReasonValueComma)
	s.refuse(theirs, 0, homing.ReasonNone)
	s.behind = 7 * time.Minute
	s.look()
	mails := s.told(2)
	slices.SortFunc(mails, func(a, b mailed) int { return strings.Compare(a.to, b.to) })
	if mails[0].to != "mara@northwind.example" || mails[1].to != "ops@homing.example" || mails[1].subject != "Reports are more than five minutes behind, and 1 more" && mails[1].subject != "Many calls from Northwind are refused, and 1 more" {
		t.Fatalf("got %v", mails)
	}
	info := homing.ReasonValueComma.Info()
	mails[0].has(s, "Of 50 calls in the last hour 30 were refused (60 %)", info.Cause, info.Fix, "outcome=refused", "to the people of Northwind on homing")
	if strings.Contains(mails[0].text, "behind") {
		t.Errorf("an advertiser is told of the house:\n%s", mails[0].text)
	}
	if got := s.watch.Stands(mine.ID); len(got) != 1 || len(s.watch.Stands(theirs.ID)) != 0 || len(s.watch.Stands(0)) != 2 {
		t.Errorf("stands: %+v", got)
	}
}

func TestTwoAdvertisersAtOnceAreToldApart(t *testing.T) {
	s := open(t)
	mine, theirs := s.account("Northwind", "mara@northwind.example"), s.account("Harbour", "jo@harbour.example")
	s.refuse(mine, 30, homing.ReasonValueComma)
	s.refuse(theirs, 40, homing.ReasonKeyWrong)
	s.look()
	for _, m := range s.told(3) {
		north, harbour := strings.Contains(m.text, "Northwind"), strings.Contains(m.text, "Harbour")
		if north != (m.to != "jo@harbour.example") || harbour != (m.to != "mara@northwind.example") {
			t.Errorf("%s is told:\n%s", m.to, m.text)
		}
	}
	s.pass(25*hour, hour)
	for range 24 {
		s.now += hour
		s.refuse(mine, 30, homing.ReasonValueComma)
		s.refuse(theirs, 40, homing.ReasonKeyWrong)
		s.look()
	}
	for _, m := range s.mails.take() {
		if m.to == "jo@harbour.example" && strings.Contains(m.text, "Northwind") {
			t.Errorf("%s is told:\n%s", m.to, m.text)
		}
	}
}

// refuse makes an hour of calls of which some are refused.
func (s *stage) refuse(a homing.Account, refused int, reason homing.Reason) {
	s.calls = slices.DeleteFunc(s.calls, func(e journal.Entry) bool { return e.Account == a.ID })
	for i := range 50 {
		e := journal.Entry{Count: 1}
		e.Account, e.At = a.ID, s.now-homing.Millis(i)*minute
		e.Verdict = homing.Verdict{Outcome: homing.Counted, Reason: homing.ReasonCounted}
		if i < refused {
			e.Verdict = homing.Verdict{Outcome: homing.Refused, Reason: reason}
		}
		s.calls = append(s.calls, e)
	}
}

func TestRefusals(t *testing.T) {
	s := open(t)
	a := s.account("Northwind")
	s.refuse(a, 10, homing.ReasonValueComma) // 20 % is not over 20 %
	s.look()
	s.told(0)
	s.refuse(a, 11, homing.ReasonValueComma)
	s.look()
	s.told(1)
	s.refuse(a, 8, homing.ReasonValueComma) // still more than a tenth
	s.look()
	s.now += 40 * minute
	s.refuse(a, 8, homing.ReasonValueComma)
	s.look()
	s.told(0)
	s.refuse(a, 0, homing.ReasonNone)
	s.look()
	s.now += 31 * minute
	s.look()
	s.told(1)[0].has(s, "Calls are taken again")
	few := s.account("Few")
	s.refuse(few, 19, homing.ReasonValueComma)
	s.calls = slices.DeleteFunc(s.calls, func(e journal.Entry) bool {
		return e.Account == few.ID && e.Verdict.Outcome != homing.Refused
	})
	s.look()
	s.told(0) // 19 calls say nothing
	demo := s.calls[0]
	demo.Account, demo.Verdict.Outcome = 0, homing.Refused
	for range 100 {
		s.calls = append(s.calls, demo)
	}
	s.look()
	s.told(0) // nobody's calls
}

func TestAKeyThatEnds(t *testing.T) {
	s := open(t)
	a := s.account("Northwind", "mara@northwind.example")
	k := s.catalog.View().KeysOf(a.ID)[0]
	_, _, err := s.catalog.RotateKey(t.Context(), "test", a.ID, "new", 9*24*time.Hour)
	s.must(err)
	use := s.uses[k.ID]
	use.Key, use.Count, use.Last, use.Addr = k.ID, 12, s.now, "203.0.113.0"
	s.uses[k.ID] = use
	used := func() { use.Last = s.now; s.uses[k.ID] = use }
	s.pass(hour, 10*minute)
	s.told(0)
	for range 60 {
		used()
		s.pass(hour, 10*minute)
	}
	for _, m := range s.told(2) {
		m.has(s, "first key", "Northwind", "203.0.113.0", "/advertisers/1/tracking")
	}
	s.now = k.Created + 8*aDay + hour
	s.mails.take()
	used()
	s.look()
	told := s.told(4) // the last day, and a digest for either
	if !slices.ContainsFunc(told, func(m mailed) bool { return strings.Contains(m.text, "ends in 23 hours") }) {
		t.Errorf("got %v", told)
	}
	s.now += aDay
	s.look()
	for _, m := range s.told(2) {
		m.has(s, "refused from now on")
		if strings.Count(m.text, "Over:") != 1 {
			t.Errorf("twice:\n%s", m.text)
		}
	}
	s.pass(3*hour, 10*minute)
	s.told(0)
}

func TestAKeyThatNobodyUsesEndsInSilence(t *testing.T) {
	s := open(t)
	a := s.account("Northwind")
	_, _, err := s.catalog.RotateKey(t.Context(), "test", a.ID, "new", 3*24*time.Hour)
	s.must(err)
	s.pass(4*aDay, hour)
	s.told(0)
}

func TestAKeyOverPlainHTTP(t *testing.T) {
	s := open(t)
	a := s.account("Northwind")
	k := s.catalog.View().KeysOf(a.ID)[0]
	use := s.uses[k.ID]
	use.Key, use.Last, use.OverHTTP = k.ID, s.now, 4 // before the start
	s.uses[k.ID] = use
	s.pass(5 * minute)
	s.told(0)
	use.OverHTTP++
	s.uses[k.ID] = use
	s.pass(2 * minute)
	s.told(1)[0].has(s, "5 times so far", "rotate the key")
	s.pass(23*hour, 10*minute)
	s.told(0)
	s.pass(2*hour, 10*minute)
	if m := s.told(1)[0]; !strings.HasPrefix(m.subject, "Over: The key") {
		t.Errorf("subject %q", m.subject)
	}
}

func TestAnErasedAccountIsForgotten(t *testing.T) {
	s := open(t)
	a := s.account("Northwind", "mara@northwind.example")
	s.mails.set(func(m *mailServer) { m.refuse = "450 4.2.1 later" })
	s.refuse(a, 30, homing.ReasonValueComma)
	s.look()
	s.must(s.catalog.EraseAccount(t.Context(), "test", a.ID))
	s.mails.set(func(m *mailServer) { m.refuse = "" })
	s.pass(10 * minute)
	for _, m := range s.mails.take() {
		if m.to != "ops@homing.example" {
			t.Errorf("somebody of an erased account is told: %v", m)
		}
	}
	if got := s.watch.Stands(0); len(got) != 0 {
		t.Errorf("it still stands: %+v", got)
	}
}

func TestHowMuchIsToldInADayIsBounded(t *testing.T) {
	s := open(t)
	for i := range 60 {
		s.certificates = []notice.TLSCertificate{{File: fmt.Sprintf("/etc/%d.pem", i), Ends: s.now + 10*aDay}}
		s.pass(11 * minute)
	}
	if got := len(s.mails.take()); got > 40 {
		t.Errorf("%d mails in a day", got)
	}
}

func TestRunEndsAtOnce(t *testing.T) {
	s := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { s.watch.Run(ctx); close(done) }()
	cancel()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		t.Fatal("it goes on")
	}
}

// A source that hangs, or is broken, keeps nobody from being told of the rest.
func TestADiskThatHangsHoldsNobodyUp(t *testing.T) {
	s := open(t)
	hang := make(chan struct{})
	defer close(hang)
	gauge := disk.New(func() (disk.Space, error) { <-hang; return disk.Space{}, nil })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := gauge.Look(ctx, s.now); err == nil {
		t.Error("a disk that hangs has told something")
	}
	if _, err := gauge.Look(t.Context(), s.now); err == nil {
		t.Error("asked twice at once")
	}
}
