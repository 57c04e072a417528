package macro

import (
	"errors"
	"fmt"
	"net/netip"
	neturl "net/url"
	"strings"
	"testing"

	"homing"
)

const idText = "6f1e0a4b9c2d7e8f00112233445566778899aabb"

// example returns values in which every field has something to say.
func example() *Values {
	id, ok := homing.ParseClickID(idText)
	if !ok {
		panic("the example's id is none")
	}
	c := &homing.Click{
		ID:        id,
		Origin:    homing.Origin{Time: 1767225600999, Node: 1, Campaign: 42},
		UserAgent: []byte("Mozilla/5.0 (X11; Linux x86_64)"),
		Referrer:  []byte("https://blog.example/?a=1&b=2"),
		Language:  []byte("de-AT,de;q=0.9,en;q=0.8"),
	}
	for n := range 10 {
		c.Params[homing.ParamSub1+homing.Param(n)] = fmt.Appendf(nil, "value %d", n+1)
	}
	return &Values{
		Click: c, CampaignName: "Spring & sale", Addr: netip.MustParseAddr("203.0.113.9"), Random: 4294967295,
		Device: "mobile", OS: "Android", Browser: "Samsung Internet",
		Country: "DE", Region: "Bavaria", City: "München", Carrier: "Example Mobile",
	}
}

func fill(t *testing.T, url string, v *Values) string {
	t.Helper()
	tmpl, err := Compile(url)
	if err != nil {
		t.Fatalf("Compile(%q): %v", url, err)
	}
	return string(tmpl.Append(nil, v))
}

func TestSyntaxesOfClickID(t *testing.T) {
	for _, form := range []string{
		"{click_id}", "{clickid}", "{CLICK_ID}", "{CLICKID}", "{ClickID}", "${CLICK_ID}", "${click_id}", "{{click_id}}", "{{CLICKID}}",
		"[CLICK_ID]", "[click_id]", "[clickid]", "[[click_id]]", "%CLICK_ID%", "%clickid%", "#click_id#", "#CLICKID#",
		"##CLICK_ID##", "__CLICK_ID__", "__clickid__", "%7Bclick_id%7D", "%7bCLICK_ID%7d", "%7B%7Bclick_id%7D%7D",
		"%24%7BCLICK_ID%7D", "$%7BCLICK_ID%7D", "%5BCLICK_ID%5D", "%5B%5BCLICK_ID%5D%5D", "%25CLICK_ID%25", "%23%23CLICK_ID%23%23", "%23clickid%23",
	} {
		for _, around := range []string{
			"https://a.example/x?c=@", "https://a.example/x?c=@&d=1", "https://a.example/@", "https://a.example/x/@/y?z=1", "https://a.example/?@",
			"https://a.example?c=@", "https://a.example/x?c=pre-@", "https://a.example/x?c=1#@", "https://a.example/x?c=@#end", "https://a.example/?@&d=1",
		} {
			before, after, _ := strings.Cut(around, "@")
			if got, want := fill(t, before+form+after, example()), before+idText+after; got != want {
				t.Errorf("%s%s%s\n got %s\nwant %s", before, form, after, got, want)
			}
		}
	}
}

