package catalog_test

import (
	"errors"
	"slices"
	"testing"

	"homing"
	"homing/internal/flow/catalog"
)

func TestSendersAreReadAsPeopleWriteThem(t *testing.T) {
	for _, c := range []struct {
		texts, want []string
	}{
		{nil, []string{}},
		{[]string{"", "  "}, []string{}},
		{[]string{" 203.0.113.7 ", "203.0.113.7/32"}, []string{"203.0.113.7"}},
		{[]string{"203.0.113.7/24"}, []string{"203.0.113.0/24"}},
		{[]string{"2001:db8::1/32", "2001:DB8::/32"}, []string{"2001:db8::/32"}},
		{[]string{"::ffff:203.0.113.7", "::ffff:203.0.113.0/120"}, []string{"203.0.113.7", "203.0.113.0/24"}},
		{[]string{"0.0.0.0/0"}, []string{"0.0.0.0/0"}},
	} {
		got, err := catalog.ParseSenders(c.texts)
		if err != nil || !slices.Equal(catalog.SenderTexts(got), c.want) {
			t.Errorf("%q: %q %v, want %q", c.texts, catalog.SenderTexts(got), err, c.want)
		}
	}
	for _, bad := range []string{"example.com", "203.0.113.0/33", "203.0.113", "fe80::1%eth0", "::ffff:0:0/80", "203.0.113.0/24/8", "1.2.3.4:80"} {
		var field *catalog.FieldError
		if _, err := catalog.ParseSenders([]string{bad}); !errors.As(err, &field) || field.Field != "senders" || !errors.Is(err, homing.ErrInvalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
