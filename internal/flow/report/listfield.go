package report

import (
	"encoding/json"
	"strings"

	"homing"
	"homing/internal/engine/warehouse"
)

// field is a column of an exported list: under the name that the row's JSON has,
// and in its order.
type field[T any] struct {
	Column
	cell func(*T) Cell
}

func fieldOf[T any](name string, kind Kind, cell func(*T) Cell) field[T] {
	title := strings.ToUpper(name[:1]) + strings.ReplaceAll(name[1:], "_", " ")
	return field[T]{Column{Name: name, Title: title, Kind: kind}, cell}
}

func textField[T any](name string, text func(*T) string) field[T] {
	return fieldOf(name, Text, func(row *T) Cell { return textCell(text(row)) })
}

func nameField[T any](name string, text func(*T) string) field[T] {
	return fieldOf(name, Name, func(row *T) Cell { return textCell(text(row)) })
}

func idField[T any](name string, id func(*T) int64) field[T] {
	return fieldOf(name, ID, func(row *T) Cell { return numberCell(id(row)) })
}

func boolField[T any](name string, is func(*T) bool) field[T] {
	return fieldOf(name, Bool, func(row *T) Cell { return boolCell(is(row)) })
}

func timeField[T any](name string, at func(*T) homing.Millis) field[T] {
	return fieldOf(name, Time, func(row *T) Cell { return timeCell(at(row)) })
}

func moneyField[T any](name string, amount func(*T) *homing.Money) field[T] {
	return fieldOf(name, Money, func(row *T) Cell {
		if m := amount(row); m != nil {
			return moneyCell(*m)
		}
		return null
	})
}

func valueField[T any](value func(*T) homing.Value) field[T] {
	return moneyField("value", func(row *T) *homing.Money {
		if v := value(row); v.Given {
			return &v.Money
		}
		return nil
	})
}

func flagsField[T any](flags func(*T) []string) field[T] {
	return textField("flags", func(row *T) string { return strings.Join(flags(row), " ") })
}

// facetFields are the columns of facets.
func facetFields[T any](facets func(*T) *Facets) (fields []field[T]) {
	for f := range warehouse.Facet(warehouse.FacetCount) {
		fields = append(fields, textField(f.String(), func(row *T) string { return *facets(row).fields()[f] }))
	}
	return fields
}

var clickFields = append(append([]field[Click]{
	textField("click_id", func(c *Click) string { return c.ClickID.String() }),
	timeField("at", func(c *Click) homing.Millis { return c.at }),
	idField("account", func(c *Click) int64 { return int64(c.Account) }),
	nameField("account_name", func(c *Click) string { return c.AccountName }),
	idField("campaign", func(c *Click) int64 { return int64(c.Campaign) }),
	nameField("campaign_name", func(c *Click) string { return c.CampaignName }),
	textField("class", func(c *Click) string { return c.Class.String() }),
	boolField("unique", func(c *Click) bool { return c.Unique }),
	boolField("test", func(c *Click) bool { return c.Test }),
	moneyField("cost", func(c *Click) *homing.Money { return c.Cost }),
	textField("currency", func(c *Click) string { return c.Currency }),
	textField("addr", func(c *Click) string { return c.Addr }),
}, facetFields(func(c *Click) *Facets { return &c.Facets })...),
	textField("params", func(c *Click) string { return objectText(c.Params) }))

// objectText writes parameters as a JSON object, in the order of their names.
func objectText(params map[string]string) string {
	if len(params) == 0 {
		return ""
	}
	text, err := json.Marshal(params)
	if err != nil {
		panic(err) // texts always have a JSON form
	}
	return string(text)
}

var postbackFields = append([]field[Postback]{
	textField("request_id", func(p *Postback) string { return p.Request }),
	timeField("at", func(p *Postback) homing.Millis { return p.at }),
	textField("addr", func(p *Postback) string { return p.Addr }),
	boolField("https", func(p *Postback) bool { return p.HTTPS }),
	textField("method", func(p *Postback) string { return p.Method }),
	textField("target", func(p *Postback) string { return p.Target }),
	textField("user_agent", func(p *Postback) string { return p.UserAgent }),
	idField("account", func(p *Postback) int64 { return int64(p.Account) }),
	nameField("account_name", func(p *Postback) string { return p.AccountName }),
	idField("campaign", func(p *Postback) int64 { return int64(p.Campaign) }),
	nameField("campaign_name", func(p *Postback) string { return p.CampaignName }),
	textField("click_id", func(p *Postback) string { return p.ClickID }),
	timeField("click_at", func(p *Postback) homing.Millis { return p.clickAt }),
	idField("key_id", func(p *Postback) int64 { return int64(p.Key) }),
	idField("goal", func(p *Postback) int64 { return int64(p.Goal) }),
	nameField("goal_name", func(p *Postback) string { return p.GoalName }),
	textField("lead_code", func(p *Postback) string { return p.LeadCode }),
	valueField(func(p *Postback) homing.Value { return p.Value }),
	moneyField("price", func(p *Postback) *homing.Money { return p.Price }),
	textField("currency", func(p *Postback) string { return p.Currency }),
	textField("result", func(p *Postback) string { return p.Result.String() }),
	textField("reason", func(p *Postback) string { return p.Reason.String() }),
	fieldOf("status", Number, func(p *Postback) Cell { return numberCell(int64(p.Status)) }),
	flagsField(func(p *Postback) []string { return p.Flags }),
	idField("conversion", func(p *Postback) int64 { return int64(p.Conversion) }),
	fieldOf("count", Count, func(p *Postback) Cell { return numberCell(p.Count) }),
	boolField("test", func(p *Postback) bool { return p.Test }),
}, facetFields(func(p *Postback) *Facets { return &p.Facets })...)

var conversionFields = append([]field[Conversion]{
	idField("id", func(c *Conversion) int64 { return int64(c.ID) }),
	textField("click_id", func(c *Conversion) string { return c.ClickID.String() }),
	idField("account", func(c *Conversion) int64 { return int64(c.Account) }),
	nameField("account_name", func(c *Conversion) string { return c.AccountName }),
	idField("campaign", func(c *Conversion) int64 { return int64(c.Campaign) }),
	nameField("campaign_name", func(c *Conversion) string { return c.CampaignName }),
	idField("goal", func(c *Conversion) int64 { return int64(c.Goal) }),
	nameField("goal_name", func(c *Conversion) string { return c.GoalName }),
	textField("lead_code", func(c *Conversion) string { return c.LeadCode }),
	textField("status", func(c *Conversion) string { return c.Status.String() }),
	valueField(func(c *Conversion) homing.Value { return c.Value }),
	moneyField("price", func(c *Conversion) *homing.Money { return c.Price }),
	textField("currency", func(c *Conversion) string { return c.Currency }),
	timeField("at", func(c *Conversion) homing.Millis { return c.at }),
	timeField("click_at", func(c *Conversion) homing.Millis { return c.clickAt }),
	boolField("test", func(c *Conversion) bool { return c.Test }),
	flagsField(func(c *Conversion) []string { return c.Flags }),
	textField("request_id", func(c *Conversion) string { return c.Request.String() }),
}, facetFields(func(c *Conversion) *Facets { return &c.Facets })...)
