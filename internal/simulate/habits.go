package simulate

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"

	"homing"
	"homing/internal/simulate/wire"
)

// habit is a way in which senders get it wrong, with the reason the server must
// find for it. Each call counts nothing.
type habit struct {
	name   string
	reason homing.Reason
	// needs says what the habit takes: a "lead" an account that may send them
	// over https, "single" one that may not, "other" a second account.
	needs string
	// signed: a valid key is given, so that the sender is told the fine reason.
	signed bool
	// limited: too many of these are answered 429 instead.
	limited bool
	// detail completes the answer; of a parse error only the ends are compared.
	detail []any
	// write makes the code and the query.
	write func(s *scene) (code, query string)
	// method, if it is not GET; plain, if it must be http, else https is drawn.
	method string
	plain  bool
}

// habits are all of them, drawn evenly.
var habits = []habit{
	{name: "literal macro", reason: homing.ReasonCodeMacro, write: codes("{click_id}", "%7Bexternalid%7D", "{{visit.id}}", "${CLICK_ID}")},
	{name: "placeholder", reason: homing.ReasonCodePlaceholder, write: codes("REPLACE", "undefined", "null")},
	{name: "no click id", reason: homing.ReasonCodeEmpty, write: codes("")},
	{name: "another tracker's id", reason: homing.ReasonCodeOtherTracker, write: func(s *scene) (string, string) {
		return fmt.Sprintf("w%07x-%04x-4a%02x-9b%02x-%012x", s.rand.Uint32()>>4, s.rand.IntN(1<<16), s.rand.IntN(1<<8), s.rand.IntN(1<<8), s.rand.Uint64()>>16), "value=1"
	}},
	{name: "cut click id", reason: homing.ReasonCodeCut, write: func(s *scene) (string, string) { return s.click.String()[:32], "" }},
	{name: "two click ids", reason: homing.ReasonCodeLong, write: func(s *scene) (string, string) { return strings.Repeat(s.click.String(), 2), "" }},
	{name: "upper-case click id", reason: homing.ReasonCodeUpperCase, write: func(s *scene) (string, string) { return strings.ToUpper(s.click.String()), "value=2.10" }},
	{name: "slash behind the click id", reason: homing.ReasonCodeTrailing, write: func(s *scene) (string, string) { return s.click.String() + "/", "" }},
	{name: "click id encoded twice", reason: homing.ReasonCodeEncodedTwice, write: func(s *scene) (string, string) {
		id := s.click.String()
		return fmt.Sprintf("%%25%02x%s", id[0], id[1:]), ""
	}},
	{name: "click id nobody made", reason: homing.ReasonCodeNotMinted, limited: true, write: func(s *scene) (string, string) {
		var id [20]byte
		for i := range id {
			id[i] = byte(s.rand.UintN(256))
		}
		return hex.EncodeToString(id[:]), "value=2.10"
	}},
	{name: "click id with one bit changed", reason: homing.ReasonCodeNotMinted, limited: true, write: func(s *scene) (string, string) {
		id := s.click
		id[s.rand.IntN(len(id))] ^= 1 << s.rand.IntN(8)
		return id.String(), ""
	}},

	{name: "semicolon between parameters", reason: homing.ReasonQuerySyntax, write: query("value=1;cb=2", "value=%zz")},
	{name: "&amp; between parameters", reason: homing.ReasonQueryHTML, write: query("value=1&amp;cb=2")},
	{name: "too many parameters", reason: homing.ReasonQueryTooMany, write: query(strings.Repeat("a=1&", 40) + "value=1")},
	{name: "repeated value", reason: homing.ReasonRepeated, detail: []any{"value"}, write: query("value=1&value=1", "value[]=1", "value=1&value=2")},
	{name: "repeated lead code", reason: homing.ReasonRepeated, detail: []any{"lead_code"}, write: query("lead_code=A&lead_code=B")},

	{name: "lead code over http", reason: homing.ReasonHTTPSRequired, plain: true, write: signed("lead_code=A-1&value=2.10")},
	{name: "lead code without a key", reason: homing.ReasonKeyMissing, needs: "lead", write: query("lead_code=A-2&value=2.10")},
	{name: "price without a key", reason: homing.ReasonKeyMissingForPrice, write: query("price=0.75")},
	{name: "wrong key", reason: homing.ReasonKeyWrong, limited: true, write: func(s *scene) (string, string) {
		return s.click.String(), "value=1&key=" + anyText(s.rand, homing.NewKeyLen)
	}},
	{name: "cut key", reason: homing.ReasonKeyWrong, limited: true, needs: "lead", write: func(s *scene) (string, string) {
		key := s.offer.owner.key.Reveal()
		return s.click.String(), "lead_code=A-3&key=" + key[:len(key)-1]
	}},
	{name: "key that is a macro", reason: homing.ReasonKeyMacro, limited: true, write: query("key={secret}&value=1", "value=1&key=YOUR_KEY")},
	{name: "key of another account", reason: homing.ReasonKeyOtherAccount, limited: true, needs: "other", write: func(s *scene) (string, string) {
		return s.click.String(), "value=1&key=" + s.stranger().key.Reveal()
	}},
	{name: "several leads without permission", reason: homing.ReasonMultiLeadForbidden, needs: "single", signed: true, write: signed("lead_code=A-4")},

	{name: "lead code too long", reason: homing.ReasonLeadTooLong, needs: "lead", signed: true, write: signed("lead_code=" + strings.Repeat("a", 256))},
	{name: "line break in the lead code", reason: homing.ReasonLeadControl, needs: "lead", signed: true, write: signed("lead_code=A-5%0A")},
	{name: "lead code in another character set", reason: homing.ReasonLeadEncoding, needs: "lead", signed: true, write: signed("lead_code=%FF%FE")},

	{name: "value that is a macro", reason: homing.ReasonValueMacro, write: query("value={payout}", "value=%7Bpayout%7D")},
	{name: "comma in the value", reason: homing.ReasonValueComma, write: query("value=1,50", "value=1%2C000.00")},
	{name: "comma in the value, signed", reason: homing.ReasonValueComma, signed: true, write: signed("value=2,10")},
	{name: "currency in the value", reason: homing.ReasonValueCurrency, write: query("value=%2410", "value=10USD")},
	{name: "blank beside the value", reason: homing.ReasonValueSpaces, write: query("value=%201.50", "value=1.50+")},
	{name: "value that is no number", reason: homing.ReasonValueSyntax, write: query("value=1.5.2", "value=0x10")},
	{name: "value of zero", reason: homing.ReasonValueZero, detail: bounds, write: query("value=0", "value=0.00", "value=-0")},
	{name: "negative value", reason: homing.ReasonValueNegative, detail: bounds, write: query("value=-2.10")},
	{name: "value too small", reason: homing.ReasonValueBelow, detail: bounds, write: query("value=0.009999", "value=1e-3")},
	{name: "value too large", reason: homing.ReasonValueAbove, detail: bounds, write: query("value=200.01", "value=200.00000000000001", "value=21000")},

	{name: "HEAD", reason: homing.ReasonMethod, method: "HEAD", write: query("value=1")},
	{name: "POST", reason: homing.ReasonMethod, method: "POST", write: query("value=1")},
}

