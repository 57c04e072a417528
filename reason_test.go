package homing

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// docs/reasons.md is written from the table of reasons:
//
//	go test -run TestReasonsPage -update .
var update = flag.Bool("update", false, "write docs/reasons.md anew")

func TestReasonsPage(t *testing.T) {
	const file = "docs/reasons.md"
	want := reasonsPage(t)
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(file)
	if err != nil || string(have) != want {
		t.Errorf("%s is not what the table of reasons says (%v); write it anew: go test -run TestReasonsPage -update .", file, err)
	}
}

var codeSyntax = regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)

func TestReasonsAreComplete(t *testing.T) {
	seen := map[string]Reason{}
	for _, r := range Reasons() {
		info := r.Info()
		if !codeSyntax.MatchString(info.Code) || info.Outcome == 0 || info.Answer == 0 ||
			info.Title == "" || info.Cause == "" || info.Fix == "" {
			t.Errorf("reason %d lacks something: %+v", r, info)
		}
		if other, twice := seen[info.Code]; twice {
			t.Errorf("reasons %d and %d are both called %s", other, r, info.Code)
		}
		seen[info.Code] = r
		if ok := info.Answer == AnswerOK; ok != (info.Outcome != Refused) || ok != (info.Answer.Status() == 200) {
			t.Errorf("%s: outcome %s, answer %d", info.Code, info.Outcome, info.Answer.Status())
		}
		if back, ok := ReasonNamed(info.Code); !ok || back != r {
			t.Errorf("%s is found as %d", info.Code, back)
		}
	}
	if _, ok := ReasonNamed(""); ok {
		t.Error("there is a reason without a name")
	}
	if got := Reason(255).String(); got != "unknown_255" {
		t.Errorf("a reason of a later version is %s", got)
	}
}

// The wire's words, to the letter.
func TestAnswers(t *testing.T) {
	for a, want := range map[Answer]string{
		AnswerOK:             "200 ",
		AnswerInvalidCode:    "400 invalid code",
		AnswerHTTPSOnly:      "403 The transfer of the lead_code is possible only with the https protocol",
		AnswerInvalidKey:     "403 invalid key",
		AnswerInvalidPrice:   "400 invalid price value: '%s'",
		AnswerPriceRange:     "400 the price should be between %s and %s",
		AnswerInvalidLead:    "400 invalid lead_code",
		AnswerRepeated:       "400 duplicate parameter: %s",
		AnswerInvalidQuery:   "400 invalid query",
		AnswerInvalidRequest: "400 invalid request",
		AnswerNotFound:       "404 not found",
		AnswerMethod:         "405 method not allowed",
		AnswerTooLong:        "414 query too long",
	} {
		if got := fmt.Sprintf("%d %s", a.Status(), a.Text()); got != want {
			t.Errorf("answer %d is %q, want %q", a, got, want)
		}
	}
}

func TestFlagsAreExplained(t *testing.T) {
	infos := AllFlags.Infos()
	if 1<<len(infos) != flagEnd {
		t.Fatalf("%d flags are explained, and the next one would be %b", len(infos), flagEnd)
	}
	seen := map[string]bool{}
	for i, info := range infos {
		if info.Flag != 1<<i || !codeSyntax.MatchString(info.Name) || info.Meaning == "" || seen[info.Name] {
			t.Errorf("flag %d: %+v", i, info)
		}
		seen[info.Name] = true
	}
	if names := (FlagTest | FlagBrowser).Names(); fmt.Sprint(names) != "[test browser]" {
		t.Errorf("names %v", names)
	}
	if got, _ := json.Marshal(Flags(0).Names()); string(got) != "[]" {
		t.Errorf("no flags are %s in JSON", got)
	}
}

// Stored numbers that this version does not know must not stop it.
func TestUnknownNumbersHaveNames(t *testing.T) {
	for _, got := range []string{Status(99).String(), ClickClass(99).String(), Role(99).String(), CampaignStatus(99).String()} {
		if got != "unknown(99)" {
			t.Errorf("an unknown number is %s", got)
		}
	}
}

// group is a chapter of the page; its reasons follow one another in the table.
type group struct {
	heading, intro string
	first, last    Reason
	fine           bool // a valid key may have passed before
}

