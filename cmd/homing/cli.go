package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/alecthomas/kong"
)

// cli is the command line. Its names are relied on by scripts: add, never
// rename.
type cli struct {
	DataDir string `name:"data-dir" env:"HOMING_DATA_DIR" default:"./homing-data" help:"Where everything is kept. Back it up." placeholder:"DIR"`

	Serve       serveCmd       `cmd:"" help:"Run the server."`
	Account     accountCmd     `cmd:"" help:"Advertisers: their names, limits and permissions."`
	User        userCmd        `cmd:"" help:"People who sign in to the panel."`
	Key         keyCmd         `cmd:"" help:"Advertisers' keys for postbacks."`
	Campaign    campaignCmd    `cmd:"" help:"Campaigns and their click URLs."`
	Import      importCmd      `cmd:"" help:"Take over accounts with their present keys, and campaigns."`
	Trace       traceCmd       `cmd:"" help:"Tell the story of one click."`
	Postbacks   postbacksCmd   `cmd:"" help:"The postback log: every call, its verdict and the reason."`
	Replay      replayCmd      `cmd:"" help:"Judge a refused call once more, after what was wrong has been mended."`
	Clicks      clicksCmd      `cmd:"" help:"The clicks."`
	Conversions conversionsCmd `cmd:"" help:"The conversions: list them, approve, reject, restore or accept them."`
	Report      reportCmd      `cmd:"" help:"What happened: figures for any period, time zone and break-down."`
	Export      exportCmd      `cmd:"" help:"Clicks, postbacks or conversions as a file."`
	Warehouse   warehouseCmd   `cmd:"" help:"The store that answers reports."`
	Doctor      doctorCmd      `cmd:"" help:"Check every file, and that spool, ledger and warehouse agree; repair what can be made again."`
	Geoip       geoipCmd       `cmd:"" name:"geoip" help:"The files that tell where an address is."`
	Token       tokenCmd       `cmd:"" help:"Tokens of the HTTP API."`
	Masterkey   masterkeyCmd   `cmd:"" name:"masterkey" help:"The keys that click ids are made under."`
	ClusterKey  clusterKeyCmd  `cmd:"" name:"cluster-key" help:"Make a key that the nodes of a cluster share."`
	Ledger      ledgerCmd      `cmd:"" help:"The ledger of a cluster."`
	Migrate     migrateCmd     `cmd:"" help:"Move a data directory to the servers of a cluster, or back."`
	Erase       eraseCmd       `cmd:"" help:"Forget what somebody has a right to have forgotten; for a whole account see account delete."`
	Backup      backupCmd      `cmd:"" help:"Copy everything to another place, while the server runs."`
	Restore     putBackCmd     `cmd:"" help:"Put a backup back into a new data directory, or verify one."`
	Simulate    simulateCmd    `cmd:"" help:"Play visitors and advertisers against a server, and compare what it holds with what was sent."`
	Config      configCmd      `cmd:"" help:"The settings of serve."`
	Version     versionCmd     `cmd:"" help:"Tell the version."`
}

const description = `A self-hosted server-to-server conversion tracker.

Begin with "homing serve". The other commands ask the server that runs on the data directory, or open the directory themselves if none does.`

// parser builds the parser around c.
func parser(c *cli, s *session) (*kong.Kong, error) {
	return kong.New(c,
		kong.Name("homing"),
		kong.Description(description),
		kong.Writers(s.out, s.err),
		kong.Exit(func(int) { panic(helpShown{}) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100, NoExpandSubcommands: true}),
		// serve's settings have the data directory too; all commands share one.
		kong.IgnoreFields(`^(serveCmd|configPrintCmd)\.DataDir$`),
		kong.KindMapper(reflect.Uint32, kong.MapperFunc(decodeNumber)),
		kong.PostBuild(nameEnvironment),
		kong.Bind(s),
	)
}

// helpShown unwinds the parser after --help, which wants to end the process.
type helpShown struct{}

// decodeNumber reads the numbers of things, and limits.
func decodeNumber(ctx *kong.DecodeContext, target reflect.Value) error {
	var text string
	if err := ctx.Scan.PopValueInto("number", &text); err != nil {
		return err
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil || n == 0 {
		return fmt.Errorf("want a number from 1 on, not %q", text)
	}
	target.SetUint(n)
	return nil
}

// run carries out one command line and returns the exit code.
func run(s *session, args []string) (code int) {
	if len(args) == 0 {
		s.out = s.err
		defer func() { code = 2 }()
		args = []string{"--help"}
	}
	defer func() {
		if p := recover(); p != nil && p != any(helpShown{}) {
			panic(p)
		}
	}()
	var c cli
	k, err := parser(&c, s)
	if err != nil {
		return s.fail(fmt.Errorf("the command line is built wrongly: %w", err))
	}
	if err := checkText(args); err != nil {
		return s.fail(err)
	}
	ctx, err := k.Parse(args)
	if err != nil {
		return s.fail(usage{plain(err)})
	}
	if err := checkEnvironment(k, os.Environ()); err != nil {
		return s.fail(err)
	}
	s.dataDir = c.DataDir
	if err := ctx.Run(); err != nil {
		return s.fail(err)
	}
	return 0
}

// usage is an error of whoever asked.
type usage struct{ error }

func (u usage) Unwrap() error { return u.error }

func usagef(format string, args ...any) error { return usage{fmt.Errorf(format, args...)} }

// checkText refuses what is not UTF-8: on its way to the server it would turn
// into something else without a word.
func checkText(args []string) error {
	for _, arg := range args {
		if !utf8.ValidString(arg) {
			return usagef("argument %q: it is not UTF-8", arg)
		}
	}
	return nil
}

// dashValue is how the parser says that it took a value for a flag.
var dashValue = regexp.MustCompile(`^(--[a-z0-9-]+)[^:]*: expected [a-z ]*but got "(-.*)" \((?:short|long) flag\)`)

// plain says in words what the parser says unclearly. An error of a settings
// file comes out of a wrapping that names a flag which was not given.
func plain(err error) error {
	var f *fileError
	if errors.As(err, &f) {
		return f
	}
	m := dashValue.FindStringSubmatch(err.Error())
	switch {
	case m == nil:
		return err
	case strings.HasPrefix(m[2], "--"):
		return fmt.Errorf("%s: a value is missing before %s", m[1], m[2])
	case strings.ContainsAny(m[2][1:2], ".0123456789"):
		return fmt.Errorf("%s %s: it may not be negative", m[1], m[2])
	}
	return fmt.Errorf("%s %s: to give a value that begins with a dash, write %s=%s", m[1], m[2], m[1], m[2])
}

// fail prints an error and returns the exit code for it.
func (s *session) fail(err error) int {
	if errors.Is(err, context.Canceled) && s.ctx.Err() != nil {
		err = errors.New("interrupted")
	}
	fmt.Fprintln(s.err, "homing: "+veil(err.Error()))
	var c coded
	if errors.As(err, &c) {
		return c.code
	}
	if errors.As(err, new(usage)) {
		return 2
	}
	return 1
}

var (
	longRun = regexp.MustCompile(`[0-9A-Za-z]{36,}`)
	clickID = regexp.MustCompile(`^[0-9a-f]{40}$`)
)

// veil hides what looks like a key in an error: the parser quotes what was
// typed, and people paste postback URLs.
func veil(text string) string {
	text = longRun.ReplaceAllStringFunc(text, func(run string) string {
		if clickID.MatchString(run) {
			return run
		}
		return "[secret]"
	})
	return strings.TrimRight(text, "\n")
}
