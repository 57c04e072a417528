// Package certificate holds the TLS certificates of a listener: read from
// files, or made by ourselves for trying things out on loopback.
//
//	files ──► Load ──► Store ──► TLSConfig ──► chosen by the name that is asked for
//	            ▲        │
//	            └─ Watch ┘   when the files change
//
// A renewed certificate is in use seconds after its files have changed, without
// a restart. Files that make no sense change nothing: the old certificate
// stays, and the log says so once.
package certificate

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"homing"
)

// Options say where certificates are.
type Options struct {
	// Certs and Keys are PEM files; the first key belongs to the first
	// certificate and so on. A certificate file holds the chain, its own first.
	Certs, Keys []string
	// CertFlag and KeyFlag are what the operator calls them, for errors:
	// "--tls-cert", "--tls-key".
	CertFlag, KeyFlag string
	Clock             homing.Clock
	Log               *slog.Logger
}

// Store holds certificates. It is safe for concurrent use.
type Store struct {
	options Options
	// chosen is replaced, never changed.
	chosen atomic.Pointer[[]*tls.Certificate]
	// renew makes new files before a look at them; nil if they are not ours.
	renew func() error
	// seen is what the files looked like when they were last read; only Watch
	// touches it after Load.
	seen []stamp
}

// stamp tells versions of a file apart.
type stamp struct {
	modified time.Time
	size     int64
}

// Load reads certificates. The error is one line that names flag and file. A
// certificate that has expired is loaded, with a warning: it is the clients'
// matter to refuse it, and other names may be fine.
func Load(o Options) (*Store, error) {
	s := &Store{options: o}
	if len(o.Certs) == 0 {
		return nil, fmt.Errorf("%w: %s names no file", homing.ErrInvalid, o.CertFlag)
	}
	if len(o.Certs) != len(o.Keys) {
		return nil, fmt.Errorf("%w: %d files in %s, but %d in %s; each certificate needs its key, in the same order",
			homing.ErrInvalid, len(o.Certs), o.CertFlag, len(o.Keys), o.KeyFlag)
	}
	s.seen = s.stamps()
	if err := s.load(); err != nil {
		return nil, err
	}
	return s, nil
}

// load reads all files and takes them if they are all good.
func (s *Store) load() error {
	var all []*tls.Certificate
	for i := range s.options.Certs {
		c, err := s.read(i)
		if err != nil {
			return err
		}
		all = append(all, c)
	}
	s.chosen.Store(&all)
	for i, c := range all {
		s.checkDates(s.options.Certs[i], c)
	}
	return nil
}

func (s *Store) read(i int) (*tls.Certificate, error) {
	o := &s.options
	certPEM, err := readFile(o.CertFlag, o.Certs[i])
	if err != nil {
		return nil, err
	}
	keyPEM, err := readFile(o.KeyFlag, o.Keys[i])
	if err != nil {
		return nil, err
	}
	if err := checkPEM(certPEM, "CERTIFICATE"); err != nil {
		return nil, fmt.Errorf("%s %s: %w", o.CertFlag, o.Certs[i], err)
	}
	if err := checkPEM(keyPEM, "PRIVATE KEY"); err != nil {
		return nil, fmt.Errorf("%s %s: %w", o.KeyFlag, o.Keys[i], err)
	}
	c, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return nil, fmt.Errorf("%s %s with %s %s: %w", o.CertFlag, o.Certs[i], o.KeyFlag, o.Keys[i], explain(err))
	}
	return &c, nil
}

func readFile(flag, name string) ([]byte, error) {
	text, err := os.ReadFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s %s: there is no such file", flag, name)
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("%s %s: this user may not read it", flag, name)
	case err != nil:
		return nil, fmt.Errorf("%s %s: %w", flag, name, err)
	}
	return text, nil
}

// checkDates warns of a certificate that clients will refuse, or soon will.
func (s *Store) checkDates(file string, c *tls.Certificate) {
	const soon = 7 * 24 * time.Hour
	now, leaf := s.options.Clock(), c.Leaf
	switch left := leaf.NotAfter.Sub(now); {
	case left <= 0:
		s.options.Log.Warn("a certificate has expired; clients will refuse it", "file", file, "expired", leaf.NotAfter)
	case now.Before(leaf.NotBefore):
		s.options.Log.Warn("a certificate is not valid yet; is the clock right?", "file", file, "from", leaf.NotBefore)
	case left < soon && s.renew == nil:
		s.options.Log.Warn("a certificate expires soon", "file", file, "expires", leaf.NotAfter)
	}
}

// TLSConfig is for a listener: TLS 1.2 and 1.3, HTTP/1.1 only.
func (s *Store) TLSConfig() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"http/1.1"},
		GetCertificate: s.choose,
	}
}

// choose returns the first certificate that the client can use for the name it
// asks for; if none is for that name, the first one, whose refusal tells the
// client more than a broken handshake.
func (s *Store) choose(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	all := *s.chosen.Load()
	if len(all) > 1 {
		for _, c := range all {
			if hello.SupportsCertificate(c) == nil {
				return c, nil
			}
		}
	}
	return all[0], nil
}
