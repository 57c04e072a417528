package homing

import "fmt"

// Answer is one of the answers of the wire contract. Several reasons share one.
type Answer uint8

const (
	AnswerOK Answer = iota + 1
	AnswerInvalidCode
	AnswerHTTPSOnly
	AnswerInvalidKey
	AnswerInvalidPrice // completed with the parse error
	AnswerPriceRange   // completed with the account's bounds
	AnswerInvalidLead
	AnswerRepeated // completed with the parameter's name
	AnswerInvalidQuery
	AnswerInvalidRequest // a body or a Transfer-Encoding
	AnswerNotFound
	AnswerMethod
	AnswerTooLong
)

// answers gives each answer its HTTP status, the coarse reason that the header
// tells before a key has passed, and its message.
var answers = [...]struct {
	status       int
	coarse, text string
}{
	AnswerOK:             {200, "", ""},
	AnswerInvalidCode:    {400, "invalid_code", "invalid code"},
	AnswerHTTPSOnly:      {403, "https_required", "The transfer of the lead_code is possible only with the https protocol"},
	AnswerInvalidKey:     {403, "invalid_key", "invalid key"},
	AnswerInvalidPrice:   {400, "invalid_price", "invalid price value: '%s'"},
	AnswerPriceRange:     {400, "price_out_of_range", "the price should be between %s and %s"},
	AnswerInvalidLead:    {400, "invalid_lead_code", "invalid lead_code"},
	AnswerRepeated:       {400, "duplicate_parameter", "duplicate parameter: %s"},
	AnswerInvalidQuery:   {400, "invalid_query", "invalid query"},
	AnswerInvalidRequest: {400, "invalid_request", "invalid request"},
	AnswerNotFound:       {404, "not_found", "not found"},
	AnswerMethod:         {405, "method_not_allowed", "method not allowed"},
	AnswerTooLong:        {414, "query_too_long", "query too long"},
}

// Status is the answer's HTTP status.
func (a Answer) Status() int { return answers[a].status }

// Coarse is the only reason a stranger is told: no finer than the message.
func (a Answer) Coarse() string { return answers[a].coarse }

// Text is the answer's message; of the three that are completed, a format for
// %s (parse error; lower and upper bound; name).
func (a Answer) Text() string { return answers[a].text }

// Reason says why a verdict is as it is. Its code is stable and stands in
// headers, logs and docs/reasons.md; its number is stored: append only, never
// renumber.
type Reason uint8

const (
	ReasonNone Reason = iota

	ReasonCounted
	ReasonHold
	ReasonCurrency
	ReasonDuplicate
	ReasonDuplicateValue
	ReasonLate
	ReasonErased

	ReasonCodeEmpty
	ReasonCodeMacro
	ReasonCodePlaceholder
	ReasonCodeCut
	ReasonCodeLong
	ReasonCodeUpperCase
	ReasonCodeTrailing
	ReasonCodeSpaces
	ReasonCodeEncodedTwice
	ReasonCodeOtherTracker
	ReasonCodeFormat
	ReasonCodeNotMinted

	ReasonQuerySyntax
	ReasonQueryHTML
	ReasonQueryTooMany
	ReasonQueryTooLong
	ReasonRepeated

	ReasonHTTPSRequired
	ReasonHTTPSUntrustedProxy

	ReasonKeyMissing
	ReasonKeyMissingForPrice
	ReasonKeyWrong
	ReasonKeyMacro
	ReasonKeyShape
	ReasonKeyOtherAccount
	ReasonKeyExpired
	ReasonKeyRevoked
	ReasonMultiLeadForbidden

	ReasonLeadTooLong
	ReasonLeadControl
	ReasonLeadEncoding

	ReasonValueMacro
	ReasonValueComma
	ReasonValueCurrency
	ReasonValueSpaces
	ReasonValueTooLong
	ReasonValueSyntax
	ReasonValueZero
	ReasonValueNegative
	ReasonValueBelow
	ReasonValueAbove

	ReasonPriceSyntax
	ReasonPriceRange

	ReasonMethod
	ReasonBody
	ReasonTransferEncoding

	ReasonSender

	reasonEnd
)

// ReasonInfo explains a reason to the people it concerns. docs/reasons.md is
// written from these.
type ReasonInfo struct {
	Code    string
	Outcome Outcome
	Answer  Answer
	Title   string // what it means
	Cause   string // the usual cause
	Fix     string // what to do
}

// Info returns what is known of the reason.
func (r Reason) Info() ReasonInfo {
	if r >= reasonEnd {
		return ReasonInfo{Code: fmt.Sprintf("unknown_%d", r)}
	}
	return reasons[r]
}

func (r Reason) String() string { return r.Info().Code }

