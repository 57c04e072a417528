package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"homing/internal/app"
	"homing/internal/desk/control"
)

// TestWrongUsage wants one clear line each, and the server left alone.
func TestWrongUsage(t *testing.T) {
	for _, c := range []struct{ args, says string }{
		{"serv", `unexpected argument serv, did you mean one of "serve"`},
		{"acount list", `did you mean "account"`},
		{"account", `expected one of "create", "update", "delete", "list"`},
		{"serve --trak-listen :1", `unknown flag --trak-listen, did you mean "--track-listen"?`},
		{"serve extra", "unexpected argument extra"},
		{"serve --trusted-proxies 10.0.0.0/99", "--trusted-proxies"},
		{"serve --max-conns many", "--max-conns"},
		{"serve --drain-time 8", "--drain-time"},
		{"serve --log-level loud", "--log-level must be one of"},
		{"serve --config /nonexistent.toml", "/nonexistent.toml: no such file or directory"},
		{"account create", "missing flags: --name"},
		{"account create --name x --price-min 1,5", "--price-min: invalid amount"},
		{"account create --name x --price-max -1", "--price-max"},
		{"account create --name x --format csv", "--format must be one of"},
		{"account create --name x --price-min -1", "--price-min -1: it may not be negative"},
		{"account create --name x --price-min=-1", "--price-min: invalid amount \"-1\": it is negative"},
		{"account create --name x --price-max -.5", "--price-max -.5: it may not be negative"},
		{"account create --name --ref x", "--name: a value is missing before --ref"},
		{"account create --name -x", "--name -x: to give a value that begins with a dash, write --name=-x"},
		{"key rotate 1 --overlap -5d", "--overlap -5d: it may not be negative"},
		{"campaign create --account 1 --name x --url y --default-value -1", "--default-value -1: it may not be negative"},
		{"campaign create --account 1 --name x --url y --window -1d", "--window -1d: it may not be negative"},
		{"campaign list --account -1", "--account -1: it may not be negative"},
		{"clicks --limit -1", "--limit -1: it may not be negative"},
		{"postbacks --since -24h", "--since -24h: it may not be negative"},
		{"serve --max-conns -1", "--max-conns -1: it may not be negative"},
		{"serve --drain-time -5s", "--drain-time -5s: it may not be negative"},
		{"simulate --rate -1", "--rate -1: it may not be negative"},
		{"account create --name \xff\xfe", `argument "\xff\xfe": it is not UTF-8`},
		{"campaign create --account 1 --name=\xe4 --url y", `argument "--name=\xe4": it is not UTF-8`},
		{"account update x --name y", `<id>: want a number from 1 on, not "x"`},
		{"account update 0 --name y", `<id>: want a number from 1 on, not "0"`},
		{"account update 1", "nothing to change: give --name"},
		{"account update", `expected "<id>"`},
		{"account delete 1", "give --yes"},
		{"account list --format xml", `--format must be one of "table","json","jsonl" but got "xml"`},
		{"campaign create --account 1 --name x", "missing flags: --url"},
		{"campaign create --account x --name x --url y", `--account: want a number from 1 on, not "x"`},
		{"campaign create --account 1 --name x --url y --window 3", `--window: invalid length of time "3": write it like 30d`},
		{"campaign create --account 1 --name x --url y --default-value abc", "--default-value: invalid amount"},
		{"campaign create --account 1 --name x --url y --goal Install", "--goal: want NUMBER=NAME, such as 1=Install"},
		{"campaign create --account 1 --name x --url y --goal 0=Install", "--goal: want NUMBER=NAME"},
		{"campaign update 1", "nothing to change: give --name"},
		{"campaign update 1 --status off", `--status: invalid campaign status "off": want one of active, paused`},
		{"campaign update 1 --goal 1=x --no-goals", "can't be used together"},
		{"key rotate 1 --overlap soon", `--overlap: invalid length of time "soon"`},
		{"key revoke 1", `expected "<key>"`},
		{"user create a@b.example --role admin", "--role: invalid role"},
		{"user create a@b.example --role advertiser", "--account"},
		{"user create a@b.example --role operator --account 1", "leave out --account"},
		{"user create a@b.example --level boss", `--level: invalid level "boss": want one of manager, owner, read-only`},
		{"user create a@b.example --hide-money", "not for owners"},
		{"postbacks --since yesterday", "--since: want so long ago"},
		{"postbacks --result good", "--result: invalid outcome"},
		{"postbacks --limit -5", "--limit"},
		{"postbacks --tail --format json", "--tail has no end"},
		{"clicks --until 2026-13-01", "--until: want so long ago"},
		{"conversions --status good", "--status: invalid status"},
		{"trace", `expected "<click>"`},
		{"report extra", "unexpected argument extra"},
		{"report --format xml", "--format must be one of"},
		{"report --limit 0", `--limit: want a number from 1 on, not "0"`},
		{"report --order -value", "write --order=-value"},
		{"export", `expected "<table>"`},
		{"export users", "<table> must be one of"},
		{"export clicks --format json", "--format must be one of"},
		{"warehouse", `expected one of "status", "rebuild"`},
		{"geoip test", `expected "<ip>"`},
		{"geoip test x", `<ip>: invalid address "x": want one such as 203.0.113.7`},
		{"geoip test 10.0.0.0/8 --file x.mmdb", `<ip>: invalid address "10.0.0.0/8"`},
		{"token create --name x", "missing flags: --scopes"},
		{"token create --name x --scopes reports:reed", `--scopes: invalid scope "reports:reed": want all, or some of`},
		{"token create --name x --scopes all --expires soon", "--expires"},
		{"token revoke", `expected "<token>"`},
		{"erase click x", "give --yes"},
		{"erase", `expected one of "click", "list"`},
		{"trace https://x.example/?key=" + secret + " " + secret, "unexpected argument [secret]"},
	} {
		s := open(t, nil)
		code := s.run(strings.Fields(c.args)...)
		got := s.err.String()
		if code != 2 || !strings.HasPrefix(got, "homing: ") || !strings.Contains(got, c.says) || strings.Count(got, "\n") != 1 {
			t.Errorf("homing %s: exit status %d: %s\twant %s", c.args, code, got, c.says)
		}
		if len(s.asked) > 0 || s.out.Len() > 0 {
			t.Errorf("homing %s: asked %q, printed %q", c.args, s.asked, s.out.String())
		}
	}
}

