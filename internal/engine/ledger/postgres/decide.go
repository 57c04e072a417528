package postgres

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/rulebook"
)

// Decide implements ledger.Decider.
func (l *Ledger) Decide(ctx context.Context, c *ledger.Claim) (ledger.Decision, error) {
	if err := rulebook.CheckClaim(c); err != nil {
		return ledger.Decision{}, err
	}
	if ctx.Err() != nil {
		return ledger.Decision{}, gaveUp(ctx)
	}
	j := newJob()
	j.claim.remember(c)
	if err := l.queue.push(j); err != nil {
		j.release()
		j.release()
		return ledger.Decision{}, err
	}
	defer j.release()
	if err := j.wait(ctx); err != nil {
		return ledger.Decision{}, err
	}
	return j.out, nil
}

// lockTurn waits until everybody who wrote conversions or changes before has
// committed. What a statement after it sees, nobody is about to change.
const lockTurn = "SELECT one FROM turn WHERE one = 1 FOR UPDATE"

// decideSQL finds or makes the conversions of many claims with distinct
// identities, in their order, and returns a row for each.
//
// It must come after lockTurn in a transaction that is READ COMMITTED, so that it
// sees all that was committed before (a snapshot is taken when a statement
// begins, and one that waited for a lock would number from what was).
//
//   - Look-ups are scalar sub-selects with LIMIT: an EXISTS may be planned as a
//     hash of the whole table, and such a plan, made while the table was small,
//     is kept.
//   - One chain of steps, no joins between them: the writer's session has hash
//     and merge joins switched off, for the same reason.
//   - INSERT without ON CONFLICT: under the lock there is no conflict, and to do
//     nothing about one would leave a gap in the numbers. The unique index stands
//     guard; who violates it is carried out again.
var decideSQL = fmt.Sprintf(`
WITH c AS MATERIALIZED (
  SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
    $9::text[], $10::bigint[], $11::bigint[], $12::bytea[], $13::bigint[], $14::text[], $15::text[], $16::bytea[], $17::bigint[], $18::bigint[])
    WITH ORDINALITY AS c (click, lead, goal, account, campaign, status, value, price, currency, flags, at, request,
      made, actor, reason, receipt, bare, earlier, pos)
), s AS MATERIALIZED (
  SELECT c.*, f.id AS found, f.status AS stands, f.value AS worth,
    coalesce(CASE WHEN c.lead = ''::bytea
      THEN (SELECT TRUE FROM conversions o WHERE o.click = c.click AND o.lead > ''::bytea LIMIT 1)
      ELSE (SELECT TRUE FROM conversions o WHERE o.click = c.click AND o.lead = ''::bytea LIMIT 1) END, FALSE) AS other,
    c.bare = 0 AND coalesce((SELECT TRUE FROM erased e WHERE e.click = c.click LIMIT 1), FALSE) AS tomb,
    coalesce((SELECT a.erased FROM accounts a WHERE a.id = c.account LIMIT 1), FALSE) AS gone
  FROM c LEFT JOIN LATERAL (
    SELECT f.id, f.status, f.value FROM conversions f WHERE f.click = c.click AND f.lead = c.lead AND f.goal = c.goal LIMIT 1
  ) f ON TRUE
), n AS MATERIALIZED (
  SELECT s.*, found IS NULL AND NOT tomb AND NOT gone AS fresh,
    row_number() OVER (PARTITION BY found IS NULL AND NOT tomb AND NOT gone ORDER BY pos)
      + (SELECT coalesce(max(id), 0) FROM conversions) AS id,
    row_number() OVER (PARTITION BY found IS NULL AND NOT tomb AND NOT gone ORDER BY pos)
      + (SELECT coalesce(max(number), 0) FROM changes) AS number
  FROM s
), conversion AS (
  INSERT INTO conversions (id, click, lead, goal, account, campaign, status, value, price, currency, flags, at, request, change)
  SELECT id, click, lead, goal, account, campaign, status, value, price, currency,
    CASE WHEN other OR earlier <> 0 THEN flags | %d ELSE flags END, at, request, number FROM n WHERE fresh
), receipt AS (
  INSERT INTO receipts (conversion, record) SELECT id, receipt FROM n WHERE fresh AND bare = 0
), change AS (
  INSERT INTO changes (number, conversion, at, from_status, to_status, actor, reason)
  SELECT number, id, made, 0, status, actor, reason FROM n WHERE fresh
)
SELECT pos, CASE WHEN fresh THEN id ELSE coalesce(found, 0) END, fresh, coalesce(stands, 0), worth, other, tomb, gone FROM n`,
	homing.FlagSimpleAndLead)

