package certificate

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

var today = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func fixed() time.Time { return today }

// logBook is a log that a test can read while others write.
type logBook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBook) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBook) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func newLog() (*slog.Logger, *logBook) {
	b := &logBook{}
	return slog.New(slog.NewTextHandler(b, nil)), b
}

// pair writes a certificate for a name, valid until end.
func pair(t *testing.T, dir, file, name string, end time.Time) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: today.AddDate(-2, 0, 0), NotAfter: end, DNSNames: []string{name},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, _ := x509.MarshalPKCS8PrivateKey(private)
	cert, key = filepath.Join(dir, file+".crt"), filepath.Join(dir, file+".key")
	write(t, cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	write(t, key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
	return cert, key
}

func write(t *testing.T, name string, text []byte) {
	t.Helper()
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func options(log *slog.Logger, files ...string) Options {
	o := Options{CertFlag: "--tls-cert", KeyFlag: "--tls-key", Clock: fixed, Log: log}
	for i := 0; i < len(files); i += 2 {
		o.Certs, o.Keys = append(o.Certs, files[i]), append(o.Keys, files[i+1])
	}
	return o
}

// served is the name in the certificate that a client asking for name gets.
func served(t *testing.T, s *Store, name string) string {
	t.Helper()
	here, there := net.Pipe()
	go tls.Server(there, s.TLSConfig()).Handshake()
	client := tls.Client(here, &tls.Config{ServerName: name, InsecureSkipVerify: true, NextProtos: []string{"h2", "http/1.1"}})
	if err := client.Handshake(); err != nil {
		t.Fatal(err)
	}
	defer here.Close()
	state := client.ConnectionState()
	if state.NegotiatedProtocol != "http/1.1" {
		t.Errorf("negotiated %q", state.NegotiatedProtocol)
	}
	return state.PeerCertificates[0].Subject.CommonName
}

func TestChoosesByName(t *testing.T) {
	dir := t.TempDir()
	log, _ := newLog()
	a, aKey := pair(t, dir, "a", "a.example", today.AddDate(1, 0, 0))
	b, bKey := pair(t, dir, "b", "b.example", today.AddDate(1, 0, 0))
	s, err := Load(options(log, a, aKey, b, bKey))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a.example", "b.example"} {
		if got := served(t, s, name); got != name {
			t.Errorf("asked for %s, got %s", name, got)
		}
	}
	if got := served(t, s, "c.example"); got != "a.example" {
		t.Errorf("asked for a name nobody has, got %s", got)
	}
}

func TestErrorsNameFlagAndFile(t *testing.T) {
	dir := t.TempDir()
	log, _ := newLog()
	a, aKey := pair(t, dir, "a", "a.example", today.AddDate(1, 0, 0))
	_, bKey := pair(t, dir, "b", "b.example", today.AddDate(1, 0, 0))
	text := filepath.Join(dir, "text")
	write(t, text, []byte("hello"))
	for name, c := range map[string]struct {
		files []string
		want  []string
	}{
		"missing":  {[]string{dir + "/none.crt", aKey}, []string{"--tls-cert", "none.crt", "no such file"}},
		"no key":   {[]string{a, dir + "/none.key"}, []string{"--tls-key", "none.key", "no such file"}},
		"not PEM":  {[]string{text, aKey}, []string{"--tls-cert", text, "PEM"}},
		"swapped":  {[]string{aKey, a}, []string{"--tls-cert", "swapped"}},
		"mismatch": {[]string{a, bKey}, []string{"--tls-key", bKey, "does not belong"}},
	} {
		_, err := Load(options(log, c.files...))
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: %q lacks %q", name, err, want)
			}
		}
	}
	if _, err := Load(Options{CertFlag: "--tls-cert", KeyFlag: "--tls-key", Certs: []string{a}}); err == nil {
		t.Error("a certificate without a key was taken")
	}
}

func TestExpiredIsAWarning(t *testing.T) {
	log, book := newLog()
	a, aKey := pair(t, t.TempDir(), "a", "a.example", today.AddDate(0, 0, -1))
	if _, err := Load(options(log, a, aKey)); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(book.String(), "expired") {
		t.Errorf("log says %q", book)
	}
}

func TestWatchTakesNewFilesAndKeepsTheOldWhenTheyAreBad(t *testing.T) {
	dir := t.TempDir()
	log, book := newLog()
	a, aKey := pair(t, dir, "a", "old.example", today.AddDate(1, 0, 0))
	s, err := Load(options(log, a, aKey))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { s.Watch(ctx, 5*time.Millisecond) })
	defer done.Wait()
	defer cancel()

	write(t, a, []byte("rubbish"))
	waitFor(t, func() bool { return strings.Contains(book.String(), "no good") })
	time.Sleep(30 * time.Millisecond)
	if n := strings.Count(book.String(), "no good"); n != 1 {
		t.Errorf("said %d times", n)
	}
	if got := served(t, s, "x"); got != "old.example" {
		t.Errorf("serves %s", got)
	}
	pair(t, dir, "a", "new.example", today.AddDate(1, 0, 0))
	waitFor(t, func() bool { return served(t, s, "x") == "new.example" })
}

func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	for range 400 {
		if ok() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("it did not happen")
}

func TestSelfSigned(t *testing.T) {
	dir := t.TempDir()
	log, _ := newLog()
	now := today
	clock := func() time.Time { return now }
	serial := func(s *Store) string { return (*s.chosen.Load())[0].Leaf.SerialNumber.String() }
	first, err := SelfSigned(dir, clock, log)
	if err != nil {
		t.Fatal(err)
	}
	leaf := (*first.chosen.Load())[0].Leaf
	for _, name := range []string{"localhost", "127.0.0.1", "::1"} {
		if err := leaf.VerifyHostname(name); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"self-signed.crt", "self-signed.key"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", name, info.Mode(), err)
		}
	}
	again, err := SelfSigned(dir, clock, log)
	if err != nil || serial(again) != serial(first) {
		t.Errorf("a second start made another: %v", err)
	}
	now = today.Add(selfSignedFor - renewBefore + time.Hour)
	again.look()
	if serial(again) == serial(first) {
		t.Error("it was not renewed near its end")
	}
	write(t, filepath.Join(dir, "self-signed.key"), []byte("rubbish"))
	mended, err := SelfSigned(dir, clock, log)
	if err != nil || serial(mended) == serial(again) {
		t.Errorf("a damaged one was not made anew: %v", err)
	}
}
