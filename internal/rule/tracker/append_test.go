package tracker_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"homing/internal/rule/tracker"
)

func TestAppend(t *testing.T) {
	external := &tracker.Template{Param: tracker.Token{Text: "external_id"}}
	for url, want := range map[string]string{
		"https://a.example":                                        "https://a.example/?external_id={click_id}",
		"https://a.example/":                                       "https://a.example/?external_id={click_id}",
		"https://a.example/c/8c1f":                                 "https://a.example/c/8c1f?external_id={click_id}",
		"https://a.example/c?":                                     "https://a.example/c?external_id={click_id}",
		"https://a.example?x=1":                                    "https://a.example/?x=1&external_id={click_id}",
		"https://a.example/c?x=1":                                  "https://a.example/c?x=1&external_id={click_id}",
		"https://a.example/c?x=1&":                                 "https://a.example/c?x=1&external_id={click_id}",
		"https://a.example/c?x=1#top":                              "https://a.example/c?x=1&external_id={click_id}#top",
		"https://a.example/#/offer?x=1":                            "https://a.example/?external_id={click_id}#/offer?x=1",
		"https://a.example/c?x=##CLICK_ID##":                       "https://a.example/c?x=##CLICK_ID##&external_id={click_id}",
		"https://a.example/c?external_id={click_id}":               "https://a.example/c?external_id={click_id}",
		"https://a.example/c?external_id=${CLICK_ID}&x=1":          "https://a.example/c?external_id=${CLICK_ID}&x=1",
		"https://a.example/c?external_id=%7Bclick_id%7D":           "https://a.example/c?external_id=%7Bclick_id%7D",
		"https://a.example/c?external_id=&x=1":                     "https://a.example/c?external_id={click_id}&x=1",
		"https://a.example/c?external_id":                          "https://a.example/c?external_id={click_id}",
		"https://a.example/c?external_id=REPLACE&x=1":              "https://a.example/c?external_id={click_id}&x=1",
		"https://a.example/c?external_id={externalid}":             "https://a.example/c?external_id={click_id}",
		"https://a.example/c?external_id=a-{click_id}":             "https://a.example/c?external_id={click_id}",
		"https://a.example/c?external_id=a&x=1&external_id=b":      "https://a.example/c?external_id={click_id}&x=1",
		"https://a.example/c?my_external_id=a":                     "https://a.example/c?my_external_id=a&external_id={click_id}",
		"https://a.example/go/external_id/{click_id}/src/1":        "https://a.example/go/external_id/{click_id}/src/1",
		"https://a.example/go/external_id/{externalid}?x=1":        "https://a.example/go/external_id/{click_id}?x=1",
		"https://a.example/go/external_id/":                        "https://a.example/go/external_id/{click_id}",
		"https://a.example/external_id/summer":                     "https://a.example/external_id/summer?external_id={click_id}",
		"https://a.example/{click_id}":                             "https://a.example/{click_id}?external_id={click_id}",
		"https://a.example/c?u=https://b.example/?external_id={x}": "https://a.example/c?u=https://b.example/?external_id={x}&external_id={click_id}",
	} {
		got := external.Append(url)
		if got != want {
			t.Errorf("%s\ngot  %s\nwant %s", url, got, want)
		}
		if again := external.Append(got); again != got {
			t.Errorf("%s\ntwice it is %s", got, again)
		}
	}
	if got := (&tracker.Template{}).Append("https://a.example/"); got != "https://a.example/" {
		t.Errorf("a template without parameter makes %s", got)
	}
}

// Whatever the URL, appending twice is appending once, and nothing but the
// parameter changes.
func TestAppendTwiceIsOnce(t *testing.T) {
	pieces := rapid.SampledFrom([]string{"https://a.example", "/", "?", "&", "#", "=", "s2", "s2=", "{click_id}", "#click_id#", "##CLICK_ID##", "x", "%23", "/s2/", "REPLACE", "{x}"})
	s2 := &tracker.Template{Param: tracker.Token{Text: "s2"}}
	rapid.Check(t, func(t *rapid.T) {
		url := "https://a.example/" + strings.Join(rapid.SliceOfN(pieces, 0, 9).Draw(t, "pieces"), "")
		once := s2.Append(url)
		if twice := s2.Append(once); twice != once {
			t.Fatalf("%q\nonce  %q\ntwice %q", url, once, twice)
		}
	})
}
