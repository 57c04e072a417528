package macro

import (
	"strings"
	"testing"
)

func TestLint(t *testing.T) {
	const good = "https://a.example/?c={click_id}"
	for _, c := range []struct {
		name, url string
		want      []string // what each finding begins with or contains, in order
	}{
		{"nothing to say", good + "&s={sub1}&x[sub1]=1", nil},
		{"a page with brackets", "https://a.example/Paris_(France)?c={click_id}", nil},
		{"no click_id", "https://a.example/?s={sub1}", []string{"warning: There is no {click_id}: conversions can't be told"}},
		{"typing error", "https://a.example/?c={clik_id}", []string{"warning: There is no", "warning: {clik_id} is not known and stays as it is. Did you mean {click_id}?"}},
		{"swapped letters", good + "&g={contury}", []string{"{contury} is not known and stays as it is. Did you mean {country}?"}},
		{"a minus", good + "&c={campaign-id}", []string{"Did you mean {campaign_id}?"}},
		{"another tracker's name", good + "&c={subid}&u=${ua}", []string{"{subid} is not known and stays as it is. Did you mean {click_id}?", "${ua} is not known and stays as it is. Did you mean {user_agent}?"}},
		{"a function", good + "&c={sub1:raw}", []string{"{sub1:raw} is not known and stays as it is. Did you mean {sub1}?"}},
		{"upper case", good + "&s={SUB1}", []string{"warning: {SUB1} stays as it is: macros are written in lower case. Did you mean {sub1}?"}},
		{"other brackets", good + "&s=[sub1]&t=[TIMESTAMP]", []string{"note: [sub1] stays as it is", "note: [TIMESTAMP] stays as it is"}},
		{"round brackets", "https://a.example/?c=(click_id)", []string{"There is no", "warning: (click_id) is no way to write a macro"}},
		{"pointed brackets", good + "&d=<clickid>", []string{"<clickid> is no way"}},
		{"as CPV Lab writes", good + "&d={!click_id!}", []string{"{!click_id!} is not known and stays as it is. Did you mean {click_id}?"}},
		{"encoded twice", "https://a.example/?c=%257Bclick_id%257D", []string{"There is no", "warning: %257Bclick_id%257D is percent-encoded twice and stays as it is. Write {click_id}."}},
		{"OpenRTB and VAST are no typing errors", good + "&a=${AUCTION_ID}&b=${AUCTION_PRICE}&c=[CACHEBUSTING]&d=[ERRORCODE]",
			[]string{"note: ${AUCTION_ID} is not known here", "note: ${AUCTION_PRICE} is", "note: [CACHEBUSTING] is", "note: [ERRORCODE] is"}},
		{"http", "http://a.example/?c={click_id}", []string{"warning: The URL begins with http://"}},
		{"fragment", "https://a.example/#{click_id}", []string{"warning: {click_id} stands behind the #"}},
		{"fragment and query", good + "#{click_id}", []string{"note: {click_id} stands 2 times"}},
		{"twice", good + "&d=${CLICK_ID}", []string{"note: {click_id} stands 2 times"}},
		{"joined", good + "-{sub1}", []string{"note: {click_id} shares its parameter"}},
		{"joined in front", "https://a.example/?c=x{click_id}", []string{"note: {click_id} shares its parameter"}},
		{"no closing brace", "https://a.example/?c={click_id&s=1", []string{"There is no", "warning: {click_id has no closing brace and stays as it is. Write {click_id}."}},
		{"URL in the URL", "https://a.example/?u=https%3A%2F%2Fb.example%2F%3Fc%3D%7Bclick_id%7D%26s%3D{sub1}", []string{"note: {sub1} stands in a URL within the URL"}},
		{"one finding a cause", good + "&a={foo}&b={foo}", []string{"note: {foo} is not known here"}},
		{"does not compile", "a.example/{click_id}", []string{"warning: invalid URL: begin it with https://"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Lint(c.url)
			for i, f := range got {
				text := f.Severity.String() + ": " + f.Text
				if i >= len(c.want) || !strings.Contains(text, c.want[i]) {
					t.Errorf("finding %d is %q", i, text)
				}
			}
			if len(got) < len(c.want) {
				t.Errorf("%d findings, want %q", len(got), c.want)
			}
		})
	}
}

// Each name has to be nearest to itself, or Lint would send people astray.
func TestNearest(t *testing.T) {
	for _, name := range Names() {
		if got := nearest(strings.ToUpper(name)); got != name {
			t.Errorf("nearest(%q) = %q", name, got)
		}
	}
	for known, meant := range synonyms {
		if _, ok := fieldNamed(meant); !ok {
			t.Errorf("synonym %q leads to the unknown %q", known, meant)
		}
		if plainName(known) != known {
			t.Errorf("synonym %q will never be found: write %q", known, plainName(known))
		}
	}
	for _, stranger := range []string{"payout", "auction_bid_id", "id", "tscode", "transaction_id", "gdprconsent", "z", "sum"} {
		if got := nearest(stranger); got != "" {
			t.Errorf("nearest(%q) = %q, want none", stranger, got)
		}
	}
}

func TestHighlight(t *testing.T) {
	for _, c := range []struct{ url, want string }{
		{"", ""},
		{"htt", "literal:htt"},
		{"https://{sub1}.a/{sub1}", "literal:https://{sub1}.a/ known:{sub1}=sub1"},
		{"https://a/?c=[CLICK_ID]&x={foo}&y", "literal:https://a/?c= known:[CLICK_ID]=click_id literal:&x= unknown:{foo}=foo literal:&y"},
		{"https://a/?a[sub1]=1&{{os}}${AUCTION_ID}", "literal:https://a/?a[sub1]=1& known:{{os}}=os unknown:${AUCTION_ID}=AUCTION_ID"},
		{"https://a/?a={payout:raw}%7Bfoo%7D__SID__", "literal:https://a/?a= unknown:{payout:raw}=payout:raw unknown:%7Bfoo%7D=foo unknown:__SID__=SID"},
		{"https://a b/{click_id}", "literal:https://a b/ known:{click_id}=click_id"},
	} {
		var got []string
		at := 0
		for _, s := range Highlight(c.url) {
			if s.Start != at {
				t.Errorf("%q: a gap at byte %d", c.url, at)
			}
			at = s.End
			text := s.Kind.String() + ":" + c.url[s.Start:s.End]
			if s.Name != "" {
				text += "=" + s.Name
			}
			got = append(got, text)
		}
		if at != len(c.url) || strings.Join(got, " ") != c.want {
			t.Errorf("%q\n got %s\nwant %s", c.url, strings.Join(got, " "), c.want)
		}
	}
}
