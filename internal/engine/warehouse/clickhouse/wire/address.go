package wire

import (
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"homing"
)

// Address is where servers are, and how they are spoken with.
type Address struct {
	Hosts    []string // with ports
	Secure   bool     // https
	Database string
	User     string
	Password Password
	// Cluster names one of the servers' remote_servers; empty: a single server.
	Cluster string
	// Quorum is on how many replicas a row must be before it counts as written;
	// 0 = on more than half of them.
	Quorum int
}

// Password prints as "[secret]".
type Password string

func (p Password) String() string   { return "[secret]" }
func (p Password) GoString() string { return "[secret]" }

// ports of the HTTP interface.
var ports = map[bool]string{false: "8123", true: "8443"}

// ParseURL reads clickhouse://user:password@host,host:port/database?cluster=NAME&secure=true&quorum=2.
// Its errors are homing.ErrInvalid and do not tell the URL, which may have a
// password.
func ParseURL(text string) (a Address, err error) {
	bad := func(what string, args ...any) (Address, error) {
		return Address{}, fmt.Errorf("the warehouse's URL %s: %w", fmt.Sprintf(what, args...), homing.ErrInvalid)
	}
	rest, ok := strings.CutPrefix(text, "clickhouse://")
	if !ok {
		return bad("does not begin with clickhouse://")
	}
	authority, tail := rest, ""
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		authority, tail = rest[:i], rest[i:]
	}
	// Lists of hosts are nothing that package url knows.
	user, hosts := "", authority
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		user, hosts = authority[:i+1], authority[i+1:]
	}
	u, err := url.Parse("clickhouse://" + user + "hosts" + tail)
	if err != nil {
		return bad("cannot be read (special characters of a password must be written as %%41)")
	}
	a.Database, a.User = strings.Trim(u.Path, "/"), "default"
	if a.Database == "" {
		a.Database = "homing"
	}
	if !isName(a.Database) {
		return bad("names a database that is not made of letters, digits and _")
	}
	if u.User != nil {
		a.User = u.User.Username()
		password, _ := u.User.Password()
		a.Password = Password(password)
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return bad("has parameters that cannot be read")
	}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		value := query.Get(name)
		switch name {
		case "cluster":
			if a.Cluster = value; !isName(value) {
				return bad("names a cluster that is not made of letters, digits and _")
			}
		case "secure":
			if a.Secure, err = strconv.ParseBool(value); err != nil {
				return bad("says secure=%q, which is neither true nor false", value)
			}
		case "quorum":
			if a.Quorum, err = strconv.Atoi(value); err != nil || a.Quorum < 1 {
				return bad("says quorum=%q, which is no number of replicas", value)
			}
		default:
			return bad("has a parameter %q that nobody knows", name)
		}
	}
	for host := range strings.SplitSeq(hosts, ",") {
		if host == "" {
			return bad("names no host, or an empty one")
		}
		if _, _, err := net.SplitHostPort(host); err != nil {
			host = net.JoinHostPort(strings.Trim(host, "[]"), ports[a.Secure])
		}
		a.Hosts = append(a.Hosts, host)
	}
	return a, nil
}

func isName(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}
