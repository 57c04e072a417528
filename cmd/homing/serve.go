package main

import (
	"context"
	"errors"
	"os"
	"strings"

	"github.com/alecthomas/kong"

	"homing/internal/app"
)

type serveCmd struct {
	File       settingsFile `name:"config" help:"Settings file (TOML). Its keys are the names of these flags. Flags come before environment variables, these before the file." placeholder:"FILE"`
	app.Config `embed:""`
}

// Run serves until it is told to end.
func (c *serveCmd) Run(s *session) error {
	cfg := c.Config
	cfg.DataDir = s.dataDir
	err := s.serve(s.ctx, cfg, s.out)
	if errors.Is(err, context.Canceled) && s.ctx.Err() != nil {
		return nil // that is how it ends
	}
	return err
}

// nameEnvironment gives each setting of serve its environment variable. Flags
// of other commands have none: HOMING_NAME means nothing to everybody.
func nameEnvironment(k *kong.Kong) error {
	return kong.Visit(k.Model, func(n kong.Visitable, next kong.Next) error {
		node, ok := n.(*kong.Node)
		if ok && hasSettings(node) {
			for _, flag := range node.Flags {
				if isSetting(flag) || flag.Name == configFlag {
					flag.Envs = []string{envName(flag.Name)}
					flag.Tag.Envs = flag.Envs
				}
			}
		}
		return next(nil)
	})
}

const configFlag = "config"

func envName(flag string) string {
	return "HOMING_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// hasSettings tells that a command takes the settings of serve.
func hasSettings(n *kong.Node) bool {
	for _, f := range n.Flags {
		if f.Name == configFlag {
			return true
		}
	}
	return false
}

// isSetting tells a setting from the flags that are about printing it.
func isSetting(f *kong.Flag) bool {
	return f.Name != "help" && f.Name != "format" && f.Name != configFlag
}

// fromEnvironment tells whether a setting's environment variable is set.
func fromEnvironment(f *kong.Flag) bool {
	for _, name := range f.Envs {
		if _, ok := os.LookupEnv(name); ok {
			return true
		}
	}
	return false
}
