package amend_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"homing"
	"homing/internal/flow/amend"
)

const someID = "6f1e0a4b9c2d7e8f00112233445566778899aabb"

// told is an order in one line.
func told(o amend.Order) string {
	if o.Fault != "" {
		return fmt.Sprintf("%d! %s", o.Line, o.Fault)
	}
	text := fmt.Sprint(o.Line, " ", o.Conversion)
	if o.Click != (homing.ClickID{}) {
		text += " " + o.Click.String()[:6]
	}
	if o.Goal != nil {
		text += " goal " + o.Goal.String()
	}
	to := ""
	if o.To != 0 {
		to = o.To.String()
	}
	return fmt.Sprintf("%s|%s|%s|%s", text, o.Lead, to, o.Reason)
}

func TestListsAreRead(t *testing.T) {
	for _, c := range []struct {
		what, text string
		want       []string
	}{
		{"ids", someID + "\n\n" + someID + "\r\n17", []string{"1 0 6f1e0a|||", "3 0 6f1e0a|||", "4 17|||"}},
		{"with all cells", someID + ", lead 1 ,Approved, \"well, why\"", []string{"1 0 6f1e0a|lead 1|approved|well, why"}},
		{"numbers", "17,rejected,because\n18,,pending", []string{"1 17||rejected|because", "2 18||pending|"}},
		{"a blank between", someID + "  order 7", []string{"1 0 6f1e0a|order 7||"}},
		{"tabs", someID + "\ta,b\trejected", []string{"1 0 6f1e0a|a,b|rejected|"}},
		{"semicolons", "\ufeffclick_id;lead_code;goal\n" + someID + ";\"a;\"\"b\"\"\";3", []string{`2 0 6f1e0a goal 3|a;"b"||`}},
		{"a file of ours", "id,click_id,value,status,new_status,reason\n5," + someID + ",1.50,approved,rejected,x", []string{"2 5 6f1e0a||rejected|x"}},
		{"empty first cell", "id\tclick_id\n\t" + someID, []string{"2 0 6f1e0a|||"}},
		{"a stray quotation mark", someID + `,"lead` + "\n17", []string{`1 0 6f1e0a|"lead||`, "2 17|||"}},
		{"old line ends", "1\r2", []string{"1 1|||", "2 2|||"}},
		{"faults", strings.Join([]string{"hello", someID[1:], "0", "-3", someID + ",,good", someID + ",a,approved,b,c", "no\xffutf8", ",x", strings.ToUpper(someID)}, "\n"), []string{
			`1! "hello" is neither a click id, 40 of 0-9 and a-f, nor the number of a conversion.`,
			`2! "` + someID[1:] + `" is neither a click id, 40 of 0-9 and a-f, nor the number of a conversion.`,
			`3! "0" is no number of a conversion.`,
			`4! "-3" is neither a click id, 40 of 0-9 and a-f, nor the number of a conversion.`,
			`5! "good" is no status: want approved, rejected or pending.`,
			`6! The line has more cells than expected. A comma within a cell wants quotation marks around the cell.`,
			`7! The line is not UTF-8: save the file as CSV in UTF-8.`,
			`8! The line names no conversion: want a click id, 40 of 0-9 and a-f, or the number of a conversion.`,
			`9! "` + strings.ToUpper(someID) + `" is neither a click id, 40 of 0-9 and a-f, nor the number of a conversion.`,
		}},
	} {
		list, err := amend.Parse([]byte(c.text))
		if err != nil {
			t.Errorf("%s: %v", c.what, err)
			continue
		}
		var got []string
		for _, o := range list.Orders {
			got = append(got, told(o))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s:\n%s\nwant\n%s", c.what, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
		}
	}
	list, err := amend.Parse([]byte("click_id,colour,status\n" + someID + ",red,approved"))
	if err != nil || !list.Named || !list.Statuses || !slices.Equal(list.Ignored, []string{"colour"}) {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestListsThatAreNone(t *testing.T) {
	for what, text := range map[string]string{
		"nothing": " \n\n", "only names": "click_id,status\n", "UTF-16": "\xff\xfe1\x00", "a picture": "PNG\x00\x01",
		"too many lines": strings.Repeat("1\n", amend.MaxLines+1), "too much": strings.Repeat("x", amend.MaxText+1),
	} {
		if list, err := amend.Parse([]byte(text)); err == nil {
			t.Errorf("%s: %d lines", what, len(list.Orders))
		}
	}
	if list, err := amend.Parse([]byte(strings.Repeat("1\n", amend.MaxLines))); err != nil || len(list.Orders) != amend.MaxLines {
		t.Errorf("as many as may be: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{someID, "id,status\n1,approved", "\"", "a;b\tc,d", "1\r\n2", "\ufeff", "'=x", "\"\"\"\",,"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := amend.Parse(text)
		if err != nil {
			return
		}
		last := 0
		for _, o := range list.Orders {
			if o.Line <= last || o.Fault == "" && o.Conversion == 0 && o.Click == (homing.ClickID{}) {
				t.Errorf("%+v after line %d", o, last)
			}
			if o.Fault == "" && !utf8.ValidString(o.Lead+o.Reason) {
				t.Errorf("%q", o.Lead+o.Reason)
			}
			last = o.Line
		}
	})
}
