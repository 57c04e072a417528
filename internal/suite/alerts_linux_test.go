package suite

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"math"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// These tests bring faults about on the real program, scrape it, and have promtool
// play the scrapes to the alert rules: so they fire at what the program tells, and
// not only at what a test file says it would.

// ownDisk and others depend on the machine that tests run on, or on how long they
// take: they are only looked at where the fault is theirs.
var ownDisk = []string{"DiskFull", "DiskFullSoon"}

var onMachine = append([]string{"MemoryHigh", "AnswersSlow", "FsyncSlow", "AdvertiserRefused", "Silence"}, ownDisk...)

// firing has promtool play scrapes, each for three minutes and the last for two
// hours, and tells the alerts that fired meanwhile. A scrape that is nil was not
// answered.
func firing(t *testing.T, scrapes ...map[string]*family) (names []string) {
	t.Helper()
	tool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed (Debian: apt-get install prometheus)")
	}
	rules, err := filepath.Abs("../../deploy/prometheus/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	var test strings.Builder
	fmt.Fprintf(&test, "rule_files: [%q]\nevaluation_interval: 1m\ntests:\n  - interval: 1m\n    input_series:\n", rules)
	for _, series := range seriesOf(scrapes) {
		test.WriteString(series)
	}
	test.WriteString("    promql_expr_test:\n      - expr: count by (alertname) (count_over_time(ALERTS{alertstate=\"firing\"}[3h]))\n        eval_time: 115m\n        exp_samples: [{labels: '{alertname=\"none\"}', value: 1}]\n")
	path := filepath.Join(t.TempDir(), "scraped.yml")
	if err := os.WriteFile(path, []byte(test.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	out, _ := exec.Command(tool, "test", "rules", path).CombinedOutput() // it fails, telling what there is
	_, got, found := strings.Cut(string(out), "got:")
	if !found || !strings.Contains(string(out), "alertname") {
		t.Fatalf("promtool says something else: %s", out)
	}
	for _, piece := range strings.Split(got, `alertname=`)[1:] {
		names = append(names, strings.Trim(strings.FieldsFunc(piece, func(c rune) bool { return c == '}' || c == ',' })[0], `\"`))
	}
	slices.Sort(names)
	return names
}

// seriesOf writes scrapes as promtool's input: `up` says which were answered. Time
// begins at 0 there, so moments are told from now on.
func seriesOf(scrapes []map[string]*family) (lines []string) {
	const labels = `job="homing",instance="here"`
	values := map[string][]string{}
	note := func(series string, at int, value float64) {
		if values[series] == nil {
			values[series] = slices.Repeat([]string{"_"}, len(scrapes))
		}
		values[series][at] = strconv.FormatFloat(value, 'f', -1, 64)
	}
	now := float64(time.Now().Unix())
	for at, families := range scrapes {
		up := 0.0
		if families != nil {
			up = 1
		}
		note("up{"+labels+"}", at, up)
		for _, f := range families {
			for _, s := range f.samples {
				if math.IsNaN(s.value) {
					continue
				}
				own := labels
				for _, name := range slices.Sorted(maps.Keys(s.labels)) {
					own += "," + name + `="` + s.labels[name] + `"`
				}
				if isMoment(s.name) {
					s.value -= now
				}
				note(s.name+"{"+own+"}", at, s.value)
			}
		}
	}
	for _, series := range slices.Sorted(maps.Keys(values)) {
		var run []string
		for at, value := range values[series] {
			times := 3
			if at == len(scrapes)-1 {
				times = 120
			}
			if value == "_" {
				run = append(run, "stale", fmt.Sprintf("_x%d", times-1))
			} else {
				run = append(run, fmt.Sprintf("%s+0x%d", value, times-1))
			}
		}
		lines = append(lines, fmt.Sprintf("      - {series: '%s', values: '%s'}\n", series, strings.Join(run, " ")))
	}
	return lines
}

func isMoment(name string) bool {
	return strings.HasSuffix(name, "_timestamp_seconds") || name == "homing_backup_last_seconds" || name == "process_start_time_seconds"
}

// wantFiring compares what fired with what should, leaving out what depends on the
// machine.
func wantFiring(t *testing.T, got []string, leaveOut []string, want ...string) {
	t.Helper()
	got = slices.DeleteFunc(slices.Clone(got), func(name string) bool { return slices.Contains(leaveOut, name) })
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("these alerts fired: %s\nwanted: %s", strings.Join(got, ", "), strings.Join(want, ", "))
	}
}

// TestNothingFiresInGoodOrder: but for the backup, until one was made.
func TestNothingFiresInGoodOrder(t *testing.T) {
	s := worked(t)
	before := s.scrape()
	p := play(s, s.newCampaign(s.newAccount()))
	time.Sleep(2 * time.Second)
	p.end()
	if p.clicks.Load() == 0 || p.postbacks.Load() == 0 {
		t.Errorf("%d clicks and %d postbacks got through", p.clicks.Load(), p.postbacks.Load())
	}
	after := s.scrape()
	wantFiring(t, firing(t, before, after), onMachine, "BackupOld")
	s.homing("backup", filepath.Join(t.TempDir(), "backup"))
	wantFiring(t, firing(t, s.scrape()), onMachine)
}

// TestAlertsOfTheDoors sends what operators should hear of.
func TestAlertsOfTheDoors(t *testing.T) {
	s := start(t, data(t), "--max-conns", "20")
	a := s.newAccount()
	c := s.newCampaign(a)
	s.reports()
	before := s.scrape()

	id := s.click(c, "")
	if call := s.get(false, postbackPath+id+"?key="+a.Key); call.status != 200 {
		t.Fatalf("a call with a key: %+v", call)
	}
	s.exchange(false, "", "GET", []byte("GET "+c.path()+" HTTP/1.1\r\nHost: t.example\r\nX-Forwarded-For: 203.0.113.9\r\nConnection: close\r\n\r\n"))
	for range 120 {
		s.get(false, postbackPath+"deadbeef")
	}
	var idle []net.Conn
	for range 20 {
		idle = append(idle, s.dial(false, ""))
	}
	s.eventually("connections are turned away", func() bool {
		s.get(false, c.path())
		return s.figure("homing_connections_refused_total", "limit=all") > 0
	})
	for _, conn := range idle {
		conn.Close()
	}
	wantFiring(t, firing(t, before, s.scrape()), onMachine,
		"BackupOld", "ConnectionsRefused", "KeyOverHTTP", "ProxyUntrusted", "RefusalsHigh")
}

// TestAlertsOfCertificates serves one that ends tomorrow.
func TestAlertsOfCertificates(t *testing.T) {
	for left, want := range map[time.Duration][]string{
		36 * time.Hour:      {"BackupOld", "CertificateExpires", "CertificateExpiresNow"},
		9 * 24 * time.Hour:  {"BackupOld", "CertificateExpires"},
		30 * 24 * time.Hour: {"BackupOld"},
	} {
		cert, key := certificateUntil(t, time.Now().Add(left))
		s := start(t, data(t), "--tls-cert", cert, "--tls-key", key)
		s.reports()
		wantFiring(t, firing(t, s.scrape()), onMachine, want...)
	}
}

// reports waits until the warehouse is up.
func (s *server) reports() {
	s.t.Helper()
	s.eventually("the warehouse is up", func() bool { return s.figure("homing_warehouse_up") == 1 })
}

func certificateUntil(t *testing.T, ends time.Time) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"t.example"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: ends,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return write("cert.pem", "CERTIFICATE", der), write("key.pem", "PRIVATE KEY", keyDER)
}

