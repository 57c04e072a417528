package catalog

import (
	"context"
	"fmt"
	"net/mail"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"homing"
	"homing/internal/engine/ledger"
)

// UpdateInstallation changes what is settled for the whole, as edit says. The
// errors are FieldErrors of name, public_url, desk_url, zone, currency, mail and notices.
func (c *Catalog) UpdateInstallation(ctx context.Context, by string, edit func(*homing.Installation)) (homing.Installation, error) {
	if err := c.begin(ctx); err != nil {
		return homing.Installation{}, err
	}
	defer c.changing.Unlock()
	present := c.View().Installation
	changed := present
	edit(&changed)
	changed.Name = strings.TrimSpace(changed.Name)
	for _, base := range []*string{&changed.PublicURL, &changed.DeskURL} {
		*base = strings.TrimSuffix(strings.TrimSpace(*base), "/")
	}
	changed.Currency = strings.ToUpper(strings.TrimSpace(changed.Currency))
	if reflect.DeepEqual(changed, present) {
		return changed, nil
	}
	if err := checkInstallation(&changed); err != nil {
		return homing.Installation{}, err
	}
	if err := c.change(ctx, by, ledger.PutInstallation{Installation: changed}); err != nil {
		return homing.Installation{}, fmt.Errorf("couldn't change the installation's settings: %w", err)
	}
	return changed, nil
}

func checkInstallation(i *homing.Installation) error {
	if i.Name != "" {
		if err := checkName("name", i.Name); err != nil {
			return err
		}
	}
	if i.PublicURL != "" && !isBase(i.PublicURL) {
		return wrong("public_url", "public_url", "want a scheme and a host, such as https://track.example.com")
	}
	if i.DeskURL != "" && !isBase(i.DeskURL) {
		return wrong("desk_url", "desk_url", "want a scheme and a host, such as https://panel.example.com")
	}
	if i.Zone != "" {
		if _, err := homing.LoadZone(i.Zone); err != nil {
			return wrong("zone", "zone", "want a name such as Europe/Berlin, or UTC")
		}
	}
	if i.Currency != "" && !isCurrency(i.Currency) {
		return wrong("currency", "currency", "want three letters, such as USD")
	}
	if err := checkMail(&i.Mail); err != nil {
		return err
	}
	return checkNotices(&i.Notices)
}

// isBase tells whether URLs can begin with it.
func isBase(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.Path == "" && u.RawQuery == "" && u.User == nil && u.Fragment == ""
}

func checkMail(m *homing.Mail) error {
	if m.Host == "" {
		return nil
	}
	if _, err := mail.ParseAddress(m.From); err != nil {
		return wrong("mail.from", "mail.from", "want an e-mail address that the server may send as")
	}
	if m.Port < 0 || m.Port > 65535 {
		return wrong("mail.port", "mail.port", "want a number up to 65535")
	}
	if !slices.Contains([]homing.MailSecurity{homing.MailStartTLS, homing.MailTLS, homing.MailPlain}, m.Security) {
		return wrong("mail.security", "mail.security", "want STARTTLS, tls or plain")
	}
	return nil
}

// checkNotices bounds what somebody wants to be told of.
func checkNotices(n *homing.Notices) error {
	const mostEmails = 20
	if len(n.Emails) > mostEmails {
		return wrong("notices.emails", "notices.emails", "at most %d addresses", mostEmails)
	}
	for _, e := range n.Emails {
		if a, err := mail.ParseAddress(e); err != nil || a.Address != e {
			return wrong("notices.emails", "notices.emails", "one of them is no e-mail address")
		}
	}
	if n.Webhook != "" {
		if u, err := url.Parse(n.Webhook); err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
			return wrong("notices.webhook", "notices.webhook", "want an https URL without a user in it")
		}
	}
	return nil
}

// checkSenders bounds the networks that an account's postbacks may come from.
func checkSenders(senders []netip.Prefix) error {
	const most = 100
	if len(senders) > most {
		return wrong("senders", "senders", "at most %d networks", most)
	}
	for _, p := range senders {
		if !p.IsValid() || p != p.Masked() {
			return wrong("senders", "senders", "want networks such as 203.0.113.0/24 or 2001:db8::/32, or single addresses")
		}
	}
	return nil
}
