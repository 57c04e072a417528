package main

import (
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// checkEnvironment refuses variables that look like ours and are not: a
// mistyped HOMING_TRUSTED_PROXIES would go unnoticed until it matters. Those of
// every command are known to every command.
func checkEnvironment(k *kong.Kong, environment []string) error {
	known, err := environmentNames(k)
	if err != nil {
		return err
	}
	for _, entry := range environment {
		name, value, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, "HOMING_") || slices.Contains(known, name) || ofSomebodyElse(name, value) {
			continue
		}
		if meant := nearestName(name, known); meant != "" {
			return usagef("environment variable %s: there is no such setting; did you mean %s?", name, meant)
		}
		return usagef("environment variable %s: there is no such setting", name)
	}
	return nil
}

// environmentNames lists the variables that any command reads.
func environmentNames(k *kong.Kong) (names []string, err error) {
	err = kong.Visit(k.Model, func(n kong.Visitable, next kong.Next) error {
		if flag, ok := n.(*kong.Flag); ok {
			names = append(names, flag.Envs...)
		}
		return next(nil)
	})
	slices.Sort(names)
	return slices.Compact(names), err
}

var (
	// Kubernetes tells every container of a service named homing, or
	// homing-something, where that is.
	serviceName = regexp.MustCompile(`_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$`)
	serviceURL  = regexp.MustCompile(`^(tcp|udp|sctp)://`)
)

// ofSomebodyElse tells a variable that only begins as ours do.
func ofSomebodyElse(name, value string) bool {
	return strings.HasPrefix(name, "HOMING_TEST_") || serviceName.MatchString(name) ||
		strings.HasSuffix(name, "_PORT") && serviceURL.MatchString(value)
}

// nearestName finds the known name that somebody may have meant, or "".
func nearestName(name string, known []string) (best string) {
	fewest := len("ies") + 1 // PROXY, PROXIES
	for _, k := range known {
		if d := typos(name, k); d < fewest {
			best, fewest = k, d
		}
	}
	return best
}

// typos counts the letters that must be put in, left out or replaced to make
// one ASCII word of another.
func typos(a, b string) int {
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			replaced := last[j]
			if a[i] != b[j] {
				replaced++
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, replaced)
		}
		last = row
	}
	return last[len(b)]
}
