package mmdb

import (
	"context"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"homing/internal/engine/geo"
)

var munich = record{
	"country":      record{"iso_code": "DE", "names": record{"en": "Germany", "de": "Deutschland"}},
	"subdivisions": list{record{"iso_code": "BY", "names": record{"en": "Bavaria", "de": "Bayern"}}},
	"city":         record{"names": record{"de": "München", "en": "Munich"}, "geoname_id": uint64(2867714)},
	"location":     record{"accuracy_radius": uint64(5)},
}

func write(t testing.TB, path string, data []byte) {
	t.Helper()
	// By rename, as those who ship such files do.
	if err := os.WriteFile(path+".new", data, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

func open(t testing.TB, files ...[]byte) *Finder {
	t.Helper()
	var paths []string
	for i, data := range files {
		path := filepath.Join(t.TempDir(), string(rune('a'+i))+".mmdb")
		write(t, path, data)
		paths = append(paths, path)
	}
	f, err := Open(paths, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func find(f *Finder, addr string) geo.Place { return f.Find(netip.MustParseAddr(addr)) }

func TestLayouts(t *testing.T) {
	for name, c := range map[string]struct {
		record record
		want   geo.Place
	}{
		"city":       {munich, geo.Place{Country: "DE", Region: "Bavaria", City: "Munich"}},
		"ISP":        {record{"isp": "Example Net", "autonomous_system_organization": "EXAMPLE-AS", "autonomous_system_number": uint64(64500)}, geo.Place{ISP: "Example Net"}},
		"mobile ISP": {record{"isp": "Example Mobile", "mobile_country_code": "262", "mobile_network_code": "01"}, geo.Place{ISP: "Example Mobile", Carrier: "Example Mobile"}},
		"enterprise": {record{"country": record{"iso_code": "AT"}, "traits": record{"isp": "A1", "mobile_network_code": "01"}}, geo.Place{Country: "AT", ISP: "A1", Carrier: "A1"}},
		"ASN":        {record{"autonomous_system_organization": "EXAMPLE-AS"}, geo.Place{ISP: "EXAMPLE-AS"}},
		"flat":       {record{"country_code": "us", "country": "United States", "region": "Ohio", "city": "Dayton", "as_name": "Example LLC", "asn": "AS64500"}, geo.Place{Country: "US", Region: "Ohio", City: "Dayton", ISP: "Example LLC"}},
		"flat, country": {record{"country": "FR", "country_name": "France", "state1": "Bretagne", "city": "Brest"},
			geo.Place{Country: "FR", Region: "Bretagne", City: "Brest"}},
		"carrier":       {record{"carrier": record{"name": "Example Mobile", "mcc": "262"}}, geo.Place{Carrier: "Example Mobile"}},
		"carrier, flat": {record{"carrier": "Example Mobile"}, geo.Place{Carrier: "Example Mobile"}},
		"nothing":       {record{"location": record{"accuracy_radius": uint64(1)}}, geo.Place{}},
		"other types":   {record{"country": uint64(7), "city": list{"x"}, "region": true, "isp": record{"name": "x"}, "subdivisions": record{"0": "x"}}, geo.Place{}},
		"dashes":        {record{"country_code": "-", "region": "-", "city": " \t"}, geo.Place{}},
	} {
		t.Run(name, func(t *testing.T) {
			f := open(t, encode("test", 1, entry{"203.0.113.0/24", c.record}, entry{"2001:db8::/32", c.record}))
			for _, addr := range []string{"203.0.113.9", "::ffff:203.0.113.9", "2001:db8::1", "2001:db8::1%eth0"} {
				for range 2 { // decoded, then remembered
					if got := find(f, addr); got != c.want {
						t.Errorf("%s: %+v, want %+v", addr, got, c.want)
					}
				}
			}
			if got := find(f, "198.51.100.1"); got != (geo.Place{}) {
				t.Errorf("an unknown address: %+v", got)
			}
			if got := f.Find(netip.Addr{}); got != (geo.Place{}) {
				t.Errorf("no address: %+v", got)
			}
		})
	}
}

func TestFirstAnswerWins(t *testing.T) {
	f := open(t,
		encode("city", 1, entry{"203.0.113.0/24", record{"country": record{"iso_code": "DE"}}}),
		encode("more", 1, entry{"203.0.113.0/24", munich}, entry{"198.51.100.0/24", munich}),
		encode("isp", 1, entry{"203.0.113.0/24", record{"isp": "Example", "country_code": "FR"}}))
	want := geo.Place{Country: "DE", Region: "Bavaria", City: "Munich", ISP: "Example"}
	if got := find(f, "203.0.113.9"); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := find(f, "198.51.100.9"); got.City != "Munich" {
		t.Errorf("got %+v", got)
	}
}

func TestTextsAreSound(t *testing.T) {
	long := strings.Repeat("ü", 400)
	f := open(t, encode("test", 1, entry{"203.0.113.0/24", record{"city": long, "region": "a\xffb\x00c\nd", "isp": strings.Repeat("x", 300)}}))
	got := find(f, "203.0.113.9")
	if len(got.City) > 255 || !utf8.ValidString(got.City) || len(got.City) < 252 {
		t.Errorf("city of %d bytes", len(got.City))
	}
	if got.Region != "abcd" || len(got.ISP) != 255 {
		t.Errorf("region %q, isp of %d bytes", got.Region, len(got.ISP))
	}
}

// waitFor waits until the watcher has seen to it.
func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(what)
		}
	}
}

func TestReplacedFileIsTakenOver(t *testing.T) {
	v1 := encode("v1", 100, entry{"203.0.113.0/24", record{"city": "One"}})
	v2 := encode("v2", 200, entry{"203.0.113.0/24", record{"city": "Two"}})
	f := open(t, v1)
	path := f.files[0].path
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go f.Watch(ctx, 5*time.Millisecond)
	city := func() string { return find(f, "203.0.113.9").City }

	write(t, path, v2)
	waitFor(t, "the new file was not taken over", func() bool { return city() == "Two" })
	if s := f.Status()[0]; s.Type != "v2" || s.Built != 200_000 || s.Problem != "" || s.Bytes != int64(len(v2)) {
		t.Errorf("status %+v", s)
	}
	// Broken ones of every kind: the old one stays.
	for _, broken := range [][]byte{v1[:len(v1)/2], nil, []byte("<html>quota exceeded</html>"), v1[len(v1)/2:]} {
		write(t, path, broken)
		waitFor(t, "the broken file was not noticed", func() bool { return f.Status()[0].Problem != "" })
		if s := f.Status()[0]; city() != "Two" || s.Type != "v2" {
			t.Errorf("%s answers, status %+v", city(), s)
		}
		write(t, path, v2)
		waitFor(t, "the good file was not taken over", func() bool { return f.Status()[0].Problem == "" })
	}
	// Cut short in place, then gone, then there again.
	if err := os.Truncate(path, 10); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the cut was not noticed", func() bool { return f.Status()[0].Problem != "" })
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "its going was not noticed", func() bool { return strings.Contains(f.Status()[0].Problem, "no such file") })
	if city() != "Two" {
		t.Errorf("%s answers", city())
	}
	write(t, path, v1)
	waitFor(t, "the file that came back was not taken over", func() bool { return city() == "One" })
}

