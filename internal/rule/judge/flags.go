package judge

import (
	"time"

	"homing"
)

// callFlags are the remarks on how a call came and what it carries.
func callFlags(c *Call) (f homing.Flags) {
	p := &c.Params
	f |= flag(c.Browser, homing.FlagBrowser)
	f |= flag(c.ClaimsHTTPS, homing.FlagUntrustedProxy)
	f |= flag(len(p.Key) > 0 && !c.HTTPS, homing.FlagKeyOverHTTP)
	f |= flag(len(p.Status) > 0, homing.FlagStatusIgnored)
	f |= flag(len(p.AllowDuplicates) > 0, homing.FlagDuplicatesParam)
	f |= flag(unreplaced(p.Lead), homing.FlagLeadMacro)
	return f
}

// futureTolerance is how far a click's clock may be ahead of ours without a
// remark: borrowing within a node takes milliseconds, clocks kept by NTP differ by
// less than a second.
const futureTolerance = time.Second

// clickFlags are the remarks on the click that a genuine id tells of.
func clickFlags(c *Call, campaign *homing.Campaign, now homing.Millis) (f homing.Flags) {
	f |= flag(c.Origin.Test(), homing.FlagTest)
	f |= flag(c.Origin.Age(now) < -futureTolerance, homing.FlagFromFuture)
	f |= flag(campaign.Status == homing.CampaignPaused, homing.FlagPausedCampaign)
	return f
}

func flag(set bool, f homing.Flags) homing.Flags {
	if set {
		return f
	}
	return 0
}
