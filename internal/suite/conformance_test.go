package suite

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"homing"
)

// conformanceCase is one line of the cases; their README tells the fields.
type conformanceCase struct {
	Name, Group, Why, Seed string
	Method, Target, Scheme string
	Headers                map[string]string
	Raw                    string
	RequestBody            string `json:"request_body"`
	Peer                   string
	Setup                  []struct{ Target, Scheme string }
	Parallel               int

	Expect           string
	Status           *int              `json:"expect_status"`
	BodyContains     string            `json:"expect_body_contains"`
	BodyNotContains  string            `json:"expect_body_not_contains"`
	BodyMax          int               `json:"expect_body_max"`
	Header           map[string]string `json:"expect_header"`
	NoHeader         string            `json:"expect_no_header"`
	LocationRegex    string            `json:"expect_location_regex"`
	ConversionsDelta *int              `json:"expect_conversions_delta"`
	ClicksDelta      *int              `json:"expect_clicks_delta"`
	ClosedWithin     float64           `json:"expect_closed_within_s"`
	StoredIP         string            `json:"expect_stored_ip"`
}

// The addresses that the cases' peers have: all of 127/8 is this machine.
const (
	trustedPeer   = "127.0.0.2"
	untrustedPeer = "127.0.0.3"
)

// stage is what the placeholders of the cases stand for.
type stage struct {
	*server
	main, noLead, other account
	campaign, noLeadCampaign,
	pausedCampaign, erasedCampaign campaign
	keyPrev, keyRevoked string
	pausedClicks        []string
	erasedClicks        []string
	keyring             *homing.Keyring
	seq                 uint16
}

func TestConformance(t *testing.T) { conform(t, newStage(t)) }

