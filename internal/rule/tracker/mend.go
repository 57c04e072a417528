package tracker

import (
	"slices"
	"strings"

	"homing"
)

// mendCode sees to it that the macro for the click id stands behind action/.
func (m *mender) mendCode() {
	code := strings.TrimPrefix(m.code, "/")
	if code == "" {
		code = m.takeCode()
	}
	if bare := strings.TrimRight(code, "/"); bare != code {
		m.wrong("A slash follows the click id. The path has to end with it.")
		code = bare
	}
	if head, tail, ok := strings.Cut(code, "/"); ok {
		m.wrong("Something follows the click id: /%s. The path has to end with the macro.", shown(tail))
		code = head
	}
	m.code = m.mendToken(code, ClickRole)
	if m.code == "" {
		m.wrong("Choose your tracker above, and the right macro is put in.")
	}
}

// takeCode takes the click id out of the parameters, where the sibling form
// has it.
func (m *mender) takeCode() string {
	for i, p := range m.pairs {
		if p.name == "clickid" || p.name == "click_id" {
			m.pairs = append(m.pairs[:i:i], m.pairs[i+1:]...)
			m.odd("The click id stands in a parameter. That works; here it is in the path, as everywhere else.")
			return p.value
		}
	}
	return ""
}

// places are our own place-holders.
var places = map[string]bool{ClickPlace: true, ValuePlace: true, LeadPlace: true, "{lead_code}": true}

// whats are what the roles are called in findings.
var whats = [...]string{ClickRole: "the id it got from us", ValueRole: "the payout", LeadRole: "the number of a conversion"}

// token is the tracker's macro for a role.
func (m *mender) token(role Role) Token {
	if m.t == nil {
		return Token{}
	}
	return [...]Token{ClickRole: m.t.Click, ValueRole: m.t.Value, LeadRole: m.t.Lead}[role]
}

// mendToken gives what has to stand where text stands.
func (m *mender) mendToken(text string, role Role) string {
	want := m.token(role)
	if want.Known() && text == want.Text {
		return text
	}
	_, isID := homing.ParseClickID([]byte(text))
	switch {
	case text == "":
		m.wrong("There is no macro for %s.", whats[role])
	case isID && role == ClickRole:
		m.wrong("A real click id stands in the URL. Every call would be about that one click.")
	case isFiller(text):
		m.wrong("%s is a place-holder that was never filled in.", shown(text))
	case places[strings.ToLower(text)]:
		m.wrong("%s is a place-holder of ours. Your tracker does not know it as %s.%s", shown(text), whats[role], m.says(want))
	case !isMacro(text):
		m.wrong("%s is no macro, so every call would carry this very text.%s", shown(text), m.says(want))
	case want.Known() && plain(text) == plain(want.Text):
		m.wrong("%s writes it %s, not %s.", m.t.Name, want.Text, shown(text))
	case want.Known():
		m.wrong("%s is not how %s writes %s.%s", shown(text), m.t.Name, whats[role], m.says(want))
	default:
		return m.unknownToken(text, role)
	}
	return want.Text // which may be nothing
}

// unknownToken keeps a macro that nothing is known against.
func (m *mender) unknownToken(text string, role Role) string {
	switch by := named(text); {
	case m.t != nil:
		m.odd("%s: the macro of %s for %s was not confirmed. Compare it with what its panel lists.", shown(text), m.t.Name, whats[role])
	case role == ClickRole && plain(text) == "clickid":
		m.wrong("%s is usually the tracker's own click id. What is needed is the macro for the id it got from us, often called external id. Choose your tracker above.", shown(text))
	case role == ClickRole && len(by) > 0:
		m.odd("%s is how %s writes the click id.", shown(text), namesOf(by))
	case role == ClickRole:
		m.odd("%s is no macro of the trackers that are known here. Choose yours above to have it compared.", shown(text))
	}
	return text
}

func (m *mender) says(want Token) string {
	if !want.Known() {
		return ""
	}
	return " " + m.t.Name + " writes " + want.Text + "."
}

// names are the parameters that we read.
var names = map[string]bool{
	"value": true, "lead_code": true, "key": true, "goalid": true, "price": true, "currency": true, "status": true,
	"allow_duplicates": true, "account": true,
}

// otherNames are what people, and other networks, call them.
var otherNames = map[string]string{
	"payout": "value", "sum": "value", "amount": "value", "revenue": "value", "val": "value", "saleamount": "value", "payoutamount": "value",
	"leadcode": "lead_code", "lead": "lead_code", "leadid": "lead_code",
	"secret": "key", "secretkey": "key", "apikey": "key", "accountid": "account", "publicid": "account", "goal": "goalid",
	"value": "value", "key": "key", "account": "account", "goalid": "goalid", "currency": "currency", "status": "status", "allowduplicates": "allow_duplicates",
}

// mendParams mends names first, then what stands behind them.
func (m *mender) mendParams() {
	m.mendNames()
	given := m.pairs
	m.pairs = nil
	seen := map[string]bool{}
	var passedOver []string
	for _, p := range given {
		if names[p.name] && seen[p.name] {
			m.wrong("%s stands in the URL twice. The call would be refused.", p.name)
			continue
		}
		seen[p.name] = true
		switch {
		case !names[p.name]:
			passedOver = append(passedOver, shown(p.name))
			m.pairs = append(m.pairs, p)
		case p.name == "value":
			m.mendValue(p.value)
		case p.name == "lead_code":
			m.mendLead(p.value)
		case p.name == "key":
			m.mendKey(p.value)
		case p.value != "":
			m.pairs = append(m.pairs, p)
		}
	}
	if len(passedOver) > 0 {
		m.odd("Nothing here looks at %s. It does no harm.", strings.Join(passedOver, ", "))
	}
	m.mendTogether()
}

