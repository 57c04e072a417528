package wire_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"homing"
	"homing/internal/engine/warehouse/clickhouse/wire"
)

func TestParseURL(t *testing.T) {
	for text, want := range map[string]wire.Address{
		"clickhouse://one":                            {Hosts: []string{"one:8123"}, Database: "homing", User: "default"},
		"clickhouse://one?secure=true":                {Hosts: []string{"one:8443"}, Database: "homing", User: "default", Secure: true},
		"clickhouse://u:p%40w@one,two:99,[::1]:5/db":  {Hosts: []string{"one:8123", "two:99", "[::1]:5"}, Database: "db", User: "u", Password: "p@w"},
		"clickhouse://u@one/db?cluster=main&quorum=2": {Hosts: []string{"one:8123"}, Database: "db", User: "u", Cluster: "main", Quorum: 2},
	} {
		got, err := wire.ParseURL(text)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
}

// TestBadURL: whatever is wrong, the password is not told.
func TestBadURL(t *testing.T) {
	for _, text := range []string{
		"http://u:geheim@one", "clickhouse://u:geheim@", "clickhouse://u:geheim@one,,two", "clickhouse://u:geheim@one/d-b",
		"clickhouse://u:geheim@one?secure=perhaps", "clickhouse://u:geheim@one?quorum=0", "clickhouse://u:geheim@one?cluster=a'b",
		"clickhouse://u:geheim@one?sceure=true", "clickhouse://u:geheim%zz@one",
	} {
		a, err := wire.ParseURL(text)
		if !errors.Is(err, homing.ErrInvalid) || strings.Contains(fmt.Sprintf("%v %+v %#v", err, a, a), "geheim") {
			t.Errorf("%s: %+v, %v", text, a, err)
		}
	}
	a, err := wire.ParseURL("clickhouse://u:geheim@one")
	if err != nil || strings.Contains(fmt.Sprintf("%v %+v %#v", a, a, a), "geheim") {
		t.Errorf("%+v, %v", a, err)
	}
}
