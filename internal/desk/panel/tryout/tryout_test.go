package tryout_test

import (
	"bufio"
	"html"
	"net/http"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/desk/panel/door"
	"homing/internal/desk/panel/page"
	"homing/internal/desk/panel/paneltest"
	"homing/internal/desk/panel/tryout"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/report"
)

// open is a house with these screens and an advertiser with a campaign.
func open(t *testing.T) (*paneltest.House, homing.Account, homing.Campaign) {
	t.Helper()
	h := paneltest.New(t, func(h *paneltest.House) []page.Screen {
		return []page.Screen{door.New(), tryout.New(tryout.Options{
			Trials: h.Trials, Court: h.Court, Keyring: func() *homing.Keyring { return h.Keyring },
		})}
	})
	a := h.Account("Northwind")
	return h, a, h.Campaign(a.ID, "Spring")
}

// begin makes a test click and returns its page and what its id tells.
func begin(b *paneltest.Browser, c homing.Campaign) (path string, origin homing.Origin) {
	b.House.T.Helper()
	path = b.Post(tryout.TestPath(c.Account), "campaign", c.ID.String(), "sub1", "mara").Want(http.StatusSeeOther).Header.Get("Location")
	id, _ := homing.ParseClickID(path[strings.LastIndex(path, "/")+1:])
	origin, genuine := b.House.Keyring.Open(id)
	if !genuine || !origin.Test() || origin.Campaign != c.ID {
		b.House.T.Fatalf("%s is no test click of the campaign", path)
	}
	return path, origin
}

// answer is the tracker's call for a test click.
func answer(h *paneltest.House, c homing.Campaign, o homing.Origin, change func(*homing.Postback)) homing.RequestID {
	return h.Call(c, func(p *homing.Postback) {
		p.Origin, p.Click = o, h.Keyring.Seal(o)
		p.Target = "/api/v1/cpa/action/" + p.Click.String() + "?value=2.10"
		p.Verdict.Flags = homing.FlagTest
		if change != nil {
			change(p)
		}
	})
}

func TestATestFromTheClickToThePostback(t *testing.T) {
	h, a, c := open(t)
	b := h.Advertiser(a.ID, "mara@example.com")
	b.Get(tryout.TestPath(a.ID)).Want(200).Has("Send a test click through your tracker", "<option value=\""+c.ID.String()+"\" selected>")
	path, origin := begin(b, c)
	id := h.Keyring.Seal(origin).String()
	b.Get(path).Want(200).Has("Waiting for your tracker", `<mark class="macro known">`+id+"</mark>", `rel="noopener noreferrer"`, "Look again",
		"external="+id, "curl &#39;http://127.0.0.1:8080/api/v1/cpa/action/"+id)
	h.Pass(30 * time.Second)
	answer(h, c, origin, nil)
	b.Get(path).Want(200).Has("It works", "The conversion was counted and approved.", "Click id", "A genuine id, made 30 s before the call.",
		"{&#34;ok&#34;:true}", "Postback-Result: counted", "Your operator sends visitors").Lacks("Waiting for your tracker")
	h.Pass(time.Minute)
	answer(h, c, origin, func(p *homing.Postback) {
		p.Verdict.Outcome, p.Verdict.Reason = homing.Duplicate, homing.ReasonDuplicate
	})
	b.Get(path).Want(200).Has("It works", "This conversion had been counted before")
}

func TestARefusedTestSaysWhatToDo(t *testing.T) {
	h, a, c := open(t)
	b := h.Advertiser(a.ID, "mara@example.com")
	path, origin := begin(b, c)
	answer(h, c, origin, func(p *homing.Postback) {
		p.Verdict = homing.Verdict{Outcome: homing.Refused, Reason: homing.ReasonValueComma, Flags: homing.FlagTest}
		p.Target = "/api/v1/cpa/action/" + p.Click.String() + "?value=2,10"
	})
	b.Get(path).Want(200).Has("The value is written with a comma.", "Write a decimal point", "400 Bad Request",
		html.EscapeString(`{"error":{"msg":"invalid price value: 'parsing \"2,10\": invalid syntax'"}}`), `class="failed"`, `class="unreached"`).Lacks("It works")
}

// A call with something else in place of the id is the commonest mistake, and
// nothing but the account parameter tells whose it is.
func TestACallWithoutTheIDIsShownWhileItIsWaitedFor(t *testing.T) {
	h, a, c := open(t)
	b := h.Advertiser(a.ID, "mara@example.com")
	astray := func(code string) {
		h.Call(c, func(p *homing.Postback) {
			p.Click, p.Origin, p.Campaign = homing.ClickID{}, homing.Origin{}, 0
			p.Target = "/api/v1/cpa/action/" + code + "?account=" + a.PublicID
			p.Verdict = homing.Verdict{Outcome: homing.Refused, Reason: homing.ReasonCodeMacro, Flags: homing.FlagAccountUnverified}
		})
	}
	astray("{before}")
	h.Pass(time.Second)
	path, _ := begin(b, c)
	h.Pass(time.Second)
	astray("%7Bexternalid%7D")
	astray("<script>alert(1)</script>")
	b.Get(path).Want(200).Has("A call arrived from your tracker, but with <code>{externalid}</code> in place of the id", "Use the macro that your tracker replaces",
		"&lt;script&gt;", "Waiting for your tracker").Lacks("{before}", "<script>alert")
}