func TestAppend(t *testing.T) {
	const host = "https://a.example"
	for _, c := range []struct{ name, template, want string }{
		{"no macro", "/x?y=1", "/x?y=1"},
		{"every own syntax", "/?a={sub1}&b=${sub2}&c={{sub3}}&d=%7Bsub4%7D&e=%7b%7bsub5%7d%7d&f=%24%7Bsub6%7D",
			"/?a=value%201&b=value%202&c=value%203&d=value%204&e=value%205&f=value%206"},
		{"sub10 is not sub1", "/?{sub10}{sub1}", "/?value%2010value%201"},
		{"path and fragment", "/{sub1}/b#/{city}", "/value%201/b#/M%C3%BCnchen"},
		{"campaign", "/?{campaign}|{campaign_id}", "/?Spring%20%26%20sale|42"},
		{"request", "/?{ip}&{timestamp}&{random}&{lang}", "/?203.0.113.9&1767225600&4294967295&de"},
		{"referrer", "/?r={referrer}", "/?r=https%3A%2F%2Fblog.example%2F%3Fa%3D1%26b%3D2"},
		{"user agent", "/?r={user_agent}", "/?r=Mozilla%2F5.0%20%28X11%3B%20Linux%20x86_64%29"},
		{"device", "/{device_type}/{os}/{browser}", "/mobile/Android/Samsung%20Internet"},
		{"geo", "/?{geo}.{country}.{region}.{carrier}", "/?DE.DE.Bavaria.Example%20Mobile"},
		{"missing is empty", "/?a={source}&b={cost}", "/?a=&b="},

		{"unknown stays", "/?a={foo}&b={payout:raw}&c={!tscode!}", "/?a={foo}&b={payout:raw}&c={!tscode!}"},
		{"OpenRTB stays", "/?a=${AUCTION_ID}&p=${AUCTION_PRICE}&q=${PRICE}", "/?a=${AUCTION_ID}&p=${AUCTION_PRICE}&q=${PRICE}"},
		{"VAST stays", "/?t=[TIMESTAMP]&c=[CACHEBUSTING]&i=[ip]", "/?t=[TIMESTAMP]&c=[CACHEBUSTING]&i=[ip]"},
		{"escapes stay", "/%63ity%20?a=%ca%fe%city%", "/%63ity%20?a=%ca%fe%city%"},
		{"others' forms stay", "/?a=#sub1#", "/?a=#sub1#"},
		{"array parameters stay", "/?a[sub1]=1&a[click_id]=2&b[x][click_id]=3&c[click_id][]=4&a%5Bclick_id%5D=5&[click_id]=6&__click_id__=7&d[click_id]&u=https://b.example/?e[click_id]=8",
			"/?a[sub1]=1&a[click_id]=2&b[x][click_id]=3&c[click_id][]=4&a%5Bclick_id%5D=5&[click_id]=6&__click_id__=7&d[click_id]&u=https://b.example/?e[click_id]=8"},
		{"braces name parameters", "/?{sub1}={sub2}", "/?value%201=value%202"},
		{"anchor stays", "/page#click_id", "/page#click_id"},
		{"encoded twice stays", "/?a=%257Bclick_id%257D", "/?a=%257Bclick_id%257D"},
		{"brace too many", "/?a={{click_id}&b={click_id}}", "/?a={" + idText + "&b=" + idText + "}"},
		{"spaces inside stay", "/?a={%20click_id}", "/?a={%20click_id}"},
		{"case of other names", "/?a={Sub1}&b={GEO}", "/?a={Sub1}&b={GEO}"},
		{"own letters outside ASCII", "/höhe?a={sub1}", "/h%C3%B6he?a=value%201"},
		{"hash right behind the host", "#click_id#", "#click_id#"},
		{"macro behind that hash", "##click_id##", "#" + idText + "#"},
		{"query right behind the host", "?{sub1}", "?value%201"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := fill(t, host+c.template, example()); got != host+c.want {
				t.Errorf("%s\n got %s\nwant %s", c.template, got, host+c.want)
			}
		})
	}
}

func TestQueryStandsFirst(t *testing.T) {
	for _, e := range entries {
		v := example()
		for p := range v.Click.Params {
			v.Click.Params[p] = []byte("given" + homing.Param(p).String())
		}
		got := fill(t, "https://a.example/?v={"+e.Name+"}", v)
		fromQuery := got == "https://a.example/?v=given"+e.Name
		if want := e.field < field(homing.ParamCount); fromQuery != want {
			t.Errorf("{%s} gave %s; from the query: %v, want %v", e.Name, got, fromQuery, want)
		}
	}
}