// TestAlertsOfTheWarehouse puts a plain file where it is to be.
func TestAlertsOfTheWarehouse(t *testing.T) {
	dir := data(t)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "warehouse"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s := start(t, dir)
	s.eventually("the warehouse is away", func() bool { return s.warehouse().Trouble != "" })
	wantFiring(t, firing(t, s.scrape()), onMachine, "BackupOld", "WarehouseDown")
}

// TestAlertsOfRestarts kills the server again and again.
func TestAlertsOfRestarts(t *testing.T) {
	s := start(t, data(t))
	s.reports()
	scrapes := []map[string]*family{s.scrape()}
	for range 3 {
		s.kill()
		scrapes = append(scrapes, nil)
		time.Sleep(1100 * time.Millisecond) // starts are told in seconds
		s.run()
		s.reports()
		scrapes = append(scrapes, s.scrape())
	}
	wantFiring(t, firing(t, scrapes...), onMachine, "BackupOld", "HomingDown", "RestartLoop")
}

// TestAlertsOfDamage flips bits in the spool's oldest block and in a page of the
// ledger, while nobody has them open.
func TestAlertsOfDamage(t *testing.T) {
	s := worked(t)
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(s.dir, "spool", "*.seg"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no file of the spool: %v", err)
	}
	damageByte(t, files[0], 16<<10+70)
	s.run()
	s.reports()
	s.eventually("the damage is told", func() bool { return s.figure("homing_spool_damages") > 0 })
	wantFiring(t, firing(t, s.scrape()), onMachine, "BackupOld", "SpoolDamaged")
}

