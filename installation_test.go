package homing

import "testing"

func TestOfAWebhookOnlyTheHostIsTold(t *testing.T) {
	for webhook, want := range map[string]string{
		"https://hooks.example.com/services/T0/B0/secret": "https://hooks.example.com/…",
		"https://hooks.example.com?token=secret":          "https://hooks.example.com/…",
		"https://hooks.example.com:8443/#secret":          "https://hooks.example.com:8443/…",
		`https://hooks.example.com\secret`:                "https://hooks.example.com/…",
		"https://user:secret@hooks.example.com/":          "https://…@hooks.example.com",
		"https://hooks.example.com":                       "https://hooks.example.com",
		"https://hooks.example.com/":                      "https://hooks.example.com",
		"secret":                                          "…",
	} {
		if got := WebhookHost(webhook); got != want {
			t.Errorf("%s is told as %s, want %s", webhook, got, want)
		}
	}
}
