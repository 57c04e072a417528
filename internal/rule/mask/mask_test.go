package mask

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"homing"
)

const (
	id       = "c86b8a88b91228911e723b93c65a5900bb49bc99"
	key36    = "123456789012345678901234567890abcdef"
	key16    = "41Bcdefghijklmno" // begins like an escape
	key40hex = "0123456789abcdef0123456789abcdef01234567"
	gclid    = "EAIaIQobChMI7Nf2wYXQhQMVhpVoCR3b5wQXEAAYASAAEgKx1fDBwE"
	key64    = "zZ3456789012345678901234567890123456789012345678901234567890123Z"
)

var knownKeys = []string{key36, key16, key40hex, key64}

func newMasker() *Masker { return &Masker{KeyIn: slowKeyIn, MaskOf: maskOf} }

// slowKeyIn tries every key at every position, the longest first.
func slowKeyIn(run []byte) (start, end int, ok bool) {
	for i := range run {
		for _, k := range []string{key64, key40hex, key36, key16} {
			if len(run)-i >= len(k) && string(run[i:i+len(k)]) == k {
				return i, i + len(k), true
			}
		}
	}
	return 0, 0, false
}

func maskOf(run []byte) string {
	h := sha256.Sum256(run)
	return "key:" + hex.EncodeToString(h[:3])
}

// percent encodes every character.
func percent(s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, "%%%02x", s[i])
	}
	return b.String()
}

func TestAppend(t *testing.T) {
	m36, m16, m40, m64 := maskOf([]byte(key36)), maskOf([]byte(key16)), maskOf([]byte(key40hex)), maskOf([]byte(key64))
	unknown36, unknown70 := strings.Repeat("u", 36), strings.Repeat("u", 70)
	for _, c := range []struct{ why, text, loose, strict string }{
		{"nothing", "", "", ""},
		{"no runs", "/a/b?c=%20%zz%", "/a/b?c=%20%zz%", "/a/b?c=%20%zz%"},
		{"click id", "/action/" + id, "/action/" + id, "/action/" + id},
		{"click id, encoded digit", "/action/%63" + id[1:], "/action/%63" + id[1:], "/action/%63" + id[1:]},
		{"click id behind an encoded slash", "a%2F" + id + "%2f", "a%2F" + id + "%2f", "a%2F" + id + "%2f"},
		{"click id in upper case", strings.ToUpper(id), strings.ToUpper(id), maskOf([]byte(strings.ToUpper(id)))},
		{"known key", "?key=" + key36 + "&x=1", "?key=" + m36 + "&x=1", "?key=" + m36 + "&x=1"},
		{"short known key", "key=" + key16, "key=" + m16, "key=" + m16},
		{"known key that looks like a click id", "/" + key40hex, "/" + m40, "/" + m40},
		{"long known key", key64 + "." + key64, m64 + "." + m64, m64 + "." + m64},
		{"encoded letter", "key=%31" + key36[1:], "key=" + m36, "key=" + m36},
		{"encoded whole", "key=" + percent(key36) + "&", "key=" + m36 + "&", "key=" + m36 + "&"},
		{"behind an encoded equals sign", "key%3D" + key36, "key%3D" + m36, "key%3D" + m36},
		{"behind a bad escape", "key=%" + key36, "key=%" + m36, "key=%" + m36},
		{"in percent signs, begins like an escape", "key=%" + key16 + "%", "key=%" + m16 + "%", "key=%" + m16 + "%"},
		{"followed by an encoded letter", key16 + "%41", m16 + "%41", m16 + "%41"},
		{"unknown, as long as ours", unknown36, unknown36, maskOf([]byte(unknown36))},
		{"unknown, shorter", unknown36[1:], unknown36[1:], unknown36[1:]},
		{"unknown, long", unknown70, unknown70, maskOf([]byte(unknown70))},
		{"unknown, long and encoded", percent(unknown70), percent(unknown70), maskOf([]byte(unknown70))},
		{"key glued to something", "x" + key36, "x" + m36, maskOf([]byte("x" + key36))},
		{"short key glued on both sides", "x" + key16 + "yz", "x" + m16 + "yz", "x" + m16 + "yz"},
		{"encoded key inside an encoded run", "%78%79" + percent(key36) + "%7Az", "%78%79" + m36 + "%7Az", maskOf([]byte("xy" + key36 + "zz"))},
		{"two keys in a run", "a" + key16 + "b" + key36 + "c", "a" + m16 + "b" + m36 + "c", maskOf([]byte("a" + key16 + "b" + key36 + "c"))},
		{"two encoded keys in a run", "%61" + percent(key16) + "%62" + percent(key16) + "c", "%61" + m16 + "%62" + m16 + "c", "%61" + m16 + "%62" + m16 + "c"},
		{"second key behind much that is encoded", percent("abcdefghijkl") + key16 + key16, percent("abcdefghijkl") + m16 + m16, maskOf([]byte("abcdefghijkl" + key16 + key16))},
		{"key glued behind a bad escape", "%4" + key16 + "x", "%4" + m16 + "x", "%4" + m16 + "x"},
		{"raw key in a run that reads otherwise", "%" + key16 + "xy%", "%" + m16 + "xy%", "%" + m16 + "xy%"},
		{"a gclid", "sub5=" + gclid, "sub5=" + gclid, "sub5=" + maskOf([]byte(gclid))},
		{"two ids glued", id + id, id + id, maskOf([]byte(id + id))},
		{"cut id", id[:39], id[:39], maskOf([]byte(id[:39]))},
		{"key and text that is no UTF-8", "\xff" + key36 + "\xff", "\xff" + m36 + "\xff", "\xff" + m36 + "\xff"},
	} {
		t.Run(c.why, func(t *testing.T) {
			m := newMasker()
			if got := string(m.Append([]byte("<"), []byte(c.text), false)); got != "<"+c.loose {
				t.Errorf("loose: %s, want %s", got, c.loose)
			}
			if got := string(m.Append(nil, []byte(c.text), true)); got != c.strict {
				t.Errorf("strict: %s, want %s", got, c.strict)
			}
		})
	}
}