func TestOpenGoesOnWithoutABrokenFile(t *testing.T) {
	good, bad := filepath.Join(t.TempDir(), "good"), filepath.Join(t.TempDir(), "bad")
	write(t, good, encode("good", 1, entry{"203.0.113.0/24", munich}))
	f, err := Open([]string{bad, good, t.TempDir()}, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), bad) {
		t.Errorf("error %v", err)
	}
	if got := find(f, "203.0.113.9"); got.City != "Munich" {
		t.Errorf("got %+v", got)
	}
	if s := f.Status(); s[0].Problem == "" || s[1].Problem != "" || s[2].Problem == "" || s[0].Built != 0 {
		t.Errorf("status %+v", s)
	}
}

func TestPlacesAreBounded(t *testing.T) {
	db := &database{places: map[uintptr]*geo.Place{}}
	for i := range 2 * maxPlaces {
		db.remember(uintptr(i), &nowhere)
	}
	if len(db.places) > maxPlaces {
		t.Errorf("%d places are remembered", len(db.places))
	}
}

func TestKnownPlacesAllocateNothing(t *testing.T) {
	f := open(t, encode("test", 1, entry{"203.0.113.0/24", munich}))
	addr := netip.MustParseAddr("203.0.113.9")
	f.Find(addr)
	if n := testing.AllocsPerRun(100, func() { f.Find(addr) }); n != 0 {
		t.Errorf("Find allocates %v times", n)
	}
}

// Flipped bits may give other answers, or none, but nothing worse.
func FuzzDamage(f *testing.F) {
	whole := encode("test", 1, entry{"203.0.113.0/24", munich}, entry{"2001:db8::/32", munich})
	f.Add(uint(10), byte(1))
	f.Add(uint(len(whole)-30), byte(0xff))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, at uint, x byte) {
		data := append([]byte(nil), whole...)
		data[at%uint(len(data))] ^= x
		path := filepath.Join(dir, "f.mmdb")
		write(t, path, data)
		db, err := read(path)
		if err != nil {
			return
		}
		for _, addr := range []string{"203.0.113.9", "2001:db8::1", "::", "255.255.255.255"} {
			p := db.find(netip.MustParseAddr(addr))
			for _, text := range []string{p.Country, p.Region, p.City, p.Carrier, p.ISP} {
				if len(text) > maxText || !utf8.ValidString(text) {
					t.Errorf("%q", text)
				}
			}
		}
	})
}

func BenchmarkFind(b *testing.B) {
	f := open(b, encode("test", 1, entry{"203.0.113.0/24", munich}))
	addr := netip.MustParseAddr("203.0.113.9")
	b.ReportAllocs()
	for b.Loop() {
		f.Find(addr)
	}
}

// A file whose end is whole, so that it opens, but whose records are not.
func TestTornRecordsAreRefused(t *testing.T) {
	data := encode("test", 1, entry{"0.0.0.0/1", munich}, entry{"128.0.0.0/1", munich})
	torn := append([]byte(nil), data...)
	for i := range len(data) / 2 {
		torn[len(data)/4+i] = 0xff
	}
	path := filepath.Join(t.TempDir(), "torn.mmdb")
	write(t, path, torn)
	if _, err := Open([]string{path}, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "torn") {
		t.Errorf("error %v", err)
	}
}