// decideOIDs are the types of its parameters.
var decideOIDs = []uint32{
	oidByteaList, oidByteaList, oidInt8List, oidInt8List, oidInt8List, oidInt8List, oidInt8List, oidInt8List,
	oidTextList, oidInt8List, oidInt8List, oidByteaList, oidInt8List, oidTextList, oidTextList, oidByteaList, oidInt8List, oidInt8List,
}

// decideErasedSQL is decideSQL for one claim, of an erased click, whose lead code
// may stand under several hashes: the oldest that is there counts, else the one it
// comes with. It is asked within the turn, for a node may not know the newest key
// yet, and in the same packet, for a sender who sends old postbacks again from far
// away must not keep everybody waiting.
var (
	decideErasedSQL = strings.Replace(decideSQL, "$2::bytea[]", `ARRAY[coalesce((
		SELECT f.lead FROM unnest($19::bytea[]) WITH ORDINALITY AS h (lead, pos)
		JOIN conversions f ON f.click = ($1::bytea[])[1] AND f.lead = h.lead AND f.goal = ($3::bigint[])[1]
		ORDER BY h.pos DESC LIMIT 1), ($2::bytea[])[1])]`, 1)
	decideErasedOIDs = append(slices.Clone(decideOIDs), oidByteaList)
)

// elementOf is the type of a list's elements.
var elementOf = map[uint32]uint32{oidByteaList: oidBytea, oidInt8List: oidInt8, oidTextList: oidText}

// identity is what a conversion is one of.
type identity struct {
	click [homing.OriginLen]byte
	goal  homing.GoalID
	lead  string
}

// kinds of conversions that a click has.
const (
	simple = 1 << iota
	withLead
)

func kindOf(c *claim) uint8 {
	if len(c.Lead) == 0 {
		return simple
	}
	return withLead
}

// asked is a batch as it is sent: claims with distinct identities, in the order
// in which they came. Those of the same identity are the same row's; the first
// of them stands for all.
type asked struct {
	columns [18]column
	params  [18][]byte
	leaders []*job
	answers []answer                         // of the leaders
	first   map[identity]int                 // index among the leaders
	kinds   map[[homing.OriginLen]byte]uint8 // of conversions that the batch's claims so far have, or make
	same    []follower                       // claims of a leader's identity
}

// follower is a claim whose identity an earlier one of the batch has.
type follower struct {
	job     *job
	leader  int
	earlier bool // see answer.mixed
}

// answer is the server's row for a leader.
type answer struct {
	id         homing.ConversionID
	status     homing.Status
	value      homing.Value
	fresh      bool
	other      bool // the click had conversions of the other kind before the batch
	earlier    bool // a claim before it in the batch is of the other kind
	tomb, gone bool
}

func newAsked() *asked {
	return &asked{first: map[identity]int{}, kinds: map[[homing.OriginLen]byte]uint8{}}
}

// gather readies the parameters for a batch.
func (a *asked) gather(batch []*job) {
	a.leaders, a.answers, a.same = a.leaders[:0], a.answers[:0], a.same[:0]
	clear(a.first)
	clear(a.kinds)
	for i := range a.columns {
		a.columns[i].begin(elementOf[decideOIDs[i]])
	}
	for _, j := range batch {
		c := &j.claim
		kind := kindOf(c)
		earlier := a.kinds[c.click]&^kind != 0
		a.kinds[c.click] |= kind
		id := identity{c.click, c.Goal, string(c.Lead)}
		if leader, ok := a.first[id]; ok {
			a.same = append(a.same, follower{j, leader, earlier})
			continue
		}
		a.first[id] = len(a.leaders)
		a.leaders = append(a.leaders, j)
		a.answers = append(a.answers, answer{earlier: earlier})
		a.add(c, earlier)
	}
	for i := range a.columns {
		a.params[i] = a.columns[i].end()
	}
}

