package doctor

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/loader"
)

// heap is an account's conversions of a day: enough to tell two heaps apart,
// whatever order they are gone through in.
type heap struct {
	day     warehouse.Day
	account homing.AccountID
}

type sum struct {
	rows  int64
	value homing.Money // of those in totals
	print uint64
}

func (s *sum) add(c *homing.Conversion, erased bool) {
	s.rows++
	if c.Status.InTotals() && c.Value.Given && !erased {
		s.value += c.Value.Money
	}
	s.print += printOf(c, erased)
}

// ofHeap is what a heap is in ledger and warehouse.
type ofHeap struct{ ledger, warehouse sum }

func heapOf(c *homing.Conversion) heap { return heap{warehouse.DayAt(c.At), c.Account} }

// books compares the ledger's conversions with the warehouse's: those that had
// been made when the look began, but for what was changed since.
type books struct {
	e     *examination
	heaps map[heap]*ofHeap
	// last is the newest conversion that is compared, of change at.
	last homing.ConversionID
	at   int64

	// oldest is the first day with clicks. alone are conversions of clicks of
	// that day and later that the warehouse does not know, the first few.
	oldest  warehouse.Day
	alone   []homing.Conversion
	unknown int64
	strange map[stranger]int64 // conversions of accounts or campaigns that are not there
	sample  map[stranger]homing.ConversionID
}

type stranger struct {
	account  homing.AccountID
	campaign homing.CampaignID
}

// conversions reads all conversions of the ledger, and compares them with the
// warehouse's.
func (e *examination) conversions() error {
	b := &books{e: e, heaps: map[heap]*ofHeap{}, strange: map[stranger]int64{}, sample: map[stranger]homing.ConversionID{}}
	if err := b.findLast(); err != nil {
		return err
	}
	readable, err := b.readLedger()
	if err != nil {
		return err
	}
	if err := b.strangers(); err != nil {
		return err
	}
	if !e.asked || !readable || e.ledgerMark == 0 {
		return nil
	}
	e.tell(Progress{What: "comparing conversions with the warehouse"})
	if err := b.readWarehouse(); err != nil {
		e.asked = false
		return e.away(err)
	}
	switch again, err := e.wentBack(loader.LedgerSource, e.ledgerMark); {
	case err != nil:
		return e.away(err)
	case again:
		return nil
	}
	if err := b.compare(); err != nil {
		return err
	}
	e.Looked("agreement of ledger and warehouse: conversions up to %d, by day and account", b.last)
	return b.orphans()
}

// findLast finds the newest conversion that had been loaded.
func (b *books) findLast() error {
	b.at = int64(max(b.e.ledgerMark, 1)) - 1
	const atOnce = 1000
	for low := b.at - atOnce; b.last == 0 && low > -atOnce; low -= atOnce {
		changes, err := b.e.Ledger.Changes(b.e.ctx, max(low, 0), atOnce)
		if err != nil {
			return b.e.unlessDamaged("read the ledger's changes", err)
		}
		for _, c := range changes {
			if c.From == 0 && c.Number <= b.at {
				b.last = max(b.last, c.Conversion)
			}
		}
	}
	return nil
}

// since is the first day that is compared.
func (b *books) since() homing.Millis {
	if b.e.o.Quick {
		return (warehouse.DayAt(b.e.now()) - 1).Start()
	}
	return 0
}

func (b *books) of(c *homing.Conversion) *ofHeap {
	at := heapOf(c)
	if b.heaps[at] == nil {
		b.heaps[at] = &ofHeap{}
	}
	return b.heaps[at]
}

// readLedger goes through the ledger. What cannot be read there, its check has
// told; then nothing can be compared.
func (b *books) readLedger() (readable bool, err error) {
	e, n := b.e, int64(0)
	for c, err := range e.Ledger.Conversions(e.ctx, b.query()) {
		if err != nil {
			return false, b.e.unlessDamaged("go through the ledger's conversions", err)
		}
		e.seen(c.At)
		if account, ok := e.known.campaigns[c.Campaign]; !ok || account != c.Account {
			of := stranger{c.Account, c.Campaign}
			if b.strange[of]++; b.sample[of] == 0 {
				b.sample[of] = c.ID
			}
		}
		if c.ID <= b.last {
			b.of(&c).ledger.add(&c, e.known.accounts[c.Account])
		}
		if n++; n%tellRecords == 0 {
			e.tell(Progress{What: "going through the ledger's conversions", Done: int64(c.ID), Total: int64(max(b.last, c.ID))})
		}
	}
	return true, nil
}

