package tracker_test

import (
	"slices"
	"strings"
	"testing"

	"homing/internal/rule/macro"
	"homing/internal/rule/tracker"
)

func TestTheCampaignsURLIsReadFirst(t *testing.T) {
	typed := func(param string) *tracker.Template {
		tr, _ := tracker.Words{Param: param}.Template()
		return tr
	}
	voluum, keitaro, everflow, thrive := tracker.ByID("voluum"), tracker.ByID("keitaro"), tracker.ByID("everflow"), tracker.ByID("thrivetracker")
	for _, c := range []struct {
		why      string
		template *tracker.Template
		url      string
		want     tracker.Fit // URL empty: as it is
	}{
		{"nothing carries it", voluum, "https://a.example/?x=1", tracker.Fit{State: tracker.Lacking, URL: "https://a.example/?x=1&external_id={click_id}"}},
		{"it is there", voluum, "https://a.example/?external_id={click_id}", tracker.Fit{State: tracker.There, Name: "external_id"}},
		{"in another spelling", voluum, "https://a.example?external_id=%7BCLICKID%7D#top", tracker.Fit{State: tracker.There, Name: "external_id"}},
		{"among others", everflow, "https://a.example/?cid={click_id}&sub1={click_id}", tracker.Fit{State: tracker.There, Name: "sub1"}},
		{"in the path", everflow, "https://a.example/sub1/{click_id}", tracker.Fit{State: tracker.There, Name: "sub1"}},
		{"the name is free", voluum, "https://a.example/?clickid={click_id}", tracker.Fit{State: tracker.Elsewhere, Name: "clickid"}},
		{"the name is free there, too", keitaro, "https://a.example/?s={sub1}&cid=${CLICK_ID}", tracker.Fit{State: tracker.Elsewhere, Name: "cid"}},
		{"the first of several", voluum, "https://a.example/?b={click_id}&a={click_id}", tracker.Fit{State: tracker.Elsewhere, Name: "b"}},
		{"the name is fixed", everflow, "https://a.example/?clickid={click_id}", tracker.Fit{State: tracker.Fixed, Name: "clickid", URL: "https://a.example/?clickid={click_id}&sub1={click_id}"}},
		{"the tracker's has something else", everflow, "https://a.example/?sub1=x&cid={click_id}", tracker.Fit{State: tracker.Fixed, Name: "cid", URL: "https://a.example/?sub1={click_id}&cid={click_id}"}},
		{"who knows", thrive, "https://a.example/?clickid={click_id}", tracker.Fit{State: tracker.Unsure, Name: "clickid", URL: "https://a.example/?clickid={click_id}&external_id={click_id}"}},
		{"as it was typed", typed("tid"), "https://a.example/?clickid={click_id}", tracker.Fit{State: tracker.Unsure, Name: "clickid", URL: "https://a.example/?clickid={click_id}&tid={click_id}"}},
		{"nothing was typed", typed(""), "https://a.example/?clickid={click_id}", tracker.Fit{State: tracker.Unsure, Name: "clickid"}},
		{"nothing was typed, nothing is there", typed(""), "https://a.example/", tracker.Fit{State: tracker.Lacking}},
		{"not alone", voluum, "https://a.example/?cid=x-{click_id}", tracker.Fit{State: tracker.Lacking, URL: "https://a.example/?cid=x-{click_id}&external_id={click_id}"}},
		{"twice", voluum, "https://a.example/?cid={click_id}&cid=5", tracker.Fit{State: tracker.Lacking, URL: "https://a.example/?cid={click_id}&cid=5&external_id={click_id}"}},
		{"behind the #", voluum, "https://a.example/#?cid={click_id}", tracker.Fit{State: tracker.Lacking, URL: "https://a.example/?external_id={click_id}#?cid={click_id}"}},
		{"in a URL inside", voluum, "https://a.example/?u=https%3A%2F%2Fb.example%2F%3Fcid%3D{click_id}", tracker.Fit{State: tracker.Lacking, URL: "https://a.example/?u=https%3A%2F%2Fb.example%2F%3Fcid%3D{click_id}&external_id={click_id}"}},
	} {
		want := c.want
		if want.URL == "" {
			want.URL = c.url
		}
		got := c.template.Fit(c.url)
		if got != want {
			t.Errorf("%s: %s\ngot  %+v\nwant %+v", c.why, c.url, got, want)
		}
		if _, err := macro.Compile(got.URL); err != nil {
			t.Errorf("%s: %s: %v", c.why, got.URL, err)
		}
		// Whatever was to be written in, was.
		if again := c.template.Fit(got.URL); again.URL != got.URL {
			t.Errorf("%s: once more it becomes %s", c.why, again.URL)
		}
	}
}

// Where the name is free, the steps say the one that is to be written there.
func TestTheStepsNameTheParameter(t *testing.T) {
	free := 0
	for _, tr := range tracker.All() {
		steps := strings.Join(tr.StepsWith("my_own"), "\n")
		if strings.Contains(steps, "{param}") {
			t.Errorf("%s: %s", tr.ID, steps)
		}
		if tr.Free == "" {
			continue
		}
		free++
		if !strings.Contains(steps, "my_own") {
			t.Errorf("%s takes any name, and its steps name none: %s", tr.ID, steps)
		}
		if strings.TrimSuffix(tr.Free, ".") != tr.Free {
			t.Errorf("%s: %q goes on in the sentence", tr.ID, tr.Free)
		}
	}
	if free < 5 || free > len(tracker.All())-5 {
		t.Errorf("%d trackers take any name", free)
	}
	if got := tracker.Carriers("https://a.example/?x={sub1}&a={click_id}&b=[CLICK_ID]"); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("carriers are %v", got)
	}
}
