package catalog_test

import (
	"errors"
	"strings"
	"testing"

	"homing"
)

// TestWrongImportLine is that each of them is named, and nothing is imported.
func TestWrongImportLine(t *testing.T) {
	const secret = "hunter2hunter2hunter2"
	for _, c := range []struct{ line, says string }{
		{`[{}]`, "want one JSON object a line"},
		{`[`, "want one JSON object a line"},
		{`null`, "want one JSON object a line"},
		{`"x"`, "want one JSON object a line"},
		{`42`, "want one JSON object a line"},
		{`ref,name`, "want one JSON object a line"},
		{`{`, "it ends in the middle: want one JSON object a line"},
		{`{"ref":"x","name":"` + secret, "it ends in the middle"},
		{`{"ref":"x","name":"X"},`, "something follows the object"},
		{`{"ref":"x","name":"X"}}`, "something follows the object"},
		{`{"ref":"x","name":"X"}]`, "something follows the object"},
		{`{"ref":"x","name":"X"}{"ref":"y","name":"Y"}`, "something follows the object"},
		{`{"ref":"x","name":'X'}`, "it is not JSON, from byte 19 on"},
		{`{"ref":"x","name":7}`, "field name: want a text, not a number"},
		{`{"ref":"x","nmae":"X"}`, `unknown field "nmae"`},
		{`{"ref":"x","Name":"X"}`, `unknown field "Name": write it name`},
		{`{"ref":"c","account":"a","name":"C","url":"https://a.example/","goals":[{"Id":1,"name":"A"}]}`, `unknown field "Id": write it id`},
		{`{"ref":"c","account":"a","name":"C","url":"https://a.example/","goals":[{"id":-5,"name":"A"}]}`, "field goals.id: want a whole number from 0 to 4294967295"},
		{`{"ref":"c","account":"a","name":"C","url":"https://a.example/","goals":7}`, "field goals: want a list, not a number"},
		{`{"ref":"c","account":"a","status":7}`, "field status: want a text, not a number"},
		{`{"ref":"x","name":"X","name":"` + secret + `"}`, "field name stands in it twice"},
		{`{"ref":"x","name":"X","NAME":"Y"}`, "field name stands in it twice"},
		{`{"ref":"x","name":"X","\u006eame":"Y"}`, "field name stands in it twice"},
		{`{"ref":"x","name":"X","key":"` + secret + `","KEY":null}`, "field key stands in it twice"},
		{`{"ref":"x","name":"X","\u212aey":"` + secret + `","key":"` + secret + `"}`, "stands in it twice"},
		{`{"ref":"c","account":"a","name":"C","url":"https://a.example/","goals":[{"id":1,"id":2,"name":"A"}]}`, "field id stands in it twice"},
		{"{\"ref\":\"x\",\"name\":\"M\xfcller\"}", "it is not UTF-8, from byte 21 on"},
		{"\xff\xfe{\x00", "it is not UTF-8, from byte 1 on"},
		{`{"ref":"x","name":"\ud800"}`, "U+FFFD"},
		{`{"ref":"x","name":"M�ller"}`, "U+FFFD"},
		{`{"ref":"x"}`, "name: it is empty"},
		{`{"ref":"a","name":""}`, "name: it is empty"},
		{`{"ref":"a","name":" "}`, "name: it is empty"},
		{`{"ref":"a","currency":""}`, `currency "": write the three letters`},
		{`{"ref":"a","key":""}`, "key 1: "},
		{`{"ref":"cmp","account":"a","name":""}`, "name: it is empty"},
		{`{"ref":"cmp","account":"a","url":""}`, "invalid URL: it is empty"},
		{`{"ref":"cmp","account":"a","window":""}`, `length of time ""`},
		{`{"ref":"cmp","url":""}`, "there is no account"},
		{`{"ref":"x","name":"X","hold":true}`, "field hold: it is of campaigns"},
		{`{"type":"account","ref":"x","name":"X","url":"https://a.example/"}`, "field url: it is of campaigns"},
		{`{"ref":"cmp","account":"a","multi_lead":true}`, "field multi_lead: it is of accounts"},
		{`{"ref":"x","name":"X","senders":["203.0.113.0/24","example.com"]}`, `senders: "example.com" is no network`},
		{`{"ref":"x","name":"X","senders":"203.0.113.0/24"}`, "field senders: want a list, not a text"},
		{`{"ref":"cmp","account":"a","senders":[]}`, "field senders: it is of accounts"},
		{`{"type":"user","ref":"x"}`, `type "user": want account or campaign`},
	} {
		s := open(t)
		const first = `{"ref":"a","name":"A"}
{"ref":"cmp","account":"a","name":"C","url":"https://a.example/?c={click_id}"}
`
		if _, err := s.Import(s.ctx, "test", strings.NewReader(first)); err != nil {
			t.Fatal(err)
		}
		version := s.View().Version
		_, err := s.Import(s.ctx, "test", strings.NewReader("\n"+c.line+"\r\n{\"ref\":\"later\",\"name\":\"L\"}\n"))
		if !errors.Is(err, homing.ErrInvalid) || !strings.Contains(err.Error(), "\nline 2: ") || !strings.Contains(err.Error(), c.says) ||
			strings.Contains(err.Error(), secret) || strings.Count(err.Error(), "\n") != 1 {
			t.Errorf("%s\ngot  %v\nwant %s", c.line, err, c.says)
		}
		if s.View().Version != version {
			t.Errorf("%s: something was imported", c.line)
		}
	}
}

// TestImportAsEditorsWriteIt has a byte order mark, CRLF, and lines of nothing.
func TestImportAsEditorsWriteIt(t *testing.T) {
	s := open(t)
	const file = "\xef\xbb\xbf{\"ref\":\"a\",\"name\":\"Müller\"}\r\n\r\n \t\r\n" +
		`{"ref":"cmp","account":"a","name":"C","url":"https://a.example/?c={click_id}"}` + "\r\n" +
		`  {"ref":"cmp2","account":"a","name":"\ud83d\ude00","url":"https://a.example/?c={click_id}","key":null,"window":null}  `
	done, err := s.Import(s.ctx, "test", strings.NewReader(file))
	if err != nil || done.Accounts.Created != 1 || done.Campaigns.Created != 2 {
		t.Fatalf("%+v %v", done, err)
	}
	if got := s.View().Account(done.Made[0].Account).Name; got != "Müller" {
		t.Errorf("name %q", got)
	}
	if got := done.Made[1].Name; got != "😀" {
		t.Errorf("name %q", got)
	}
	// Known by its account, a campaign may leave out the url.
	done, err = s.Import(s.ctx, "test", strings.NewReader(`{"ref":"cmp","account":"a","window":"7d"}`))
	if err != nil || done.Campaigns.Changed != 1 || done.Accounts.Created != 0 {
		t.Errorf("%+v %v", done, err)
	}
}

// TestImportLineTooLong names it, and the wrong lines before it.
func TestImportLineTooLong(t *testing.T) {
	s := open(t)
	long := `{"ref":"b","name":"` + strings.Repeat("x", 1<<20) + `"}`
	_, err := s.Import(s.ctx, "test", strings.NewReader("{\"ref\":\"a\",\"name\":\"A\"}\n[]\n"+long+"\n"))
	if !errors.Is(err, homing.ErrInvalid) || !strings.Contains(err.Error(), "line 2: ") || !strings.Contains(err.Error(), "line 3: it is longer than 1 MiB") {
		t.Errorf("%.300v", err)
	}
	if len(s.View().Accounts) > 0 {
		t.Error("something was imported")
	}
}
