package doctor

import (
	"fmt"
	"strings"

	"homing"
	"homing/internal/engine/ledger"
)

// receiptsAtOnce is how many conversions are compared at a time.
const receiptsAtOnce = 2000

// receipts compares what conversions are worth, and whose they are, with the
// postbacks that made them: both were written in one transaction, and neither
// ever changes. A receipt that is missing has been told by the ledger's check, or
// was erased.
func (e *examination) receipts() error {
	r := &reconciling{e: e}
	q := ledger.ConversionQuery{Since: (&books{e: e}).since(), Limit: receiptsAtOnce}
	for {
		page := make(map[homing.ConversionID]homing.Conversion, receiptsAtOnce)
		first := q.After
		for c, err := range e.Ledger.Conversions(e.ctx, q) {
			if err != nil {
				return e.unlessDamaged("go through the ledger's conversions", err)
			}
			if len(page) == 0 {
				first = c.ID - 1
			}
			page[c.ID] = c
			q.After = c.ID
		}
		if err := r.compare(page, first, q.After); err != nil {
			return err
		}
		if len(page) < receiptsAtOnce {
			break
		}
		e.tell(Progress{What: "comparing conversions with their receipts", Done: int64(q.After)})
	}
	if err := r.tellAll(); err != nil {
		return err
	}
	e.Looked("receipts: %d of them, compared with what their conversions are worth", r.compared)
	return nil
}

// reconciling is one call of receipts.
type reconciling struct {
	e        *examination
	compared int64
	wrong    []misworth // the first mostKept of them
	others   int
}

// mostKept bounds what is kept of a ledger in which everything is wrong.
const mostKept = 1000

// misworth is a conversion that is not what its receipt says.
type misworth struct {
	account homing.AccountID
	finding Finding
}

// compare compares conversions with the receipts of numbers above after, up to last.
func (r *reconciling) compare(page map[homing.ConversionID]homing.Conversion, after, last homing.ConversionID) error {
	if len(page) == 0 {
		return nil
	}
	for p, err := range r.e.Ledger.Receipts(r.e.ctx, ledger.ReceiptQuery{After: after, Limit: int(last - after)}) {
		if err != nil {
			return r.e.unlessDamaged("go through the ledger's receipts", err)
		}
		if p.Conversion > last {
			break
		}
		c, ok := page[p.Conversion]
		if !ok {
			continue // outside of the days that are looked at
		}
		r.compared++
		switch how := differsFrom(&c, &p); {
		case how == "":
		case len(r.wrong) == mostKept:
			r.others++
		default:
			r.wrong = append(r.wrong, misworth{c.Account, worthFinding(&c, how)})
		}
	}
	return nil
}

// differsFrom tells in words how a conversion is not what its receipt says; "" if
// it is.
func differsFrom(c *homing.Conversion, p *homing.Postback) string {
	var how []string
	differ := func(what string, is, receipt any) {
		how = append(how, fmt.Sprintf("its %s is %v, its receipt says %v", what, is, receipt))
	}
	if c.Value != p.Value {
		differ("value", inWordsOf(c.Value), inWordsOf(p.Value))
	}
	if c.Price != p.Price {
		differ("price", c.Price, p.Price)
	}
	if c.Currency != p.Currency {
		differ("currency", orNothing(c.Currency), orNothing(p.Currency))
	}
	if c.Goal != p.Goal {
		differ("goal", c.Goal, p.Goal)
	}
	if c.Account != p.Account {
		differ("account", c.Account, p.Account)
	}
	if c.Campaign != p.Campaign {
		differ("campaign", c.Campaign, p.Campaign)
	}
	if c.Click != p.Origin {
		differ("click", "one of "+c.Click.Time.String(), "one of "+p.Origin.Time.String())
	}
	return strings.Join(how, "; ")
}

func inWordsOf(v homing.Value) string {
	if !v.Given {
		return "nothing"
	}
	return v.Money.String()
}

func orNothing(text string) string {
	if text == "" {
		return "nothing"
	}
	return text
}

func worthFinding(c *homing.Conversion, how string) Finding {
	return Finding{
		Kind: "ledger.value", Severity: Damage,
		Where: fmt.Sprintf("ledger.db, conversion %d of %s, account %d", c.ID, c.At, c.Account),
		What:  "The conversion and the receipt of its postback do not say the same: " + how + ".",
		Means: "Both were written at the same moment and never change, so one of them was changed by hand. The conversion is what is paid and reported, " +
			"the receipt is what the advertiser was answered for.",
		Do: "Compare it with what the advertiser sent (homing trace, Numbers differ? in the panel), and with a backup from before. " +
			"If the conversion is wrong, bring the ledger back from a backup (homing restore).",
	}
}

// tellAll tells what differs. Of an account that was erased meanwhile neither keeps
// amounts, and one may have given them up before the other.
func (r *reconciling) tellAll() error {
	if len(r.wrong) == 0 {
		return nil
	}
	if err := r.e.settings(); err != nil {
		return err
	}
	told := r.others
	for _, w := range r.wrong {
		if r.e.known.accounts[w.account] {
			continue
		}
		if told++; told <= mostTold+r.others {
			r.e.Found(w.finding)
		}
	}
	if told > mostTold {
		r.e.Found(more("conversions that are not what their receipts say", told-mostTold))
	}
	return nil
}