// damageByte turns a byte of a file round.
func damageByte(t *testing.T, path string, at int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b [1]byte
	if _, err := f.ReadAt(b[:], at); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 0xff
	if _, err := f.WriteAt(b[:], at); err != nil {
		t.Fatal(err)
	}
}

// TestAlertsOfAFullDisk fills the disk of the data directory to the brim, once for
// each thing that can be done with visitors then.
func TestAlertsOfAFullDisk(t *testing.T) {
	for what, own := range map[string]string{"refuse": "ClicksRefused", "redirect": "ClicksUnrecorded"} {
		t.Run(what, func(t *testing.T) {
			s := start(t, smallDisk(t), "--on-spool-failure", what, "--spool-segment-size", "1048576")
			c := s.newCampaign(s.newAccount())
			id := s.click(c, "")
			s.reports()
			before := s.scrape()
			fill(t, filepath.Join(filepath.Dir(s.dir), "ballast"))
			s.eventually("nothing can be made durable", func() bool {
				for range 100 {
					s.get(false, c.path()+"?"+bulk())
				}
				s.get(false, postbackPath+id)
				now := s.scrape()
				return now["homing_disk_free_bytes"].sum() < 1<<20 && now["homing_unavailable_total"].sum("door=postback") > 0 && now["homing_ready"].sum() == 0 &&
					now["homing_unavailable_total"].sum("door=click")+now["homing_clicks_unrecorded_total"].sum() > 0
			})
			leaveOut := slices.DeleteFunc(slices.Clone(onMachine), func(name string) bool { return slices.Contains(ownDisk, name) })
			// Whether the ledger still has room in its log is a matter of luck.
			leaveOut = append(leaveOut, "LeaseMarginLow", "LoaderNotice", "WarehouseDown")
			wantFiring(t, firing(t, before, s.scrape()), leaveOut,
				"BackupOld", "DiskFull", "DiskFullSoon", "HomingNotReady", "PostbacksUnavailable", own)
			s.kill() // before its disk goes
		})
	}
}

// smallDisk is a data directory on a disk of its own.
func smallDisk(t *testing.T) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("mounts a small file system, which needs root")
	}
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=400m"); err != nil {
		t.Skipf("couldn't mount a small file system: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) })
	return filepath.Join(disk, "data")
}

// bulk is a query that cannot be made smaller, so that files fill soon.
func bulk() string {
	var b strings.Builder
	for n := range 10 {
		fmt.Fprintf(&b, "&sub%d=%s%s%s%s", n+1, rand.Text(), rand.Text(), rand.Text(), rand.Text())
	}
	return b.String()[1:]
}

// fill writes a file until there is no room.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 1 << 20; size >= 4096; {
		if _, err := f.Write(make([]byte, size)); err != nil {
			size /= 2
		}
	}
}
