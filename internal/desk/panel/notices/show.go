package notices

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/flow/notice"
)

// noticesPage is what one party wants to be told of. Of its forms at most one
// has something wrong.
type noticesPage struct {
	// Account is an advertiser's; nil = the operators'. Theirs: an operator looks.
	Account *homing.Account
	Theirs  bool
	Query   string // what forms carry on, such as "?account=3"
	Kinds   []kind
	Who     *page.Form // recipients
	Hook    *page.Form
	// HasHook: there is a webhook. Key was made just now; it is shown once.
	HasHook bool
	Key     string
	// MailReady: there is a mail server.
	MailReady bool
	// Mail is the server's form, for operators' owners; nil for others.
	Mail        *page.Form
	HasPassword bool
	Me          string
	// Told is what came of a test.
	MailTold, HookTold *told

	Stands, Past []notice.Notice
	Failures     []notice.Failure
}

// kind is one that can be switched off.
type kind struct {
	notice.KindInfo
	On bool
}

// told is what a test came to: empty words are good ones. Early: there was none,
// because the one before was just now.
type told struct {
	Words string
	Early bool
}

func (s *screen) show(v *page.Visit) error { return s.render(v, http.StatusOK, noticesPage{}) }

// party is whose notices the page is about.
func party(v *page.Visit) homing.AccountID {
	if v.Account == nil {
		return 0
	}
	return v.Account.ID
}

func wishesOf(v *page.Visit) homing.Notices {
	if v.Account == nil {
		return v.View.Installation.Notices
	}
	return v.Account.Notices
}

// query is what forms carry on: the advertiser that an operator looks at.
func query(v *page.Visit) string {
	if v.Account == nil || !v.Who.Operator() {
		return ""
	}
	return "?account=" + v.Account.ID.String()
}

func (s *screen) render(v *page.Visit, status int, p noticesPage) error {
	wishes := wishesOf(v)
	p.Account, p.Theirs, p.Query, p.Me = v.Account, v.Account != nil && v.Who.Operator(), query(v), v.Who.Email
	p.MailReady = v.View.Installation.Mail.Host != ""
	p.HasHook = wishes.Webhook != ""
	off := wishes.Off
	if p.Who != nil { // as it was typed
		off = offOf(v, p.Who)
	}
	for _, k := range kindsFor(v) {
		p.Kinds = append(p.Kinds, kind{k, !slices.Contains(off, string(k.Kind))})
	}
	if p.Who == nil {
		p.Who = page.NewForm("emails", strings.Join(wishes.Emails, "\n"))
	}
	if p.Hook == nil {
		p.Hook = page.NewForm("webhook", wishes.Webhook)
	}
	if p.Mail == nil {
		p.Mail = mailForm(&v.View.Installation.Mail)
	}
	if v.Account != nil || !v.Who.Operator() || !v.Who.Level.AtLeast(homing.Owner) {
		p.Mail = nil
	}
	p.HasPassword = len(v.View.Installation.Mail.Password) > 0
	p.Stands, p.Past, p.Failures = s.Watch.Stands(party(v)), s.Watch.Past(party(v)), s.Watch.Failures(party(v))
	if v.Account == nil { // those of advertisers stand on the system page
		p.Failures = slices.DeleteFunc(p.Failures, func(f notice.Failure) bool { return f.Account != 0 })
	}
	title := "Notices"
	if p.Theirs {
		title = "Notices of " + v.Account.Name
	}
	return v.Show(status, "notices", title, p)
}

// kindsFor are those that the party can be told of.
func kindsFor(v *page.Visit) []notice.KindInfo {
	return slices.DeleteFunc(slices.Clone(notice.Kinds()), func(k notice.KindInfo) bool { return v.Account != nil && !k.Advertisers })
}

func mailForm(m *homing.Mail) *page.Form {
	port := ""
	if m.Port != 0 {
		port = strconv.Itoa(m.Port)
	}
	return page.NewForm("host", m.Host, "port", port, "security", string(m.Security), "user", m.User, "from", m.From)
}
