package rulebook

import (
	"fmt"
	"strings"

	"homing"
)

// listOf is a field that holds a list.
func listOf[T fmt.Stringer](name string, before, after []T) field {
	words := func(list []T) string {
		var texts []string
		for _, v := range list {
			texts = append(texts, v.String())
		}
		return strings.Join(texts, ", ")
	}
	return field{name, words(before), words(after)}
}

// noticesOf tells where notices go, of a webhook only the host; its key and the
// rest of its URL are told as replaced.
func noticesOf(before, after homing.Notices) field {
	words := func(n homing.Notices) string {
		list := append([]string{}, n.Emails...)
		if n.Webhook != "" {
			list = append(list, homing.WebhookHost(n.Webhook))
		}
		for _, off := range n.Off {
			list = append(list, "not "+off)
		}
		return strings.Join(list, ", ")
	}
	f := field{"notices", words(before), words(after)}
	add := func(what string) { f.after = strings.TrimPrefix(f.after+", "+what, ", ") }
	if before.Webhook != after.Webhook && homing.WebhookHost(before.Webhook) == homing.WebhookHost(after.Webhook) {
		add("webhook replaced")
	}
	if string(before.WebhookKey) != string(after.WebhookKey) {
		add("key replaced")
	}
	return f
}

// mailOf tells which server sends mail: its user may be a secret (some services
// take a token for it), so only whether there is one, and that it was replaced.
func mailOf(before, after homing.Mail) field {
	words := func(m homing.Mail) string {
		if m.Host == "" {
			return ""
		}
		text := fmt.Sprintf("%s %s:%d from %s", m.Security, m.Host, m.Port, m.From)
		if m.User != "" {
			text += ", with a user"
		}
		return strings.TrimSpace(text)
	}
	f := field{"mail", words(before), words(after)}
	if before.User != after.User && before.User != "" && after.User != "" {
		f.after += ", user replaced"
	}
	return f
}