// groups are in the order of the checks.
var groups = []group{
	{"The request", "What is wrong with the call before anything in it is read.", ReasonMethod, ReasonTransferEncoding, false},
	{"The query's size", "", ReasonQueryTooLong, ReasonQueryTooLong, false},
	{"The click id", "Looked at before the query, except in the sibling form, `/api/v1/cpa/action?clickid=…`.", ReasonCodeEmpty, ReasonCodeNotMinted, false},
	{"The query", "", ReasonQuerySyntax, ReasonQueryTooMany, false},
	{"Repeated parameters", "", ReasonRepeated, ReasonRepeated, false},
	{"The account", "", ReasonErased, ReasonErased, false},
	{"https", "Asked for only where a lead_code is sent.", ReasonHTTPSRequired, ReasonHTTPSUntrustedProxy, false},
	{"The sender", "Asked for only where the account has permitted senders.", ReasonSender, ReasonSender, false},
	{"The key", "A key that is given is always checked.", ReasonKeyMissing, ReasonKeyRevoked, false},
	{"Permission", "", ReasonMultiLeadForbidden, ReasonMultiLeadForbidden, true},
	{"The lead code", "", ReasonLeadTooLong, ReasonLeadEncoding, true},
	{"The value", "The syntax of both amounts comes before the range of either.", ReasonValueMacro, ReasonValueAbove, true},
	{"The price", "", ReasonPriceSyntax, ReasonPriceRange, true},
	{"Counted, or kept as late", "Every check has passed; the conversion is on disk.", ReasonCounted, ReasonLate, true},
}

func TestEveryReasonIsInOneGroup(t *testing.T) {
	times := map[Reason]int{}
	for _, g := range groups {
		for r := g.first; r <= g.last; r++ {
			times[r]++
		}
	}
	for _, r := range Reasons() {
		if times[r] != 1 {
			t.Errorf("%s is in %d groups", r, times[r])
		}
	}
}

func reasonsPage(t *testing.T) string {
	intro, err := os.ReadFile("testdata/reasons_intro.md")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("<!-- Written by `go test -run TestReasonsPage -update .` from reason.go, verdict.go and testdata/reasons_intro.md. -->\n\n")
	b.Write(intro)
	writeCoarse(&b)
	b.WriteString("\n## Reasons, in the order of the checks\n")
	for _, g := range groups {
		fmt.Fprintf(&b, "\n### %s\n", g.heading)
		if g.intro != "" {
			fmt.Fprintf(&b, "\n%s\n", g.intro)
		}
		for r := g.first; r <= g.last; r++ {
			writeReason(&b, r.Info(), g.fine)
		}
	}
	b.WriteString("\n## Flags\n\nRemarks on a call or a conversion. They change nothing about the answer.\n\n| flag | meaning |\n|---|---|\n")
	for _, info := range AllFlags.Infos() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", info.Name, info.Meaning)
	}
	return b.String()
}

// writeCoarse lists what is told before a key has passed; the help link of
// such an answer leads to its line here.
func writeCoarse(b *strings.Builder) {
	for a := AnswerInvalidCode; a <= AnswerTooLong; a++ {
		var finer []string
		for _, r := range Reasons() {
			if r.Info().Answer == a {
				finer = append(finer, fmt.Sprintf("[%s](#%s)", r, r))
			}
		}
		anchor := fmt.Sprintf(`<a id="%s"></a>`, a.Coarse())
		if _, same := ReasonNamed(a.Coarse()); same {
			anchor = "" // the reason's own heading is the anchor
		}
		if len(finer) == 0 {
			finer = []string{"a path that is none of ours"}
		}
		fmt.Fprintf(b, "| %s`%s` | %d | %s |\n", anchor, a.Coarse(), a.Status(), strings.Join(finer, ", "))
	}
}

func writeReason(b *strings.Builder, info ReasonInfo, fine bool) {
	fmt.Fprintf(b, "\n#### %s\n\n%s\n\n", info.Code, asWritten(info.Title))
	fmt.Fprintf(b, "- Answer: `%d` `%s`\n", info.Answer.Status(), body(info.Answer))
	fmt.Fprintf(b, "- Header: %s\n", header(info, fine))
	fmt.Fprintf(b, "- Usual cause: %s\n- What to do: %s\n", asWritten(info.Cause), asWritten(info.Fix))
}

// asWritten keeps Markdown from showing &amp; as &.
func asWritten(text string) string { return strings.ReplaceAll(text, "&amp;", "`&amp;`") }

func body(a Answer) string {
	if a == AnswerOK {
		return `{"ok":true}`
	}
	text := a.Text()
	switch a {
	case AnswerInvalidPrice, AnswerRepeated:
		text = fmt.Sprintf(text, "…")
	case AnswerPriceRange:
		text = fmt.Sprintf(text, DefaultPriceMin.Thousandths(), DefaultPriceMax.Thousandths())
	}
	return `{"error":{"msg":"` + text + `"}}`
}

// header tells what Postback-Result says of a reason.
func header(info ReasonInfo, fine bool) string {
	exact := fmt.Sprintf("`%s; reason=%s`", info.Outcome, info.Code)
	switch {
	case info.Outcome == Refused && fine:
		return fmt.Sprintf("`%s; reason=%s`; with a valid key %s", info.Outcome, info.Answer.Coarse(), exact)
	case info.Outcome == Refused:
		return fmt.Sprintf("`%s; reason=%s`", info.Outcome, info.Answer.Coarse())
	case info.Outcome == Ignored:
		return exact
	case info.Code == info.Outcome.String():
		return fmt.Sprintf("`%s`", info.Outcome)
	}
	return fmt.Sprintf("`%s`; with a valid key %s", info.Outcome, exact)
}
