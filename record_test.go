package homing

import (
	"encoding/hex"
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var (
	sampleClick = Click{
		Origin: Origin{Time: Epoch + 1, Node: 1, Seq: 2, Campaign: 3}, Class: BotClick,
		Addr:      netip.MustParseAddr("192.0.2.7"),
		UserAgent: []byte("curl/8"), Referrer: []byte("https://site.example/"), Language: []byte("de"),
		Params: [ParamCount][]byte{ParamSub1: []byte("abc"), ParamSub10: {}, ParamCreativeID: []byte("\xff")},
	}
	samplePostback = Postback{
		Request: NewRequestID(Epoch, 1, 2), At: Epoch + 5, Addr: netip.MustParseAddr("2001:db8::1"), HTTPS: true,
		Method: "GET", Target: "/api/v1/cpa/action/x?key=key:012345", UserAgent: "curl/8",
		Account: 7, Campaign: 3, Key: 9, Click: ClickID{1, 2, 3}, Origin: sampleClick.Origin,
		Goal: 4, Lead: "L-1", Value: ValueOf(0), Price: 5, Currency: "EUR",
		Verdict:    Verdict{Outcome: Counted, Reason: ReasonCurrency, Flags: FlagCurrencyDiffers | FlagLateAccepted},
		Conversion: 1 << 40,
	}
	sampleTally = Tally{At: Epoch, Addr: netip.MustParseAddr("192.0.2.0"), Account: 7, Outcome: Refused, Reason: ReasonKeyWrong, Count: 1_000_000}
)

// The golden records are what version 1 wrote. Whatever the present version
// writes, these must be read forever.
const (
	goldenClick    = "010000000000401002000000030104c0000207066375726c2f381568747470733a2f2f736974652e6578616d706c652f0264650001ff19036162632200"
	goldenPostback = "01018cc251f40000010000000285e8c792cc311020010db80000000000000000000000010703474554232f6170692f76312f6370612f616374696f6e2f783f6b65793d6b65793a303132333435066375726c2f38070309010203000000000000000000000000000000000000000000004010020000000304034c2d310005034555520103a08008808080808020"
	goldenTally    = "0180e8c792cc3104c000020007051dc0843d"
)

func unhexed(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestGoldenRecords(t *testing.T) {
	var click Click
	if err := DecodeClick(&click, unhexed(t, goldenClick)); err != nil || !reflect.DeepEqual(click, sampleClick) {
		t.Errorf("click: %+v, %v", click, err)
	}
	if p, err := DecodePostback(unhexed(t, goldenPostback)); err != nil || p != samplePostback {
		t.Errorf("postback: %+v, %v", p, err)
	}
	if tally, err := DecodeTally(unhexed(t, goldenTally)); err != nil || tally != sampleTally {
		t.Errorf("tally: %+v, %v", tally, err)
	}
}

func TestPresentRecordsAreVersion1(t *testing.T) {
	for what, c := range map[string][2]string{
		"click":    {hex.EncodeToString(AppendClick(nil, &sampleClick)), goldenClick},
		"postback": {hex.EncodeToString(AppendPostback(nil, &samplePostback)), goldenPostback},
		"tally":    {hex.EncodeToString(AppendTally(nil, &sampleTally)), goldenTally},
	} {
		if c[0] != c[1] {
			t.Errorf("%s is written as\n%s, want\n%s", what, c[0], c[1])
		}
	}
}

func drawText(t *rapid.T, what string) string {
	return string(rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, what))
}

func TestRecordsAreReadAsTheyWereWritten(t *testing.T) {
	addrs := []netip.Addr{{}, netip.MustParseAddr("192.0.2.7"), netip.MustParseAddr("2001:db8::1")}
	rapid.Check(t, func(t *rapid.T) {
		addr := rapid.SampledFrom(addrs).Draw(t, "addr")
		c := Click{Origin: drawOrigin(t), Class: ClickClass(rapid.Byte().Draw(t, "class")), Addr: addr,
			UserAgent: []byte(drawText(t, "ua")), Referrer: []byte(drawText(t, "referrer")), Language: []byte(drawText(t, "language"))}
		for p := range c.Params {
			if rapid.Bool().Draw(t, "given") {
				c.Params[p] = []byte(drawText(t, "param"))
			}
		}
		var click Click
		if err := DecodeClick(&click, AppendClick(nil, &c)); err != nil || !reflect.DeepEqual(click, c) {
			t.Fatalf("%+v is read as %+v, %v", c, click, err)
		}
		p := Postback{At: Millis(rapid.Int64().Draw(t, "at")), Addr: addr, HTTPS: rapid.Bool().Draw(t, "https"),
			Method: drawText(t, "method"), Target: drawText(t, "target"), UserAgent: drawText(t, "ua"),
			Account: AccountID(rapid.Uint32().Draw(t, "account")), Campaign: CampaignID(rapid.Uint32().Draw(t, "campaign")),
			Key: KeyID(rapid.Uint32().Draw(t, "key")), Goal: GoalID(rapid.Uint32().Draw(t, "goal")), Lead: drawText(t, "lead"),
			Price: Money(rapid.Int64().Draw(t, "price")), Currency: drawText(t, "currency"),
			Verdict: Verdict{Outcome: Outcome(rapid.ByteRange(0, byte(Refused)).Draw(t, "outcome")),
				Reason: Reason(rapid.Byte().Draw(t, "reason")), Flags: Flags(rapid.Uint32().Draw(t, "flags"))},
			Conversion: ConversionID(rapid.Int64().Draw(t, "conversion"))}
		if rapid.Bool().Draw(t, "genuine") {
			p.Click, p.Origin = ClickID{1}, drawOrigin(t)
		} else {
			p.Origin = Origin{}
		}
		if rapid.Bool().Draw(t, "value given") {
			p.Value = ValueOf(Money(rapid.Int64().Draw(t, "value")))
		}
		if got, err := DecodePostback(AppendPostback(nil, &p)); err != nil || got != p {
			t.Fatalf("%+v is read as %+v, %v", p, got, err)
		}
		tally := Tally{At: p.At, Addr: addr, Account: p.Account, Outcome: p.Verdict.Outcome, Reason: p.Verdict.Reason, Count: rapid.Uint64().Draw(t, "count")}
		if got, err := DecodeTally(AppendTally(nil, &tally)); err != nil || got != tally {
			t.Fatalf("%+v is read as %+v, %v", tally, got, err)
		}
	})
}

func TestCutRecordsAreDamaged(t *testing.T) {
	postback, tally := unhexed(t, goldenPostback), unhexed(t, goldenTally)
	for n := range len(postback) {
		if _, err := DecodePostback(postback[:n]); !errors.Is(err, ErrDamaged) {
			t.Errorf("postback cut to %d: %v", n, err)
		}
	}
	for n := range len(tally) {
		if _, err := DecodeTally(tally[:n]); !errors.Is(err, ErrDamaged) {
			t.Errorf("tally cut to %d: %v", n, err)
		}
	}
	var c Click
	for n := range len(unhexed(t, goldenClick)) - 12 { // before its parameters
		if err := DecodeClick(&c, unhexed(t, goldenClick)[:n]); !errors.Is(err, ErrDamaged) {
			t.Errorf("click cut to %d: %v", n, err)
		}
	}
	huge := append(unhexed(t, goldenClick)[:19], 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01)
	if err := DecodeClick(&c, huge); !errors.Is(err, ErrDamaged) {
		t.Errorf("a text of 2^64-1 bytes: %v", err)
	}
	if _, err := DecodeTally(append(tally, 0)); !errors.Is(err, ErrDamaged) {
		t.Errorf("tally with a byte more: %v", err)
	}
	tally[7] = 5
	if _, err := DecodeTally(tally); !errors.Is(err, ErrDamaged) {
		t.Errorf("address of 5 bytes: %v", err)
	}
}

func TestNewerRecordsAreLeftAlone(t *testing.T) {
	for _, text := range []string{goldenClick, goldenPostback, goldenTally} {
		record := unhexed(t, strings.Replace(text, "01", "02", 1))
		var c Click
		_, err1 := DecodePostback(record)
		_, err2 := DecodeTally(record)
		for _, err := range []error{err1, err2, DecodeClick(&c, record)} {
			if !errors.Is(err, ErrNewer) {
				t.Errorf("version 2: %v", err)
			}
		}
	}
}

// FuzzRecord: no bytes make a decoder panic, and what one of them reads can be
// written and read again.
func FuzzRecord(f *testing.F) {
	f.Add(AppendClick(nil, &sampleClick))
	f.Add(AppendPostback(nil, &samplePostback))
	f.Add(AppendTally(nil, &sampleTally))
	f.Fuzz(func(t *testing.T, record []byte) {
		var c, again Click
		if DecodeClick(&c, record) == nil {
			if err := DecodeClick(&again, AppendClick(nil, &c)); err != nil || !sameClick(c, again) {
				t.Errorf("click %+v is read again as %+v, %v", c, again, err)
			}
		}
		if p, err := DecodePostback(record); err == nil {
			p.Addr = p.Addr.Unmap()
			if p.Click == (ClickID{}) {
				p.Origin = Origin{}
			}
			if again, err := DecodePostback(AppendPostback(nil, &p)); err != nil || again != p {
				t.Errorf("postback %+v is read again as %+v, %v", p, again, err)
			}
			_ = p.Verdict.Outcome.String() + p.Verdict.Reason.String() + strings.Join(p.Verdict.Flags.Names(), "")
		}
		if tally, err := DecodeTally(record); err == nil {
			tally.Addr = tally.Addr.Unmap()
			if again, err := DecodeTally(AppendTally(nil, &tally)); err != nil || again != tally {
				t.Errorf("tally %+v is read again as %+v, %v", tally, again, err)
			}
		}
	})
}

func sameClick(a, b Click) bool {
	a.Addr, b.Addr = a.Addr.Unmap(), b.Addr.Unmap()
	_ = a.Class.String() // of whatever class
	return reflect.DeepEqual(a, b)
}

func BenchmarkAppendClick(b *testing.B) {
	buf := make([]byte, 0, 512)
	b.ReportAllocs()
	for b.Loop() {
		AppendClick(buf, &sampleClick)
	}
}

func BenchmarkDecodeClick(b *testing.B) {
	record := AppendClick(nil, &sampleClick)
	var c Click
	b.ReportAllocs()
	for b.Loop() {
		if err := DecodeClick(&c, record); err != nil {
			b.Fatal(err)
		}
	}
}
