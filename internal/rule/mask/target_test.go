package mask

import (
	"strings"
	"testing"

	"homing"
)

func TestAppendTarget(t *testing.T) {
	const path = "/api/v1/cpa/action/" + id
	mask := func(s string) string { return maskOf([]byte(s)) }
	part := key36[:35]
	for _, c := range []struct{ why, text, want string }{
		{"no query", path, path},
		{"no key", path + "?value=2.1&lead_code=a", path + "?value=2.1&lead_code=a"},
		{"known key", path + "?key=" + key36 + "&value=1", path + "?key=" + mask(key36) + "&value=1"},
		{"known key, encoded", path + "?key=" + percent(key36), path + "?key=" + mask(key36)},
		{"all but one", path + "?value=1&key=" + part, path + "?value=1&key=" + mask(part)},
		{"two pieces", path + "?key=" + key36[:18] + "+" + key36[18:] + "&a", path + "?key=" + mask(key36[:18]+"+"+key36[18:]) + "&a"},
		{"piece behind a semicolon", path + "?key=" + key36[:18] + ";" + key36[18:], path + "?key=" + mask(key36[:18]+";"+key36[18:])},
		{"line end", path + "?key=" + key36 + "%0a", path + "?key=" + mask(key36+"\n")},
		{"upper case, encoded name", path + "?%4BEy=" + part, path + "?%4BEy=" + mask(part)},
		{"brackets", path + "?key[]=" + part + "&key%5B0%5D=x", path + "?key[]=" + mask(part) + "&key%5B0%5D=" + mask("x")},
		{"html separator", path + "?a=1&amp;key=" + part, path + "?a=1&amp;key=" + mask(part)},
		{"no question mark", path + "&key=" + part, path + "&key=" + mask(part)},
		{"two question marks", path + "?a=1?key=" + part, path + "?a=1?key=" + mask(part)},
		{"encoded equals sign", path + "?key%3D" + part, path + "?key%3D" + mask(part)},
		{"in an encoded URL", path + "?u=http%3A%2F%2Fx%2F%3Fkey%3D" + part + "&b=1", path + "?u=http%3A%2F%2Fx%2F%3Fkey%3D" + mask(part) + "&b=1"},
		{"twice", "?key=a&key=b", "?key=" + mask("a") + "&key=" + mask("b")},
		{"empty", "?key=&b=1", "?key=&b=1"},
		{"no value", "?key&b=1", "?key&b=1"},
		{"another name", "?monkey=a&keys=b&keyx[]=c", "?monkey=a&keys=b&keyx[]=c"},
		{"masked already", "?key=key:0a1b2c&b", "?key=key:0a1b2c&b"},
		{"nearly a mask", "?key=key:0a1b2C&b", "?key=" + mask("key:0a1b2C") + "&b"},
	} {
		got := string(newMasker().AppendTarget([]byte("<"), []byte(c.text)))
		if got != "<"+c.want {
			t.Errorf("%s: %s, want %s", c.why, got, c.want)
		}
		if again := string(newMasker().AppendTarget(nil, []byte(got[1:]))); again != got[1:] {
			t.Errorf("%s: the second time %s", c.why, again)
		}
	}
}

func TestPostbackIsMaskedOnceMore(t *testing.T) {
	p := homing.Postback{Target: "/a?lead_code=x" + key16, UserAgent: "bot/" + key36, Lead: strings.Repeat("l", 50) + key16}
	newMasker().Postback(&p)
	m := maskOf([]byte(key16))
	if p.Target != "/a?lead_code=x"+m || p.UserAgent != "bot/"+maskOf([]byte(key36)) || p.Lead != strings.Repeat("l", 50)+m {
		t.Errorf("got %+v", p)
	}
}
