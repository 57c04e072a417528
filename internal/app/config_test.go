package app

import (
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/configuration.md anew")

// TestConfigurationIsDocumented keeps docs/configuration.md as the settings
// are: go test ./internal/app -run Documented -update writes it.
func TestConfigurationIsDocumented(t *testing.T) {
	const path = "../../docs/configuration.md"
	want := configurationPage()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is stale: run this test with -update", path)
	}
}

func configurationPage() string {
	var b strings.Builder
	b.WriteString(`# Configuration

` + "`homing serve`" + ` needs no setting. Each setting is a flag, an environment variable, and a key of an optional TOML file
(` + "`--config FILE`" + `); a flag comes before the environment, the environment before the file. Unknown keys are errors.
` + "`homing config print`" + ` shows every setting, its value and where it came from.

| flag | environment | default | meaning |
|---|---|---|---|
`)
	fields := reflect.TypeFor[Config]()
	for i := range fields.NumField() {
		f := fields.Field(i)
		if _, hidden := f.Tag.Lookup("hidden"); hidden {
			continue
		}
		name := f.Tag.Get("name")
		env := "HOMING_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
		standard := f.Tag.Get("default")
		if standard != "" {
			standard = "`" + standard + "`"
		}
		fmt.Fprintf(&b, "| `--%s` | `%s` | %s | %s |\n", name, env, standard, f.Tag.Get("help"))
	}
	b.WriteString(`
In the file the keys are the flags' names without dashes in front:

` + "```toml" + `
track-listen = ":80"
track-tls-listen = ":443"
tls-cert = ["/etc/homing/t.example.com.pem"]
tls-key = ["/etc/homing/t.example.com.key"]
public-url = "https://t.example.com"
trusted-proxies = ["10.0.0.0/8"]
` + "```" + `
`)
	return b.String()
}
