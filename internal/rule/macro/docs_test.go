package macro

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"homing"
)

var update = flag.Bool("update", false, "write docs/macros.md from the table of macros")

// docs/macros.md is written from the table, so that it cannot tell anything
// else than the program does; its examples are filled by the program.
func TestDocsAreFresh(t *testing.T) {
	path := filepath.Join("..", "..", "..", "docs", "macros.md")
	want := renderDocs(t)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/macros.md is stale; write it anew with: go test ./internal/rule/macro -run TestDocsAreFresh -update")
	}
}

func renderDocs(t *testing.T) string {
	var b strings.Builder
	b.WriteString(docsHead)
	b.WriteString("\n## The macros\n\n| macro | what it is | where it comes from | example |\n|---|---|---|---|\n")
	for _, e := range Entries() {
		fmt.Fprintf(&b, "| `{%s}` | %s | %s | `%s` |\n", e.Name, e.Meaning, e.Source, e.Example)
	}
	b.WriteString(docsValues)
	b.WriteString("\n## Ways to write them\n\n")
	b.WriteString("The click id may be written in every way that trackers use, in upper or lower case, as `click_id` or `clickid`:\n\n")
	for _, f := range forms {
		fmt.Fprintf(&b, "- `%sclick_id%s`\n", f.open, f.close)
	}
	b.WriteString("\nEvery other macro, in lower case only:\n\n")
	for _, f := range forms {
		if !f.clickOnly {
			fmt.Fprintf(&b, "- `%ssub1%s`\n", f.open, f.close)
		}
	}
	b.WriteString(docsSyntax)
	b.WriteString("\n## Examples\n")
	for _, url := range []string{
		"https://shop.example/landing?clickid={click_id}&s={sub1}",
		"https://shop.example/{lang}/offer?aff_sub=${CLICK_ID}&from=%7Bsite_host%7D",
		"https://tracker.example/go?cid=[CLICK_ID]&price=${AUCTION_PRICE}&filter[sub1]=a",
		"https://shop.example/?c={click_id}&camp={campaign}&r={referrer}",
	} {
		v := example()
		v.Click.Params[homing.ParamSiteHost] = []byte("blog.example")
		fmt.Fprintf(&b, "\n    %s\n    → %s\n", url, fill(t, url, v))
	}
	return b.String()
}

const docsHead = `# Macros

<!-- Written by: go test ./internal/rule/macro -run TestDocsAreFresh -update. Change the table in internal/rule/macro/names.go or the text in docs_test.go. -->

A campaign's URL is a template. When a visitor clicks, homing puts a value in the place of each macro and sends the visitor there. ` + "`{click_id}`" + ` should
be in it; without it no conversion can be told. Put it into the parameter that the advertiser's tracker sends back in the postback.

    https://shop.example/landing?clickid={click_id}
`

const docsValues = `
- A query parameter of the click URL stands first, an empty one counts as not given: ` + "`/c/…?sub1=a&geo=FR`" + `.
- A value that is not known is written as nothing.
- Every value is percent-encoded: only ` + "`A-Z a-z 0-9 - . _ ~`" + ` stay, a space is ` + "`%20`" + `. No value can add a parameter or change the host.
- In the path a value of dots only is written as nothing, because browsers take ` + "`..`" + ` for a step up.
- Query parameters are kept up to 255 bytes; of a header the first 1,024 bytes are used.
- A value is never searched for macros again.
`

const docsSyntax = `
Everything else stays as it is, for the next server may replace it: unknown names, OpenRTB's ` + "`${AUCTION_ID}`" + `, VAST's ` + "`[TIMESTAMP]`" + `, escapes such as ` + "`%20`" + `.

- Scheme, host and port are never touched.
- A parameter's name with brackets or underscores around stays: ` + "`a[click_id]=1`, `[click_id]=1`, `__click_id__=1`" + `. As a parameter's value, or alone between two ` + "`&`" + `, they are macros.
- Percent-encoded braces work, for panels and spreadsheets encode them. Braces encoded twice (` + "`%257B`" + `) do not.
- In a URL that is itself a parameter, values other than the click id are encoded once, not twice.
- A lone ` + "`%`" + ` right before a macro is refused: write ` + "`%25`" + `.
`
