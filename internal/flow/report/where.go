package report

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"homing"
	"homing/internal/engine/warehouse"
)

// Conditions are written dimension, operator, values:
//
//	country=DE,AT     one of them      sub1^=abc   begins with it
//	country!=DE       none of them     sub1~=abc   contains it
//
// A backslash takes the meaning from a comma or a backslash that follows. No
// value at all is the empty one: what is not known.
const (
	maxConditions = 32
	maxValues     = maxKeys/2 - 1 // of all conditions together; one is the scope's
)

var operators = []struct {
	text string
	op   warehouse.Op
}{{"!=", warehouse.NotIn}, {"^=", warehouse.Begins}, {"~=", warehouse.Contains}, {"=", warehouse.In}}

func (c Condition) String() string {
	var b strings.Builder
	b.WriteString(c.Dimension.String())
	for _, o := range operators {
		if o.op == c.Op {
			b.WriteString(o.text)
		}
	}
	for i, k := range c.Keys {
		if i > 0 {
			b.WriteByte(',')
		}
		if c.Dimension.IsNumber() {
			b.WriteString(strconv.FormatInt(k.Number, 10))
			continue
		}
		b.WriteString(escaper.Replace(k.Text))
	}
	return b.String()
}

var escaper = strings.NewReplacer(`\`, `\\`, `,`, `\,`)

// whereKind tells what a question can be narrowed by.
type whereKind uint8

const (
	reportWhere whereKind = iota
	listWhere             // no dimension of time
)

func (k whereKind) allows(d warehouse.Dimension) bool {
	return !d.IsTime() || k == reportWhere && (d == warehouse.HourOfDay || d == warehouse.Weekday)
}

func (k whereKind) names() (names []string) {
	for d := range warehouse.Dimension(warehouse.DimensionCount) {
		if k.allows(d) {
			names = append(names, d.String())
		}
	}
	return names
}

func (p *params) where(kind whereKind) (conditions []Condition) {
	given := p.values["where"]
	if len(given) > maxConditions {
		p.faults.add("where", "%d conditions: at most %d are possible", len(given), maxConditions)
		return nil
	}
	values := 0
	for _, text := range given {
		if text == "" {
			continue
		}
		if c, ok := p.condition(text, kind); ok {
			conditions = append(conditions, c)
			values += len(c.Keys)
		}
	}
	if values > maxValues {
		p.faults.add("where", "%d values: at most %d are possible", values, maxValues)
	}
	return conditions
}

func (p *params) condition(text string, kind whereKind) (c Condition, ok bool) {
	if !utf8.ValidString(text) {
		p.faults.add("where", "%s is not UTF-8", quote(text))
		return c, false
	}
	name, rest := text, ""
	if i := strings.IndexAny(text, "=!^~<>"); i >= 0 {
		name, rest = strings.TrimSpace(text[:i]), text[i:]
	}
	var values string
	found := false
	for _, o := range operators {
		if values, found = strings.CutPrefix(rest, o.text); found {
			c.Op = o.op
			break
		}
	}
	if !found {
		p.faults.add("where", "there is no operator in %s that is known: want one of =, !=, ^= (begins with), ~= (contains), as in country=DE,AT", quote(text))
		p.faults.List[len(p.faults.List)-1].Allowed = []string{"=", "!=", "^=", "~="}
		return c, false
	}
	d, known := warehouse.DimensionNamed(name)
	switch {
	case !known:
		p.faults.unknown("where", "dimension", name, kind.names())
		return c, false
	case !kind.allows(d):
		p.faults.add("where", "%s is narrowed by from and to", d)
		return c, false
	}
	c.Dimension = d
	return p.keys(c, values)
}

func (p *params) keys(c Condition, values string) (Condition, bool) {
	texts, problem := splitValues(values)
	if problem != "" {
		p.faults.add("where", "%s: %s", c.Dimension, problem)
		return c, false
	}
	if c.Op == warehouse.Begins || c.Op == warehouse.Contains {
		return p.pattern(c, texts)
	}
	before := len(p.faults.List)
	for _, text := range texts {
		key, ok := p.key(c.Dimension, text)
		if ok && !slices.Contains(c.Keys, key) {
			c.Keys = append(c.Keys, key)
		}
	}
	return c, len(p.faults.List) == before
}

func (p *params) pattern(c Condition, texts []string) (Condition, bool) {
	switch {
	case c.Dimension.IsNumber():
		p.faults.add("where", "%s has numbers, which only = and != compare", c.Dimension)
		return c, false
	case len(texts) > 1:
		p.faults.add("where", `%s: a beginning or a part is a single one; a comma in it is written \,`, c.Dimension)
		return c, false
	case texts[0] == "":
		p.faults.add("where", "%s: there is nothing behind the operator", c.Dimension)
		return c, false
	}
	c.Keys = []warehouse.Key{{Text: texts[0]}}
	return c, true
}

// splitValues takes values apart at commas.
func splitValues(text string) (values []string, problem string) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == ',':
			values = append(values, b.String())
			b.Reset()
		case c == '\\' && i+1 == len(text):
			return nil, `a backslash stands at the end; for itself it is written \\`
		case c == '\\' && text[i+1] != ',' && text[i+1] != '\\':
			return nil, `a backslash stands before neither a comma nor a backslash; for itself it is written \\`
		case c == '\\':
			i++
			b.WriteByte(text[i])
		default:
			b.WriteByte(c)
		}
	}
	return append(values, b.String()), ""
}

// devices are the words of package device, and what is not known.
var devices = []string{"desktop", "mobile", "tablet", "tv", "bot", ""}

// key checks a value of a dimension.
func (p *params) key(d warehouse.Dimension, text string) (k warehouse.Key, ok bool) {
	facet, _ := d.Facet()
	switch {
	case d.IsNumber():
		return p.number(d, strings.TrimSpace(text))
	case d == warehouse.Reason:
		return warehouse.Key{Text: text}, p.reason(text)
	case facet == warehouse.FacetDevice:
		if !slices.Contains(devices, text) {
			p.faults.unknown("where", "device", text, devices[:len(devices)-1])
			return k, false
		}
	case facet == warehouse.FacetCountry:
		text = strings.ToUpper(text)
		if text != "" && !twoLetters(text) {
			p.faults.add("where", "country %s: want the two letters of ISO 3166, such as DE", quote(text))
			return k, false
		}
	case facet == warehouse.FacetLanguage:
		text = strings.ToLower(text)
	}
	return warehouse.Key{Text: text}, true
}

func (p *params) reason(code string) bool {
	if _, ok := homing.ReasonNamed(code); ok || code == "" {
		return true
	}
	var codes []string
	for _, r := range homing.Reasons() {
		codes = append(codes, r.String())
	}
	p.faults.unknown("where", "reason", code, codes)
	return false
}

func twoLetters(text string) bool {
	return len(text) == 2 && text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'A' && text[1] <= 'Z'
}

func (p *params) number(d warehouse.Dimension, text string) (k warehouse.Key, ok bool) {
	least, most := uint64(0), uint64(1<<32-1)
	switch d {
	case warehouse.HourOfDay:
		most = 23
	case warehouse.Weekday:
		least, most = 1, 7
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err == nil && n >= least && n <= most {
		return warehouse.Key{Number: int64(n)}, true
	}
	switch d {
	case warehouse.HourOfDay:
		p.faults.add("where", "hour_of_day %s: want 0 to 23", quote(text))
	case warehouse.Weekday:
		p.faults.add("where", "weekday %s: want 1 (Monday) to 7 (Sunday)", quote(text))
	default:
		p.faults.add("where", "%s %s: want its number", d, quote(text))
	}
	return k, false
}
