package postbacks

import "homing"

// remarkWords says each flag in words, in the order of their bits. A test
// sees to it that none is missing.
var remarkWords = []struct {
	flag homing.Flags
	text string
}{
	{homing.FlagValueDiffers, "It brought another value than the first call; the first one stands."},
	{homing.FlagSimpleAndLead, "The click has conversions with and without a lead code. Use one of the two forms."},
	{homing.FlagKeyOverHTTP, "The key went over plain http, where others can read it. Rotate it, and use https."},
	{homing.FlagFromFuture, "The click id was made by a clock ahead of this one."},
	{homing.FlagUnknownGoal, "The campaign has no goal of that number; it counts as goal 0."},
	{homing.FlagCurrencyDiffers, "The currency is not the advertiser's, so the conversion is pending."},
	{homing.FlagStatusIgnored, "A status was sent; it changes nothing."},
	{homing.FlagDuplicatesParam, "allow_duplicates was sent; it changes nothing. Use a lead code for each conversion."},
	{homing.FlagValueCut, "Digits after the sixth decimal were cut off."},
	{homing.FlagLeadMacro, "The lead code looks like a macro that nobody replaced, so all leads of a click look the same."},
	{homing.FlagTest, "Test traffic; it is in no total."},
	{homing.FlagDefaultValue, "No value was sent; the campaign's default value counts."},
	{homing.FlagAccountUnverified, "Only the account parameter names the advertiser; anybody can write that."},
	{homing.FlagOldKey, "Signed with an old key that will stop working. Put the new one into the sender."},
	{homing.FlagUntrustedProxy, "A proxy forwarded the call that is not trusted, so what it says of https and addresses was not believed."},
	{homing.FlagPausedCampaign, "The campaign is paused. Conversions of earlier clicks count."},
	{homing.FlagBrowser, "The call looks like a browser's. If it carries a key, everybody can read the key in the page."},
	{homing.FlagLateAccepted, "It arrived late and was accepted by an operator."},
	{homing.FlagReplayed, "Nobody sent this: an operator had a refused call judged once more, at its arrival time, without asking for key and https."},
}

// remarks lists what is worth a look.
func remarks(flags homing.Flags) (list []string) {
	for _, r := range remarkWords {
		if flags.Has(r.flag) {
			list = append(list, r.text)
		}
	}
	return list
}
