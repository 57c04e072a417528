package postbacks

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/journal"
	"homing/internal/flow/report"
)

// filters are what the URL narrows the log by. The names are those of lists
// everywhere; account, campaign and reason stand for conditions, and lead, sender
// and q for what only this page looks at, row by row.
type filters struct {
	values  url.Values // as they stand in the URL, without what is empty
	scope   report.Scope
	account homing.AccountID // 0 = all
	// list is the question for the warehouse, and asked the parameters it is made of.
	list  *report.ListQuestion
	asked url.Values

	lead   string
	sender netip.Prefix // invalid = any
	text   string       // somewhere in the call
	// before is where the page begins: older than that; 0 = at the newest.
	before homing.Millis
	// group shows the reasons for refusals instead of rows.
	group bool
	// Faults are by field: what is wrong with the URL.
	Faults map[string]string
}

// ownParams are the parameters of the page; the list's others go through.
var ownParams = []string{"account", "campaign", "reason", "lead", "sender", "q", "group", "before", "live"}

// maxText bounds what is looked for.
const maxText = 300

// readFilters reads the URL. What is wrong with it is noted, and then there is no
// list to be asked.
func readFilters(v *page.Visit) *filters {
	f := &filters{values: url.Values{}, scope: scopeOf(v), Faults: map[string]string{}}
	params := append(report.ListParams(warehouse.PostbackTable), ownParams...)
	for name, given := range v.R.URL.Query() {
		given = slices.DeleteFunc(given, func(text string) bool { return strings.TrimSpace(text) == "" })
		if len(given) > 0 && slices.Contains(params, name) {
			f.values[name] = given
		}
	}
	if f.values.Has("from") || f.values.Has("to") {
		f.values.Del("range") // dates were chosen
	}
	if v.Account != nil {
		f.account = v.Account.ID
	}
	f.readOwn()
	f.readList(v)
	return f
}

// readOwn reads the parameters that are this page's own.
func (f *filters) readOwn() {
	f.group = f.values.Get("group") == "reason"
	f.lead = f.values.Get("lead")
	if text := f.values.Get("sender"); text != "" {
		network, err := networkNamed(text)
		if err != nil {
			f.fault("sender", "Write an address or a network: 203.0.113.7, 203.0.113.0/24.")
		}
		f.sender = network
	}
	if text := f.values.Get("before"); text != "" {
		at, err := strconv.ParseInt(text, 10, 64)
		if err != nil || at <= 0 {
			f.fault("before", "That is no place in the list.")
		}
		f.before = homing.Millis(at)
	}
	if len(f.lead) > maxText || len(f.values.Get("q")) > maxPasted {
		f.fault("q", "That is too long to be looked for.")
	}
}

// maxPasted is how long a pasted URL may be.
const maxPasted = 2048

// networkNamed reads a network, or the one of an address as far as it is kept.
func networkNamed(text string) (netip.Prefix, error) {
	text = strings.TrimSpace(text)
	if network, err := netip.ParsePrefix(text); err == nil {
		return network.Masked(), nil
	}
	addr, err := netip.ParseAddr(text)
	if err != nil || addr.Zone() != "" {
		return netip.Prefix{}, fmt.Errorf("%w network", homing.ErrInvalid)
	}
	return networkOf(addr), nil
}

// networkOf is the network that is kept of an address.
func networkOf(addr netip.Addr) netip.Prefix {
	addr = homing.CutAddr(addr)
	bits := homing.KeptBits6
	if addr.Is4() {
		bits = homing.KeptBits4
	}
	return netip.PrefixFrom(addr, bits)
}

// readList makes the question for the warehouse.
func (f *filters) readList(v *page.Visit) {
	f.asked = url.Values{}
	for _, name := range report.ListParams(warehouse.PostbackTable) {
		if name != "order" && name != "limit" && name != "cursor" && f.values.Has(name) {
			f.asked[name] = slices.Clone(f.values[name])
		}
	}
	if f.account != 0 && f.scope.Account == 0 {
		f.asked.Add("where", "account="+f.account.String())
	}
	for _, name := range []string{"campaign", "reason"} {
		if text := f.values.Get(name); text != "" {
			f.asked.Add("where", name+"="+text)
		}
	}
	if f.group && !f.asked.Has("outcome") {
		f.asked.Set("outcome", homing.Refused.String())
	}
	f.readSearch()
	q, err := report.ParseList(warehouse.PostbackTable, f.asked, report.Defaults{Now: v.Now, Zone: v.Local()})
	var faults *report.Faults
	switch {
	case errors.As(err, &faults):
		for _, fault := range faults.List {
			f.fault(fault.Field, page.Sentence(errors.New(fault.Problem)))
		}
	case err != nil:
		f.fault("", page.Sentence(err))
	case len(f.Faults) == 0:
		f.list = q
	}
}

func (f *filters) fault(field, text string) {
	if f.Faults[field] == "" {
		f.Faults[field] = text
	}
}

