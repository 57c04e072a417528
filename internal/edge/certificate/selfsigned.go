package certificate

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"homing"
)

const (
	selfSignedFor = 365 * 24 * time.Hour
	// renewBefore is how long before its end ours is made anew.
	renewBefore = 30 * 24 * time.Hour
)

// SelfSigned is a certificate for localhost, 127.0.0.1 and ::1 that nobody has
// to trust, so that https can be tried (curl -k). It is kept in dir as
// self-signed.crt and self-signed.key, made if it is not there, and made anew
// when it is near its end, damaged, or for other names.
func SelfSigned(dir string, clock homing.Clock, log *slog.Logger) (*Store, error) {
	o := Options{
		Certs: []string{filepath.Join(dir, "self-signed.crt")}, CertFlag: "self-signed certificate",
		Keys: []string{filepath.Join(dir, "self-signed.key")}, KeyFlag: "its key",
		Clock: clock, Log: log,
	}
	renew := func() error { return renewSelfSigned(&o) }
	if err := renew(); err != nil {
		return nil, err
	}
	s, err := Load(o)
	if err != nil {
		return nil, err
	}
	s.renew = renew
	return s, nil
}

// renewSelfSigned makes new files unless those there are will do for a while.
func renewSelfSigned(o *Options) error {
	now := o.Clock()
	if pair, err := tls.LoadX509KeyPair(o.Certs[0], o.Keys[0]); err == nil && willDo(pair.Leaf, now) {
		return nil
	}
	cert, key, err := makeSelfSigned(now)
	if err != nil {
		return fmt.Errorf("couldn't make a self-signed certificate: %w", err)
	}
	// A crash between the two leaves a pair that does not match, which is
	// made anew at the next start.
	for _, f := range []struct {
		name string
		text []byte
	}{{o.Keys[0], key}, {o.Certs[0], cert}} {
		if err := writeFile(f.name, f.text); err != nil {
			return fmt.Errorf("couldn't keep the self-signed certificate: %w", err)
		}
	}
	return nil
}

func willDo(leaf *x509.Certificate, now time.Time) bool {
	if now.Before(leaf.NotBefore) || leaf.NotAfter.Sub(now) < renewBefore {
		return false
	}
	for _, name := range []string{"localhost", "127.0.0.1", "::1"} {
		if leaf.VerifyHostname(name) != nil {
			return false
		}
	}
	return true
}

func makeSelfSigned(now time.Time) (certPEM, keyPEM []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "homing on this machine, for trying out"},
		NotBefore:    now.Add(-time.Hour), // for clocks that are a little behind
		NotAfter:     now.Add(selfSignedFor),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:     []string{"localhost"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},

		BasicConstraintsValid: true,
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), nil
}

// writeFile puts a file in place as a whole, for its owner only.
func writeFile(name string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails after the rename, as it should
	_, err = f.Write(text)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
