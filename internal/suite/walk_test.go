package suite

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const postbackPath = "/api/v1/cpa/action/"

func data(t *testing.T) string { return filepath.Join(t.TempDir(), "data") }

// TestWalk is the README's walk.
func TestWalk(t *testing.T) {
	s := start(t, data(t))
	if !strings.Contains(s.setUp, "/welcome/") {
		t.Errorf("no set-up link is told: %q", s.setUp)
	}
	a := s.newAccount("--multi-lead")
	c := s.newCampaign(a, "--default-value", "1.50")
	id := s.click(c, "?sub1=abc&site_id=17&cost=0.02")

	first := s.get(false, postbackPath+id+"?value=2.10")
	if first.status != 200 || first.body != `{"ok":true}` || first.header.Get("Postback-Result") != "counted" {
		t.Errorf("first: %d %s %q", first.status, first.body, first.header.Get("Postback-Result"))
	}
	again := s.get(false, postbackPath+id+"?value=2.10")
	if again.status != 200 || again.body != `{"ok":true}` || !strings.HasPrefix(again.header.Get("Postback-Result"), "duplicate") {
		t.Errorf("again: %d %s %q", again.status, again.body, again.header.Get("Postback-Result"))
	}
	refused := s.get(false, postbackPath+id+"?value=2,10")
	if got := refused.header.Get("Postback-Result"); refused.status != 400 || got != "refused; reason=invalid_price" {
		t.Errorf("refused: %d %s %q", refused.status, refused.body, got)
	}

	told := s.homing("trace", "https://adv.example/lp?some=1&t="+id+"&s=abc")
	for _, want := range []string{id, "sub1=abc", "site_id=17", "approved", "2.10", "duplicate", "value_comma"} {
		if !strings.Contains(told, want) {
			t.Errorf("the trace does not tell %q:\n%s", want, told)
		}
	}
	if n := strings.Count(told, "\n"); n > 20 {
		t.Errorf("the trace has %d lines:\n%s", n, told)
	}
	var conversions []struct{ Status, Value string }
	s.object(&conversions, "conversions")
	if len(conversions) != 1 || conversions[0].Status != "approved" || conversions[0].Value != "2.10" {
		t.Errorf("conversions: %+v", conversions)
	}
	var results []string
	for _, line := range strings.Split(strings.TrimSpace(s.homing("postbacks", "--format", "jsonl")), "\n") {
		var p struct{ Result, Reason string }
		if err := json.Unmarshal([]byte(line), &p); err != nil {
			t.Fatal(err)
		}
		results = append(results, p.Result+" "+p.Reason)
	}
	if got := strings.Join(results, ", "); got != "counted counted, duplicate duplicate, refused value_comma" {
		t.Errorf("postbacks: %s", got)
	}
}

// TestKilledAndRestarted wants everything acknowledged to be there once.
func TestKilledAndRestarted(t *testing.T) {
	s := start(t, data(t))
	a := s.newAccount("--multi-lead")
	c := s.newCampaign(a)
	id := s.click(c, "")
	if got := s.get(false, postbackPath+id+"?value=3"); got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if got := s.get(false, postbackPath+id+"?value=3"); !strings.HasPrefix(got.header.Get("Postback-Result"), "duplicate") {
		t.Fatalf("%q", got.header.Get("Postback-Result"))
	}
	s.kill()
	began := time.Now()
	s.run()
	t.Logf("serving %s after the start", time.Since(began).Round(time.Millisecond))
	if got := s.get(false, postbackPath+id+"?value=3"); !strings.HasPrefix(got.header.Get("Postback-Result"), "duplicate") {
		t.Errorf("after the kill: %d %q", got.status, got.header.Get("Postback-Result"))
	}
	if told := s.homing("trace", id); strings.Count(told, "duplicate") < 2 || !strings.Contains(told, "visitor") {
		t.Errorf("the story lost something:\n%s", told)
	}
	if again := s.click(c, ""); again == id {
		t.Error("an id was minted twice")
	}
	if err := s.stop(); err != nil {
		t.Errorf("SIGTERM: %v", err)
	}
	// Without a server the command line opens the engines itself.
	var conversions []struct{ Value string }
	s.object(&conversions, "conversions")
	if len(conversions) != 1 || conversions[0].Value != "3.00" {
		t.Errorf("conversions: %+v", conversions)
	}
}

