package notices

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/flow/notice"
)

// The usual ports of mail servers.
const tlsPort = 465

// hostName is what a mail server is called, if it is no address.
var hostName = regexp.MustCompile(`^[0-9A-Za-z]([0-9A-Za-z_-]*[0-9A-Za-z])?(\.[0-9A-Za-z]([0-9A-Za-z_-]*[0-9A-Za-z])?)*\.?$`)

// saveMail settles which server sends the mail.
func (s *screen) saveMail(v *page.Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	if v.Account != nil {
		return fmt.Errorf("%w form: advertisers have no mail server of their own", homing.ErrInvalid)
	}
	m := s.mailOf(v, f)
	if f.Bad() {
		return s.render(v, http.StatusUnprocessableEntity, noticesPage{Mail: f})
	}
	_, err = v.Rooms.Catalog.UpdateInstallation(v.R.Context(), v.Who.Actor(), func(i *homing.Installation) { i.Mail = m })
	if err == nil {
		return v.See(done(v, "saved"))
	} else if take(f, err, map[string]string{"mail.from": "from", "mail.port": "port", "mail.security": "security"}) {
		return s.render(v, http.StatusUnprocessableEntity, noticesPage{Mail: f})
	}
	return err
}

// mailOf reads the form.
func (s *screen) mailOf(v *page.Visit, f *page.Form) homing.Mail {
	m := homing.Mail{
		Host: strings.TrimSpace(f.Get("host")), Security: homing.MailSecurity(f.Get("security")), User: strings.TrimSpace(f.Get("user")),
		From: strings.TrimSpace(f.Get("from")),
	}
	if m.Host == "" {
		return homing.Mail{} // no mail is sent
	}
	if _, err := netip.ParseAddr(m.Host); err != nil && (!hostName.MatchString(m.Host) || len(m.Host) > 253) {
		f.Fail("host", errors.New("write a name such as smtp.example.com, without a port"))
	}
	if text := strings.TrimSpace(f.Get("port")); text != "" {
		port, err := strconv.ParseUint(text, 10, 16)
		if err != nil || port == 0 {
			f.Fail("port", errors.New("write a number from 1 to 65535"))
		}
		m.Port = int(port)
	} else if m.Security == homing.MailTLS {
		m.Port = tlsPort
	}
	if len(m.User) > 255 || len(f.Get("secret")) > 255 {
		f.Fail("user", errors.New("user and password have at most 255 characters"))
	}
	s.passwordOf(v, f, &m)
	return m
}

// passwordOf keeps the password that is there if none was typed: for the same
// server and user only, and not for a way that has become less safe. Else
// whoever sits at this page could have it sent to a server of their own.
func (s *screen) passwordOf(v *page.Visit, f *page.Form, m *homing.Mail) {
	was := &v.View.Installation.Mail
	switch typed := f.Get("secret"); {
	case m.User == "":
	case typed != "":
		m.Password = notice.SealMailPassword(s.Keyring(), typed)
	case len(was.Password) == 0:
	case was.Host != m.Host || was.Port != m.Port || was.User != m.User || m.Security == homing.MailPlain && was.Security != homing.MailPlain:
		f.Fail("secret", errors.New("type the password once more, because the server, the user or the way has changed"))
	default:
		m.Password = was.Password
	}
}

// betweenTests is how long a test button rests.
const betweenTests homing.Millis = 5000

// mayTest keeps the test buttons from being leant on.
func (s *screen) mayTest(v *page.Visit) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	who := party(v)
	if last := s.tested[who]; last != 0 && v.Now-last < betweenTests {
		return false
	}
	s.tested[who] = v.Now
	return true
}

// testMail sends a mail to whoever presses the button, and says in the server's
// words why it was not taken.
func (s *screen) testMail(v *page.Visit) error {
	if v.Account != nil {
		return fmt.Errorf("%w form: advertisers have no mail server of their own", homing.ErrInvalid)
	}
	if !s.mayTest(v) {
		return s.render(v, http.StatusTooManyRequests, noticesPage{MailTold: &told{Early: true}})
	}
	if err := s.Watch.TestMail(v.R.Context(), v.Who.Email); err != nil {
		return s.render(v, http.StatusUnprocessableEntity, noticesPage{MailTold: &told{Words: err.Error()}})
	}
	return s.render(v, http.StatusOK, noticesPage{MailTold: &told{}})
}

// testWebhook posts a test to the party's webhook.
func (s *screen) testWebhook(v *page.Visit) error {
	if wishesOf(v).Webhook == "" {
		return fmt.Errorf("%w form: there is no webhook to test", homing.ErrInvalid)
	}
	if !s.mayTest(v) {
		return s.render(v, http.StatusTooManyRequests, noticesPage{HookTold: &told{Early: true}})
	}
	if err := s.Watch.TestWebhook(v.R.Context(), party(v)); err != nil {
		return s.render(v, http.StatusUnprocessableEntity, noticesPage{HookTold: &told{Words: err.Error()}})
	}
	return s.render(v, http.StatusOK, noticesPage{HookTold: &told{}})
}
