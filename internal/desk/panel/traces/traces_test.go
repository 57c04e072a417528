package traces_test

import (
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/desk/panel/door"
	"homing/internal/desk/panel/page"
	"homing/internal/desk/panel/paneltest"
	"homing/internal/desk/panel/traces"
	"homing/internal/engine/ledger"
)

func house(t *testing.T) *paneltest.House {
	return paneltest.New(t, func(h *paneltest.House) []page.Screen {
		return []page.Screen{door.New(), traces.New(h.Tracer())}
	})
}

// told is a click with a story: refused, counted, repeated, rejected.
func told(h *paneltest.House, c homing.Campaign) homing.Click {
	click := h.Click(c, func(k *homing.Click) {
		k.Referrer = []byte("https://news.example/a")
		k.Params[homing.ParamSub1], k.Params[homing.ParamCost] = []byte("banner-7"), []byte("0.0375")
	})
	call := func(reason homing.Reason) homing.RequestID {
		h.Pass(3 * time.Minute)
		return h.Call(c, func(p *homing.Postback) {
			p.Click, p.Origin = click.ID, click.Origin
			p.Addr = netip.MustParseAddr("203.0.113.0")
			p.Verdict = homing.Verdict{Outcome: reason.Info().Outcome, Reason: reason}
		})
	}
	call(homing.ReasonValueComma)
	call(homing.ReasonCounted)
	call(homing.ReasonDuplicate)
	h.Pass(time.Hour)
	found, err := h.Ledger.ConversionsOf(h.Context(), click.Origin)
	h.Must(err)
	h.Must(h.Ledger.Amend(h.Context(), ledger.Amendment{
		Conversion: found[0].ID, From: homing.Approved, To: homing.Rejected, At: h.Millis(), Actor: "user 1", Reason: "charged back",
	}))
	return click
}

func TestTheStoryIsToldInOrder(t *testing.T) {
	h := house(t)
	op := h.Operator()
	c := h.Campaign(h.Account("Northwind").ID, "Spring sale")
	click := told(h, c)
	a := op.Get("/trace?q=" + click.ID.String()).Want(http.StatusOK)
	a.Has("Spring sale", "by node 3", "banner-7", "0.0375", "https://news.example/a", "203.0.113.0", "The value is written with a comma.",
		"charged back", "ann@example.com", "The window ends", "2.10 USD", "event now", "6 min after the click", "/postbacks/")
	var order []string
	for _, m := range regexp.MustCompile(`class="event ([a-z]+)(?: is-([a-z]+))?`).FindAllStringSubmatch(a.Text, -1) {
		order = append(order, strings.TrimSuffix(m[1]+":"+m[2], ":"))
	}
	want := "mint click call:refused call:counted conversion:approved call:duplicate conversion:rejected now window"
	if got := strings.Join(order, " "); got != want {
		t.Errorf("the events are %s, want %s", got, want)
	}
	// In a URL of any kind, and in upper case not.
	op.Get("/trace?q=" + url.QueryEscape("https://shop.example/?external="+click.ID.String()+"&x=1")).Want(http.StatusOK).Has("Spring sale")
	op.Get("/trace?q=" + strings.ToUpper(click.ID.String())).Want(http.StatusOK).Has("upper case").Lacks("Spring sale")
}

func TestAReplayIsNobodysCall(t *testing.T) {
	h := house(t)
	c := h.Campaign(h.Account("Northwind").ID, "Spring sale")
	click := h.Click(c, nil)
	h.Call(c, func(p *homing.Postback) {
		p.Click, p.Origin = click.ID, click.Origin
		p.Addr = netip.MustParseAddr("198.51.100.0")
		p.Verdict.Flags |= homing.FlagReplayed
	})
	h.Operator().Get("/trace?q="+click.ID.String()).Want(http.StatusOK).Has("Replay of a refused call", "Nobody sent this").Lacks("198.51.100.0")
}

