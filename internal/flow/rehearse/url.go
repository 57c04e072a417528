package rehearse

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"homing"
	"homing/internal/flow/hearing"
	"homing/internal/rule/judge"
	"homing/internal/rule/mask"
	"homing/internal/rule/target"
)

// URL judges a pasted URL or request line as a dry run. The https check goes by
// the URL's scheme; hosts are reported as notes. ours are the base URLs that
// lead here. homing.ErrInvalid: it is no URL of a postback at all, and why.
func (c *Court) URL(ctx context.Context, text string, ours ...string) (*Finding, error) {
	sent, err := readPaste(text)
	if err != nil {
		return nil, err
	}
	t := target.Split([]byte(sent.target), nil)
	if err := checkDoor(t.Door); err != nil {
		return nil, err
	}
	var call judge.Call
	hearing.Read(&call, &t, c.Keyring(), nil)
	call.HTTPS, call.AnySender = sent.scheme != "http", true
	notes := sent.notesOn(&call, ours)
	view, at := c.View(), homing.MillisOf(c.Clock())
	if mask.IsMask(call.Params.Key) {
		call.AnyKey = true
	}
	parties, _ := hearing.PartiesOf(view, &call)
	if parties.Account != nil && len(parties.Account.Senders) > 0 {
		notes = append(notes, "Where the call comes from is not known here, so the advertiser's permitted senders were not checked.")
	}
	var p homing.Postback
	hearing.Attribute(&p, view, &call, parties, at)
	c.keep(&p, &sent, &call, at)
	if sent.method != "GET" {
		r := judge.Refuse(homing.ReasonMethod)
		hearing.Note(&p, &r)
		return found(&p, &r, notes), nil
	}
	r, err := c.hold(ctx, &call, &p, parties, at)
	if err != nil {
		return nil, err
	}
	return found(&p, &r, notes), nil
}

func checkDoor(d target.Door) error {
	switch d {
	case target.Postback, target.Sibling:
		return nil
	case target.Click:
		return fmt.Errorf("%w URL: it is a click URL, which sends visitors on; a postback's path begins with %s", homing.ErrInvalid, postbackPath)
	}
	return fmt.Errorf("%w URL: its path is none of ours, so the answer is 404; a postback's path begins with %s", homing.ErrInvalid, postbackPath)
}

const postbackPath = "/api/v1/cpa/action/"

// keep fills in what the log would keep of the call itself.
func (c *Court) keep(p *homing.Postback, sent *paste, call *judge.Call, at homing.Millis) {
	p.At, p.HTTPS, p.Method = at, call.HTTPS, sent.method
	text := c.Masker.AppendTarget(nil, []byte(sent.target))
	p.Target = string(text[:min(len(text), homing.MaxTargetLen)])
	if lead := call.Params.Lead; len(lead) <= judge.MaxLeadLen {
		p.Lead = string(c.Masker.Append(nil, lead, false))
	}
}

// notesOn tells what the paste leaves open.
func (s *paste) notesOn(call *judge.Call, ours []string) (notes []string) {
	note := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	if hosts := hostsOf(ours); s.host != "" && len(hosts) > 0 && !hosts[canonical(s.host, s.scheme)] {
		note("The host is not one of ours, so this URL leads elsewhere. It is judged as if it led here.")
	}
	switch s.scheme {
	case "http":
		note("It goes over plain http, which is enough without a lead code. A key in it can be read on the way.")
	case "":
		note("It does not say whether it goes over https; it is judged as if it did.")
	}
	if mask.IsMask(call.Params.Key) {
		note("The key is masked, as in the log, so it could not be checked; it is taken for a good one.")
	}
	if s.cut {
		note("What follows the first blank was left out: no URL has a blank in it.")
	}
	return notes
}

func hostsOf(urls []string) map[string]bool {
	hosts := map[string]bool{}
	for _, text := range urls {
		if u, err := url.Parse(text); err == nil && u.Host != "" {
			hosts[canonical(u.Host, u.Scheme)] = true
		}
	}
	return hosts
}

// canonical is a host in lower case, without its scheme's own port.
func canonical(host, scheme string) string {
	host = strings.ToLower(host)
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		host = host[i+1:]
	}
	switch strings.ToLower(scheme) {
	case "http":
		host = strings.TrimSuffix(host, ":80")
	case "https":
		host = strings.TrimSuffix(host, ":443")
	}
	return strings.TrimSuffix(host, ".")
}
