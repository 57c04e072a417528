package notices

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/flow/catalog"
	"homing/internal/flow/notice"
)

// change changes a party's wishes.
func change(ctx context.Context, v *page.Visit, edit func(*homing.Notices)) (err error) {
	if v.Account == nil {
		_, err = v.Rooms.Catalog.UpdateInstallation(ctx, v.Who.Actor(), func(i *homing.Installation) { edit(&i.Notices) })
		return err
	}
	_, err = v.Rooms.Catalog.UpdateAccount(ctx, v.Who.Actor(), v.Account.ID, func(a *homing.Account) { edit(&a.Notices) })
	return err
}

// take notes at the form what the catalog found wrong; false if it is not the
// form's fault.
func take(f *page.Form, err error, fields map[string]string) bool {
	var wrong *catalog.FieldError
	if !errors.As(err, &wrong) {
		return false
	}
	if field := fields[wrong.Field]; field != "" {
		f.Fail(field, errors.New(wrong.Problem))
	} else {
		f.Problem = page.Sentence(err)
	}
	return true
}

// offOf are the kinds that are not ticked, and those that this page does not
// list, as they are.
func offOf(v *page.Visit, f *page.Form) (off []string) {
	listed := map[string]bool{}
	for _, k := range kindsFor(v) {
		listed[string(k.Kind)] = true
		if !slices.Contains(f.All("on"), string(k.Kind)) {
			off = append(off, string(k.Kind))
		}
	}
	for _, kept := range wishesOf(v).Off {
		if !listed[kept] {
			off = append(off, kept)
		}
	}
	return off
}

// save settles who is told, and of what.
func (s *screen) save(v *page.Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	var emails []string
	for _, line := range strings.FieldsFunc(f.Get("emails"), func(c rune) bool { return c == '\n' || c == '\r' || c == ',' || c == ';' || c == ' ' }) {
		if !slices.Contains(emails, line) {
			emails = append(emails, line)
		}
	}
	off := offOf(v, f)
	err = change(v.R.Context(), v, func(n *homing.Notices) { n.Emails, n.Off = emails, off })
	if err == nil {
		return v.See(done(v, "saved"))
	} else if take(f, err, map[string]string{"notices.emails": "emails"}) {
		return s.render(v, http.StatusUnprocessableEntity, noticesPage{Who: f})
	}
	return err
}

// done is this page with a word that says what was done.
func done(v *page.Visit, word string) string {
	if q := query(v); q != "" {
		return "/settings/notices" + q + "&done=" + word
	}
	return "/settings/notices?done=" + word
}

// renew shows the visit what was changed just now.
func renew(v *page.Visit) {
	v.View = v.Rooms.Catalog.View()
	if v.Account != nil {
		v.Account = v.View.Account(v.Account.ID)
	}
}

// saveWebhook carries one of its buttons out: do=save, rotate or remove. A key
// that is made is shown once.
func (s *screen) saveWebhook(v *page.Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	target := strings.TrimSpace(f.Get("webhook"))
	wishes := wishesOf(v)
	var key homing.Secret
	sealed := wishes.WebhookKey
	switch do := f.Get("do"); {
	case do == "remove", do == "save" && target == "":
		if err := change(v.R.Context(), v, func(n *homing.Notices) { n.Webhook, n.WebhookKey = "", nil }); err != nil {
			return err
		}
		return v.See(done(v, "webhook-off"))
	case do == "rotate" && wishes.Webhook != "":
		target = wishes.Webhook
		key, sealed = notice.NewWebhookKey(s.Keyring(), v.Account)
	case do == "save":
		if len(target) > 2048 {
			f.Fail("webhook", errors.New("it is longer than 2048 characters"))
			return s.render(v, http.StatusUnprocessableEntity, noticesPage{Hook: f})
		}
		if len(sealed) == 0 {
			key, sealed = notice.NewWebhookKey(s.Keyring(), v.Account)
		}
	default:
		return fmt.Errorf("%w form: it says nothing that can be done", homing.ErrInvalid)
	}
	err = change(v.R.Context(), v, func(n *homing.Notices) { n.Webhook, n.WebhookKey = target, sealed })
	if err != nil && take(f, err, map[string]string{"notices.webhook": "webhook"}) {
		return s.render(v, http.StatusUnprocessableEntity, noticesPage{Hook: f})
	} else if err != nil {
		return err
	}
	if key == "" {
		return v.See(done(v, "saved"))
	}
	renew(v)
	return s.render(v, http.StatusOK, noticesPage{Key: key.Reveal()})
}
