package homing

import "strings"

// Installation is what the operator has settled for the whole of homing, in the
// panel. Settings of the command line go before it.
type Installation struct {
	Name string `json:"name,omitempty"` // of the network; "" = homing
	// PublicURL is what clicks and postbacks are reached by from outside, as a
	// base URL; "" = as the listeners say.
	PublicURL string `json:"public_url,omitempty"`
	// DeskURL is what the panel is reached by from outside, for links that are
	// handed over or sent; "" = as the listener says.
	DeskURL  string `json:"desk_url,omitempty"`
	Zone     string `json:"zone,omitempty"`     // IANA; "" = UTC
	Currency string `json:"currency,omitempty"` // of new accounts; "" = DefaultCurrency
	Mail     Mail   `json:"mail,omitzero"`
	// Notices are what the operators want to be told of.
	Notices Notices `json:"notices,omitzero"`
}

// Mail is the server that notices are sent by. Host empty = no mail is sent.
type Mail struct {
	Host     string       `json:"host,omitempty"`
	Port     int          `json:"port,omitempty"` // 0 = 587
	Security MailSecurity `json:"security,omitempty"`
	User     string       `json:"user,omitempty"`     // "" = no sign-in
	Password []byte       `json:"password,omitempty"` // sealed, Keyring.SealSecret
	From     string       `json:"from,omitempty"`
}

// MailSecurity tells how the way to the mail server is protected.
type MailSecurity string

const (
	MailStartTLS MailSecurity = ""    // STARTTLS, or nothing is sent
	MailTLS      MailSecurity = "tls" // TLS from the first byte
	MailPlain    MailSecurity = "plain"
)

// Notices are where to tell somebody what, and what not.
type Notices struct {
	Emails []string `json:"emails,omitempty"`
	// Webhook is an https URL that notices are posted to as JSON, signed with
	// WebhookKey (sealed, Keyring.SealSecret).
	Webhook    string `json:"webhook,omitempty"`
	WebhookKey []byte `json:"webhook_key,omitempty"`
	// Off are the kinds that are not to be told, see package notice.
	Off []string `json:"off,omitempty"`
}

// WebhookHost is as much of a webhook's URL as a log may tell: where it leads, and
// whether more stands behind. Whoever knows the rest can often post there, too.
func WebhookHost(webhook string) string {
	scheme, rest, ok := strings.Cut(webhook, "://")
	if !ok {
		return "…"
	}
	host, behind := rest, ""
	if i := strings.IndexAny(rest, "/?#\\"); i >= 0 {
		host, behind = rest[:i], rest[i:]
	}
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		host = "…" + host[i:]
	}
	if behind != "" && behind != "/" {
		host += "/…"
	}
	return scheme + "://" + host
}
