package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"homing"
)

// certify writes a self-signed certificate (ECDSA P-256) and its key.
func certify(cert, key string, now homing.Clock) error {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	about := x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "bench"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: now().Add(-time.Hour), NotAfter: now().Add(24 * time.Hour),
	}
	public, err := x509.CreateCertificate(rand.Reader, &about, &about, private.Public(), private)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: public}), 0o600),
		os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: secret}), 0o600))
}

// shake is a way to begin a TLS connection.
type shake struct {
	resumed  bool // the session of one before
	exchange tls.CurveID
}

// The ways that are measured. nginx's OpenSSL is of before the exchange that
// resists quantum computers, so both are asked for the one they have in common,
// and homing alone for what browsers ask for today.
var (
	fresh       = shake{false, tls.X25519}
	resumed     = shake{true, tls.X25519}
	postQuantum = shake{false, tls.X25519MLKEM768}
	shakes      = []shake{fresh, resumed, postQuantum}
)

func (k shake) String() string {
	if k.resumed {
		return "session resumed"
	}
	return "ECDSA P-256, " + k.exchange.String()
}

// measureShakes opens new TLS connections, one request each.
func (b *bench) measureShakes(ctx context.Context) error {
	for _, how := range shakes {
		b.progress.Begin("new TLS connections, %s", how)
		b.shakes[how] = series{}
		servers := []string{ours, limit}
		if how == postQuantum {
			servers = servers[:1]
		}
		for round := range b.o.rounds {
			for _, name := range servers {
				taken, err := b.shakeHands(ctx, b.named(name), how)
				if err != nil {
					return err
				}
				b.shakes[how][name] = append(b.shakes[how][name], taken)
			}
			b.progress.At(int64(round+1), int64(b.o.rounds))
		}
	}
	return nil
}

// shakeHands opens connections for some seconds from a few workers.
func (b *bench) shakeHands(ctx context.Context, s *server, how shake) (shot, error) {
	before, began := processorOf(s.pids), b.o.now()
	until := began.Add(b.o.glance)
	var done atomic.Int64
	var mu sync.Mutex
	var failed error
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			config := &tls.Config{
				InsecureSkipVerify: true, // the certificate is self-signed
				MinVersion:         tls.VersionTLS13, CurvePreferences: []tls.CurveID{how.exchange},
			}
			if how.resumed {
				config.ClientSessionCache = tls.NewLRUClientSessionCache(8)
			}
			for first := true; ctx.Err() == nil && b.o.now().Before(until); first = false {
				was, err := greet(ctx, s.secure, config)
				if err == nil && how.resumed && !first && !was {
					err = errors.New("the session was not resumed")
				}
				if err != nil {
					mu.Lock()
					failed = err
					mu.Unlock()
					return
				}
				done.Add(1)
			}
		})
	}
	all.Wait()
	if failed != nil {
		return shot{}, fmt.Errorf("TLS on %s: %w", s.name, failed)
	}
	took, n := b.o.now().Sub(began), done.Load()
	time.Sleep(settle)
	return shot{requests: n, rate: float64(n) / took.Seconds(), cpu: (processorOf(s.pids) - before) / time.Duration(max(n, 1))}, nil
}

// greet opens a connection, asks whether the server is well, and closes it.
func greet(ctx context.Context, address string, config *tls.Config) (resumed bool, err error) {
	conn, err := (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", address)
	if err != nil {
		return false, err
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("GET /healthz HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")); err != nil {
		return false, err
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return false, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != 200 {
		return false, fmt.Errorf("answered %d", answer.StatusCode)
	}
	return conn.(*tls.Conn).ConnectionState().DidResume, nil
}