// mendTogether sees to it that what needs a key has one.
func (m *mender) mendTogether() {
	if m.key {
		return
	}
	for i, p := range m.pairs {
		switch p.name {
		case "lead_code":
			m.wrong("A lead_code without a key is refused.")
			m.key = true
			m.pairs = slices.Insert(m.pairs, i+1, pairOf{"key", m.o.key()})
			return
		case "price":
			m.wrong("A price without a key is refused. It was taken out.")
			m.pairs = slices.Delete(m.pairs, i, i+1)
			return
		}
	}
}

// mendNames gives parameters our names, where it is plain what is meant. price
// is ours, too, but is what the advertiser is charged: a tracker that sends its
// payout means value.
func (m *mender) mendNames() {
	has := map[string]bool{}
	for _, p := range m.pairs {
		has[p.name] = true
	}
	for i := range m.pairs {
		p := &m.pairs[i]
		word := strings.TrimSuffix(p.name, "[]")
		known := otherNames[plain(word)]
		switch {
		case !paramName.MatchString(word):
			continue
		case p.name == "price" && !has["value"] && !has["key"]:
			m.wrong("price is what you are charged, and needs a key. What a conversion is worth goes into value.")
			p.name = "value"
		case names[p.name], known == "", known != p.name && has[known]:
			continue
		default:
			m.wrong("%s is called %s here.", shown(p.name), known)
			p.name = known
		}
		has[p.name] = true
	}
}

// mendValue mends the payout. An amount is left as it is, if it can be read.
func (m *mender) mendValue(text string) {
	if text == "" {
		return // the same as none
	}
	if _, err := homing.ParseDecimal([]byte(text)); err == nil {
		m.odd("value is the same %s for every call. That is right if each conversion is worth the same.", shown(text))
		m.pairs = append(m.pairs, pairOf{"value", text})
		return
	}
	if number := amountOf(text); number != "" {
		m.wrong("%s cannot be read as an amount. Write a point and nothing else: %s.", shown(text), number)
		m.pairs = append(m.pairs, pairOf{"value", number})
		return
	}
	if text = m.mendToken(text, ValueRole); text != "" {
		m.pairs = append(m.pairs, pairOf{"value", text})
	}
}

// amountOf reads an amount as people write it: 2,10, $2.10, 1,234.50. Empty if it
// is none.
func amountOf(text string) string {
	number := strings.Trim(text, "$€£ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz ")
	switch comma, point := strings.Count(number, ","), strings.Count(number, "."); {
	case comma == 1 && point == 0:
		number = strings.Replace(number, ",", ".", 1)
	case comma > 0 && strings.LastIndexByte(number, '.') > strings.LastIndexByte(number, ','):
		number = strings.ReplaceAll(number, ",", "")
	case comma == 1 && point > 0:
		number = strings.Replace(strings.ReplaceAll(number, ".", ""), ",", ".", 1)
	}
	if _, err := homing.ParseDecimal([]byte(number)); err != nil {
		return ""
	}
	return number
}

// mendLead mends the lead code, or takes it out where it would have the call
// refused.
func (m *mender) mendLead(text string) {
	if text == "" {
		return
	}
	if !m.o.MultiLead {
		m.wrong("Multiple leads are switched off, so a call with lead_code is refused. It was taken out.")
		return
	}
	if m.o.SecureBase == "" {
		m.wrong("lead_code needs https, and there is no such address here yet. It was taken out.")
		return
	}
	if text = m.mendToken(text, LeadRole); text == "" {
		m.wrong("Without a number of each conversion lead_code has no use. It was taken out.")
		return
	}
	m.lead = true
	m.pairs = append(m.pairs, pairOf{"lead_code", text})
}

// mendKey puts the place-holder where a key belongs. Whether it was the right
// key is not looked at.
func (m *mender) mendKey(text string) {
	switch {
	case text == "":
		return
	case text == KeyPlace || isMacro(text) || isFiller(text):
		m.odd("Write your secret key in place of %s.", KeyPlace)
	case keyShaped.MatchString(text):
		m.odd("Your key is not shown here. Put it back in place of %s.", KeyPlace)
	default:
		m.wrong("What stands as key can be none: a key has %d to %d letters and digits.", homing.MinKeyLen, homing.MaxKeyLen)
	}
	m.addKey()
}

func (m *mender) addKey() {
	m.key = true
	m.pairs = append(m.pairs, pairOf{"key", m.o.key()})
}

// mendAccount sees to it that calls with a broken click id are found.
func (m *mender) mendAccount() {
	if m.o.Account == "" {
		return
	}
	for i, p := range m.pairs {
		if p.name != "account" {
			continue
		}
		if p.value != m.o.Account {
			m.wrong("account=%s is not yours.", shown(p.value))
			m.pairs[i].value = m.o.Account
		}
		return
	}
	m.odd("account=%s is missing. It authorizes nothing, but calls with a broken click id show up in your log only with it.", m.o.Account)
	m.pairs = append(m.pairs, pairOf{"account", m.o.Account})
}
