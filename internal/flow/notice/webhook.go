package notice

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"syscall"
	"time"

	"homing"
)

// SignatureHeader carries when a webhook was sent and what it is signed with:
//
//	Homing-Signature: t=1790000000,v1=<hex of HMAC-SHA-256 over "1790000000." and the body>
const SignatureHeader = "Homing-Signature"

// hookPatience bounds a webhook from the first byte to the last.
const hookPatience = 10 * time.Second

// hookContext ties the sealed key of a webhook to whose it is.
func hookContext(account *homing.Account) string {
	if account == nil {
		return "webhook of the operators"
	}
	return "webhook of " + account.PublicID
}

// NewWebhookKey draws a key that webhooks are signed with: to show once, and
// sealed to keep in homing.Notices.WebhookKey. account is nil for the operators'.
func NewWebhookKey(k *homing.Keyring, account *homing.Account) (homing.Secret, []byte) {
	secret := homing.NewSecret()
	return secret, k.SealSecret(secret, hookContext(account))
}

// Sign makes the signature of a body that is sent at a moment.
func Sign(key homing.Secret, at time.Time, body []byte) string {
	seconds := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(key.Reveal()))
	mac.Write([]byte(seconds + "."))
	mac.Write(body)
	return "t=" + seconds + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

// TestWebhook posts a test to the webhook of an account, or of the operators if
// it is 0, and says why it was not taken.
func (w *Watch) TestWebhook(ctx context.Context, account homing.AccountID) error {
	h := hook{ID: homing.RandomText(20), Time: w.now().String(), Event: "test", Network: w.network(), Notices: []hookNotice{}}
	return w.sendHook(ctx, party(account), hookMessage(&h).Body)
}

// sendHook posts a body to a party's webhook. What the other side says beyond
// its status is not looked at: an advertiser must not read through us what stands
// behind an address.
func (w *Watch) sendHook(ctx context.Context, p party, body string) error {
	wishes := w.wishes(p)
	target, err := url.Parse(wishes.Webhook)
	if err != nil || target.Scheme != "https" || target.Host == "" || target.User != nil {
		return fmt.Errorf("%w webhook: want an https URL", homing.ErrInvalid)
	}
	var account *homing.Account
	if p != operatorsParty {
		account = w.o.View().Account(homing.AccountID(p))
	}
	key, err := w.o.Keyring().OpenSecret(wishes.WebhookKey, hookContext(account))
	if err != nil {
		return fmt.Errorf("the webhook's key can't be read; make a new one: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, hookPatience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), bytes.NewReader([]byte(body)))
	if err != nil {
		return fmt.Errorf("the webhook's URL: %w", errors.Unwrap(err))
	}
	request.Header.Set("Content-Type", "application/json; charset=utf-8")
	request.Header.Set("User-Agent", "homing")
	request.Header.Set(SignatureHeader, Sign(key, w.o.Clock(), []byte(body)))
	client := w.hookClient(p)
	defer client.CloseIdleConnections()
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("couldn't reach %s: %w", clean(target.Host, 100), unreached(err, p))
	}
	defer response.Body.Close()
	_, _ = io.CopyN(io.Discard, response.Body, 4<<10) // for a connection's good end; what is in it does not matter
	switch {
	case response.StatusCode >= 200 && response.StatusCode < 300:
		return nil
	case response.StatusCode >= 300 && response.StatusCode < 400:
		return fmt.Errorf("%s answered %d; redirects are not followed: give the URL it leads to", clean(target.Host, 100), response.StatusCode)
	}
	return fmt.Errorf("%s answered %d", clean(target.Host, 100), response.StatusCode)
}

// errNotPublic is what the guard says.
var errNotPublic = errors.New("the address is not a public one, and webhooks of advertisers lead to public ones only")

// unreached is why a webhook could not be reached, without its URL, which often
// holds a secret. Advertisers are not told addresses: what a name stands for
// inside the operator's network is none of their business.
func unreached(err error, p party) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	var (
		timeout net.Error
		dns     *net.DNSError
		cert    *tls.CertificateVerificationError
	)
	switch {
	case p == operatorsParty:
		return err
	case errors.Is(err, errNotPublic):
		return errNotPublic
	case errors.As(err, &cert):
		return errors.New("its certificate is not good")
	case errors.As(err, &dns):
		return errors.New("its name is not known")
	case errors.As(err, &timeout) && timeout.Timeout():
		return errors.New("it did not answer within 10 seconds")
	}
	return errors.New("the connection failed")
}

// hookClient follows no redirect, uses no proxy, and lets an advertiser's webhook
// lead to public addresses only. The address is looked at when the connection is
// made, after the name was resolved: a name that leads elsewhere on the second
// look gains nothing.
func (w *Watch) hookClient(p party) *http.Client {
	dialer := &net.Dialer{Timeout: hookPatience}
	if p != operatorsParty {
		may := w.o.MayReach
		if may == nil {
			may = isPublic
		}
		dialer.Control = func(_, address string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil || !may(to.Addr()) {
				return errNotPublic
			}
			return nil
		}
	}
	return &http.Client{
		Timeout: hookPatience,
		Transport: &http.Transport{
			DialContext: dialer.DialContext, DisableKeepAlives: true, ForceAttemptHTTP2: true, MaxResponseHeaderBytes: 16 << 10,
			TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: w.o.Roots},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// unreachable are networks that lead to no public host, besides those that
// netip knows by name. The last ones carry an IPv4 address within.
var unreachable = prefixes(
	"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
	"203.0.113.0/24", "240.0.0.0/4", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "fec0::/10",
)

func prefixes(texts ...string) (list []netip.Prefix) {
	for _, text := range texts {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}

// isPublic tells an address of the open Internet.
func isPublic(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	if !addr.IsGlobalUnicast() || addr.IsPrivate() || addr.IsLoopback() || addr.IsLinkLocalUnicast() {
		return false
	}
	for _, p := range unreachable {
		if p.Contains(addr) {
			return false
		}
	}
	return true
}