// conform runs every case.
func conform(t *testing.T, st *stage) {
	file, err := os.Open("testdata/conformance/cases.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	ran := 0
	scan := bufio.NewScanner(file)
	scan.Buffer(nil, 1<<20)
	for scan.Scan() {
		var c conformanceCase
		if err := json.Unmarshal(scan.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		ran++
		t.Run(c.Name, func(t *testing.T) {
			st.t = t
			st.check(&c)
		})
	}
	if err := scan.Err(); err != nil {
		t.Fatal(err)
	}
	fmt.Printf("conformance: %d cases run, 0 skipped\n", ran)
	if ran < 184 {
		t.Errorf("only %d cases", ran)
	}
}

func newStage(t *testing.T, args ...string) *stage {
	args = append([]string{"--trusted-proxies", trustedPeer + "/32"}, args...)
	st := &stage{server: start(t, filepath.Join(t.TempDir(), "data"), args...)}
	st.main = st.newAccount("--multi-lead")
	st.noLead = st.newAccount()
	st.other = st.newAccount("--multi-lead")
	st.campaign = st.newCampaign(st.main)
	st.noLeadCampaign = st.newCampaign(st.noLead)

	// The first key becomes the former one, a second one is revoked, a third
	// one is the present key.
	st.keyPrev = st.main.Key
	var revoked, present struct {
		ID  int    `json:"id"`
		Key string `json:"key"`
	}
	st.object(&revoked, "key", "rotate", fmt.Sprint(st.main.ID))
	st.object(&present, "key", "rotate", fmt.Sprint(st.main.ID))
	st.homing("key", "revoke", fmt.Sprint(st.main.ID), fmt.Sprint(revoked.ID))
	st.keyRevoked, st.main.Key = revoked.Key, present.Key

	st.pausedCampaign = st.newCampaign(st.main)
	erased := st.newAccount("--multi-lead")
	st.erasedCampaign = st.newCampaign(erased)
	for range 8 {
		st.pausedClicks = append(st.pausedClicks, st.click(st.pausedCampaign, ""))
		st.erasedClicks = append(st.erasedClicks, st.click(st.erasedCampaign, ""))
	}
	st.homing("campaign", "update", fmt.Sprint(st.pausedCampaign.ID), "--status", "paused")
	st.homing("account", "delete", fmt.Sprint(erased.ID), "--yes")
	st.keyring = readKeyring(t, st.dir)
	return st
}

// readKeyring reads the master keys, to mint ids of another time.
func readKeyring(t *testing.T, dir string) *homing.Keyring {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "master-keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Keys []struct {
			ID     string
			From   homing.Millis
			Secret string
		}
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	var masters []homing.MasterKey
	for _, k := range file.Keys {
		m := homing.MasterKey{ID: k.ID, From: k.From}
		if _, err := hex.Decode(m.Secret[:], []byte(k.Secret)); err != nil {
			t.Fatal(err)
		}
		masters = append(masters, m)
	}
	ring, err := homing.NewKeyring(masters...)
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

// minted makes a genuine id of another moment, as another node would have.
func (st *stage) minted(age time.Duration) string {
	st.seq++
	return st.keyring.Seal(homing.Origin{
		Time: homing.MillisOf(time.Now().Add(-age)), Node: 900, Seq: st.seq, Campaign: homing.CampaignID(st.campaign.ID),
	}).String()
}

var placeholder = regexp.MustCompile(`\$\{[A-Z0-9_]+(:[^}]*)?\}`)

// fill replaces the placeholders of one case; each id is made once a case.
func (st *stage) fill(text string, made map[string]string) string {
	return placeholder.ReplaceAllStringFunc(text, func(p string) string {
		name := p[2 : len(p)-1]
		if value, ok := made[name]; ok {
			return value
		}
		value := st.value(name, made)
		made[name] = value
		return value
	})
}

func (st *stage) value(name string, made map[string]string) string {
	click := func() string { return st.fill("${CLICK}", made) }
	key := st.main.Key
	switch name {
	case "CLICK", "CLICK2":
		return st.click(st.campaign, "?sub1=abc")
	case "CLICK_FIRST20":
		return click()[:20]
	case "CLICK_LAST20":
		return click()[20:]
	case "CLICK_BITFLIP":
		return flip(click(), 30)
	case "CLICK_BITFLIP_FIRST":
		return flip(click(), 0)
	case "CLICK_PCT_FIRST":
		return fmt.Sprintf("%%%02X%s", click()[0], click()[1:])
	case "CLICK_EXPIRED":
		return st.minted(31 * 24 * time.Hour)
	case "CLICK_FUTURE":
		return st.minted(-5 * time.Minute)
	case "CLICK_JUST_MINTED":
		return st.minted(0)
	case "CLICK_PAUSED":
		return pop(&st.pausedClicks)
	case "CLICK_DELETED_ACCOUNT":
		return pop(&st.erasedClicks)
	case "CLICK_NOPERM":
		return st.click(st.noLeadCampaign, "")
	case "KEY_NOPERM":
		return st.noLead.Key
	case "KEY":
		return key
	case "KEY_PREFIX":
		return key[:len(key)-1]
	case "KEY_SWAPCASE":
		return swapCase(key)
	case "KEY_B":
		return st.other.Key
	case "KEY_PREV":
		return st.keyPrev
	case "KEY_REVOKED":
		return st.keyRevoked
	case "CLICK_URL":
		return st.campaign.path()
	case "CLICK_URL_UNKNOWN":
		return "/c/nosuchslug"
	}
	if times, ok := strings.CutPrefix(name, "REPEAT:"); ok {
		what, n, _ := strings.Cut(times, ":")
		count, err := strconv.Atoi(n)
		if err != nil {
			st.t.Fatal(err)
		}
		return strings.Repeat(what, count)
	}
	st.t.Fatalf("unknown placeholder %s", name)
	return ""
}

func pop(list *[]string) string {
	first := (*list)[0]
	*list = (*list)[1:]
	return first
}

func flip(id string, i int) string {
	digit, _ := strconv.ParseUint(id[i:i+1], 16, 8)
	return id[:i] + strconv.FormatUint(digit^1, 16) + id[i+1:]
}

func swapCase(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 32
		case r >= 'A' && r <= 'Z':
			return r + 32
		}
		return r
	}, s)
}

// check runs one case.
func (st *stage) check(c *conformanceCase) {
	t, made := st.t, map[string]string{}
	for _, setup := range c.Setup {
		if a := st.get(setup.Scheme == "https", st.fill(setup.Target, made)); a.status != 200 {
			t.Fatalf("setup: %d %s", a.status, a.body)
		}
	}
	request := st.request(c, made)
	conversions, clicks := st.conversions(), st.billable(c)
	began := time.Now()
	for _, a := range st.send(c, request) {
		st.judge(c, a)
	}
	if c.ClosedWithin > 0 && time.Since(began).Seconds() > c.ClosedWithin {
		t.Errorf("closed after %s, want within %gs", time.Since(began), c.ClosedWithin)
	}
	if c.ConversionsDelta != nil {
		if got := st.conversions() - conversions; got != *c.ConversionsDelta {
			t.Errorf("%d conversions more, want %d", got, *c.ConversionsDelta)
		}
	}
	if c.ClicksDelta != nil {
		if got := st.billable(c) - clicks; got != *c.ClicksDelta {
			t.Errorf("%d billable clicks more, want %d", got, *c.ClicksDelta)
		}
	}
	if c.StoredIP != "" {
		st.checkStoredIP(c.StoredIP)
	}
}

