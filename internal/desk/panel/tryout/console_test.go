package tryout_test

import (
	"html"
	"regexp"
	"strings"
	"testing"

	"homing"
	"homing/internal/desk/panel/paneltest"
	"homing/internal/desk/panel/tryout"
	"homing/internal/engine/ledger"
	"homing/internal/engine/spool"
	"homing/internal/flow/journal"
)

func actor(h *paneltest.House) ledger.Actor { return ledger.Actor{Name: "test", At: h.Millis()} }

func TestTheConsoleJudgesAndKeepsNothing(t *testing.T) {
	h, a, c := open(t)
	b := h.Advertiser(a.ID, "mara@example.com")
	path := tryout.ConsolePath(a.ID)
	b.Get(path).Want(200).Has("What would happen to this call?", "account="+a.PublicID)
	click := h.Click(c, nil)
	base := "http://127.0.0.1:8080/api/v1/cpa/action/" + click.ID.String()
	b.Post(path, "call", base+"?value=2.10").Want(200).
		Has("dry run", "The conversion was counted and approved.", "A conversion", "Spring", "2.10", "Postback-Result: counted")
	b.Post(path, "call", "curl -s '"+base+"?value=2,10'").Want(200).Has("The value is written with a comma.", "Nothing.")
	b.Post(path, "call", "").Want(422).Has("Paste a URL first")
	b.Post(path, "call", "good morning").Want(422)
	if n := len(h.Journal.Recent(journal.Filter{}, 10)); n != 0 {
		t.Errorf("%d calls are in the log", n)
	}
	for range h.Ledger.Conversions(h.Context(), ledger.ConversionQuery{}) {
		t.Error("a conversion was made")
	}
	for record := range h.Spool.Scan(h.Context(), spool.Query{Kinds: spool.SetOf(spool.KindPostback, spool.KindTally)}) {
		t.Errorf("record %s was written", record.Position)
	}
}

func TestAKeyInTheConsoleIsShownNowhere(t *testing.T) {
	h, a, c := open(t)
	b := h.Advertiser(a.ID, "mara@example.com")
	secret, err := h.Catalog.RevealKey(t.Context(), "test", a.ID, h.Catalog.View().KeysOf(a.ID)[0].ID)
	h.Must(err)
	click := h.Click(c, nil)
	base := "https://127.0.0.1:8443/api/v1/cpa/action/" + click.ID.String()
	const made = "abcdefghijklmnopqrstuvwxyz0123456789"
	for _, call := range []string{
		base + "?value=2.10&lead_code=order-1&key=" + secret.Reveal(), base + "?key=" + made, "curl '" + base + "?lead_code=" + secret.Reveal() + "&key=" + made + "'",
		"no url but " + secret.Reveal() + " key=" + made,
	} {
		b.Post(path(a), "call", call).Lacks(secret.Reveal(), made)
	}
}

// What was judged stands in the field again, so that it can be corrected; its key
// does not, and is written anew.
func TestAJudgedCallCanBeCorrected(t *testing.T) {
	h, a, c := open(t)
	b := h.Advertiser(a.ID, "mara@example.com")
	secret, err := h.Catalog.RevealKey(t.Context(), "test", a.ID, h.Catalog.View().KeysOf(a.ID)[0].ID)
	h.Must(err)
	call := "curl -s 'https://127.0.0.1:8443/api/v1/cpa/action/" + h.Click(c, nil).ID.String() + "?value=2,10&lead_code=order-1&key="
	first := b.Post(path(a), "call", call+secret.Reveal()+"'").Want(200).Has("The value is written with a comma.", `id="f-key"`).Lacks(secret.Reveal())
	shown := regexp.MustCompile(`(?s)<textarea[^>]*>\n(.*?)</textarea>`).FindStringSubmatch(first.Text)
	if shown == nil || !strings.HasPrefix(html.UnescapeString(shown[1]), call+"key:") {
		t.Fatalf("in the field stands %q", shown)
	}
	mended := strings.Replace(html.UnescapeString(shown[1]), "2,10", "2.10", 1)
	b.Post(path(a), "call", mended).Want(200).Has("The conversion was counted and approved.", "taken for a good one")
	b.Post(path(a), "call", mended, "key", secret.Reveal()).Want(200).Has("The conversion was counted and approved.").Lacks(secret.Reveal(), "so it could not be checked")
	b.Post(path(a), "call", mended, "key", "abcdefghijklmnopqrstuvwxyz0123456789").Want(200).Lacks("was counted", "abcdefghijklmnopqrstuvwxyz0123456789")
	b.Post(path(a), "call", "https://127.0.0.1:8443/api/v1/cpa/action/x", "key", secret.Reveal()).Want(422).Has("no masked key").Lacks(secret.Reveal())
	b.Post(path(a), "call", "nothing to judge").Want(422).Has("nothing to judge</textarea>")
}

func path(a homing.Account) string { return tryout.ConsolePath(a.ID) }

// The door tells the sender of a call very little; a page must not tell an
// advertiser more of another's clicks.
func TestAnothersClickIsNotExplained(t *testing.T) {
	h, a, _ := open(t)
	other := h.Account("Other")
	secretive := h.Campaign(other.ID, "Secret campaign")
	click := h.Click(secretive, nil)
	call := "http://127.0.0.1:8080/api/v1/cpa/action/" + click.ID.String() + "?value=99999"
	h.Advertiser(a.ID, "mara@example.com").Post(path(a), "call", call).Want(200).
		Has("It is not one of your calls").Lacks("Secret campaign", "200.000", "above the allowed range", click.ID.String())
	h.Operator().Post(path(a), "call", call).Want(200).Has("is another advertiser's").Has("above the allowed range")
}

func TestHostileTextInTheConsoleIsText(t *testing.T) {
	h, a, _ := open(t)
	b := h.Advertiser(a.ID, "mara@example.com")
	for _, text := range []string{
		`http://127.0.0.1:8080/api/v1/cpa/action/"><img/src=x/onerror=alert(1)>?value=<b>`,
		"https://evil.example/api/v1/cpa/action/{{.Who}}?a=</code><script>alert(1)</script>",
		"<script>alert(1)</script>", "curl \u202egnp.exe /api/v1/cpa/action/\x1b[31m",
	} {
		got := b.Post(path(a), "call", text).Lacks("<img/src", "<script>alert", "\u202e", "\x1b")
		if strings.Contains(got.Text, "<b>") {
			t.Errorf("%q stands raw", text)
		}
	}
}