// TestImportedKeyWorks moves an advertiser over without an edit of his URL.
func TestImportedKeyWorks(t *testing.T) {
	s := start(t, data(t))
	file := filepath.Join(t.TempDir(), "import.jsonl")
	const key = "123456789012345678901234567890abcdef"
	lines := `{"ref":"adv-17","name":"Acme","keys":["` + key + `"],"multi_lead":true}
{"ref":"cmp-204","account":"adv-17","name":"Spring","url":"https://adv.example/lp?t={click_id}"}
`
	if err := os.WriteFile(file, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	s.homing("import", file)
	s.homing("import", file)
	var campaigns []campaign
	s.object(&campaigns, "campaign", "list")
	if len(campaigns) != 1 {
		t.Fatalf("%d campaigns after importing twice", len(campaigns))
	}
	id := s.click(campaigns[0], "")
	got := s.get(true, postbackPath+id+"?value=2.1&lead_code=abcd1234567890&key="+key)
	if got.status != 200 || got.header.Get("Postback-Result") != "counted" {
		t.Errorf("%d %s %q", got.status, got.body, got.header.Get("Postback-Result"))
	}
}

// TestKeysImportedLaterAreMasked sends a key before it is one.
func TestKeysImportedLaterAreMasked(t *testing.T) {
	s := start(t, data(t))
	const key = "LaterImported0001"
	c := s.newCampaign(s.newAccount("--multi-lead"))
	id := s.click(c, "?sub1=x"+key)
	s.get(false, postbackPath+id+"?sub2="+key+"&value=1")
	shown := func() string {
		return s.homing("postbacks") + s.homing("trace", id) + s.homing("clicks", "--format", "json")
	}
	if !strings.Contains(shown(), key) {
		t.Fatal("the text is not shown before it is a key")
	}
	file := filepath.Join(t.TempDir(), "import.jsonl")
	write(t, file, `{"ref":"a","name":"A","key":"`+key+`"}`)
	s.homing("import", file)
	if strings.Contains(shown(), key) {
		t.Error("a key that was imported later is shown")
	}
}

// TestProxies tries what a trusted and an untrusted proxy may say.
func TestProxies(t *testing.T) {
	s := start(t, data(t), "--trusted-proxies", trustedPeer+"/32")
	a := s.newAccount("--multi-lead")
	c := s.newCampaign(a)
	ask := func(from, headers string) answer {
		target := postbackPath + s.click(c, "") + "?value=1&lead_code=P&key=" + a.Key
		return s.exchange(false, from, "GET", []byte("GET "+target+" HTTP/1.1\r\nHost: t\r\nConnection: close\r\n"+headers+"\r\n"))
	}
	for _, x := range []struct {
		from, headers string
		status        int
	}{
		{trustedPeer, "X-Forwarded-Proto: https\r\n", 200},
		{trustedPeer, "X-Forwarded-Proto: HTTPS, https\r\n", 200},
		{trustedPeer, "X-Forwarded-Proto: https, http\r\n", 403},
		{trustedPeer, "X-Forwarded-Proto: https\r\nX-Forwarded-Proto: http\r\n", 403},
		{trustedPeer, "X-Forwarded-Proto: http\r\nX-Forwarded-Proto: https\r\n", 403},
		{trustedPeer, "", 403},
		{untrustedPeer, "X-Forwarded-Proto: https\r\n", 403},
	} {
		if got := ask(x.from, x.headers); got.status != x.status {
			t.Errorf("%s %q: %d %s, want %d", x.from, x.headers, got.status, got.body, x.status)
		}
	}
	ask(trustedPeer, "X-Forwarded-Proto: https\r\nX-Forwarded-For: 6.6.6.6, 198.51.100.77\r\n")
	ask(untrustedPeer, "X-Forwarded-For: 198.51.100.77\r\n")
	var list []struct{ Addr, Reason string }
	s.object(&list, "postbacks")
	if got := list[len(list)-2].Addr; got != "198.51.100.0" {
		t.Errorf("behind the trusted proxy: address %s", got)
	}
	if got := list[len(list)-1].Addr; got != "127.0.0.0" {
		t.Errorf("an untrusted peer's word was taken: address %s", got)
	}
	if got := s.get(false, "/readyz"); !strings.Contains(got.body, untrustedPeer) {
		t.Errorf("/readyz does not say which proxy to trust: %s", got.body)
	}
}

// TestKeysAreNowhere uses keys in every way there is and looks for them in
// everything that was written.
func TestKeysAreNowhere(t *testing.T) {
	s := start(t, data(t), "--log-level", "debug")
	a, b := s.newAccount("--multi-lead"), s.newAccount()
	c := s.newCampaign(a)
	spelled := ""
	for _, char := range []byte(a.Key) {
		spelled += fmt.Sprintf("%%%02x", char)
	}
	id := s.click(c, "?sub1="+a.Key+"&sub2="+spelled)
	for _, query := range []string{
		"?lead_code=a&key=" + a.Key, "?lead_code=b&key=" + spelled, "?value=" + a.Key, "?key=" + b.Key, "?Key=" + a.Key,
		"?lead_code=" + a.Key + "&key=" + a.Key, "?lead_code=x" + a.Key + "y&key=" + a.Key, "?key=" + a.Key[:35], "?value=1&key=" + a.Key + "%0a", "?value=1&lead_code=x;key=" + a.Key, "?price=1&key=" + a.Key + "x",
	} {
		s.get(true, postbackPath+id+query)
		s.get(false, postbackPath+id+query)
	}
	s.get(true, postbackPath+a.Key)
	s.get(true, "/"+a.Key)
	s.exchange(false, "", "GET", []byte("GET /"+a.Key+" HTTP/9.9\r\nX: "+a.Key+"\r\nBroken "+a.Key+"\r\n\r\n"))
	s.exchange(false, "", "GET", []byte("GET "+postbackPath+id+" HTTP/1.1\r\nHost: t\r\nUser-Agent: "+a.Key+"\r\nReferer: "+a.Key+"\r\nConnection: close\r\n\r\n"))
	told := s.homing("postbacks") + s.homing("trace", id) + s.homing("conversions") + s.homing("clicks") +
		s.homing("account", "list") + s.homing("key", "list", fmt.Sprint(a.ID))
	metrics := s.exchangeDesk("/metrics")
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	for _, key := range []string{a.Key, b.Key, spelled} {
		for what, text := range map[string]string{"the command line": told, "the log": s.stderr.String(), "the metrics": metrics} {
			if strings.Contains(text, key) {
				t.Errorf("a key stands in %s", what)
			}
		}
		err := filepath.WalkDir(s.dir, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() {
				return err
			}
			content, err := os.ReadFile(path)
			if bytes.Contains(content, []byte(key)) {
				t.Errorf("a key stands in %s", path)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// TestBadStarts wants one clear line each, an exit status, and nothing damaged.
func TestBadStarts(t *testing.T) {
	s := start(t, data(t))
	a := s.newAccount()
	c := s.newCampaign(a)
	s.click(c, "")

	newer := data(t)
	write(t, filepath.Join(newer, "VERSION"), "99\n")
	foreign := data(t)
	write(t, filepath.Join(foreign, "thesis.doc"), "mine")
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "a file")
	bad := filepath.Join(t.TempDir(), "bad.pem")
	write(t, bad, "no certificate")

	// Copies of a whole directory with something missing. A copy of a live
	// ledger would be torn, so it is of a server that has ended.
	ended := start(t, data(t))
	ended.newCampaign(ended.newAccount())
	if err := ended.stop(); err != nil {
		t.Fatal(err)
	}
	without := func(name string) string {
		dir := data(t)
		if out, err := exec.Command("cp", "-a", ended.dir, dir).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		return dir
	}

	free := []string{"--track-listen", "127.0.0.1:0", "--track-tls-listen", "127.0.0.1:0", "--desk-listen", "127.0.0.1:0"}
	for _, x := range []struct {
		name string
		args []string
		want string
	}{
		{"unknown flag", []string{"serve", "--trak-listen", ":1"}, "--trak-listen"},
		{"bad value", []string{"serve", "--data-dir", data(t), "--trusted-proxies", "10.0.0.0/99"}, "--trusted-proxies"},
		{"bad address", []string{"serve", "--data-dir", data(t), "--track-listen", "nonsense"}, "--track-listen"},
		{"second server", append([]string{"serve", "--data-dir", s.dir}, free...), "in use"},
		{"port in use", append([]string{"serve", "--data-dir", data(t)}, append(free, "--track-listen", s.track)...), "--track-listen"},
		{"newer data", append([]string{"serve", "--data-dir", newer}, free...), "newer"},
		{"somebody else's directory", append([]string{"serve", "--data-dir", foreign}, free...), "thesis.doc"},
		{"no ledger", append([]string{"serve", "--data-dir", without("ledger.db")}, free...), "ledger.db"},
		{"no master keys", append([]string{"serve", "--data-dir", without("master-keys.json")}, free...), "master-keys.json"},
		{"no spool", append([]string{"serve", "--data-dir", without("spool")}, free...), "spool"},
		{"mistyped directory", []string{"account", "list", "--data-dir", data(t)}, "there is none"},
		{"absurd segments", append([]string{"serve", "--data-dir", data(t), "--spool-segment-size", "99999999999999"}, free...), "--spool-segment-size"},
		{"a file", append([]string{"serve", "--data-dir", file}, free...), "--data-dir"},
		{"bad certificate", append([]string{"serve", "--data-dir", data(t), "--tls-cert", bad, "--tls-key", bad}, free...), bad},
		{"certificate without key", append([]string{"serve", "--data-dir", data(t), "--tls-cert", bad}, free...), "--tls-key"},
		{"open panel", []string{"serve", "--data-dir", data(t), "--desk-listen", "0.0.0.0:0"}, "--desk-listen"},
		{"open self-signed", []string{"serve", "--data-dir", data(t), "--track-tls-listen", "0.0.0.0:0"}, "--tls-cert"},
		{"bad public url", append([]string{"serve", "--data-dir", data(t), "--public-url", "t.example"}, free...), "--public-url"},
		{"missing config", []string{"serve", "--config", "/nonexistent.toml"}, "/nonexistent.toml"},
		{"no such account", []string{"account", "update", "77", "--name", "x", "--data-dir", s.dir}, "account 77"},
		{"no id", []string{"trace", "hello", "--data-dir", s.dir}, "40"},
		{"bad url", []string{"campaign", "create", "--account", fmt.Sprint(a.ID), "--name", "x", "--url", "ftp://x/", "--data-dir", s.dir}, "http"},
		{"bad amount", []string{"account", "create", "--name", "x", "--price-min", "1,5", "--data-dir", s.dir}, "price-min"},
		{"bad window", []string{"campaign", "create", "--account", fmt.Sprint(a.ID), "--name", "x", "--url", "https://x.example/", "--window", "month", "--data-dir", s.dir}, "window"},
	} {
		t.Run(x.name, func(t *testing.T) {
			out, stderr, code := run(t, x.args...)
			if code == 0 {
				t.Errorf("exit status 0: %s", out)
			}
			text := strings.TrimSpace(stderr)
			if !strings.Contains(text, x.want) {
				t.Errorf("%q does not name %s", text, x.want)
			}
			if lines := strings.Split(text, "\n"); len(lines) > 2 || strings.Contains(text, "goroutine") {
				t.Errorf("not one clear line:\n%s", text)
			}
		})
	}
	if got, err := os.ReadFile(filepath.Join(newer, "VERSION")); err != nil || string(got) != "99\n" {
		t.Error("the newer directory was touched")
	}
	if entries, err := os.ReadDir(newer); err != nil || len(entries) != 1 {
		t.Errorf("the newer directory holds %v now", entries)
	}
	s.click(c, "") // the first server never noticed
}

// TestCommandsWaitForEachOther runs many on a directory without a server.
func TestCommandsWaitForEachOther(t *testing.T) {
	dir := data(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, stderr, code := run(t, "account", "create", "--name", "x", "--data-dir", dir); code != 0 {
				t.Errorf("exit status %d: %s", code, stderr)
			}
		})
	}
	wg.Wait()
	s := start(t, dir)
	var accounts []account
	s.object(&accounts, "account", "list")
	if len(accounts) != 8 {
		t.Errorf("%d accounts, want 8", len(accounts))
	}
}

// TestUnreadableDirectory needs a user whom permissions stop.
func TestUnreadableDirectory(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("skipped: root reads everything")
	}
	dir := data(t)
	if err := os.Mkdir(dir, 0o000); err != nil {
		t.Fatal(err)
	}
	_, stderr, code := run(t, "serve", "--data-dir", dir)
	if code == 0 || !strings.Contains(stderr, "--data-dir") {
		t.Errorf("%d %s", code, stderr)
	}
}

// TestEndsInOrder sends SIGTERM and wants /readyz to tell first.
func TestEndsInOrder(t *testing.T) {
	s := start(t, data(t))
	conn := s.dial(false, "") // an idle connection must not hold the end up
	defer conn.Close()
	began := time.Now()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	err := <-s.exited
	s.exited <- err
	if err != nil || time.Since(began) > 10*time.Second {
		t.Errorf("ended after %s: %v: %s", time.Since(began), err, s.stderr.String())
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