func TestAnotherAccountsIDIsLikeOneThatWasMadeUp(t *testing.T) {
	h := house(t)
	h.Operator()
	mine, theirs := h.Account("Mine"), h.Account("Theirs")
	h.Campaign(mine.ID, "Own campaign")
	click := told(h, h.Campaign(theirs.ID, "Hidden campaign"))
	b := h.Advertiser(mine.ID, "own@example.com")
	const madeUp = "0123456789abcdef0123456789abcdef01234567"
	for _, path := range []string{"/trace?q=", "/trace?q=x%0A"} {
		foreign, made := b.Get(path+click.ID.String()).Want(http.StatusOK), b.Get(path+madeUp).Want(http.StatusOK)
		foreign.Lacks("Hidden", "Theirs", "banner-7", "charged back")
		if got, want := strings.ReplaceAll(foreign.Text, click.ID.String(), "ID"), strings.ReplaceAll(made.Text, madeUp, "ID"); got != want {
			t.Errorf("an id of another account is told of differently:\n%s\nwant\n%s", paneltest.Excerpt(got), paneltest.Excerpt(want))
		}
	}
	h.Advertiser(theirs.ID, "their@example.com").Get("/trace?q="+click.ID.String()).Has("Hidden campaign", "the operator").Lacks("ann@example.com")
}

func TestAmountsAreHiddenFromWhoMayNotSeeThem(t *testing.T) {
	h := house(t)
	h.Operator()
	acc := h.Account("Northwind")
	click := told(h, h.Campaign(acc.ID, "Spring sale"))
	b := h.Advertiser(acc.ID, "own@example.com")
	u, err := h.Ledger.UserByEmail(h.Context(), "own@example.com")
	h.Must(err)
	u.HideMoney = true
	h.Must(h.Ledger.PutUser(h.Context(), ledger.Actor{Name: "test", At: h.Millis()}, &u))
	b.Get("/trace?q="+click.ID.String()).Want(http.StatusOK).Has("banner-7").Lacks("2.10", "0.0375")
}

// TestAPastedKeyDoesNotGetIntoAURL: the form leads to the id alone.
func TestAPastedKeyDoesNotGetIntoAURL(t *testing.T) {
	h := house(t)
	op := h.Operator()
	click := h.Click(h.Campaign(h.Account("Northwind").ID, "Spring sale"), nil)
	const secret = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	a := op.Post("/trace", "q", "https://t.example/api/v1/cpa/action/"+click.ID.String()+"?key="+secret).Want(http.StatusSeeOther)
	if to := a.Header.Get("Location"); to != "/trace?q="+click.ID.String() {
		t.Errorf("it leads to %s", to)
	}
}

func TestWhatIsNoIDIsExplained(t *testing.T) {
	h := house(t)
	op := h.Operator()
	for text, says := range map[string]string{
		"{externalid}":             "a macro that nobody replaced",
		"c86b8a88b91228911e723b93": "fewer than 40 characters",
		"https://t.example/api/v1/cpa/action/%7Bclick_id%7D?value=1":        "a macro that nobody replaced",
		"https://shop.example/?clickid=c86b8a88b91228911e723b93&country=DE": "fewer than 40 characters",
		"https://shop.example/?country=DE&page=2":                           "no click id in the call",
		"w3kd83hfk2l1m4n5b6v7c8x9":                                          "another tracker",
		"hello there":                                                       "not 40 of 0-9 and a-f",
	} {
		op.Post("/trace", "q", text).Want(http.StatusOK).Has("There is no click id in this", says)
	}
	op.Get("/trace").Want(http.StatusOK).Has("From the click to the money")
}

func TestSeveralLinesAreToldInBrief(t *testing.T) {
	h := house(t)
	op := h.Operator()
	click := told(h, h.Campaign(h.Account("Northwind").ID, "Spring sale"))
	lines := click.ID.String() + "\n\n  {externalid}\n0123456789abcdef0123456789abcdef01234567\n"
	op.Post("/trace", "q", lines).Want(http.StatusOK).
		Has("Spring sale", "rejected", "a macro that nobody replaced", "was not made here", `href="/trace?q=`+click.ID.String()+`"`)
	op.Post("/trace", "q", strings.Repeat(click.ID.String()+"\n", 60)).Want(http.StatusOK).Has("first 50 lines")
	op.Post("/trace", "q", strings.Repeat("x\n", 60)).Want(http.StatusOK).Has("first 50 lines")
}

func TestAnErasedClickIsStillProved(t *testing.T) {
	h := house(t)
	op := h.Operator()
	click := told(h, h.Campaign(h.Account("Northwind").ID, "Spring sale"))
	h.Must(h.Catalog.EraseClick(h.Context(), "test", click.Origin))
	op.Get("/trace?q="+click.ID.String()).Want(http.StatusOK).Has("The click was erased", "Conversion 1").Lacks("banner-7", "203.0.113")
}
