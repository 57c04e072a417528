package target

import "bytes"

// Fault is what is wrong with a postback's query as a whole.
type Fault uint8

const (
	NoFault Fault = iota
	// TooLong: over MaxPostbackQuery.
	TooLong
	// BadSyntax: a semicolon, a percent sign without two hex digits, or a blank
	// or control character that is not encoded, which no request line can carry.
	BadSyntax
	// HTMLAmp: parameters separated by &amp;.
	HTMLAmp
	// TooMany: over MaxParams.
	TooMany
	// Repeated: a parameter of ours twice, or in the array form name[].
	Repeated
)

// Params are a postback's parameters, decoded once. An empty one was not given.
type Params struct {
	// Fault is the first fault. With Repeated the parameters are still read, the
	// first of each, so that the log can tell whose call it was; with any other
	// fault nothing is.
	Fault Fault
	// RepeatedName is the canonical name behind Repeated ("value" for
	// value[] too; "clickid" for clickid and click_id).
	RepeatedName string

	Value, Lead, Key        []byte
	Goal, Price, Currency   []byte
	Status, AllowDuplicates []byte
	Account                 []byte // public id
	ClickID                 []byte // of the sibling form; nil if not given at all
}

// PostbackParams reads a postback's query. In the sibling form clickid and
// click_id are parameters of ours; in the path form they are unknown ones.
// Unknown parameters are passed over. Checks come in the order of Fault's
// constants; of several repeats the first is named. Names are compared byte by
// byte after decoding; pairs without a byte between && do not count.
//
// buf is used as in Split; the query's length is enough.
func PostbackParams(query []byte, sibling bool, buf []byte) Params {
	if fault := wholeFault(query); fault != NoFault {
		return Params{Fault: fault}
	}
	buf = buf[:0]
	var p Params
	var seen [ours]bool
	for rest := query; len(rest) > 0; {
		var pair []byte
		if pair, rest = cutPair(rest); len(pair) == 0 {
			continue
		}
		rawName, rawValue := cutName(pair)
		which, array := known(rawName, sibling, buf)
		if which == unknown {
			continue
		}
		if seen[which] || array {
			p.repeated(which)
		}
		if seen[which] {
			continue
		}
		seen[which] = true
		value, _ := decoded(rawValue, true, &buf)
		p.set(which, value)
	}
	return p
}

// wholeFault finds the faults that can be seen without reading a name.
func wholeFault(query []byte) Fault {
	if len(query) > MaxPostbackQuery {
		return TooLong
	}
	html := false
	for i, c := range query {
		switch {
		case c == '%':
			if _, ok := UnescapeByte(query[i:]); !ok {
				return BadSyntax
			}
		case c == ';':
			if !bytes.HasSuffix(query[:i], []byte("&amp")) {
				return BadSyntax
			}
			html = true
		case c <= ' ' || c == 0x7f:
			return BadSyntax
		}
	}
	switch {
	case html:
		return HTMLAmp
	case countPairs(query) > MaxParams:
		return TooMany
	}
	return NoFault
}

func countPairs(query []byte) (n int) {
	for rest := query; len(rest) > 0; {
		var pair []byte
		if pair, rest = cutPair(rest); len(pair) > 0 {
			n++
		}
	}
	return n
}

// cutPair parts a query after its first pair, which may be empty.
func cutPair(query []byte) (pair, rest []byte) {
	if i := bytes.IndexByte(query, '&'); i >= 0 {
		return query[:i], query[i+1:]
	}
	return query, nil
}

// cutName parts a pair. Without an equals sign the value is empty, not nil.
func cutName(pair []byte) (name, value []byte) {
	if i := bytes.IndexByte(pair, '='); i >= 0 {
		return pair[:i], pair[i+1:]
	}
	return pair, pair[len(pair):]
}

// name is one of the parameters of ours.
type name uint8

const (
	unknown name = iota
	valueName
	leadName
	keyName
	goalName
	priceName
	currencyName
	statusName
	allowName
	accountName
	clickIDName
	ours // how many there are
)

var canonical = [ours]string{
	valueName: "value", leadName: "lead_code", keyName: "key", goalName: "goalid",
	priceName: "price", currencyName: "currency", statusName: "status",
	allowName: "allow_duplicates", accountName: "account", clickIDName: "clickid",
}

// known tells which parameter a raw name means, and whether it stands in the
// array form. What it decodes in buf's free room is forgotten again.
func known(raw []byte, sibling bool, buf []byte) (which name, array bool) {
	text, _ := decoded(raw, true, &buf)
	text, array = bytes.CutSuffix(text, []byte("[]"))
	switch string(text) {
	case "value":
		return valueName, array
	case "lead_code":
		return leadName, array
	case "key":
		return keyName, array
	case "goalid":
		return goalName, array
	case "price":
		return priceName, array
	case "currency":
		return currencyName, array
	case "status":
		return statusName, array
	case "allow_duplicates":
		return allowName, array
	case "account":
		return accountName, array
	case "clickid", "click_id":
		if sibling {
			return clickIDName, array
		}
	}
	return unknown, false
}

func (p *Params) repeated(which name) {
	if p.Fault == NoFault {
		p.Fault, p.RepeatedName = Repeated, canonical[which]
	}
}

func (p *Params) set(which name, value []byte) {
	if which == clickIDName {
		p.ClickID = value
		return
	}
	if len(value) == 0 {
		return // not given
	}
	switch which {
	case valueName:
		p.Value = value
	case leadName:
		p.Lead = value
	case keyName:
		p.Key = value
	case goalName:
		p.Goal = value
	case priceName:
		p.Price = value
	case currencyName:
		p.Currency = value
	case statusName:
		p.Status = value
	case allowName:
		p.AllowDuplicates = value
	case accountName:
		p.Account = value
	}
}
