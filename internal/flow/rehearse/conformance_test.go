package rehearse_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/ledger"
)

// conformanceCase is what a dry run can know of a case; see the README beside
// them.
type conformanceCase struct {
	Name, Group, Method, Target, Scheme, Raw, Peer, Expect string

	Setup            []struct{ Target, Scheme string }
	RequestBody      string `json:"request_body"`
	Parallel         int
	Status           int               `json:"expect_status"`
	Body             string            `json:"expect_body_contains"`
	NotBody          string            `json:"expect_body_not_contains"`
	Header           map[string]string `json:"expect_header"`
	ConversionsDelta *int              `json:"expect_conversions_delta"`
}

// dry tells whether a dry run knows everything that the answer depends on: it
// has no connection, no body and no proxies, and one call at a time.
func (c *conformanceCase) dry() bool {
	return c.Group != "click" && c.Raw == "" && c.RequestBody == "" && c.Parallel == 0 && c.Peer != "trusted_proxy" &&
		c.Status != 503 && c.Status != 429 && !strings.ContainsAny(c.Target, " \t")
}

// placeholders are what the cases' stand for in a stage.
type placeholders struct {
	*stage
	prev, revoked string
	erased        homing.Campaign
}

func newPlaceholders(t *testing.T) *placeholders {
	p := &placeholders{stage: open(t)}
	p.prev = p.key
	_, dead, err := p.catalog.RotateKey(t.Context(), "test", p.account.ID, "", 30*24*time.Hour)
	p.must(err)
	p.revoked = dead.Reveal()
	keys := p.View().KeysOf(p.account.ID)
	p.must(p.catalog.RevokeKey(t.Context(), "test", p.account.ID, keys[len(keys)-1].ID))
	_, fresh, err := p.catalog.RotateKey(t.Context(), "test", p.account.ID, "", 30*24*time.Hour)
	p.must(err)
	p.key = fresh.Reveal()
	gone, _ := p.newAccount("Gone", true)
	p.erased = p.newCampaign(gone.ID)
	p.must(p.catalog.EraseAccount(t.Context(), "test", gone.ID))
	return p
}

var placeholder = regexp.MustCompile(`\$\{[A-Z0-9_]+(:[^}]*)?\}`)

func (p *placeholders) fill(text string, made map[string]string) string {
	return placeholder.ReplaceAllStringFunc(text, func(name string) string {
		name = name[2 : len(name)-1]
		if _, ok := made[name]; !ok {
			made[name] = p.value(name, made)
		}
		return made[name]
	})
}

func (p *placeholders) value(name string, made map[string]string) string {
	click := func() string { return p.fill("${CLICK}", made) }
	flip := func(id string, i int) string {
		digit, _ := strconv.ParseUint(id[i:i+1], 16, 8)
		return id[:i] + strconv.FormatUint(digit^1, 16) + id[i+1:]
	}
	switch name {
	case "CLICK", "CLICK2":
		return p.id(p.click(p.campaign, time.Minute))
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
		return p.id(p.click(p.campaign, 31*24*time.Hour))
	case "CLICK_FUTURE":
		return p.id(p.click(p.campaign, -5*time.Minute))
	case "CLICK_JUST_MINTED":
		return p.id(p.click(p.campaign, 0))
	case "CLICK_PAUSED":
		return p.id(p.click(p.paused, time.Minute))
	case "CLICK_DELETED_ACCOUNT":
		return p.id(p.click(p.erased, time.Minute))
	case "CLICK_NOPERM":
		return p.id(p.click(p.ofPlain, time.Minute))
	case "KEY_NOPERM":
		return p.plainKey
	case "KEY":
		return p.key
	case "KEY_PREFIX":
		return p.key[:len(p.key)-1]
	case "KEY_SWAPCASE":
		return strings.Map(func(r rune) rune {
			switch {
			case r >= 'a' && r <= 'z':
				return r - 32
			case r >= 'A' && r <= 'Z':
				return r + 32
			}
			return r
		}, p.key)
	case "KEY_B":
		return p.otherKey
	case "KEY_PREV":
		return p.prev
	case "KEY_REVOKED":
		return p.revoked
	}
	if times, ok := strings.CutPrefix(name, "REPEAT:"); ok {
		what, n, _ := strings.Cut(times, ":")
		count, err := strconv.Atoi(n)
		p.must(err)
		return strings.Repeat(what, count)
	}
	p.t.Fatalf("unknown placeholder %s", name)
	return ""
}

