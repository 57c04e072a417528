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
	if slices.Contains(serverSettings, flag.Name) {
		return withoutPassword(text)
	}
	if u, err := url.Parse(text); err == nil && u.User != nil {
		return u.Redacted()
	}
	return text
}

// serverSettings are addresses of servers, which may hold a password.
var serverSettings = []string{"ledger", "warehouse"}

// withoutPassword shows a server's address, which may name several hosts. One that
// cannot be read is not shown, for nobody can tell where in it the password is.
func withoutPassword(text string) string {
	if text == "" || strings.HasPrefix(text, "@") {
		return text
	}
	scheme, rest, isURL := strings.Cut(text, "://")
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	hosts, rest := rest[:end], rest[end:]
	if at := strings.LastIndexByte(hosts, '@'); at >= 0 {
		user, _, _ := strings.Cut(hosts[:at], ":")
		hosts = user + ":xxxxx" + hosts[at:]
	}
	path, question, _ := strings.Cut(rest, "?")
	query, err := url.ParseQuery(question)
	if !isURL || err != nil || strings.ContainsAny(path, "@#:") {
		return "[not shown]"
	}
	for name := range query {
		if strings.Contains(strings.ToLower(name), "pass") {
			query.Set(name, "xxxxx")
		}
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return scheme + "://" + hosts + path
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