// MarshalText writes the reason's code.
func (r Reason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads a reason's code.
func (r *Reason) UnmarshalText(text []byte) error {
	known, ok := ReasonNamed(string(text))
	if !ok {
		return fmt.Errorf("%w reason %q", ErrInvalid, text)
	}
	*r = known
	return nil
}

// Reasons lists every reason, in the order of the checks.
func Reasons() []Reason {
	var all []Reason
	for r := ReasonCounted; r < reasonEnd; r++ {
		all = append(all, r)
	}
	return all
}

// ReasonNamed finds a reason by its code.
func ReasonNamed(code string) (Reason, bool) {
	for _, r := range Reasons() {
		if reasons[r].Code == code {
			return r, true
		}
	}
	return ReasonNone, false
}

//go:generate go test -run TestReasonsPage -update .

var reasons = [reasonEnd]ReasonInfo{
	ReasonCounted: {"counted", Counted, AnswerOK,
		"The conversion was counted and approved.",
		"A click became a lead or a sale.",
		"Nothing to do."},
	ReasonHold: {"hold", Counted, AnswerOK,
		"The conversion was counted and is pending.",
		"The campaign is set to hold conversions until the operator approves them.",
		"Approve or reject it. It is in all totals meanwhile."},
	ReasonCurrency: {"currency_differs", Counted, AnswerOK,
		"The conversion was counted and is pending, because its currency is not the account's.",
		"The postback carries a currency parameter that differs from the account's currency.",
		"Have the tracker send amounts in the account's currency, then approve or reject this one by hand."},
	ReasonDuplicate: {"duplicate", Duplicate, AnswerOK,
		"This conversion had been counted before; nothing changed.",
		"Senders repeat a call when an answer is slow or lost. Without lead_code a click converts once.",
		"Nothing to do. To count several conversions of one click, send a different lead_code with each."},
	ReasonDuplicateValue: {"duplicate_value_differs", Duplicate, AnswerOK,
		"This conversion had been counted before, with another value; the first value stands.",
		"The tracker sends an event again with a changed payout, or sends several events without lead_code.",
		"Give each event its own lead_code. To correct an amount, ask the operator."},
	ReasonLate: {"late", Late, AnswerOK,
		"The postback arrived outside the campaign's window; it is kept as late and is in no total.",
		"More time passed between click and conversion than the window allows.",
		"If that is usual for this offer, widen the campaign's window. The operator can accept this one."},
	ReasonErased: {"account_erased", Ignored, AnswerOK,
		"The account was erased; nothing is kept but a count.",
		"The sender still calls for an advertiser who has left.",
		"Switch the postback off in the tracker."},

	ReasonCodeEmpty: {"code_empty", Refused, AnswerInvalidCode,
		"There is no click id in the call.",
		"The tracker's macro for the click id came out empty: the visit had none, or the landing URL does not carry {click_id}.",
		"Check that the campaign's URL contains {click_id} and that the tracker stores that parameter."},
	ReasonCodeMacro: {"code_macro", Refused, AnswerInvalidCode,
		"The click id is a macro that nobody replaced.",
		"The postback URL uses another tracker's macro, or a test was sent by hand without a real click.",
		"Use the macro that your tracker replaces with the click id it received; the guide for your tracker names it."},
	ReasonCodePlaceholder: {"code_placeholder", Refused, AnswerInvalidCode,
		"The click id is a placeholder such as REPLACE, null or undefined.",
		"A template was saved unchanged, or a script had no click id to send.",
		"Put the macro of your tracker in its place, and send nothing when a visit has no click id."},
	ReasonCodeCut: {"code_cut", Refused, AnswerInvalidCode,
		"The click id is cut: it has fewer than 40 characters.",
		"A field or database column that is too short stored only the beginning of it.",
		"Make room for 40 characters wherever the id is kept."},
	ReasonCodeLong: {"code_long", Refused, AnswerInvalidCode,
		"There is more than 40 characters of hex: two ids glued together, or something appended.",
		"The macro stands twice in the URL, or another value follows it without a separator.",
		"Leave exactly one macro between action/ and the question mark."},
	ReasonCodeUpperCase: {"code_upper_case", Refused, AnswerInvalidCode,
		"The click id is written in upper case.",
		"A system between here and there changes the case of ids.",
		"Pass the id through unchanged; it is 40 of 0-9 and a-f."},
	ReasonCodeTrailing: {"code_trailing", Refused, AnswerInvalidCode,
		"Something follows the click id, such as a slash or another path segment.",
		"The postback URL has a slash or a word after the macro.",
		"End the path with the click id; parameters follow after a question mark."},
	ReasonCodeSpaces: {"code_spaces", Refused, AnswerInvalidCode,
		"There are spaces, line breaks or quotes around the click id.",
		"It was copied by hand, or read from a file with its line end.",
		"Trim the id before sending it."},
	ReasonCodeEncodedTwice: {"code_encoded_twice", Refused, AnswerInvalidCode,
		"The click id is percent-encoded twice.",
		"The tracker encodes the whole URL again.",
		"Switch URL encoding off for this macro or this postback."},
	ReasonCodeOtherTracker: {"code_other_tracker", Refused, AnswerInvalidCode,
		"This looks like another tracker's click id.",
		"The postback uses the macro of the tracker's own click id instead of the one for the id it received.",
		"Use the macro for the external click id, often called {externalid} or {external_id}."},
	ReasonCodeFormat: {"code_format", Refused, AnswerInvalidCode,
		"The click id is not 40 of 0-9 and a-f.",
		"Something else was sent in its place.",
		"Send the click id exactly as it stood in the landing URL."},
	ReasonCodeNotMinted: {"code_not_minted", Refused, AnswerInvalidCode,
		"The click id has the right form but was not made here.",
		"It belongs to another network, was changed on the way, or was made up.",
		"Compare it with the id in the landing URL of a real click."},

	ReasonQuerySyntax: {"query_syntax", Refused, AnswerInvalidQuery,
		"The part after the question mark cannot be read.",
		"A semicolon separates parameters, or a percent sign is not followed by two hex digits.",
		"Separate parameters with & and percent-encode values."},
	ReasonQueryHTML: {"query_html", Refused, AnswerInvalidQuery,
		"Parameters are separated by &amp; instead of &.",
		"The URL was copied out of HTML.",
		"Replace every &amp; in the postback URL with &."},
	ReasonQueryTooMany: {"query_too_many", Refused, AnswerInvalidQuery,
		"There are more than 32 parameters.",
		"The tracker appends everything it knows.",
		"Send only what the postback needs."},
	ReasonQueryTooLong: {"query_too_long", Refused, AnswerTooLong,
		"The part after the question mark is longer than 4 KiB.",
		"The tracker appends everything it knows.",
		"Send only what the postback needs."},
	ReasonRepeated: {"repeated_parameter", Refused, AnswerRepeated,
		"A parameter of ours stands in the URL twice.",
		"A template was extended by a parameter that was there already, or uses the array form value[].",
		"Leave each parameter once."},

	ReasonHTTPSRequired: {"https_required", Refused, AnswerHTTPSOnly,
		"A lead_code came over plain http.",
		"The postback URL begins with http://.",
		"Write https:// instead. The key has been seen in the clear on the way: rotate it."},
	ReasonHTTPSUntrustedProxy: {"https_untrusted_proxy", Refused, AnswerHTTPSOnly,
		"A proxy says the call came over https, but that proxy is not trusted here.",
		"homing runs behind a proxy or load balancer that ends TLS and is not configured.",
		"The operator adds the proxy's address to --trusted-proxies."},

	ReasonKeyMissing: {"key_missing", Refused, AnswerInvalidKey,
		"A lead_code came without a key.",
		"The key parameter was left out of the postback URL.",
		"Copy the postback URL with its key from the Tracking & API page."},
	ReasonKeyMissingForPrice: {"key_missing_for_price", Refused, AnswerInvalidKey,
		"A price came without a key.",
		"price changes what the advertiser is charged, so it needs the account's key.",
		"Add the key, or leave price out."},
	ReasonKeyWrong: {"key_wrong", Refused, AnswerInvalidKey,
		"The key is none of this account's.",
		"It was mistyped, cut, or belongs to another installation.",
		"Copy the key again from the Tracking & API page."},
	ReasonKeyMacro: {"key_macro", Refused, AnswerInvalidKey,
		"The key is a macro or a placeholder that nobody replaced.",
		"The example URL was saved without putting the key in.",
		"Write your secret key in place of the macro."},
	ReasonKeyShape: {"key_shape", Refused, AnswerInvalidKey,
		"The key is too short, too long or has characters no key has.",
		"It was cut, or something was glued to it.",
		"Copy the key again from the Tracking & API page."},
	ReasonKeyOtherAccount: {"key_other_account", Refused, AnswerInvalidKey,
		"The key belongs to another advertiser than the click.",
		"One tracker serves several accounts and mixes their postback URLs.",
		"Use the postback URL of the account that owns the campaign."},
	ReasonKeyExpired: {"key_expired", Refused, AnswerInvalidKey,
		"The key was replaced and its overlap is over.",
		"A rotation gave this account a new key; this sender still uses the old one.",
		"Put the new key into the sender's postback URL."},
	ReasonKeyRevoked: {"key_revoked", Refused, AnswerInvalidKey,
		"The key was revoked.",
		"Somebody withdrew it, for example because it had become public.",
		"Put the present key into the sender's postback URL."},
	ReasonMultiLeadForbidden: {"multi_lead_forbidden", Refused, AnswerInvalidKey,
		"This account may not send several leads for one click.",
		"lead_code was sent, but multiple leads are not switched on for the account.",
		"Leave lead_code out, or ask the operator to switch multiple leads on."},

	ReasonLeadTooLong: {"lead_code_too_long", Refused, AnswerInvalidLead,
		"The lead_code is longer than 255 bytes.",
		"Something else than an order or lead number was put there.",
		"Send a short unique code, such as the order number."},
	ReasonLeadControl: {"lead_code_control", Refused, AnswerInvalidLead,
		"The lead_code contains control characters.",
		"It was read from a file or a terminal with its line end or escapes.",
		"Trim the code before sending it."},
	ReasonLeadEncoding: {"lead_code_encoding", Refused, AnswerInvalidLead,
		"The lead_code is not valid UTF-8.",
		"The sender encodes text in another character set.",
		"Send it as UTF-8, percent-encoded."},

	ReasonValueMacro: {"value_macro", Refused, AnswerInvalidPrice,
		"The value is a macro or a placeholder that nobody replaced.",
		"The postback URL uses another tracker's payout macro.",
		"Use the payout macro of your tracker, or leave value out."},
	ReasonValueComma: {"value_comma", Refused, AnswerInvalidPrice,
		"The value is written with a comma.",
		"The sender formats numbers for people.",
		"Write a decimal point and no thousands separator: 1234.50."},
	ReasonValueCurrency: {"value_currency", Refused, AnswerInvalidPrice,
		"The value carries a currency sign or name.",
		"The sender formats amounts for people.",
		"Send the number alone: 2.10."},
	ReasonValueSpaces: {"value_spaces", Refused, AnswerInvalidPrice,
		"There are spaces around the value.",
		"A blank stands after value= in the template.",
		"Remove the blank."},
	ReasonValueTooLong: {"value_too_long", Refused, AnswerInvalidPrice,
		"The value has more than 64 characters.",
		"Something else than an amount was put there.",
		"Send the amount with two decimals."},
	ReasonValueSyntax: {"value_syntax", Refused, AnswerInvalidPrice,
		"The value is not a decimal number.",
		"Something else than an amount was put there.",
		"Send a number such as 2.10, or leave value out."},
	ReasonValueZero: {"value_zero", Refused, AnswerPriceRange,
		"The value is zero, which is below the allowed range.",
		"The tracker sends 0 for leads without a payout.",
		"Leave value out, or empty, when there is no amount."},
	ReasonValueNegative: {"value_negative", Refused, AnswerPriceRange,
		"The value is negative.",
		"The tracker reports a refund or a chargeback as a conversion.",
		"Do not send refunds as postbacks; ask the operator to reject the conversion."},
	ReasonValueBelow: {"value_below", Refused, AnswerPriceRange,
		"The value is below the allowed range.",
		"The amount is in another unit or currency than agreed.",
		"Send the amount in whole units of the account's currency, or ask the operator for another range."},
	ReasonValueAbove: {"value_above", Refused, AnswerPriceRange,
		"The value is above the allowed range.",
		"The amount is in cents or in another currency, or is an order total instead of a payout.",
		"Send the amount in whole units of the account's currency, or ask the operator for another range."},

	ReasonPriceSyntax: {"price_syntax", Refused, AnswerInvalidPrice,
		"The price parameter is not a decimal number.",
		"Something else than an amount was put there.",
		"Send a number such as 0.75, or leave price out."},
	ReasonPriceRange: {"price_range", Refused, AnswerPriceRange,
		"The price parameter is negative or above the account's range.",
		"The amount is in another unit or currency than agreed.",
		"Send the amount in whole units of the account's currency."},

	ReasonMethod: {"method", Refused, AnswerMethod,
		"The call was not a GET.",
		"The tracker is set to POST, or a monitor probes with HEAD.",
		"Set the postback's method to GET."},
	ReasonBody: {"body", Refused, AnswerInvalidRequest,
		"The call carries a body.",
		"The sender puts parameters into the body.",
		"Send parameters in the URL, after the question mark."},
	ReasonTransferEncoding: {"transfer_encoding", Refused, AnswerInvalidRequest,
		"The call carries a Transfer-Encoding.",
		"The sender streams a body, or a proxy on the way is set up wrongly.",
		"Send a plain GET without a body."},

	ReasonSender: {"sender_not_permitted", Refused, AnswerInvalidKey,
		"The call came from an address that this account does not permit.",
		"Permitted sender addresses are set for the account, and the tracker sends from another one: it has moved, or somebody else called.",
		"If the sender is the advertiser's, add its network under Tracking & API, Permitted senders, or leave the list empty."},
}