// bounds are those of a new account, which the simulation's are.
var bounds = []any{homing.DefaultPriceMin.Thousandths(), homing.DefaultPriceMax.Thousandths()}

func codes(all ...string) func(*scene) (string, string) {
	return func(s *scene) (string, string) { return all[s.rand.IntN(len(all))], "value=2.10" }
}

func query(all ...string) func(*scene) (string, string) {
	return func(s *scene) (string, string) { return s.click.String(), all[s.rand.IntN(len(all))] }
}

func signed(rest string) func(*scene) (string, string) {
	return func(s *scene) (string, string) {
		return s.click.String(), rest + "&key=" + s.offer.owner.key.Reveal()
	}
}

func anyText(r *rand.Rand, n int) string {
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	text := make([]byte, n)
	for i := range text {
		text[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(text)
}

// stranger is another account than the click's.
func (s *scene) stranger() *advertiser {
	all := s.play.cast.advertisers
	i := s.rand.IntN(len(all))
	if all[i] == s.offer.owner {
		i = (i + 1) % len(all)
	}
	return all[i]
}

// fits tells whether the scene has what the habit needs.
func (h *habit) fits(s *scene) bool {
	switch h.needs {
	case "lead":
		return s.play.https() && s.offer.owner.multiLead
	case "single":
		return s.play.https() && !s.offer.owner.multiLead
	case "other":
		return len(s.play.cast.advertisers) > 1
	}
	return true
}

// call makes the call. It carries the account's public id, as the URLs do that
// the panel shows, so that the log knows whose it is even without a click id.
func (h *habit) call(s *scene) call {
	code, rest := h.write(s)
	target := "/api/v1/cpa/action/" + code + "?account=" + s.offer.owner.publicID
	if rest != "" {
		target += "&" + rest
	}
	c := call{
		method: "GET", target: target, habit: h, account: s.offer.owner.id,
		secure: s.play.https() && !h.plain && (h.needs != "" || s.rand.IntN(2) == 0),
	}
	if h.method != "" {
		c.method = h.method
	}
	return c
}

// want is the answer that the habit must get: its status, the ends of its body,
// and the reason it is told.
func (h *habit) want() (status int, begin, end, reason string) {
	info := h.reason.Info()
	reason = info.Answer.Coarse()
	if h.signed {
		reason = info.Code
	}
	begin, end = `{"error":{"msg":"`, `"}}`
	if h.method == "HEAD" {
		return info.Answer.Status(), "", "", reason
	}
	text, rest := info.Answer.Text(), ""
	switch {
	case h.detail != nil:
		text = fmt.Sprintf(text, h.detail...)
	case info.Answer == homing.AnswerInvalidPrice:
		text, rest, _ = strings.Cut(text, "%s")
	}
	return info.Answer.Status(), begin + text, rest + end, reason
}

// judgeRefused notes the answer to a call that was to be refused.
func (c call) judgeRefused(p *play, a wire.Answer) {
	h := c.habit
	p.sent.refused.Add(1)
	// The log tells the reason whether or not the sender was told to slow down.
	p.books.refused(refusalKey{c.account, h.reason.String()}, p.clock())
	if a.Status == 429 && h.limited {
		p.sent.limited.Add(1)
		return
	}
	status, begin, end, reason := h.want()
	body, result := string(a.Body), string(a.Result)
	fits := len(body) >= len(begin)+len(end) && strings.HasPrefix(body, begin) && strings.HasSuffix(body, end)
	if a.Status != status || !fits || result != "refused; reason="+reason {
		p.books.differ(other, "%s: answered %d %q, Postback-Result %q, instead of %d %s…%s, reason %s",
			h.name, a.Status, body, result, status, begin, end, reason)
	}
}