var (
	clickIDIn   = regexp.MustCompile(`(?:^|[^0-9A-Za-z])([0-9a-f]{40})(?:[^0-9A-Za-z]|$)`)
	requestIDIn = regexp.MustCompile(`^[0-9a-f]{24}$`)
)

// readSearch finds out what somebody looks for: a request, a click, or a text
// that stands somewhere in the call.
func (f *filters) readSearch() {
	text := strings.TrimSpace(f.values.Get("q"))
	switch click := clickIDIn.FindStringSubmatch(text); {
	case text == "":
	case requestIDIn.MatchString(text):
		f.asked.Set("request", text)
	case click != nil:
		f.asked.Set("click_id", click[1])
	case len(text) > maxText:
		f.fault("q", "There is no click id in it, and it is too long to be looked for as it stands.")
	default:
		f.text = text
	}
}

// slow tells whether rows must be looked at one by one.
func (f *filters) slow() bool { return f.lead != "" || f.text != "" || f.sender.IsValid() }

// set tells whether anything narrows the log.
func (f *filters) set() bool {
	for name := range f.values {
		if name != "account" && name != "live" && name != "group" && name != "before" {
			return true
		}
	}
	return false
}

// path is this page with some parameters changed: pairs of a name and its value,
// empty for none. The place in the list goes, unless it is among them.
func (f *filters) path(changes ...string) string {
	return f.pathOf("/postbacks", changes...)
}

func (f *filters) pathOf(path string, changes ...string) string {
	values := url.Values{}
	for name, given := range f.values {
		if name != "before" && name != "live" {
			values[name] = given
		}
	}
	for i := 0; i+1 < len(changes); i += 2 {
		values.Del(changes[i])
		if changes[i+1] != "" {
			values.Set(changes[i], changes[i+1])
		}
	}
	if len(values) == 0 {
		return path
	}
	return path + "?" + values.Encode()
}

// entry tells whether an entry of the journal fits, whenever it came.
func (f *filters) entry(e *journal.Entry) bool {
	q := f.list
	switch {
	case f.account != 0 && e.Account != f.account,
		f.scope.Account != 0 && e.Account != f.scope.Account,
		len(q.Outcome) > 0 && !slices.Contains(q.Outcome, e.Verdict.Outcome),
		f.asked.Has("click_id") && e.Click != q.ClickID,
		q.Request != homing.RequestID{} && e.Request != q.Request,
		q.Conversion != 0 && e.Conversion != q.Conversion:
		return false
	}
	for _, c := range q.Where {
		if !holds(c, e) {
			return false
		}
	}
	return !f.slow() || f.closely(e.Lead, e.Target, e.UserAgent, e.Addr)
}

// row does the same for a row of the warehouse that fits the list.
func (f *filters) row(p *report.Postback) bool {
	addr, _ := netip.ParseAddr(p.Addr) // none is in no network
	return !f.slow() || f.closely(p.LeadCode, p.Target, p.UserAgent, addr)
}

// closely looks at what the warehouse does not narrow by. Somebody who sees no
// amounts finds none either.
func (f *filters) closely(lead, target, agent string, addr netip.Addr) bool {
	if f.lead != "" && lead != f.lead || f.sender.IsValid() && !f.sender.Contains(addr.Unmap()) {
		return false
	}
	if f.scope.HideMoney {
		target, _, _ = strings.Cut(target, "?")
	}
	return f.text == "" || strings.Contains(target, f.text) || strings.Contains(lead, f.text) || strings.Contains(agent, f.text)
}

// holds tells whether an entry in memory meets a condition. What is only known of
// a click once it has been loaded holds for none.
func holds(c report.Condition, e *journal.Entry) bool {
	var key warehouse.Key
	switch c.Dimension {
	case warehouse.Account:
		key.Number = int64(e.Account)
	case warehouse.Campaign:
		key.Number = int64(e.Campaign)
	case warehouse.Goal:
		key.Number = int64(e.Goal)
	case warehouse.Reason:
		key.Text = e.Verdict.Reason.String()
	default:
		return false
	}
	is := func(k warehouse.Key) bool { return k == key }
	switch c.Op {
	case warehouse.In:
		return slices.ContainsFunc(c.Keys, is)
	case warehouse.NotIn:
		return !slices.ContainsFunc(c.Keys, is)
	case warehouse.Begins:
		return strings.HasPrefix(key.Text, c.Keys[0].Text)
	case warehouse.Contains:
		return strings.Contains(key.Text, c.Keys[0].Text)
	}
	return false
}

// scopeOf is what the visitor may see.
func scopeOf(v *page.Visit) report.Scope {
	s := report.Scope{HideMoney: v.Who.HideMoney}
	if !v.Who.Operator() {
		s.Account = v.Who.Account
	}
	return s
}

// IsGrouped tells whether reasons are shown instead of rows.
func (f *filters) IsGrouped() bool { return f.group }