func TestADestinationWithoutTheIDIsToldOf(t *testing.T) {
	h, a, c := open(t)
	_, err := h.Catalog.UpdateCampaign(h.Context(), "test", c.ID, func(c *homing.Campaign) { c.URL = "https://shop.example/" })
	h.Must(err)
	path, _ := begin(h.Advertiser(a.ID, "mara@example.com"), c)
	h.SignedInAs("mara@example.com").Get(path).Want(200).Has("The id does not stand in it")
}

func TestATestIsItsAdvertisersOnly(t *testing.T) {
	h, a, c := open(t)
	other := h.Account("Other")
	theirs := h.Advertiser(other.ID, "eve@example.com")
	path, _ := begin(h.Advertiser(a.ID, "mara@example.com"), c)
	theirs.Get(path).Want(404)
	theirs.Get(strings.Replace(path, tryout.TestPath(a.ID), tryout.TestPath(other.ID), 1)).Want(404)
	theirs.Post(tryout.TestPath(other.ID), "campaign", c.ID.String()).Want(422)
	real := h.Click(c, nil)
	h.SignedInAs("mara@example.com").Get(tryout.TestPath(a.ID) + "/" + real.ID.String()).Want(404)
	// An operator's path must fit, too.
	h.Operator().Get(strings.Replace(path, tryout.TestPath(a.ID), tryout.TestPath(other.ID), 1)).Want(404)
}

func TestAmountsAreHiddenFromWhomTheyAreHiddenFrom(t *testing.T) {
	h, a, c := open(t)
	b := h.Advertiser(a.ID, "mara@example.com")
	path, origin := begin(b, c)
	answer(h, c, origin, nil)
	b.Get(path).Want(200).Has("value=2.10")
	hideMoney(h, "mara@example.com")
	b.Get(path).Want(200).Has("You may not see amounts").Lacks("value=2.10", "2.10 ")
}

func hideMoney(h *paneltest.House, email string) {
	u, err := h.Ledger.UserByEmail(h.Context(), email)
	h.Must(err)
	u.HideMoney = true
	h.Must(h.Ledger.PutUser(h.Context(), actor(h), &u))
}

func TestTheStreamTellsWhenACallArrives(t *testing.T) {
	h, a, c := open(t)
	b := h.Advertiser(a.ID, "mara@example.com")
	path, origin := begin(b, c)
	lines := stream(b, path+"/events")
	if got := next(t, lines); got != "data: 0" {
		t.Fatalf("at first the stream says %q", got)
	}
	other := h.Campaign(a.ID, "Other")
	h.Call(other, nil) // not of this test
	answer(h, c, origin, nil)
	if got := next(t, lines); got != "data: 1" {
		t.Errorf("after a call the stream says %q", got)
	}
	once := b.Get(path + "/events?once").Want(200)
	if got := once.Header.Get("Content-Type"); !strings.HasPrefix(got, "text/event-stream") || !strings.Contains(once.Text, "data: 1\n") {
		t.Errorf("once: %s, %q", got, once.Text)
	}
}

func TestAUserHasAFewStreams(t *testing.T) {
	h, a, c := open(t)
	b := h.Advertiser(a.ID, "mara@example.com")
	path, _ := begin(b, c)
	for range 6 {
		next(t, stream(b, path+"/events"))
	}
	b.Get(path + "/events?once").Want(429)
	h.SignedInAs("mara@example.com").Get(path + "/events?once").Want(429)
	h.Operator().Get(path + "/events?once").Want(200) // somebody else
}

func TestATestIsInNoTotal(t *testing.T) {
	h, a, c := open(t)
	path, origin := begin(h.Advertiser(a.ID, "mara@example.com"), c)
	answer(h, c, origin, nil)
	h.Load()
	q, err := report.Parse(map[string][]string{"range": {"today"}, "metrics": {"clicks,bot_clicks,conversions,postbacks,value"}}, report.Defaults{Now: h.Millis()})
	h.Must(err)
	table, err := h.Reports.Report(h.Context(), report.Scope{}, q)
	h.Must(err)
	for i, cell := range table.Total.Cells {
		if !table.Columns[i].IsKey && cell.Text != "0" && cell.Text != "0.00" {
			t.Errorf("%s of a test are %s", table.Columns[i].Name, cell.Text)
		}
	}
	for _, list := range []warehouse.Table{warehouse.ClickTable, warehouse.PostbackTable, warehouse.ConversionTable} {
		q, err := report.ParseList(list, map[string][]string{"click_id": {path[strings.LastIndex(path, "/")+1:]}}, report.Defaults{Now: h.Millis()})
		h.Must(err)
		var out strings.Builder
		h.Must(h.Reports.ExportList(h.Context(), report.Scope{}, q, report.JSONLines, &out, nil))
		if strings.Count(out.String(), `"test":true`) != 1 {
			t.Errorf("%s: a test is not listed as one: %s", list, out.String())
		}
	}
}

// stream gives the lines with data of an endless answer.
func stream(b *paneltest.Browser, path string) <-chan string {
	b.House.T.Helper()
	r, err := http.NewRequestWithContext(b.House.Context(), http.MethodGet, b.House.Server.URL+path, nil)
	b.House.Must(err)
	response, err := b.HTTP.Do(r)
	b.House.Must(err)
	b.House.T.Cleanup(func() { response.Body.Close() })
	lines := make(chan string, 16)
	go func() {
		for scan := bufio.NewScanner(response.Body); scan.Scan(); {
			if strings.HasPrefix(scan.Text(), "data:") {
				lines <- scan.Text()
			}
		}
	}()
	return lines
}

func next(t *testing.T, lines <-chan string) string {
	t.Helper()
	select {
	case line := <-lines:
		return line
	case <-time.After(5 * time.Second):
		t.Fatal("the stream is silent")
		return ""
	}
}
