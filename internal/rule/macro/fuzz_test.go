package macro

import (
	"math/rand/v2"
	neturl "net/url"
	"regexp"
	"strings"
	"testing"

	"homing"
)

// The oracle below was written apart from the scanner: it looks for macros with
// one regular expression and lets net/url encode. It is slow and knows nothing
// of the compiled form.

var oracleMacro = func() *regexp.Regexp {
	names := strings.Join(Names(), "|")
	// Not (?i:…), which takes the Kelvin sign for a k.
	click := `[cC][lL][iI][cC][kK]_?[iI][dD]`
	any := `(` + click + `|` + names + `)`
	return regexp.MustCompile(strings.Join([]string{
		`\{\{` + any + `\}\}`, `(?i:%7b%7b)` + any + `(?i:%7d%7d)`,
		`\$\{` + any + `\}`, `(?i:\$%7b)` + any + `(?i:%7d)`, `(?i:%24%7b)` + any + `(?i:%7d)`,
		`\{` + any + `\}`, `(?i:%7b)` + any + `(?i:%7d)`,
		`\[\[` + click + `\]\]`, `(?i:%5b%5b)` + click + `(?i:%5d%5d)`, `\[` + click + `\]`, `(?i:%5b)` + click + `(?i:%5d)`,
		`##` + click + `##`, `%23%23` + click + `%23%23`, `#` + click + `#`, `%23` + click + `%23`,
		`__` + click + `__`, `%` + click + `%`, `%25` + click + `%25`,
	}, "|"))
}()

var (
	oracleHost = regexp.MustCompile(`^(?i:https?)://[^/?#]*`)
	oracleSoft = regexp.MustCompile(`^(?:\[|_|(?i:%5b))`)
	// oracleName matches what ends inside a parameter's name.
	oracleName  = regexp.MustCompile(`^[^?#]*\?(?:[^#]*&)?([^=&#]*)$`)
	oracleGoes  = regexp.MustCompile(`^(?:[=\[\]]|(?i:%3d|%5b|%5d))`)
	oracleStops = regexp.MustCompile(`^(?:$|[&#])`)
)

// oracle expands a template that Compile took.
func oracle(template string, v *Values) string {
	host := oracleHost.FindString(template)
	text := template[len(host):]
	out, clean := host, "" // clean is what was passed, with macros as plain letters
	escape := func(s string) string { return strings.ReplaceAll(neturl.QueryEscape(s), "+", "%20") }
	literal := func(s string) {
		for _, b := range []byte(s) {
			if b < 0x80 {
				out += string(rune(b))
			} else {
				out += escape(string([]byte{b}))
			}
		}
		clean += s
	}
	if text != "" {
		literal(text[:1])
		text = text[1:]
	}
	for text != "" {
		m := oracleMacro.FindStringSubmatchIndex(text)
		if m == nil {
			literal(text)
			break
		}
		literal(text[:m[0]])
		found, rest := text[m[0]:m[1]], text[m[1]:]
		name := ""
		for i := 2; i < len(m); i += 2 {
			if m[i] >= 0 {
				name = text[m[i]:m[i+1]]
			}
		}
		if oracleSoft.MatchString(found) {
			in := oracleName.FindStringSubmatch(clean)
			if oracleGoes.MatchString(rest) || in != nil && !(in[1] == "" && oracleStops.MatchString(rest)) {
				literal(found[:1])
				text = text[m[0]+1:]
				continue
			}
		}
		if f := strings.ToLower(name); name == "" || f == "click_id" || f == "clickid" {
			out += v.Click.ID.String()
		} else if value := oracleValue(name, v); strings.ContainsAny(clean, "?#") || strings.Trim(value, ".") != "" {
			out += escape(value)
		}
		clean += "x"
		text = rest
	}
	return out
}

// oracleValue tells the raw value of a macro for the values the fuzzer makes:
// every parameter is either given or has nothing behind it.
func oracleValue(name string, v *Values) string {
	switch name {
	case "campaign":
		return v.CampaignName
	case "campaign_id":
		return v.Click.Origin.Campaign.String()
	case "ip":
		return v.Addr.String()
	case "timestamp":
		return "1767225600"
	case "random":
		return "4294967295"
	case "user_agent":
		return string(v.Click.UserAgent)
	}
	p, _ := homing.ParamNamed([]byte(name))
	return string(v.Click.Params[p])
}

