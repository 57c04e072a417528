package judge

import (
	"strings"

	"homing"
)

// A call that was replayed is logged under a target that says of which request,
// before what that request asked for:
//
//	/replay/{request}/api/v1/cpa/action/{code}?value=…
const replayPath = "/replay/"

// ReplayTarget is the target that a replay of a logged call is logged under.
func ReplayTarget(of *homing.Postback) string {
	text := replayPath + of.Request.String() + of.Target
	return text[:min(len(text), homing.MaxTargetLen)]
}

// Replayed tells what a logged call asked for and, if it is a replay, of which
// request; else that is zero.
func Replayed(p *homing.Postback) (of homing.RequestID, target string) {
	rest, ok := strings.CutPrefix(p.Target, replayPath)
	if !ok || !p.Verdict.Flags.Has(homing.FlagReplayed) || len(rest) < 2*len(of) {
		return of, p.Target
	}
	of, err := homing.ParseRequestID(rest[:2*len(of)])
	if err != nil {
		return homing.RequestID{}, p.Target
	}
	return of, rest[2*len(of):]
}