func TestFallbacks(t *testing.T) {
	set := func(p homing.Param, s string) func(*Values) {
		return func(v *Values) { v.Click.Params[p] = []byte(s) }
	}
	for _, c := range []struct {
		name, macro string
		change      func(*Values)
		want        string
	}{
		{"geo from country", "geo", set(homing.ParamCountry, "FR"), "FR"},
		{"country from geo", "country", set(homing.ParamGeo, "FR"), "FR"},
		{"an empty parameter is not given", "geo", set(homing.ParamGeo, ""), "DE"},
		{"IPv6", "ip", func(v *Values) { v.Addr = netip.MustParseAddr("2001:db8::1%eth0") }, "2001%3Adb8%3A%3A1"},
		{"IPv4 in IPv6", "ip", func(v *Values) { v.Addr = netip.MustParseAddr("::ffff:192.0.2.1") }, "192.0.2.1"},
		{"no address", "ip", func(v *Values) { v.Addr = netip.Addr{} }, ""},
		{"any language", "lang", func(v *Values) { v.Click.Language = []byte("*") }, ""},
		{"no language", "lang", func(v *Values) { v.Click.Language = nil }, ""},
		{"upper case language", "lang", func(v *Values) { v.Click.Language = []byte("EN-us") }, "en"},
		{"hostile language", "lang", func(v *Values) { v.Click.Language = []byte("x&a=b") }, ""},
		{"overlong language", "lang", func(v *Values) { v.Click.Language = []byte("abcdefghijk") }, ""},
		{"long referrer", "referrer", func(v *Values) { v.Click.Referrer = []byte(strings.Repeat("a", 9000)) }, strings.Repeat("a", 1024)},
		{"a letter is not cut", "referrer", func(v *Values) { v.Click.Referrer = []byte(strings.Repeat("a", 1023) + "ö") }, strings.Repeat("a", 1023)},
		{"cut bytes that are no UTF-8", "referrer", func(v *Values) { v.Click.Referrer = []byte(strings.Repeat("\x80", 2000)) }, strings.Repeat("%80", 1024)},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := example()
			c.change(v)
			if got := fill(t, "https://a.example/?v={"+c.macro+"}", v); got != "https://a.example/?v="+c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// Whatever a stranger puts into sub1, or an operator into a campaign's name,
// must come out as the value of that one parameter.
func TestNothingIsInjected(t *testing.T) {
	for _, evil := range []string{
		"&key=stolen", "a&b=c#d", "?x", "#x", "a;b", "\r\nSet-Cookie: a=b", "\x00", "a b", "a+b", "%26", "%", "%4", "{click_id}", "{sub2}", "${campaign}", "%7Bsub2%7D",
		"//evil.example", "/../../admin", "..", ".", "../", `\..\`, "@evil.example", ":80", "javascript:alert(1)", "<script>", "'\"", "\u2028", "ö", "\xff\xfe", "%0d%0a",
	} {
		v := example()
		v.Click.Params[homing.ParamSub1] = []byte(evil)
		v.CampaignName = evil
		got := fill(t, "https://a.example/go?s={sub1}&c={campaign}&z=1#{sub1}", v)
		u, err := neturl.Parse(got)
		if err != nil {
			t.Errorf("%q made %q: %v", evil, got, err)
			continue
		}
		q, err := neturl.ParseQuery(u.RawQuery)
		if err != nil || len(q) != 3 || q.Get("s") != evil || q.Get("c") != evil || q.Get("z") != "1" || len(q["s"]) != 1 {
			t.Errorf("%q made the query %q", evil, u.RawQuery)
		}
		if u.Host != "a.example" || u.Path != "/go" || u.Fragment != evil {
			t.Errorf("%q made %q", evil, got)
		}
		inPath := fill(t, "https://a.example/shop/{sub1}/{campaign}/item?x=1", v)
		u, err = neturl.Parse(inPath)
		if err != nil || u.RawQuery != "x=1" || strings.Count(u.EscapedPath(), "/") != 4 || !strings.HasPrefix(u.JoinPath().EscapedPath(), "/shop/") {
			t.Errorf("%q in the path made %q (%v)", evil, inPath, err)
		}
	}
}

func TestCompileRefuses(t *testing.T) {
	for _, c := range []struct{ url, says string }{
		{"", "empty"},
		{"a.example/?c={click_id}", "begin it with https://"},
		{"//a.example/", "begin it with https://"},
		{"ftp://a.example/", "begin it with https://"},
		{"javascript:alert(1)//https://", "begin it with https://"},
		{"https:/a.example/", "begin it with https://"},
		{" https://a.example/", "space at byte 1"},
		{"https://a.example/ b", "space at byte 19"},
		{"https://a.example/\n", "control character at byte 19"},
		{"https://a.example/\u0085", "control character"},
		{"https://a.example/\xff", "UTF-8"},
		{"https://a.example/" + strings.Repeat("a", 2048), "2066 bytes"},
		{"https:///x", "host is missing"},
		{"https://:80/x", "host is missing"},
		{"https://user:pw@a.example/", "user name"},
		{"https://a.example@evil.example/", "user name"},
		{"https://a.example\\@evil.example/", "user name"},
		{"https://a.example\\evil.example/", "must not contain"},
		{"https://a,b/", "must not contain"},
		{"https://{sub1}.example/", "nothing is replaced in the host"},
		{"https://a.example{sub1}/", "nothing is replaced in the host"},
		{"https://[CLICK_ID].example/", "nothing is replaced in the host"},
		{"https://%7Bclick_id%7D/", "nothing is replaced in the host"},
		{"https://${click_id}:80/", "nothing is replaced in the host"},
		{"https://a.example:{sub1}/", "port"},
		{"https://a.example:0/", "port"},
		{"https://a.example:65536/", "port"},
		{"https://münchen.example/", "xn--"},
		{"https://[::1%25eth0]/", "host"},
		{"https://a.example/%zz", `"%zz" is no escape`},
		{"https://a.example/#%", "no escape"},
		{"https://a.example/?a=%{sub1}", "lone %"},
		{"https://a.example/?a=%4{sub1}", "lone %"},
		{"https://a.example/?a=%%CLICK_ID%%", "lone %"},
	} {
		_, err := Compile(c.url)
		if !errors.Is(err, homing.ErrInvalid) {
			t.Errorf("Compile(%q) = %v, want ErrInvalid", c.url, err)
			continue
		}
		if !strings.Contains(err.Error(), c.says) || strings.ContainsAny(err.Error(), "\r\n") {
			t.Errorf("Compile(%q) says %q, want one line with %q", c.url, err, c.says)
		}
	}
}

func TestCompileTakes(t *testing.T) {
	for _, url := range []string{
		"https://a.example", "HTTPS://A.Example/", "http://127.0.0.1:8080/x?c={click_id}", "https://[2001:db8::1]:8443/", "http://localhost/",
		"https://a_b.example/", "https://a.example/?s=%SUBID%", "https://a.example/?q=50%", "https://a.example/a:b@c", "https://a.example/x?e=me@b.example",
		"https://a.example/?a=%41{sub1}",
	} {
		if _, err := Compile(url); err != nil {
			t.Errorf("Compile(%q): %v", url, err)
		}
	}
}

func TestNeeds(t *testing.T) {
	for _, e := range entries {
		tmpl, err := Compile("https://a.example/?v={" + e.Name + "}")
		if err != nil {
			t.Fatal(err)
		}
		var want Needs
		switch e.Name {
		case "device_type", "os", "browser":
			want = NeedsDevice
		case "geo", "country", "region", "city", "carrier":
			want = NeedsGeo
		}
		if tmpl.Needs() != want {
			t.Errorf("{%s} needs %b, want %b", e.Name, tmpl.Needs(), want)
		}
	}
	tmpl, _ := Compile("https://a.example/?v={os}{geo}{unknown}")
	if tmpl.Needs() != NeedsDevice|NeedsGeo {
		t.Errorf("os and geo need %b", tmpl.Needs())
	}
}

// The list is a promise to operators.
func TestNames(t *testing.T) {
	const want = "click_id campaign campaign_id creative_id device_type os browser referrer site_id site_host category carrier keywords geo country region city lang " +
		"format pricing_model cost price ecpc ip adspot_id adspot_name x y timestamp user_agent random source sub1 sub2 sub3 sub4 sub5 sub6 sub7 sub8 sub9 sub10"
	if got := strings.Join(Names(), " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for f, e := range table {
		if e.Name == "" || e.field != field(f) {
			t.Errorf("field %d has no entry", f)
		}
	}
}

func TestAppendAllocatesNothing(t *testing.T) {
	var b strings.Builder
	b.WriteString("https://a.example/?")
	for _, name := range Names() {
		fmt.Fprintf(&b, "%s={%s}&", name, name)
	}
	tmpl, err := Compile(b.String())
	if err != nil {
		t.Fatal(err)
	}
	v, buf := example(), make([]byte, 0, 8<<10)
	if n := testing.AllocsPerRun(100, func() { tmpl.Append(buf, v) }); n != 0 {
		t.Errorf("Append allocates %v times", n)
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, c := range []struct{ name, url string }{
		{"typical", "https://advertiser.example/landing?clickid={click_id}&s={sub1}"},
		{"long", "https://advertiser.example/landing?clickid={click_id}&s={sub1}&c={campaign}&r={referrer}&ip={ip}&l={lang}&t={timestamp}&ua={user_agent}"},
	} {
		b.Run(c.name, func(b *testing.B) {
			tmpl, err := Compile(c.url)
			if err != nil {
				b.Fatal(err)
			}
			v, buf := example(), make([]byte, 0, 4096)
			b.ReportAllocs()
			for b.Loop() {
				buf = tmpl.Append(buf[:0], v)
			}
		})
	}
}