func TestFailures(t *testing.T) {
	s := open(t, nil)
	for _, args := range []string{"account update 9 --name x", "key list 9", "trace x", "conversions", "postbacks --tail", "import -"} {
		if code := s.run(strings.Fields(args)...); code != 1 || s.err.String() != "homing: account 9: not found\n" || s.out.Len() > 0 {
			t.Errorf("homing %s: exit status %d: %s%s", args, code, s.err.String(), s.out.String())
		}
	}
	if code := s.run("import", "/nonexistent.jsonl"); code != 1 || !strings.Contains(s.err.String(), "/nonexistent.jsonl") {
		t.Errorf("%d %s", code, s.err.String())
	}
}

func TestHelp(t *testing.T) {
	s := open(t, nil)
	if code := s.run("--help"); code != 0 || !strings.Contains(s.out.String(), "postbacks") {
		t.Errorf("%d %s", code, s.out.String())
	}
	for _, command := range []string{"backup", "restore", "doctor"} {
		if !strings.Contains(s.out.String(), "\n  "+command) {
			t.Errorf("the help does not offer %s", command)
		}
	}
	if code := s.run("serve", "--help"); code != 0 || !strings.Contains(s.out.String(), "HOMING_TRACK_LISTEN") {
		t.Errorf("%d %s", code, s.out.String())
	}
	if code := s.run(); code != 2 || !strings.Contains(s.err.String(), "Usage: homing") || s.out.Len() > 0 {
		t.Errorf("without arguments: %d %s", code, s.err.String())
	}
}

func TestDeleteAsks(t *testing.T) {
	for in, want := range map[string]int{"yes\n": 0, "YES": 0, "no\n": 1, "y\n": 1, "": 1} {
		s := open(t, map[string]any{"DELETE /v1/accounts/1": control.Erasure{ID: 1, Erased: true}})
		s.in, s.terminal = in, true
		if code := s.run("account", "delete", "1"); code != want || (len(s.asked) > 0) != (want == 0) || !strings.Contains(s.err.String(), "cannot be undone") {
			t.Errorf("%q: %d, asked %q: %s", in, code, s.asked, s.err.String())
		}
	}
}

