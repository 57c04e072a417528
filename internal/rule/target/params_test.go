package target

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"homing"
)

func TestPostbackParamsReadsOurs(t *testing.T) {
	query := "key=k&value=1.5&lead_code=a+b%20c&goalid=3&price=2&currency=usd&status=1&allow_duplicates=1&account=AbC&cb=1"
	p := PostbackParams([]byte(query), false, nil)
	got := fmt.Sprintf("%d %s|%s|%s|%s|%s|%s|%s|%s|%s|%v", p.Fault, p.Value, p.Lead, p.Key, p.Goal, p.Price, p.Currency,
		p.Status, p.AllowDuplicates, p.Account, p.ClickID == nil)
	if want := "0 1.5|a b c|k|3|2|usd|1|1|AbC|true"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestPostbackParamsValue(t *testing.T) {
	for query, want := range map[string]string{
		"":                       "",
		"value":                  "",
		"value=":                 "",
		"Value=999":              "",
		"%76alue=1.5":            "1.5",
		"val%00ue=1.5":           "",
		"val+ue=1.5":             "",
		"+value=1":               "",
		"value=1=2":              "1=2",
		"value=1#x":              "1#x",
		"value=1?lead_code=A":    "1?lead_code=A",
		"&&value=1&&":            "1",
		"value=%2B1%26":          "+1&",
		"value=%2531":            "%31",
		"=1&value=2":             "2",
		"value=\xff":             "\xff",
		"clickid=1&click_id=2":   "",
		"valu=1&values=2&value=": "",
		"value[=1":               "",
		"lead_code=%3B&value=1":  "1",
	} {
		p := PostbackParams([]byte(query), false, nil)
		if p.Fault != NoFault || string(p.Value) != want {
			t.Errorf("%q: fault %d, value %q, want %q", query, p.Fault, p.Value, want)
		}
	}
}

func TestPostbackParamsFaults(t *testing.T) {
	pairs := func(n int) string { return strings.Repeat("a=1&", n) }
	for _, c := range []struct {
		query string
		fault Fault
		name  string
	}{
		{"value=1;lead_code=A", BadSyntax, ""},
		{";", BadSyntax, ""},
		{"x=%zz", BadSyntax, ""},
		{"x=%4", BadSyntax, ""},
		{"x=%", BadSyntax, ""},
		{"%zz=1", BadSyntax, ""},
		{"val%ue", BadSyntax, ""},
		{"x=a b", BadSyntax, ""},
		{"x=\x01", BadSyntax, ""},
		{"x=\x7f", BadSyntax, ""},
		{"value=1&amp;key=k", HTMLAmp, ""},
		{"value=1&amp;", HTMLAmp, ""},
		{"&amp;value=1", HTMLAmp, ""},
		{"amp;value=1", BadSyntax, ""},
		{"value=1&AMP;x", BadSyntax, ""},
		{"value=1&amp;x=1;y=2", BadSyntax, ""},
		{"value=1&amp;x=%zz", BadSyntax, ""},
		{pairs(32), NoFault, ""},
		{pairs(32) + "&&&&", NoFault, ""},
		{pairs(33), TooMany, ""},
		{pairs(33) + "&amp;x", HTMLAmp, ""},
		{pairs(33) + "value=1&value=1", TooMany, ""},
		{"a=" + strings.Repeat("x", MaxPostbackQuery-2), NoFault, ""},
		{"a=" + strings.Repeat("x", MaxPostbackQuery-1), TooLong, ""},
		{";=" + strings.Repeat("x", MaxPostbackQuery-1), TooLong, ""},
		{"value=1&value=1", Repeated, "value"},
		{"value&value", Repeated, "value"},
		{"value=1&%76alue=", Repeated, "value"},
		{"value[]=1", Repeated, "value"},
		{"value%5B%5d=1", Repeated, "value"},
		{"key[]", Repeated, "key"},
		{"lead_code=1&key=1&key=2&lead_code=2", Repeated, "key"},
		{"allow_duplicates=1&allow_duplicates=1", Repeated, "allow_duplicates"},
		{"account=1&account=1", Repeated, "account"},
		{"cb=1&cb=2&cb[]=3", NoFault, ""},
		{"clickid=1&clickid=1&click_id[]=1", NoFault, ""},
	} {
		p := PostbackParams([]byte(c.query), false, nil)
		if p.Fault != c.fault || p.RepeatedName != c.name {
			t.Errorf("%.60q: fault %d %q, want %d %q", c.query, p.Fault, p.RepeatedName, c.fault, c.name)
		}
	}
}

func TestSiblingFormCarriesTheClickID(t *testing.T) {
	for query, want := range map[string]string{"clickid=x": "x", "click_id=x&value=1": "x", "clickid=": "", "clickid": ""} {
		p := PostbackParams([]byte(query), true, nil)
		if p.Fault != NoFault || p.ClickID == nil || string(p.ClickID) != want {
			t.Errorf("%q: fault %d, click id %q", query, p.Fault, p.ClickID)
		}
	}
	if p := PostbackParams([]byte("value=1"), true, nil); p.ClickID != nil {
		t.Errorf("click id %q, want nil", p.ClickID)
	}
	for _, query := range []string{"clickid=x&click_id=x", "click_id=&clickid=", "click_id[]=x", "clickid=1&clickid=2"} {
		if p := PostbackParams([]byte(query), true, nil); p.Fault != Repeated || p.RepeatedName != "clickid" {
			t.Errorf("%q: fault %d %q", query, p.Fault, p.RepeatedName)
		}
	}
}

func TestRepeatedKeepsTheFirstForTheLog(t *testing.T) {
	p := PostbackParams([]byte("value=1&value=2&account=AbC"), false, nil)
	if string(p.Value) != "1" || string(p.Account) != "AbC" {
		t.Errorf("value %q, account %q", p.Value, p.Account)
	}
}

// FuzzPostbackParams holds PostbackParams against net/url, pair by pair.
func FuzzPostbackParams(f *testing.F) {
	for _, s := range []string{"value=1&key=%41", "value[]=1", "a&amp;b", "x=;", "%76alue=+", "click_id=1&clickid=2", strings.Repeat("a&", 40)} {
		f.Add([]byte(s), true)
	}
	f.Fuzz(func(t *testing.T, query []byte, sibling bool) {
		before := bytes.Clone(query)
		got := PostbackParams(query, sibling, make([]byte, 0, 32))
		if !bytes.Equal(before, query) {
			t.Fatalf("PostbackParams changed its input %q", before)
		}
		fault, name, values := slowParams(string(query), sibling)
		if got.Fault != fault || got.RepeatedName != name {
			t.Fatalf("%q: fault %d %q, want %d %q", query, got.Fault, got.RepeatedName, fault, name)
		}
		for name, have := range map[string][]byte{
			"value": got.Value, "lead_code": got.Lead, "key": got.Key, "goalid": got.Goal, "price": got.Price,
			"currency": got.Currency, "status": got.Status, "allow_duplicates": got.AllowDuplicates,
			"account": got.Account, "clickid": got.ClickID,
		} {
			if string(have) != values[name] {
				t.Errorf("%q: %s = %q, want %q", query, name, have, values[name])
			}
		}
	})
}

func slowParams(query string, sibling bool) (fault Fault, name string, values map[string]string) {
	if len(query) > MaxPostbackQuery {
		return TooLong, "", nil
	}
	html := strings.Contains(query, "&amp;")
	plain := strings.ReplaceAll(query, "&amp;", "&")
	if strings.ContainsFunc(plain, func(r rune) bool { return r <= ' ' || r == 0x7f || r == ';' }) {
		return BadSyntax, "", nil
	}
	ours := map[string]string{}
	for _, n := range strings.Fields("value lead_code key goalid price currency status allow_duplicates account") {
		ours[n] = n
	}
	if sibling {
		ours["clickid"], ours["click_id"] = "clickid", "clickid"
	}
	values = map[string]string{}
	count := 0
	for _, pair := range strings.Split(plain, "&") {
		if pair == "" {
			continue
		}
		count++
		rawName, rawValue, _ := strings.Cut(pair, "=")
		n, err := url.QueryUnescape(rawName)
		if err != nil {
			return BadSyntax, "", nil
		}
		v, err := url.QueryUnescape(rawValue)
		if err != nil {
			return BadSyntax, "", nil
		}
		n, array := strings.CutSuffix(n, "[]")
		n = ours[n]
		if n == "" {
			continue
		}
		_, repeat := values[n]
		if (repeat || array) && fault == NoFault {
			fault, name = Repeated, n
		}
		if !repeat {
			values[n] = v
		}
	}
	switch {
	case html:
		return HTMLAmp, "", nil
	case count > MaxParams:
		return TooMany, "", nil
	}
	return fault, name, values
}

func TestClickParams(t *testing.T) {
	long := strings.Repeat("é", 200) // 400 bytes
	for _, c := range []struct{ why, query, sub1 string }{
		{"plain", "sub1=abc", "abc"},
		{"decoded once", "sub1=a%26t%3Dforged%2541", "a&t=forged%41"},
		{"plus is a space", "sub1=a+b", "a b"},
		{"the first wins", "sub1=a&sub1=b", "a"},
		{"an empty first wins", "sub1=&sub1=b", ""},
		{"the first that parses wins", "sub1=%zz&sub1=b", "b"},
		{"semicolon is data", "sub1=a;sub2=b", "a;sub2=b"},
		{"encoded name", "%73ub1=a", "a"},
		{"bad name is skipped", "%zz=1&sub1=a", "a"},
		{"array form is unknown", "sub1[]=a", "<nil>"},
		{"bare name", "sub1", ""},
		{"not given", "sub2=a", "<nil>"},
		{"cut at a rune", "sub1=" + url.QueryEscape(long), long[:254]},
		{"cut in no text", "sub1=" + strings.Repeat("%80", 300), strings.Repeat("\x80", 255)},
		{"exactly the length", "sub1=" + strings.Repeat("x", 255), strings.Repeat("x", 255)},
	} {
		t.Run(c.why, func(t *testing.T) {
			var into [homing.ParamCount][]byte
			into[homing.ParamSub10] = []byte("of the click before")
			ClickParams([]byte(c.query), &into, nil)
			got := "<nil>"
			if v := into[homing.ParamSub1]; v != nil {
				got = string(v)
			}
			if got != c.sub1 {
				t.Errorf("sub1 = %q, want %q", got, c.sub1)
			}
			if into[homing.ParamSub10] != nil {
				t.Error("sub10 is left over")
			}
		})
	}
}

func TestClickParamsKeepsValuesApart(t *testing.T) {
	var into [homing.ParamCount][]byte
	ClickParams([]byte("sub1=%41%42&sub2=%zz%43&%73ub3=%44&sub4=%45"), &into, make([]byte, 0, 64))
	got := fmt.Sprintf("%s|%s|%s|%s", into[homing.ParamSub1], into[homing.ParamSub1+1], into[homing.ParamSub1+2], into[homing.ParamSub1+3])
	if got != "AB||D|E" {
		t.Errorf("got %s", got)
	}
}

func FuzzClickParams(f *testing.F) {
	f.Add([]byte("sub1=%41&sub1=b&country=%zz&lang=é"))
	f.Fuzz(func(t *testing.T, query []byte) {
		var into [homing.ParamCount][]byte
		ClickParams(query, &into, make([]byte, 0, 16))
		for p, v := range into {
			if len(v) > homing.MaxParamLen {
				t.Errorf("%v has %d bytes", homing.Param(p), len(v))
			}
		}
		want := map[string]string{}
		for _, pair := range strings.Split(string(query), "&") {
			rawName, rawValue, _ := strings.Cut(pair, "=")
			name, err1 := url.QueryUnescape(rawName)
			value, err2 := url.QueryUnescape(rawValue)
			if _, again := want[name]; err1 == nil && err2 == nil && !again {
				want[name] = value
			}
		}
		for p, v := range into {
			value, given := want[homing.Param(p).String()]
			if given != (v != nil) || !strings.HasPrefix(value, string(v)) || len(value) <= homing.MaxParamLen && value != string(v) {
				t.Errorf("%v = %q, want %q", homing.Param(p), v, value)
			}
			if utf8.ValidString(value) && !utf8.Valid(v) {
				t.Errorf("%v = %q: a rune is cut", homing.Param(p), v)
			}
		}
	})
}

func BenchmarkClickParams(b *testing.B) {
	query := []byte("sub1=abc&sub2=d%20f&site_id=123&creative_id=77&cost=0.0012&country=DE")
	buf := make([]byte, 0, 256)
	var into [homing.ParamCount][]byte
	b.ReportAllocs()
	for b.Loop() {
		ClickParams(query, &into, buf)
	}
}
