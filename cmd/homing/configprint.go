package main

import (
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"homing/internal/app"
)

type configCmd struct {
	Print configPrintCmd `cmd:"" help:"Show every setting of serve, its value, and where that comes from."`
}

type configPrintCmd struct {
	File       settingsFile `name:"config" help:"Settings file (TOML)." placeholder:"FILE"`
	app.Config `embed:""`
	listFormat
}

// setting is one line of config print.
type setting struct {
	Name   string `json:"setting"`
	Value  string `json:"value"`
	Source string `json:"source"`
}

var settingColumns = []column[setting]{
	{head: "SETTING", cell: func(s *setting) string { return s.Name }},
	{head: "FROM", cell: func(s *setting) string { return s.Source }},
	{head: "VALUE", cell: func(s *setting) string { return s.Value }},
}

// Run takes the settings as serve would, and shows them.
func (c *configPrintCmd) Run(s *session, ctx *kong.Context) error {
	var list []setting
	for _, flag := range ctx.Flags() {
		if isSetting(flag) {
			list = append(list, setting{flag.Name, shownValue(flag), source(ctx, flag, string(c.File))})
		}
	}
	return printList(s.out, c.Format, settingColumns, seqOf(list))
}

// source tells where a setting comes from.
func source(ctx *kong.Context, flag *kong.Flag, file string) string {
	for _, p := range ctx.Path {
		switch {
		case p.Flag != flag:
		case p.Resolved:
			return file
		default:
			return "--" + flag.Name
		}
	}
	if fromEnvironment(flag) {
		return flag.Envs[0]
	}
	return "default"
}

// secretSettings are never shown.
var secretSettings = []string{"metrics-token"}

func shownValue(flag *kong.Flag) string {
	text := valueText(flag.Target)
	if slices.Contains(secretSettings, flag.Name) && text != "" {
		return "[secret]"
	}
	if u, err := url.Parse(text); err == nil && u.User != nil {
		return u.Redacted()
	}
	return text
}

func valueText(v reflect.Value) string {
	if v.Kind() != reflect.Slice {
		return fmt.Sprint(v.Interface())
	}
	var texts []string
	for i := range v.Len() {
		texts = append(texts, valueText(v.Index(i)))
	}
	return strings.Join(texts, ",")
}