func TestSettingsComeInOrder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "homing.toml")
	write(t, file, `
data-dir = "/from/file"
track-listen = ":1"
desk-listen = ":1"
max-conns = 7
drain-time = "3s"
tls-cert = ["a.pem", "b,c.pem"]
trusted-proxies = ["10.0.0.0/8", "fd00::/8"]
metrics-token = "hidden"
`)
	t.Setenv("HOMING_DESK_LISTEN", ":2")
	t.Setenv("HOMING_TRACK_LISTEN", ":2")
	s := open(t, nil)
	if code := s.run("serve", "--config", file, "--track-listen", ":3"); code != 0 {
		t.Fatal(s.err.String())
	}
	c := s.served
	if c.DataDir != "/from/file" || c.TrackListen != ":3" || c.DeskListen != ":2" || c.MaxConns != 7 || c.DrainTime != 3*time.Second ||
		len(c.TLSCert) != 2 || c.TLSCert[1] != "b,c.pem" || len(c.TrustedProxies) != 2 || c.TrackTLSListen != "127.0.0.1:8443" {
		t.Errorf("%+v", c)
	}
	t.Setenv("HOMING_CONFIG", file)
	if code := s.run("config", "print", "--track-listen", ":3"); code != 0 {
		t.Fatal(s.err.String())
	}
	got := strings.Join(strings.Fields(s.out.String()), " ")
	for _, want := range []string{
		"data-dir " + file + " /from/file", "track-listen --track-listen :3", "desk-listen HOMING_DESK_LISTEN :2",
		"max-conns " + file + " 7", "trusted-proxies " + file + " 10.0.0.0/8,fd00::/8", "metrics-token " + file + " [secret]",
		"log-level default info", "drain-time " + file + " 3s",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("config print lacks %q:\n%s", want, s.out.String())
		}
	}
	// Other commands do not read the file.
	write(t, file, "nonsense")
	if code := s.run("version"); code != 0 {
		t.Errorf("version: %s", s.err.String())
	}
}

func TestWrongSettingsFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "homing.toml")
	for _, c := range []struct{ text, says string }{
		{`trak-listen = ":1"`, ": trak-listen: there is no such setting"},
		{`track_listen = ":1"`, ": track_listen: there is no such setting; did you mean track-listen?"},
		{"[track]\nlisten = ':1'", ": track: there is no such setting"},
		{`config = "x"`, ": config: there is no such setting"},
		{`help = true`, ": help: there is no such setting"},
		{`max-conns = "7"`, ": max-conns: want a whole number without quotes"},
		{`max-conns = 7.5`, ": max-conns: want a whole number without quotes"},
		{`spool-segment-size = "1"`, ": spool-segment-size: want a whole number without quotes"},
		{`track-listen = 8080`, ": track-listen: want a string"},
		{`drain-time = 8`, `: drain-time: want a length of time in quotes, such as "8s"`},
		{`drain-time = "8"`, ": drain-time: "},
		{`tls-cert = [1]`, ": tls-cert: want a string"},
		{`tls-cert = 1`, `: tls-cert: want a list such as ["a", "b"]`},
		{`trusted-proxies = ["10.0.0.0/99"]`, ": trusted-proxies: "},
		{`log-level = "loud"`, `: log-level: want one of debug, info, warn, error, not "loud"`},
		{`log-level = `, "line 1"},
		{"log-level = 'info'\nlog-level = 'warn'", "line 2"},
	} {
		write(t, file, c.text)
		s := open(t, nil)
		code := s.run("serve", "--config", file)
		got := s.err.String()
		if code != 2 || !strings.HasPrefix(got, "homing: "+file+": ") || !strings.Contains(got, c.says) || strings.Count(got, "\n") != 1 {
			t.Errorf("%s: exit status %d: %s\twant %s", c.text, code, got, c.says)
		}
	}
}

func TestWrongEnvironment(t *testing.T) {
	t.Setenv("HOMING_MAX_CONNS", "many")
	s := open(t, map[string]any{"GET /v1/accounts": []control.Account{}})
	if code := s.run("serve"); code != 2 || !strings.Contains(s.err.String(), "HOMING_MAX_CONNS") {
		t.Errorf("%d %s", code, s.err.String())
	}
	if code := s.run("account", "list"); code != 0 {
		t.Errorf("another command: %s", s.err.String())
	}
}

