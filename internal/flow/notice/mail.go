package notice

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/wneessen/go-mail"

	"homing"
)

const (
	// mailPatience bounds sending a mail, mailStep each step of it.
	mailPatience = 45 * time.Second
	mailStep     = 20 * time.Second
)

// MailPort is the port of a mail server whose settings name none.
const MailPort = 587

// mailContext ties the sealed password to its purpose.
const mailContext = "mail password"

// SealMailPassword makes what homing.Mail.Password holds.
func SealMailPassword(k *homing.Keyring, password string) []byte {
	if password == "" {
		return nil
	}
	return k.SealSecret(homing.Secret(password), mailContext)
}

// TestMail sends a mail to an address, now, and gives the server's own words if
// it cannot be sent.
func (w *Watch) TestMail(ctx context.Context, to string) error {
	m := message{
		Subject: "A test from " + w.network(),
		Text: "This is a test. Somebody pressed the button for it in the settings of notices:\n" + w.o.DeskURL() + noticesPath +
			"\n\nMail from " + w.network() + " reaches you.\n",
	}
	if w.o.View().Installation.Mail.Host == "" {
		return fmt.Errorf("%w mail: there is no mail server in the settings", homing.ErrInvalid)
	}
	return w.sendMail(ctx, to, homing.RandomText(20), w.now(), m)
}

// sendMail sends one mail to one address. The error tells the server's words,
// and no secret.
//
// Of the libraries, net/smtp is frozen and knows neither contexts nor
// time-outs; go-mail is kept, encodes headers itself and refuses addresses that
// are none.
func (w *Watch) sendMail(ctx context.Context, to, id string, at homing.Millis, m message) error {
	settings := w.o.View().Installation.Mail
	password, err := w.mailPassword(&settings)
	if err != nil {
		return err
	}
	msg, err := w.mailOf(&settings, to, id, at, m)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, mailPatience)
	defer cancel()
	line := &line{tls: settings.Security == homing.MailTLS, config: w.tlsTo(settings.Host)}
	defer context.AfterFunc(ctx, line.cut)()
	client, err := mail.NewClient(settings.Host, append(w.mailOptions(&settings, password), mail.WithDialContextFunc(line.dial))...)
	if err != nil {
		return fmt.Errorf("the mail server's settings: %w", err)
	}
	if err := client.DialWithContext(ctx); err != nil {
		return told(err, settings.User, password)
	}
	defer client.Close() // the mail is with the server by then, or is not
	if err := client.Send(msg); err != nil && !msg.IsDelivered() {
		return told(err, settings.User, password)
	}
	return nil
}

func (w *Watch) mailPassword(settings *homing.Mail) (string, error) {
	if len(settings.Password) == 0 {
		return "", nil
	}
	password, err := w.o.Keyring().OpenSecret(settings.Password, mailContext)
	if err != nil {
		return "", fmt.Errorf("the mail password can't be read; type it again: %w", err)
	}
	return password.Reveal(), nil
}

// mailOf makes the mail. Everything that others named was cleaned when the
// message was made; the subject once more, for it becomes a header.
func (w *Watch) mailOf(settings *homing.Mail, to, id string, at homing.Millis, m message) (*mail.Msg, error) {
	from, err := netmail.ParseAddress(settings.From)
	if err != nil {
		return nil, fmt.Errorf("%w mail: %q is no address to send from", homing.ErrInvalid, settings.From)
	}
	msg := mail.NewMsg()
	if err := msg.FromFormat(cmp.Or(nameOf(from.Name), w.network()), from.Address); err != nil {
		return nil, fmt.Errorf("the address to send from: %w", err)
	}
	if err := msg.To(to); err != nil {
		return nil, fmt.Errorf("the address to send to: %w", err)
	}
	domain := from.Address[strings.LastIndexByte(from.Address, '@')+1:]
	msg.Subject(clean(m.Subject, 200))
	msg.SetMessageIDWithValue(id + "@" + domain)
	msg.SetDateWithValue(at.Time())
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetBodyString(mail.TypeTextPlain, m.Text)
	return msg, nil
}

// mailOptions protect the way as the settings say. A password never goes in the
// clear beyond this machine: without TLS only what proves it without telling it
// is used.
func (w *Watch) mailOptions(settings *homing.Mail, password string) []mail.Option {
	options := []mail.Option{
		mail.WithPort(cmp.Or(settings.Port, MailPort)), mail.WithTimeout(mailStep), mail.WithoutNoop(),
		mail.WithTLSConfig(w.tlsTo(settings.Host)),
	}
	clear := []mail.SMTPAuthType{mail.SMTPAuthPlain, mail.SMTPAuthLogin}
	switch settings.Security {
	case homing.MailTLS:
		options = append(options, mail.WithSSL())
	case homing.MailPlain:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
		clear = nil
		if onThisMachine(settings.Host) {
			clear = []mail.SMTPAuthType{mail.SMTPAuthPlainNoEnc, mail.SMTPAuthLoginNoEnc}
		}
	default:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if settings.User == "" {
		return options
	}
	ways := append([]mail.SMTPAuthType{mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthSCRAMSHA1}, clear...)
	ways = append(ways, mail.SMTPAuthCramMD5)
	return append(options, mail.WithOpportunisticSMTPAuth(ways...), mail.WithUsername(settings.User), mail.WithPassword(password))
}

func (w *Watch) tlsTo(host string) *tls.Config {
	return &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12, RootCAs: w.o.Roots}
}

// line is the connection to a mail server. go-mail listens to a context while it
// dials only; cut ends what comes after, so that an ending process waits for no
// mail server.
type line struct {
	tls    bool
	config *tls.Config

	mu   sync.Mutex
	conn net.Conn // guarded by mu
	done bool     // guarded by mu: it was cut
}

func (l *line) dial(ctx context.Context, network, address string) (net.Conn, error) {
	var dialer interface {
		DialContext(ctx context.Context, network, address string) (net.Conn, error)
	} = &net.Dialer{}
	if l.tls {
		dialer = &tls.Dialer{Config: l.config}
	}
	conn, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn = conn; l.done {
		conn.Close()
	}
	return conn, nil
}

func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done = true; l.conn != nil {
		l.conn.Close()
	}
}

// onThisMachine tells a host that no wire leads to.
func onThisMachine(host string) bool {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.IsLoopback()
	}
	return host == "localhost"
}

// quotedReply is a server's answer as net/textproto writes it.
var quotedReply = regexp.MustCompile(`\b[2-5][0-9][0-9] "(?:[^"\\]|\\.)*"`)

// told is why a mail was not sent, in the server's words, without the password
// in whatever form the server may have repeated it.
func told(err error, user, password string) error {
	text := err.Error()
	for _, ours := range []string{", affected recipient(s): ", ", affected message ID: "} {
		text, _, _ = strings.Cut(text, ours)
	}
	text = quotedReply.ReplaceAllStringFunc(text, func(reply string) string {
		if words, err := strconv.Unquote(reply[4:]); err == nil {
			return reply[:4] + words
		}
		return reply
	})
	if len(password) >= 4 {
		encoded := base64.StdEncoding.EncodeToString
		for _, secret := range []string{password, encoded([]byte(password)), encoded([]byte("\x00" + user + "\x00" + password))} {
			text = strings.ReplaceAll(text, secret, "[password]")
		}
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		text = "the mail server did not answer in time: " + text
	}
	return errors.New(text)
}
