package rehearse

import (
	"errors"
	"strings"
	"testing"

	"homing"
)

func TestReadPaste(t *testing.T) {
	const target = "/api/v1/cpa/action/x?value=1&key=k"
	for text, want := range map[string]paste{
		"https://t.example" + target:                                 {"GET", "https", "t.example", target, false},
		"  HTTP://T.example:8080" + target + "\n":                    {"GET", "http", "T.example:8080", target, false},
		"'https://t.example" + target + "'":                          {"GET", "https", "t.example", target, false},
		`"https://t.example` + target + `"`:                          {"GET", "https", "t.example", target, false},
		target:                                                       {"GET", "", "", target, false},
		"t.example" + target:                                         {"GET", "", "t.example", target, false},
		"the URL is https://t.example" + target + " and no other":    {"GET", "https", "t.example", target, false},
		`<a href="https://t.example` + target + `">`:                 {"GET", "https", "t.example", target, false},
		"GET " + target + " HTTP/1.1":                                {"GET", "", "", target, false},
		"POST " + target + " HTTP/1.1\r\nHost: t.example\r\n\r\na=b": {"POST", "", "t.example", target, false},
		"GET " + target:                                              {"GET", "", "", target, false},
		`203.0.113.7 - - [22/Nov/2026:10:00:00 +0000] "GET ` + target + ` HTTP/1.1" 400 41 "-" "Java/17"`: {"GET", "", "", target, false},
		"curl 'https://t.example" + target + "'":                                                          {"GET", "https", "t.example", target, false},
		"$ curl -sk -H 'Accept: */*' \"https://t.example" + target + "\" -o /dev/null":                    {"GET", "https", "t.example", target, false},
		"curl -X POST --max-time 5 https://t.example" + target:                                            {"POST", "https", "t.example", target, false},
		"curl -XDELETE https://t.example" + target:                                                        {"DELETE", "https", "t.example", target, false},
		"curl --request=HEAD https://t.example" + target:                                                  {"HEAD", "https", "t.example", target, false},
		"curl -I https://t.example" + target:                                                              {"HEAD", "https", "t.example", target, false},
		"curl -d a=b https://t.example" + target:                                                          {"POST", "https", "t.example", target, false},
		"curl -G -d a=b https://t.example" + target:                                                       {"GET", "https", "t.example", target, false},
		"/usr/bin/curl --url https://t.example" + target:                                                  {"GET", "https", "t.example", target, false},
		"curl \\\n  -H 'a: b' \\\n  'https://t.example" + target + "'":                                    {"GET", "https", "t.example", target, false},
		"https://t.example/api/v1/cpa/action/x?value=1 2":                                                 {"GET", "https", "t.example", "/api/v1/cpa/action/x?value=1", true},
		"https://t.example/api/v1/cpa/action/{click_id}?value={payout}&lead_code=https://other.example/": {"GET", "https", "t.example",
			"/api/v1/cpa/action/{click_id}?value={payout}&lead_code=https://other.example/", false},
	} {
		got, err := readPaste(text)
		if err != nil || got != want {
			t.Errorf("%q:\ngot  %+v, %v\nwant %+v", text, got, err, want)
		}
	}
}

func TestWhatIsNoURL(t *testing.T) {
	for _, text := range []string{
		"", "   ", "hello", "https://", "https://t.example", "https://t.example?x=1", "curl", "curl -v", "curl 'unfinished",
		strings.Repeat("a", maxPaste+1), "\x00",
	} {
		if got, err := readPaste(text); !errors.Is(err, homing.ErrInvalid) {
			t.Errorf("%.40q: %+v, %v", text, got, err)
		}
	}
}

// Whatever is pasted, it is read or refused, and what is read is part of it.
func FuzzReadPaste(f *testing.F) {
	f.Add("curl -H 'a' \"https://x/api\\\"")
	f.Add(`1.2.3.4 "GET /a?b HTTP/1.1"`)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := readPaste(text)
		if err != nil {
			if !errors.Is(err, homing.ErrInvalid) {
				t.Fatal(err)
			}
			return
		}
		if !strings.HasPrefix(p.target, "/") || p.method == "" {
			t.Errorf("%q: %+v", text, p)
		}
	})
}