func TestAppendAllocatesNothingWithoutSecrets(t *testing.T) {
	m := newMasker()
	text := []byte("/api/v1/cpa/action/%63" + id[1:] + "?value=2.1&lead_code=%61bcd1234567890123456")
	dst := make([]byte, 0, 256)
	if n := testing.AllocsPerRun(100, func() { m.Append(dst, text, true) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzMask puts a known key into a text, glued to it or not, and looks for any
// known key in what comes out, as it stands there and decoded.
func FuzzMask(f *testing.F) {
	f.Add("/action/x?key=", "&x=1", uint8(0), uint64(0), true)
	f.Add("%", "%", uint8(1), uint64(0), false)
	f.Add("%3D", "%41", uint8(2), uint64(0xff), false)
	f.Add("%4", "%", uint8(3), uint64(1)<<63, true)
	f.Add("?sub3=x", "yy&x", uint8(0), uint64(0), false)
	f.Add("%63"+key16, "%"+key16+"z", uint8(1), uint64(5), false)
	f.Add("/a/"+id, key36+percent(key36), uint8(3), uint64(0), true)
	f.Add(percent("abcdefghijkl")+key16, "", uint8(1), uint64(0), false)
	f.Add("&%6BeY%5B0%5D=", key36[:20]+"%26+"+key36[20:], uint8(0), uint64(7), true)
	f.Fuzz(func(t *testing.T, before, after string, which uint8, encode uint64, strict bool) {
		m := newMasker()
		key := knownKeys[int(which)%len(knownKeys)]
		sent := ""
		for i := range len(key) {
			if encode>>(i%64)&1 == 1 {
				sent += percent(key[i : i+1])
			} else {
				sent += key[i : i+1]
			}
		}
		text := before + sent + after
		mask := func(text string) string { return string(m.Append(nil, []byte(text), strict)) }
		checkMasked(t, text, mask)
		checkMasked(t, text, func(text string) string { return string(m.AppendTarget(nil, []byte(text))) })
		quiet := strings.Map(func(r rune) rune {
			if r < 0x80 && homing.IsAlnum(byte(r)) {
				return '-'
			}
			return r
		}, before)
		if got := mask(quiet); got != quiet {
			t.Errorf("%q became %q", quiet, got)
		}
	})
}

func checkMasked(t *testing.T, text string, mask func(string) string) {
	t.Helper()
	got := mask(text)
	for _, k := range knownKeys {
		if strings.Contains(got, k) || strings.Contains(slowDecode(got), k) {
			t.Errorf("%q is in %q of %q", k, got, text)
		}
	}
	if again := mask(got); again != got {
		t.Errorf("masked twice: %q, then %q", got, again)
	}
}

func slowDecode(s string) string {
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

func BenchmarkAppend(b *testing.B) {
	m := newMasker()
	for name, text := range map[string]string{
		"simple": "/api/v1/cpa/action/" + id + "?value=2.10",
		"key":    "/api/v1/cpa/action/" + id + "?value=2.1&lead_code=abcd1234567890&key=" + key36,
	} {
		b.Run(name, func(b *testing.B) {
			dst, raw := make([]byte, 0, 256), []byte(text)
			b.ReportAllocs()
			for b.Loop() {
				m.Append(dst, raw, true)
			}
		})
	}
}
