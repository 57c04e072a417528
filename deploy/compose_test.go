package deploy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/oasdiff/yaml3"
)

// composed is what the test looks at in compose.yaml.
type composed struct {
	Services map[string]struct {
		Command []string
		Volumes []string
		Secrets []string
	}
	Secrets map[string]struct{ File string }
	Volumes map[string]any
}

func readCompose(t *testing.T) (c composed) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(read(t, "compose/compose.yaml")), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestComposeIsACluster: docker is not asked; what can be compared without it is.
func TestComposeIsACluster(t *testing.T) {
	c := readCompose(t)
	known := settings(t)
	roles := map[string]int{}
	for name, s := range c.Services {
		if len(s.Command) == 0 || s.Command[0] != "serve" {
			continue
		}
		given := map[string]string{}
		for _, arg := range s.Command[1:] {
			flag, value, _ := strings.Cut(strings.TrimPrefix(arg, "--"), "=")
			if !slices.Contains(known, flag) {
				t.Errorf("%s: homing serve has no --%s", name, flag)
			}
			given[flag] = value
		}
		roles[given["role"]]++
		for _, flag := range []string{"ledger", "warehouse", "cluster-key-file"} {
			secret, ok := strings.CutPrefix(strings.TrimPrefix(given[flag], "@"), "/run/secrets/")
			if !ok || !slices.Contains(s.Secrets, secret) || c.Secrets[secret].File == "" {
				t.Errorf("%s: --%s is %q, and the service has the secrets %v", name, flag, given[flag], s.Secrets)
			}
		}
		if want := name + ":" + given["data-dir"]; !slices.Contains(s.Volumes, want) {
			t.Errorf("%s: its volumes are %v, want one of its own, %s", name, s.Volumes, want)
		}
	}
	if roles["edge"] != 3 || roles["desk"] != 1 || len(roles) != 2 {
		t.Errorf("the roles are %v, want three edges and a desk", roles)
	}
	for name, s := range c.Services {
		for _, v := range s.Volumes {
			from, _, _ := strings.Cut(v, ":")
			if path, isFile := strings.CutPrefix(from, "./"); isFile {
				if _, err := os.Stat(filepath.Join("compose", path)); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			} else if _, ok := c.Volumes[from]; !ok {
				t.Errorf("%s: there is no volume %s", name, from)
			}
		}
	}
}

// TestTheBalancerKnowsTheEdges: and no others.
func TestTheBalancerKnowsTheEdges(t *testing.T) {
	var servers []string
	for _, found := range regexp.MustCompile(`(?m)^ +server (edge-\d+) (edge-\d+):8080$`).FindAllStringSubmatch(read(t, "compose/haproxy.cfg"), -1) {
		if found[1] != found[2] {
			t.Errorf("the server %s is %s", found[1], found[2])
		}
		servers = append(servers, found[1])
	}
	var edges []string
	for name := range readCompose(t).Services {
		if strings.HasPrefix(name, "edge-") {
			edges = append(edges, name)
		}
	}
	slices.Sort(edges)
	if !slices.Equal(servers, edges) {
		t.Errorf("HAProxy sends to %v, the edges are %v", servers, edges)
	}
}

// TestConfigurationsOfClickHouse hold together: every replica that the servers know
// is a service.
func TestConfigurationsOfClickHouse(t *testing.T) {
	services := readCompose(t).Services
	for _, file := range []string{"cluster.xml", "keeper.xml", "users.xml"} {
		text := read(t, "compose/clickhouse/"+file)
		for _, found := range regexp.MustCompile(`<(?:host|hostname)>([^<]+)</`).FindAllStringSubmatch(text, -1) {
			if _, ok := services[found[1]]; !ok {
				t.Errorf("%s: there is no service %s", file, found[1])
			}
		}
	}
}

// settings are the flags of homing serve, as the built program lists them.
func settings(t *testing.T) (names []string) {
	t.Helper()
	cmd := exec.Command("go", "run", "homing/cmd/homing", "config", "print", "--format", "json")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, errs.String())
	}
	var list []struct{ Setting string }
	if err := json.Unmarshal(out.Bytes(), &list); err != nil {
		t.Fatal(err)
	}
	for _, s := range list {
		names = append(names, s.Setting)
	}
	if len(names) < 20 {
		t.Fatalf("only %d settings: %s", len(names), fmt.Sprint(names))
	}
	return names
}
