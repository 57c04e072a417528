package compare

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"homing"
)

const (
	idA = "c86b8a88b91228911e723b93c65a5900bb49bc99"
	idB = "0123456789abcdef0123456789abcdef01234567"
)

// told writes lines so that they can be compared.
func told(l *List) string {
	var out []string
	for _, line := range l.Lines {
		id := "?" + line.Cell
		if line.Found {
			id = map[string]string{idA: "A", idB: "B"}[line.Click.String()]
		}
		text := fmt.Sprintf("%d:%s", line.Number, id)
		if line.Lead != "" {
			text += " lead=" + line.Lead
		}
		if line.Value.Given {
			text += " value=" + line.Value.String()
		}
		if line.Unread != "" {
			text += " unread=" + line.Unread
		}
		out = append(out, text)
	}
	return strings.Join(out, "; ")
}

func TestReadUnderstandsWhatTrackersExport(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"ids alone":            {idA + "\n\n" + idB + "\r\n", "1:A; 3:B"},
		"urls":                 {"https://adv.example/lp?t=" + idA + "&s=1\nx", "1:A; 2:?x"},
		"ids and amounts":      {idA + " 2.10\n" + idB + " 3", "1:A value=2.10; 2:B value=3.00"},
		"commas":               {"date,click_id,payout,txid\n2026-03-02," + idA + ",2.1,o-1\n", "2:A lead=o-1 value=2.10"},
		"semicolons, decimals": {"Click ID;Revenue\n" + idA + ";1.234,50\n" + idB + ";2,1", "2:A value=1234.50; 3:B value=2.10"},
		"tabs, quotes":         {"\"external_id\"\t\"amount\"\n\"" + idA + "\"\t\"1,234.50\"", "2:A value=1234.50"},
		"quoted separators":    {`click_id,lead_code` + "\n" + idA + `,"a, ""b"""`, `2:A lead=a, "b"`},
		"a forgotten quote":    {`click_id,lead_code` + "\n" + idA + `,"open` + "\n" + idB + ",ok", `2:A lead="open; 3:B lead=ok`},
		"no heading":           {"o-7," + idA + ",2.10\no-8," + idB + ",3.00", "1:A lead=o-7 value=2.10; 2:B lead=o-8 value=3.00"},
		"heading in own words": {"Klick;Wert\n" + idA + ";2", "2:A"},
		"id by shape":          {"click_id,external_id\nw1abc," + idA, "2:A"},
		"a mark and CRLF":      {"\ufeffclick_id,value\r\n" + idA + ",1\r\n", "2:A value=1.00"},
		"unread values":        {"click_id;value\n" + idA + ";1,234\n" + idB + ";free", "2:A unread=1,234; 3:B unread=free"},
		"macros":               {"click_id,value\n{externalid},2", "2:?{externalid} value=2.00"},
		"many other columns":   {idA + ",DE,x,2.50,chrome", "1:A value=2.50"},
	} {
		l, err := Read([]byte(c.text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := told(l); got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, c.want)
		}
	}
}

func TestReadUTF16(t *testing.T) {
	text := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune("click_id\tvalue\n" + idA + "\t2,10\n")) {
		text = append(text, byte(u), byte(u>>8))
	}
	l, err := Read(text)
	if err != nil || told(l) != "2:A value=2.10" {
		t.Errorf("%v %v", l, err)
	}
}

func TestReadRefusesWithWords(t *testing.T) {
	for text, says := range map[string]string{
		"":                              "nothing in it",
		"  \n \n":                       "nothing in it",
		"click_id,payout\n":             "names the columns",
		"PK\x03\x04whatever":            "save the sheet as CSV",
		strings.Repeat("a", MaxBytes+1): "larger than 2 MiB",
	} {
		_, err := Read([]byte(text))
		if !errors.Is(err, homing.ErrInvalid) || !strings.Contains(err.Error(), says) {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

func TestReadTellsWhatItLeftOut(t *testing.T) {
	l, err := Read([]byte("click_id\n" + strings.Repeat(idA+"\n", MaxLines+7)))
	if err != nil || len(l.Lines) != MaxLines || l.Left != 7 {
		t.Errorf("%d lines, %d left: %v", len(l.Lines), l.Left, err)
	}
	l, err = Read([]byte(strings.Repeat(idA+"\n", MaxLines+7)))
	if err != nil || len(l.Lines) != MaxLines || l.Left != 7 {
		t.Errorf("without a heading: %d lines, %d left: %v", len(l.Lines), l.Left, err)
	}
}

func TestAmounts(t *testing.T) {
	for text, want := range map[string]string{
		"2.10": "2.10", "2,10": "2.10", "0.1234567": "0.123456", "-1.5": "-1.50", "+3": "3.00", "1,234.50": "1234.50", "1.234,50": "1234.50",
		"1 234,50 €": "1234.50", "$2.10": "2.10", "2.10 USD": "2.10", "EUR 5": "5.00", "1,234,567": "1234567.00", "1.234.567": "1234567.00",
		"1'234.50": "1234.50", "0,125": "0.125", ".5": "0.50",
		"1,234": "?", "12,34.5": "?", "1.2.3": "?", "abc": "?", "TXN123": "?", "order7": "?", "": "?", "NaN": "?", "0x10": "?", "1e5": "?",
		"100000000000.1": "?", "-": "?", ",": "?", "1-2": "?",
	} {
		got := "?"
		if v, ok := ParseAmount(text); ok {
			got = v.String()
		}
		if got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
}

func TestSumsAreExactBeyondMoney(t *testing.T) {
	var s Sum
	for range 10_000 {
		s.Add(homing.ValueOf(homing.MaxMoney))
	}
	s.Add(homing.ValueOf(1))
	s.Add(homing.Value{})
	if got := s.String(); got != "1000000000000000.000001" {
		t.Errorf("%s", got)
	}
	var none Sum
	if none.String() != "" || none.Given() {
		t.Error("nothing is something")
	}
	if got := none.Less(&s).String(); got != "-1000000000000000.000001" {
		t.Errorf("%s", got)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("click_id,payout\n" + idA + ",2.10"))
	f.Add([]byte("\"" + idA + ";\"\"\t,\n\xff\xfe"))
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := Read(text)
		if err != nil {
			return
		}
		if len(l.Lines) == 0 || len(l.Lines) > MaxLines {
			t.Errorf("%d lines", len(l.Lines))
		}
		for _, line := range l.Lines {
			if line.Found && !strings.Contains(Text(text), line.Click.String()) {
				t.Errorf("%s is made up", line.Click)
			}
		}
	})
}