func TestVersion(t *testing.T) {
	s := open(t, nil)
	if code := s.run("version"); code != 0 || !strings.HasPrefix(s.out.String(), "homing "+app.Version) || !strings.Contains(s.out.String(), "/") {
		t.Errorf("%d %s", code, s.out.String())
	}
}

// TestWithoutAServer has a command open the data directory itself.
func TestWithoutAServer(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	command := func(args ...string) (string, string, int) {
		var out, errs bytes.Buffer
		code := run(&session{
			ctx: t.Context(), in: strings.NewReader(""), out: &out, err: &errs, now: time.Now,
			connect: func(ctx context.Context, dataDir string, create bool) (*control.Client, error) {
				return app.Connect(ctx, dataDir, create, time.Now)
			},
		}, append(args, "--data-dir", dir))
		return out.String(), errs.String(), code
	}
	for _, args := range []string{
		"account list", "account update 1 --name x", "account delete 1 --yes", "campaign create --account 1 --name x --url https://a.example/",
		"campaign list", "key list 1", "key rotate 1", "key revoke 1 1", "user list", "user reset a@b.example",
		"trace " + clickIDText, "postbacks", "clicks", "conversions", "conversions approve 1",
		"report", "export clicks", "warehouse status", "warehouse rebuild", "geoip test 10.0.0.1", "token list",
		"token create --name x --scopes all", "token revoke 1", "erase click --yes " + clickIDText,
		"masterkey list", "masterkey rotate",
	} {
		if out, errs, code := command(strings.Fields(args)...); code != 1 || out != "" || !strings.Contains(errs, "--data-dir "+dir) {
			t.Errorf("homing %s without a data directory: %d %q %q", args, code, out, errs)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Fatalf("homing %s made the data directory", args)
		}
	}
	if out, errs, code := command("account", "create", "--name", "Acme"); code != 0 || !strings.Contains(out, "Account 1, Acme") {
		t.Fatalf("%d %s%s", code, out, errs)
	}
	if out, errs, code := command("account", "list"); code != 0 || !strings.Contains(out, "Acme") {
		t.Errorf("%d %s%s", code, out, errs)
	}
	if out, errs, code := command("masterkey", "rotate"); code != 0 || !strings.Contains(out, "Ids made under the old keys go on verifying.") {
		t.Errorf("%d %s%s", code, out, errs)
	}
	if out, errs, code := command("masterkey", "list"); code != 0 || !strings.Contains(out, "ahead") || !strings.Contains(out, "in use") {
		t.Errorf("%d %s%s", code, out, errs)
	}
	if _, errs, code := command("masterkey", "rotate"); code != 1 || !strings.Contains(errs, "was made just now") {
		t.Errorf("%d %s", code, errs)
	}
	if out, errs, code := command("geoip", "test", "203.0.113.7"); code != 0 || !strings.Contains(out, "No server runs on this data directory") {
		t.Errorf("%d %q %q", code, out, errs)
	}
	if out, errs, code := command("geoip", "test", ""); code != 2 || !strings.Contains(errs, "the address is missing") {
		t.Errorf("%d %q %q", code, out, errs)
	}
	if out, errs, code := command("postbacks", "--tail"); code != 1 || out != "" || !strings.Contains(errs, "start homing serve") {
		t.Errorf("%d %q %q", code, out, errs)
	}
}

const clickIDText = "6f1e0a4b9c2d7e8f00112233445566778899aabb"

// TestWhatBeginsAHoming makes the data directory.
func TestWhatBeginsAHoming(t *testing.T) {
	file := filepath.Join(t.TempDir(), "import.jsonl")
	write(t, file, `{"ref":"a","name":"Acme"}`)
	for _, args := range []string{"account create --name x", "user create a@b.example", "import " + file} {
		dir := filepath.Join(t.TempDir(), "data")
		var out, errs bytes.Buffer
		code := run(&session{
			ctx: t.Context(), in: strings.NewReader(""), out: &out, err: &errs, now: time.Now,
			connect: func(ctx context.Context, dataDir string, create bool) (*control.Client, error) {
				return app.Connect(ctx, dataDir, create, time.Now)
			},
		}, append(strings.Fields(args), "--data-dir", dir))
		if code != 0 {
			t.Errorf("homing %s: %d %s", args, code, errs.String())
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