func (b *books) readWarehouse() error {
	e, n := b.e, int64(0)
	oldest, err := e.Warehouse.Oldest(e.ctx, warehouse.ClickTable)
	if err != nil {
		return err
	}
	b.oldest = oldest
	for c, err := range e.Warehouse.Conversions(e.ctx, b.list()) {
		if err != nil {
			return err
		}
		if c.ID > b.last {
			continue
		}
		b.of(&c.Conversion).warehouse.add(&c.Conversion, e.known.accounts[c.Account])
		if !c.Known && b.oldest != 0 && warehouse.DayAt(c.Click.Time) >= b.oldest {
			if b.unknown++; len(b.alone) < mostTold {
				b.alone = append(b.alone, c.Conversion)
			}
		}
		if n++; n%tellRecords == 0 {
			e.tell(Progress{What: "comparing conversions with the warehouse", Done: n, Total: int64(b.last)})
		}
	}
	return nil
}

// mostRows bounds what is looked at row by row.
const mostRows = 200_000

// compare looks at the heaps that differ row by row, for some may have been
// changed while they were gone through.
func (b *books) compare() error {
	e := b.e
	var differ []heap
	rows := int64(0)
	for at, of := range b.heaps {
		if of.ledger != of.warehouse {
			differ = append(differ, at)
			rows += max(of.ledger.rows, of.warehouse.rows)
		}
	}
	if len(differ) == 0 {
		return nil
	}
	slices.SortFunc(differ, func(a, b heap) int {
		return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.account, b.account))
	})
	var found []Finding
	var err error
	if rows > mostRows {
		found, err = b.byHeap(differ)
	} else {
		found, err = b.byRow(differ)
	}
	if err != nil {
		return err
	}
	for i, f := range found {
		if i == mostTold {
			e.Found(more("days that ledger and warehouse count differently", len(found)-mostTold))
			break
		}
		e.Found(f)
	}
	return nil
}

// byHeap tells of heaps that are too large to be looked at row by row, if nothing
// was changed meanwhile that might explain them.
func (b *books) byHeap(differ []heap) (found []Finding, err error) {
	changed, err := b.changedSince()
	if err != nil {
		return nil, err
	}
	if len(changed) > 0 {
		b.e.Looked("agreement of ledger and warehouse: not known for %d days and accounts, whose many conversions were being changed; look again in a quieter hour", len(differ))
		return nil, nil
	}
	for _, at := range differ {
		of := b.heaps[at]
		found = append(found, heapFinding(at, of.ledger, of.warehouse, ""))
	}
	return found, nil
}

// changedSince are the conversions that were changed behind the mark.
func (b *books) changedSince() (map[homing.ConversionID]bool, error) {
	const atOnce = 10_000
	changed := map[homing.ConversionID]bool{}
	for after := b.at; ; {
		changes, err := b.e.Ledger.Changes(b.e.ctx, after, atOnce)
		if err != nil {
			return nil, fmt.Errorf("couldn't read the ledger's changes: %w", err)
		}
		for _, c := range changes {
			after = c.Number
			changed[c.Conversion] = true
		}
		if len(changes) < atOnce {
			return changed, nil
		}
	}
}

// rowPair is one conversion on both sides.
type rowPair struct{ ledger, warehouse *homing.Conversion }

func (b *books) byRow(differ []heap) (found []Finding, err error) {
	e := b.e
	wanted := map[heap]map[homing.ConversionID]*rowPair{}
	for _, at := range differ {
		wanted[at] = map[homing.ConversionID]*rowPair{}
	}
	pair := func(c *homing.Conversion) *rowPair {
		rows := wanted[heapOf(c)]
		if rows == nil || c.ID > b.last {
			return nil
		}
		if rows[c.ID] == nil {
			rows[c.ID] = &rowPair{}
		}
		return rows[c.ID]
	}
	for c, err := range e.Ledger.Conversions(e.ctx, b.query()) {
		if err != nil {
			return nil, fmt.Errorf("couldn't go through the ledger's conversions: %w", err)
		}
		if p := pair(&c); p != nil {
			p.ledger = &c
		}
	}
	for c, err := range e.Warehouse.Conversions(e.ctx, b.list()) {
		if err != nil {
			return nil, e.away(err)
		}
		if p := pair(&c.Conversion); p != nil {
			p.warehouse = &c.Conversion
		}
	}
	// Only now: whatever was changed until both had been gone through is left out.
	changed, err := b.changedSince()
	if err != nil {
		return nil, err
	}
	if err := e.settings(); err != nil { // an account may have been erased
		return nil, err
	}
	for _, at := range differ {
		for id := range wanted[at] {
			if changed[id] {
				delete(wanted[at], id)
			}
		}
		if f, ok := b.ofRows(at, wanted[at]); ok {
			found = append(found, f)
		}
	}
	return found, nil
}