func FuzzMacro(f *testing.F) {
	for _, url := range []string{
		"https://a.example/?c={click_id}&s={sub1}", "https://a.example/{sub1}/../{sub2}{sub1}/x#{referrer}", "https://a.example##click_id##",
		"https://a.example/?a[click_id]=1&[click_id]&b=[[CLICK_ID]]&__click_id__&c=__CLICKID__x", "http://h:1/%7Bsub1%7D?%24%7Bgeo%7D=%23click_id%23",
		"https://a.example/?{sub1}[click_id]&{{ip}}{{{os}}}", "https://[::1]/ö?%click_id%25click_id%25", "https://a.example/?u=https://b/?x[click_id]=2&[[click_id]]]",
		"https://a.example/{user_agent}{timestamp}{random}{campaign_id}{campaign}", "https://a.example/?a[#click_id#&%5bclick_id%5D&%4{sub1}",
	} {
		f.Add(url, "x&y=..", "..")
		f.Add(url, "{click_id}", "\r\n%0a ö\xff")
	}
	f.Fuzz(func(t *testing.T, url, one, two string) {
		Highlight(url)
		Lint(url)
		tmpl, err := Compile(url)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\r\n") {
				t.Fatalf("the error has more than one line: %q", err)
			}
			return
		}
		if len(one) > homing.MaxParamLen || len(two) > homing.MaxParamLen {
			return
		}
		v := example()
		v.CampaignName, v.Click.UserAgent = one, []byte(two)
		for p := range v.Click.Params {
			v.Click.Params[p] = []byte(one)
			if p%2 == 1 {
				v.Click.Params[p] = []byte(two)
			}
		}
		if one == "" || two == "" {
			return // then the fall-backs speak, which have a table of their own
		}
		got := string(tmpl.Append(nil, v))
		if want := oracle(url, v); got != want {
			t.Fatalf("template %q\n got %q\nwant %q", url, got, want)
		}
		checkFilled(t, tmpl, url, got)
	})
}

// What the fuzzer rarely hits upon: templates made of nothing but tricky pieces.
func TestRandomTemplates(t *testing.T) {
	pieces := []string{
		"{", "}", "{{", "}}", "$", "${", "[", "]", "[[", "]]", "#", "##", "_", "__", "%", "%7B", "%7d", "%5B", "%5d", "%23", "%25", "%24", "%3D", "=", "&", "?", "/", "..", ".",
		"a", "5", "click_id", "CLICKID", "sub1", "geo", "foo", "{click_id}", "[CLICK_ID]", "__click_id__", "{sub1}", "{campaign}", "ö",
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	values := []string{"..", "&a=b", "{sub2}", "x", "4", "%41", "/", "#"}
	compiled := 0
	for range 20_000 {
		url := "https://a.example" + []string{"", "/", "/?", "?", "#", "/?a="}[rnd.IntN(6)]
		for range rnd.IntN(12) {
			url += pieces[rnd.IntN(len(pieces))]
		}
		tmpl, err := Compile(url)
		if err != nil {
			continue
		}
		compiled++
		v := example()
		v.CampaignName = values[rnd.IntN(len(values))]
		for p := range v.Click.Params {
			v.Click.Params[p] = []byte(values[rnd.IntN(len(values))])
		}
		got := string(tmpl.Append(nil, v))
		if want := oracle(url, v); got != want {
			t.Fatalf("template %q\n got %q\nwant %q", url, got, want)
		}
		checkFilled(t, tmpl, url, got)
		Lint(url)
	}
	if compiled < 4_000 {
		t.Errorf("only %d templates compiled: the pieces are no good", compiled)
	}
}

// checkFilled holds a filled URL against what no value may do.
func checkFilled(t *testing.T, tmpl *Template, url, got string) {
	for i := range len(got) {
		if got[i] <= ' ' || got[i] >= 0x7f {
			t.Fatalf("template %q made byte %#x in %q", url, got[i], got)
		}
	}
	u, err := neturl.Parse(got)
	if err != nil {
		t.Fatalf("template %q made %q: %v", url, got, err)
	}
	// Harmless values show what the template itself is made of.
	plain, err := neturl.Parse(string(tmpl.Append(nil, &Values{Click: &homing.Click{}})))
	if err != nil {
		t.Fatal(err)
	}
	if u.Scheme != plain.Scheme || u.Host != plain.Host || u.User != nil || !strings.HasPrefix(got, oracleHost.FindString(url)) {
		t.Fatalf("template %q made %q: another scheme or host", url, got)
	}
	// On the raw text, for net/url re-encodes a path that has braces in it.
	before := string(tmpl.Append(nil, &Values{Click: &homing.Click{}}))
	for _, sep := range []string{"&", "=", ";", "/", "?", "#", ":", "@", "+"} {
		if strings.Count(got, sep) != strings.Count(before, sep) {
			t.Fatalf("template %q made %q: another number of %q", url, got, sep)
		}
	}
}
