package judge

import (
	"strings"
	"testing"

	"homing"
	"homing/internal/rule/target"
)

func TestDiagnoseCode(t *testing.T) {
	const id = sampleID
	for reason, raws := range map[homing.Reason][]string{
		homing.ReasonCodeMacro: {
			"{click_id}", "%7Bclick_id%7D", "%257Bclick_id%257D", "{externalid}", "%7BexternalId%7D", "{visit.externalId}",
			"${SUBID}", "$%7BSUBID%7D", "${(click)!}", "{{ctoken}}", "[CLICK_ID]", "%5BCLICK_ID%5D", "[[click_id]]",
			"##SUB_ID_SHORT(action)##", "%23%23CLICK_ID%23%23", "#s2#", "%23s2%23", "%CLICK_ID%", "%25CLICK_ID%25", "%CAMPAIGN%",
			"(clickid)", "<click_id>", "%3Cclick_id%3E", "__SID__", "{!tscode!}", "{_name}", "{status:lead=1}",
			"{click_id}/", "x{click_id}", "%20{click_id}", "'{click_id}'", id + "{sub1}",
		},
		homing.ReasonCodePlaceholder: {
			"REPLACE", "REPLACE_ME", "replace_with_click_id", "OPTIONAL", "CLICK_ID", "null", "undefined", "none", "nil",
			"empty", "(null)", "%3Cnull%3E", "[object%20Object]", "startapp_click_id_placeholder", "%22undefined%22",
		},
		homing.ReasonCodeEmpty:        {"", "%20", "%0D%0A", "%22%22"},
		homing.ReasonCodeCut:          {id[:39], "c", id[:20], strings.ToUpper(id[:30])},
		homing.ReasonCodeLong:         {id + "0", id + id, strings.Repeat("a", 1500)},
		homing.ReasonCodeUpperCase:    {strings.ToUpper(id), "C" + id[1:]},
		homing.ReasonCodeTrailing:     {id + "/", id + "/extra", id + "%00", id + "," + id, id + "&value=1", id + "xyz", id + "%20value=1", id + "%2F"},
		homing.ReasonCodeSpaces:       {id + "%20", "%20" + id, id + "%0A", "%22" + id + "%22", "'" + id + "'"},
		homing.ReasonCodeEncodedTwice: {"%2563" + id[1:], strings.Repeat("%2561", 40), "%25D0%25B7"},
		homing.ReasonCodeOtherTracker: {
			"550e8400-e29b-41d4-a716-446655440000", "w1a2b3c4d5e6f7g8h9i0jklm", "1700000000123456789", "0123456789",
		},
		homing.ReasonCodeFormat: {
			"hello", "123", "1'%20OR%20'1'='1", "yGuKiLkSKJEecjuTxlpZALtJvJk=", "%EF%BD%83" + id[1:], "%D1%81" + id[1:],
			strings.Repeat("%D9%A1", 40), id[:20] + "%2F" + id[20:], "g" + id[1:], "this_is_a_test_of_mine",
		},
		homing.ReasonCodeNotMinted: {id, strings.Repeat("0", 40), "%63" + id[1:]},
	} {
		for _, raw := range raws {
			if got := diagnoseCode(target.Unescape([]byte(raw)), []byte(raw)); got != reason {
				t.Errorf("%.70s: %s, want %s", raw, got, reason)
			}
		}
	}
}

func TestDiagnoseAmount(t *testing.T) {
	for reason, texts := range map[homing.Reason][]string{
		homing.ReasonValueMacro:    {"{payout}", "%7Bpayout%7D", "${PAYOUT}", "#price#", "REPLACE", "OPTIONAL", "null", "undefined", " {payout}"},
		homing.ReasonValueComma:    {"1,50", "1,000.00", "1.000,50", "-2,10", "1'000,50"},
		homing.ReasonValueCurrency: {"$10", "10USD", "2.1 USD", "USD 2.1", "€2,10", "2.10€", "R$5", "US$ 2.10", "10₽"},
		homing.ReasonValueSpaces:   {" 1.5", "1.5 ", "1\n", " ", "\u00a01"},
		homing.ReasonValueTooLong:  {strings.Repeat("1", 65), "{" + strings.Repeat("a", 64) + "}"},
		homing.ReasonValueSyntax: {
			"abc", "NaN", "Inf", "-Infinity", "true", "1_0", "0x10", "0x1p-1", "1.5.2", "--1", "1\x00", "１.5", "1?lead_code=A", "1#x",
			`{"a":1}`, "<script>alert(1)</script>", "1e", "e5", "5e", ".", "+", "10 dollars", ",", "$", "$USD",
		},
	} {
		for _, text := range texts {
			if got := diagnoseAmount([]byte(text)); got != reason {
				t.Errorf("%.70q: %s, want %s", text, got, reason)
			}
		}
	}
}

func TestOrdinaryLeadCodesAreNoMacros(t *testing.T) {
	for _, lead := range []string{"abcd1234567890", "order 1", "a b", "=HYPERLINK(\"http://evil\")", "@SUM(1)", `{"a":1}`,
		"<img src=x onerror=alert(1)>", "x'; DROP TABLE conversions--", "../../etc/passwd", "(5)", "[1]", "#12#", "заказ-1", "100%", "a", ""} {
		if unreplaced([]byte(lead)) {
			t.Errorf("%q is taken for a macro", lead)
		}
	}
}