// ofRows tells what differs in a heap, if anything does that was not changed
// meanwhile.
func (b *books) ofRows(at heap, rows map[homing.ConversionID]*rowPair) (Finding, bool) {
	erased := b.e.known.accounts[at.account]
	var ofLedger, ofWarehouse sum
	var names []string
	for _, id := range slices.Sorted(maps.Keys(rows)) {
		p := rows[id]
		if p.ledger != nil {
			ofLedger.add(p.ledger, erased)
		}
		if p.warehouse != nil {
			ofWarehouse.add(p.warehouse, erased)
		}
		var how string
		switch {
		case p.warehouse == nil:
			how = "is missing"
		case p.ledger == nil:
			how = "is in no ledger"
		case printOf(p.ledger, erased) != printOf(p.warehouse, erased):
			how = fmt.Sprintf("is %s there and %s in the ledger, or differs otherwise", p.warehouse.Status, p.ledger.Status)
		default:
			continue
		}
		if len(names) < 5 {
			names = append(names, fmt.Sprintf("%d %s", id, how))
		}
	}
	if len(names) == 0 {
		return Finding{}, false
	}
	return heapFinding(at, ofLedger, ofWarehouse, " Conversion "+strings.Join(names, "; ")+"."), true
}

func heapFinding(at heap, ofLedger, ofWarehouse sum, which string) Finding {
	f := Finding{
		Kind: "agreement.conversions", Severity: Damage,
		Where: fmt.Sprintf("warehouse, conversions of %s, account %d", at.day, at.account),
		What: fmt.Sprintf("The ledger has %d worth %s, the warehouse %d worth %s.%s",
			ofLedger.rows, ofLedger.value, ofWarehouse.rows, ofWarehouse.value, which),
		Means:  "The ledger is right, and decides what is paid. Reports of that day are wrong.",
		Do:     "homing doctor --repair makes the warehouse again from sealed days, spool and ledger.",
		Remedy: Remedy{Kind: Rebuild},
	}
	if d := ofWarehouse.value - ofLedger.value; d > 0 {
		f.Means += fmt.Sprintf(" They show %s too much.", d)
	} else if d < 0 {
		f.Means += fmt.Sprintf(" They show %s too little.", -d)
	}
	return f
}

// strangers tells of conversions that belong to nobody. Settings are read again
// first: a campaign may be new.
func (b *books) strangers() error {
	if len(b.strange) == 0 {
		return nil
	}
	if err := b.e.settings(); err != nil {
		return err
	}
	told := 0
	for of, n := range b.strange {
		owner, there := b.e.known.campaigns[of.campaign]
		if there && owner == of.account {
			continue
		}
		what := fmt.Sprintf("%d conversions are of campaign %d, which is not there (%d is the first of them).", n, of.campaign, b.sample[of])
		if _, ok := b.e.known.accounts[of.account]; !ok {
			what = fmt.Sprintf("%d conversions are of account %d, which is not there (%d is the first of them).", n, of.account, b.sample[of])
		} else if there {
			what = fmt.Sprintf("%d conversions of campaign %d are booked on account %d, but the campaign is account %d's (%d is the first of them).",
				n, of.campaign, of.account, owner, b.sample[of])
		}
		if told++; told > mostTold {
			continue
		}
		b.e.Found(Finding{
			Kind: "ledger.stranger", Severity: Damage, Where: "ledger.db, conversions", What: what,
			Means: "They are counted and in totals, but not under the advertiser they belong to.",
			Do:    "The ledger was changed by hand, or is damaged. Bring it back from a backup (homing restore).",
		})
	}
	return nil
}

// orphans looks for the clicks of conversions whose click the warehouse does not
// know.
func (b *books) orphans() error {
	e, strange := b.e, int64(0)
	for i := range b.alone {
		c := &b.alone[i]
		switch _, err := e.Warehouse.Click(e.ctx, c.Click); {
		case err == nil:
			e.Found(orphanFinding(c))
		case errors.Is(err, homing.ErrNotFound):
			strange++
		default:
			return e.away(err)
		}
	}
	if strange > 0 {
		e.Found(strangeClicks(b.unknown, &b.alone[0]))
	}
	return nil
}

func orphanFinding(c *homing.Conversion) Finding {
	return Finding{
		Kind: "agreement.facets", Severity: Damage, Where: fmt.Sprintf("warehouse, conversion %d", c.ID),
		What:   "Its click is in the warehouse, but the conversion does not know it.",
		Means:  "The conversion is in all sums, but under no country, device or sub parameter.",
		Do:     "homing doctor --repair makes the warehouse again from sealed days, spool and ledger.",
		Remedy: Remedy{Kind: Rebuild},
	}
}

func strangeClicks(n int64, first *homing.Conversion) Finding {
	return Finding{
		Kind: "conversions.unknown-click", Severity: Note, Where: fmt.Sprintf("conversion %d and others", first.ID),
		What: fmt.Sprintf("Of %d conversions the click is not in this house.", n),
		Means: "They count in full: the click id proves the click. But they are under no country, device or sub parameter. " +
			"It is so with clicks that were lost with a damaged spool, that were sent on while the disk failed, or whose day has been given up.",
		Do: "Nothing has to be done.",
	}
}
