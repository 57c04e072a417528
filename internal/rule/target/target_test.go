package target

import (
	"bytes"
	"net/url"
	"strings"
	"testing"
)

const sampleID = "c86b8a88b91228911e723b93c65a5900bb49bc99"

func TestSplitFindsTheDoor(t *testing.T) {
	const action = "/api/v1/cpa/action"
	for _, c := range []struct {
		why, target string
		door        Door
		code        string // or the slug
		query       string
	}{
		{"the seed's form", action + "/" + sampleID, Postback, sampleID, ""},
		{"with a query", action + "/" + sampleID + "?value=1&key=k", Postback, sampleID, "value=1&key=k"},
		{"only the first question mark parts", action + "/x?value=1?b", Postback, "x", "value=1?b"},
		{"a fragment is data of the query", action + "/x?value=1#x", Postback, "x", "value=1#x"},
		{"a fragment is data of the code", action + "/x#y?value=1", Postback, "x#y", "value=1"},
		{"empty code", action + "/", Postback, "", ""},
		{"empty code with a query", action + "/?value=1", Postback, "", "value=1"},
		{"sibling form", action + "?clickid=x", Sibling, "", "clickid=x"},
		{"sibling form, bare", action, Sibling, "", ""},
		{"code decoded once", action + "/%63%2563", Postback, "c%63", ""},
		{"an escape of either case", action + "/%C3%a9", Postback, "\xc3\xa9", ""},
		{"a plus is a plus in a path", action + "/a+b", Postback, "a+b", ""},
		{"encoded slash goes into the code", action + "/a%2Fb", Postback, "a/b", ""},
		{"encoded slashes make no dot segments", action + "/..%2F..%2Fadmin", Postback, "../../admin", ""},
		{"encoded NUL", action + "/a%00", Postback, "a\x00", ""},
		{"bad escape stays in the code", action + "/a%zz%", Postback, "a%zz%", ""},
		{"bad escape beside a good one", action + "/%63%4", Postback, "c%4", ""},
		{"trailing slash", action + "/x/", Postback, "x/", ""},
		{"more below the code", action + "/x/extra", Postback, "x/extra", ""},
		{"encoded letters in the fixed part", "/%61pi/v1/cp%61/%61ction/x", Postback, "x", ""},
		{"encoded slash in the fixed part", "/api%2Fv1/cpa/action/x", Nowhere, "", ""},
		{"double encoded letter in the fixed part", "/%2561pi/v1/cpa/action/x", Nowhere, "", ""},
		{"upper case in the fixed part", "/API/v1/cpa/action/x", Nowhere, "", ""},
		{"two slashes before the code", action + "//x?key=k", Nowhere, "", "key=k"},
		{"two slashes after the code", action + "/x//", Nowhere, "", ""},
		{"two slashes at the end", action + "//", Nowhere, "", ""},
		{"two slashes at the beginning", "/" + action + "/x", Nowhere, "", ""},
		{"dot segment", "/api/v1/cpa/./action/x", Nowhere, "", ""},
		{"dot segment at the end", action + "/.", Nowhere, "", ""},
		{"dot dot", action + "/../action/x", Nowhere, "", ""},
		{"dot dot after the code", action + "/x/..", Nowhere, "", ""},
		{"dot dot encoded", action + "/%2e%2E/%2e%2e/admin", Nowhere, "", ""},
		{"dot dot half encoded", action + "/.%2e/x", Nowhere, "", ""},
		{"three dots are a name", action + "/...", Postback, "...", ""},
		{"a dot encoded twice is a name", action + "/%252e", Postback, "%2e", ""},
		{"dots in the query are data", action + "/x?/../", Postback, "x", "/../"},
		{"another version", "/api/v2/cpa/action/x", Nowhere, "", ""},
		{"longer word", "/api/v1/cpa/actions/x", Nowhere, "", ""},
		{"shorter path", "/api/v1/cpa", Nowhere, "", ""},
		{"absolute form", "http://track.example" + action + "/x?value=1", Postback, "x", "value=1"},
		{"absolute form, https, odd case", "HttpS://track.example:443" + action + "/x", Postback, "x", ""},
		{"absolute form without a path", "http://track.example", Nowhere, "", ""},
		{"absolute form, query only", "http://track.example?x", Nowhere, "", "x"},
		{"absolute form without a host", "http://" + action + "/x", Nowhere, "", ""},
		{"absolute form of another scheme", "ftp://track.example" + action + "/x", Nowhere, "", ""},
		{"asterisk", "*", Nowhere, "", ""},
		{"authority form", "track.example:443", Nowhere, "", ""},
		{"nothing", "", Nowhere, "", ""},
		{"root", "/", Nowhere, "", ""},
		{"click", "/c/aB3?sub1=x", Click, "aB3", "sub1=x"},
		{"click, encoded", "/%63/%61B3", Click, "aB3", ""},
		{"click without a slug", "/c/", Click, "", ""},
		{"click with a slash behind", "/c/aB3/", Click, "aB3/", ""},
		{"click path alone", "/c", Nowhere, "", ""},
		{"health", "/healthz", Health, "", ""},
		{"health with a query", "/healthz?x=1", Health, "", "x=1"},
		{"health with a slash", "/healthz/", Nowhere, "", ""},
		{"ready", "/readyz", Ready, "", ""},
	} {
		t.Run(c.why, func(t *testing.T) {
			got := Split([]byte(c.target), make([]byte, 0, 64))
			if got.Door != c.door || string(got.Code)+string(got.Slug) != c.code || string(got.Query) != c.query {
				t.Errorf("Split(%q) = door %d, code %q, slug %q, query %q; want door %d, %q, %q",
					c.target, got.Door, got.Code, got.Slug, got.Query, c.door, c.code, c.query)
			}
		})
	}
}