// paste is a request as somebody would paste it.
func paste(method, scheme, target string) string {
	if method != "" && method != "GET" {
		return method + " " + target + " HTTP/1.1"
	}
	return scheme + "://t.example" + target
}

// TestADryRunSaysWhatTheDoorAnswers takes every case of the contract whose answer
// follows from the call alone.
func TestADryRunSaysWhatTheDoorAnswers(t *testing.T) {
	p := newPlaceholders(t)
	file, err := os.Open("../../suite/testdata/conformance/cases.jsonl")
	p.must(err)
	defer file.Close()
	ran := 0
	scan := bufio.NewScanner(file)
	scan.Buffer(nil, 1<<20)
	for scan.Scan() {
		var c conformanceCase
		p.must(json.Unmarshal(scan.Bytes(), &c))
		if !c.dry() {
			continue
		}
		ran++
		t.Run(c.Name, func(t *testing.T) { p.check(t, &c) })
	}
	p.must(scan.Err())
	if ran < 130 {
		t.Errorf("only %d cases were rehearsed", ran)
	}
}

func (p *placeholders) check(t *testing.T, c *conformanceCase) {
	made := map[string]string{}
	for _, setup := range c.Setup {
		p.commit(t, paste("GET", setup.Scheme, p.fill(setup.Target, made)))
	}
	before := len(p.conversions())
	f, err := p.URL(t.Context(), paste(c.Method, c.Scheme, p.fill(c.Target, made)), "https://t.example")
	if n := len(p.conversions()); n != before {
		t.Errorf("a dry run made %d conversions", n-before)
	}
	if errors.Is(err, homing.ErrInvalid) {
		if c.Status != 404 && c.Expect != "refused" {
			t.Errorf("%v, want %d", err, c.Status)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if c.Expect == "refused" {
		if f.Status < 400 {
			t.Errorf("%d %s, want a refusal", f.Status, f.Body)
		}
		return
	}
	if c.Status != 0 && f.Status != c.Status || !strings.Contains(f.Body, c.Body) && c.Method != "HEAD" || c.NotBody != "" && strings.Contains(f.Body, c.NotBody) {
		t.Errorf("%d %s, want %d %s", f.Status, f.Body, c.Status, c.Body)
	}
	if want := c.Header["Postback-Result"]; !strings.HasPrefix(f.Result, want) {
		t.Errorf("Postback-Result %q, want %q", f.Result, want)
	}
	if c.ConversionsDelta != nil && (f.Postback.Verdict.Outcome == homing.Counted) != (*c.ConversionsDelta == 1) {
		t.Errorf("the verdict is %s, and %d conversions are wanted", f.Postback.Verdict.Outcome, *c.ConversionsDelta)
	}
	for _, key := range []string{p.key, p.prev, p.revoked, p.otherKey, p.plainKey} {
		if strings.Contains(fmt.Sprintf("%+v", f), key) {
			t.Error("a key is in the finding")
		}
	}
}

// commit does what a dry run foretells, as the door would.
func (p *placeholders) commit(t *testing.T, text string) {
	t.Helper()
	f, err := p.URL(t.Context(), text)
	p.must(err)
	if f.Status != 200 {
		t.Fatalf("setup: %d %s", f.Status, f.Body)
	}
	b := &f.Postback
	_, err = p.books.Decide(t.Context(), &ledger.Claim{
		Click: b.Origin, Goal: b.Goal, Lead: []byte(b.Lead), Account: b.Account, Campaign: b.Campaign, Status: homing.Approved,
		Value: b.Value, Price: b.Price, Currency: b.Currency, Flags: b.Verdict.Flags, At: b.At, Request: b.Request,
	})
	p.must(err)
}