// request puts the bytes of a case together.
func (st *stage) request(c *conformanceCase, made map[string]string) []byte {
	if c.Raw != "" {
		return []byte(st.fill(c.Raw, made))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: t.example\r\n", c.Method, st.fill(c.Target, made))
	for _, name := range slices.Sorted(maps.Keys(c.Headers)) {
		fmt.Fprintf(&b, "%s: %s\r\n", name, st.fill(c.Headers[name], made))
	}
	body := st.fill(c.RequestBody, made)
	if body != "" {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(body))
	}
	if c.Parallel == 0 {
		b.WriteString("Connection: close\r\n")
	}
	return []byte(b.String() + "\r\n" + body)
}

func (st *stage) send(c *conformanceCase, request []byte) []answer {
	from := map[string]string{"": "", "trusted_proxy": trustedPeer, "untrusted": untrustedPeer}[c.Peer]
	answers := make([]answer, max(1, c.Parallel))
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() { answers[i] = st.exchange(c.Scheme == "https", from, c.Method, request) })
	}
	wg.Wait()
	return answers
}

// judge compares an answer with what the case expects.
func (st *stage) judge(c *conformanceCase, a answer) {
	t := st.t
	t.Helper()
	if c.Expect == "refused" {
		if !a.closed && a.status < 400 {
			t.Errorf("status %d %s, want a refusal", a.status, a.body)
		}
		return
	}
	if c.Status != nil && *c.Status != 0 && a.status != *c.Status {
		t.Errorf("status %d %s, want %d (%s)", a.status, a.body, *c.Status, c.Why)
	}
	if !strings.Contains(a.body, c.BodyContains) {
		t.Errorf("body %s, want %s in it", a.body, c.BodyContains)
	}
	if c.BodyNotContains != "" && strings.Contains(a.body, c.BodyNotContains) {
		t.Errorf("body %s, want no %s in it", a.body, c.BodyNotContains)
	}
	if c.BodyMax > 0 && len(a.body) > c.BodyMax {
		t.Errorf("body of %d bytes, want at most %d", len(a.body), c.BodyMax)
	}
	for name, want := range c.Header {
		if got := a.header.Get(name); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if c.NoHeader != "" && a.header.Get(c.NoHeader) != "" {
		t.Errorf("%s: %q, want none", c.NoHeader, a.header.Get(c.NoHeader))
	}
	if c.LocationRegex != "" && !regexp.MustCompile(c.LocationRegex).MatchString(a.header.Get("Location")) {
		t.Errorf("Location %q, want %s", a.header.Get("Location"), c.LocationRegex)
	}
	st.judgeForm(c, a)
}

// judgeForm checks what every answer to a postback has.
func (st *stage) judgeForm(c *conformanceCase, a answer) {
	t := st.t
	t.Helper()
	if c.Group == "click" || a.closed || c.Method == "HEAD" || c.Raw != "" {
		return
	}
	for name, want := range map[string]string{
		"Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
	} {
		if got := a.header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if !json.Valid([]byte(a.body)) {
		t.Errorf("body is not JSON: %s", a.body)
	}
	if a.header.Get("X-Request-Id") == "" {
		t.Error("no X-Request-Id")
	}
}

// conversions counts those that are in totals.
func (st *stage) conversions() (n int) {
	st.t.Helper()
	var list []struct{ Status string }
	st.object(&list, "conversions")
	for _, c := range list {
		if c.Status == "approved" || c.Status == "pending" {
			n++
		}
	}
	return n
}

// billable counts billable clicks, if the case asks for them.
func (st *stage) billable(c *conformanceCase) (n int) {
	if c.ClicksDelta == nil {
		return 0
	}
	st.t.Helper()
	var list []struct{ Class string }
	st.object(&list, "clicks")
	for _, c := range list {
		if c.Class == "billable" {
			n++
		}
	}
	return n
}

func (st *stage) checkStoredIP(want string) {
	st.t.Helper()
	var list []struct{ Addr string }
	st.object(&list, "postbacks")
	if got := list[len(list)-1].Addr; got != want {
		st.t.Errorf("stored address %s, want %s", got, want)
	}
}
