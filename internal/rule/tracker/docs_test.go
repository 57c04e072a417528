package tracker_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"homing/internal/rule/tracker"
)

var update = flag.Bool("update", false, "write docs/trackers.md from trackers.json")

// docs/trackers.md is written from the data file, so that the two cannot differ.
func TestDocsAreFresh(t *testing.T) {
	path := filepath.Join("..", "..", "..", "docs", "trackers.md")
	want := renderDocs()
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
		t.Error("docs/trackers.md is stale; write it anew with: go test ./internal/rule/tracker -run TestDocsAreFresh -update")
	}
}

func renderDocs() string {
	var b strings.Builder
	b.WriteString(docsHead)
	for _, kind := range tracker.Kinds() {
		fmt.Fprintf(&b, "\n## %s\n", kind.Title)
		for _, t := range tracker.All() {
			if t.Kind == kind.Kind {
				renderTemplate(&b, t)
			}
		}
	}
	return b.String()
}

func renderTemplate(b *strings.Builder, t *tracker.Template) {
	fmt.Fprintf(b, "\n### %s\n\n", t.Name)
	if t.Guide() {
		b.WriteString("A guide only: the macro for the click id was not confirmed. Look it up before you rely on it.\n\n")
	}
	fmt.Fprintf(b, "- Append to the campaign's URL: `%s` (%s)%s\n", t.Line(), t.Param.Confidence, note(t.Param))
	o := tracker.Options{Base: "https://HOST", SecureBase: "https://HOST", Account: "PUBLIC_ID", Key: "KEY", MultiLead: true}
	for _, form := range tracker.Forms() {
		if p := t.Postback(form, o); p.URL() != "" {
			fmt.Fprintf(b, "- Postback, %s: `%s`\n", titles[form], p.URL())
		}
	}
	for _, one := range []struct {
		what  string
		token tracker.Token
	}{{"Click id", t.Click}, {"Value", t.Value}, {"Lead code", t.Lead}, {"Status", t.Status}} {
		switch {
		case one.token.Known():
			fmt.Fprintf(b, "- %s: `%s` (%s)%s\n", one.what, one.token.Text, one.token.Confidence, note(one.token))
		case one.token.Note != "":
			fmt.Fprintf(b, "- %s: not known.%s\n", one.what, note(one.token))
		}
	}
	fmt.Fprintf(b, "- What to tick: %s\n", t.Tick)
	for i, step := range t.StepsWith(t.Param.Text) {
		fmt.Fprintf(b, "\n%d. %s", i+1, step)
	}
	b.WriteString("\n")
	for _, n := range t.Notes {
		fmt.Fprintf(b, "\n%s\n", n)
	}
	fmt.Fprintf(b, "\nChecked on %s:", t.CheckedOn)
	for _, s := range t.Sources {
		fmt.Fprintf(b, " <%s>", s)
	}
	b.WriteString("\n")
}

func note(t tracker.Token) string {
	if t.Note == "" {
		return ""
	}
	return " " + t.Note
}

var titles = map[tracker.Form]string{tracker.Simple: "simple", tracker.WithValue: "with value", tracker.MultiLead: "multiple leads"}

const docsHead = `# Trackers

<!-- Written by: go test ./internal/rule/tracker -run TestDocsAreFresh -update. Change internal/rule/tracker/trackers.json. -->

How to connect the trackers and networks that advertisers use. The panel's Tracking & API page makes these URLs with the right host
and account filled in. In the URLs here ` + "`HOST`" + ` is where postbacks go, ` + "`PUBLIC_ID`" + ` the advertiser's public id, ` + "`KEY`" + ` a secret key.

How sure each macro is stands behind it: *verified* was read in the tracker's own documentation, *partly* in others' guides or on a page that
could be read in part only, *guide* was not confirmed by anybody.

What is not listed works as well: put ` + "`{click_id}`" + ` into the parameter that your tracker takes up and can send back, and its macro for that
parameter behind ` + "`action/`" + `. All parameters of a postback: [postbacks.md](postbacks.md).
`