func TestSplitTellsNoQueryFromAnEmptyOne(t *testing.T) {
	if q := Split([]byte("/c/x"), nil).Query; q != nil {
		t.Errorf("query of /c/x is %q, want nil", q)
	}
	if q := Split([]byte("/c/x?"), nil).Query; q == nil {
		t.Error("query of /c/x? is nil, want empty")
	}
}

func TestSplitKeepsTheRawCode(t *testing.T) {
	got := Split([]byte("/api/v1/cpa/action/%2541%41"), nil)
	if string(got.RawCode) != "%2541%41" || string(got.Code) != "%41A" {
		t.Errorf("raw %q, code %q", got.RawCode, got.Code)
	}
}

func TestSplitWithoutRoomInTheBuffer(t *testing.T) {
	for _, buf := range [][]byte{nil, make([]byte, 1), make([]byte, 0, 39), make([]byte, 100)} {
		got := Split([]byte("/api/v1/cpa/action/%63"+sampleID[1:]), buf)
		if string(got.Code) != sampleID {
			t.Errorf("with a buffer of %d: code %q", cap(buf), got.Code)
		}
	}
}

func TestNothingHereAllocates(t *testing.T) {
	raw := []byte("/%61pi/v1/cpa/action/%63" + sampleID[1:] + "?v%61lue=1%2E5&lead_code=a+b&key=abc&x%5B%5D=1")
	buf, buf2 := make([]byte, 0, 256), make([]byte, 0, 256)
	if n := testing.AllocsPerRun(100, func() {
		if p := PostbackParams(Split(raw, buf).Query, false, buf2); p.Fault != NoFault || len(p.Lead) != 3 {
			t.Fatal(p.Fault)
		}
	}); n != 0 {
		t.Errorf("a postback's target: %v allocations", n)
	}
}

// FuzzSplit holds Split against the path rules said another way: by
// strings.Split and url.PathUnescape.
func FuzzSplit(f *testing.F) {
	for _, s := range []string{"/api/v1/cpa/action/%63?value=1", "/c/x", "http://h/healthz", "/api//v1", "/%2e/", "/api/v1/cpa/action/a%zz/", "*"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		before := bytes.Clone(raw)
		got := Split(raw, nil)
		if !bytes.Equal(before, raw) {
			t.Fatalf("Split changed its input %q", before)
		}
		door, code := slowSplit(string(raw))
		have := string(got.Code) + string(got.Slug)
		if got.Door != door || have != code {
			t.Errorf("Split(%q) = door %d %q, want door %d %q", raw, got.Door, have, door, code)
		}
	})
}

func slowSplit(raw string) (Door, string) {
	for _, scheme := range []string{"http://", "https://"} {
		if len(raw) >= len(scheme) && strings.EqualFold(raw[:len(scheme)], scheme) {
			raw = raw[len(scheme):]
			cut := strings.IndexAny(raw, "/?#")
			if cut < 1 {
				return Nowhere, ""
			}
			raw = raw[cut:]
			break
		}
	}
	path, _, _ := strings.Cut(raw, "?")
	if !strings.HasPrefix(path, "/") {
		return Nowhere, ""
	}
	segments := strings.Split(path[1:], "/")
	plain := make([]string, len(segments))
	for i, s := range segments {
		plain[i] = slowUnescape(s)
		if plain[i] == "." || plain[i] == ".." || s == "" && i < len(segments)-1 {
			return Nowhere, ""
		}
	}
	starts := func(words ...string) bool {
		for i, w := range words {
			if i >= len(plain) || plain[i] != w {
				return false
			}
		}
		return true
	}
	switch n := len(plain); {
	case starts("api", "v1", "cpa", "action") && n == 4:
		return Sibling, ""
	case starts("api", "v1", "cpa", "action"):
		return Postback, strings.Join(plain[4:], "/")
	case starts("c") && n > 1:
		return Click, strings.Join(plain[1:], "/")
	case starts("healthz") && n == 1:
		return Health, ""
	case starts("readyz") && n == 1:
		return Ready, ""
	}
	return Nowhere, ""
}

// slowUnescape decodes each escape by itself, so that a bad one stays.
func slowUnescape(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		if len(s) >= 3 && s[0] == '%' {
			if c, err := url.PathUnescape(s[:3]); err == nil {
				b.WriteString(c)
				s = s[3:]
				continue
			}
		}
		b.WriteByte(s[0])
		s = s[1:]
	}
	return b.String()
}

func BenchmarkPostbackTarget(b *testing.B) {
	raw := []byte("/api/v1/cpa/action/" + sampleID + "?value=2.1&lead_code=abcd1234567890&key=123456789012345678901234567890abcdef")
	buf, buf2 := make([]byte, 0, 256), make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		t := Split(raw, buf)
		if p := PostbackParams(t.Query, false, buf2); p.Key == nil {
			b.Fatal("no key")
		}
	}
}