func (a *asked) add(c *claim, earlier bool) {
	col := &a.columns
	col[0].bytes(c.click[:])
	col[1].bytes(c.Lead)
	col[2].integer(int64(c.Goal))
	col[3].integer(int64(c.Account))
	col[4].integer(int64(c.Campaign))
	col[5].integer(int64(c.Status))
	if c.Value.Given {
		col[6].integer(int64(c.Value.Money))
	} else {
		col[6].null()
	}
	col[7].integer(int64(c.Price))
	col[8].text(c.Currency)
	col[9].integer(int64(c.Flags))
	col[10].integer(int64(c.At))
	col[11].bytes(c.Request[:])
	col[12].integer(int64(cmp.Or(c.Made, c.At)))
	col[13].text(cmp.Or(c.Actor, "postback"))
	col[14].text(c.Reason)
	col[15].bytes(c.Receipt)
	col[16].integer(asInt(c.bare))
	col[17].integer(asInt(earlier))
}

func asInt(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// take notes a row of decideSQL.
func (a *asked) take(row [][]byte) error {
	pos := int(number(row[0])) - 1
	if pos < 0 || pos >= len(a.answers) {
		return fmt.Errorf("the server answers about claim %d of %d", pos, len(a.answers))
	}
	w := &a.answers[pos]
	w.id = homing.ConversionID(number(row[1]))
	w.fresh = truth(row[2])
	w.status = homing.Status(number(row[3]))
	w.value = homing.Value{}
	if row[4] != nil {
		w.value = homing.ValueOf(homing.Money(number(row[4])))
	}
	w.other, w.tomb, w.gone = truth(row[5]), truth(row[6]), truth(row[7])
	if w.id == 0 && !w.tomb && !w.gone {
		return fmt.Errorf("the server gives claim %d no conversion", pos)
	}
	return nil
}

func number(b []byte) int64 {
	if len(b) != 8 {
		return 0
	}
	return int64(binary.BigEndian.Uint64(b))
}

func truth(b []byte) bool { return len(b) == 1 && b[0] != 0 }

// decisions writes what was answered into the jobs, and returns those of erased
// clicks, which are decided one by one.
func (a *asked) decisions() (tombs []*job) {
	for i, j := range a.leaders {
		w := &a.answers[i]
		switch {
		case w.gone && !w.tomb:
			// The judge ignores erased accounts; this claim was under way when
			// the account went. Whoever sends it again is ignored.
			j.err = errErased
		case w.tomb:
			tombs = append(tombs, j)
		case w.fresh:
			j.out = ledger.Decision{First: true, Conversion: w.id, Status: j.claim.Status, Value: j.claim.Value, Mixed: w.other || w.earlier}
		default:
			j.out = ledger.Decision{Conversion: w.id, Status: w.status, Value: w.value, Mixed: w.other || w.earlier}
		}
	}
	for _, f := range a.same {
		leader, w := a.leaders[f.leader], &a.answers[f.leader]
		if w.tomb {
			tombs = append(tombs, f.job)
			continue
		}
		f.job.out, f.job.err = leader.out, leader.err
		f.job.out.First = false
		f.job.out.Mixed = w.other || f.earlier
	}
	return tombs
}

// hashesOf are the lead codes that a claim of an erased click may stand under,
// from the newest key's, under which a first one is stored, to the oldest's.
func (w *writer) hashesOf(c *claim) ([][]byte, error) {
	if len(c.Lead) == 0 {
		return [][]byte{{}}, nil
	}
	if w.leadHashes == nil {
		return nil, errUnhashed
	}
	var list [][]byte
	for _, hash := range w.leadHashes(string(c.Lead)) {
		list = append(list, []byte(strings.Clone(hash)))
	}
	return list, nil
}
