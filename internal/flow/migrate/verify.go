package migrate

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"

	"homing"
	"homing/internal/engine/ledger"
)

// Figures are what a ledger holds, for people, and a digest of every row of it.
type Figures struct {
	// Rows counts the rows of each part, by its name.
	Rows map[string]int64
	// Money sums up conversions by status and currency ("" is the account's own).
	Money []Sum

	digests map[string][sha256.Size]byte
}

// Sum is what conversions of a status and a currency come to.
type Sum struct {
	Status       homing.Status
	Currency     string
	Count        int64
	Value, Price homing.Money
}

type sumKey struct {
	status   homing.Status
	currency string
}

// Count reads a whole ledger.
func Count(ctx context.Context, l ledger.Transfer, progress Progress) (*Figures, error) {
	f := &Figures{Rows: map[string]int64{}, digests: map[string][sha256.Size]byte{}}
	sums := map[sumKey]*Sum{}
	for _, part := range ledger.Parts {
		progress("verifying "+part.Name, 0, 0)
		var digest [sha256.Size]byte
		var buffer []byte
		err := eachRow(ctx, l, part, func(row ledger.Row) {
			buffer = appendRow(buffer[:0], row)
			// Rows are told apart by their keys, so none cancels another one out; and
			// the order in which an engine sorts texts is no matter.
			for i, b := range sha256.Sum256(buffer) {
				digest[i] ^= b
			}
			f.Rows[part.Name]++
			if part.Name == "conversions" {
				addMoney(sums, part, row)
			}
		})
		if err != nil {
			return nil, err
		}
		f.digests[part.Name] = digest
	}
	for _, key := range slices.SortedFunc(maps.Keys(sums), func(a, b sumKey) int {
		if a.status != b.status {
			return int(a.status) - int(b.status)
		}
		return strings.Compare(a.currency, b.currency)
	}) {
		f.Money = append(f.Money, *sums[key])
	}
	return f, nil
}

func addMoney(sums map[sumKey]*Sum, part *ledger.Part, row ledger.Row) {
	number := func(name string) int64 {
		n, _ := row[part.Index(name)].(int64) // no value is none
		return n
	}
	currency, _ := row[part.Index("currency")].(string)
	key := sumKey{homing.Status(number("status")), currency}
	if sums[key] == nil {
		sums[key] = &Sum{Status: key.status, Currency: key.currency}
	}
	s := sums[key]
	s.Count++
	s.Value += homing.Money(number("value"))
	s.Price += homing.Money(number("price"))
}

// appendRow writes a row so that no two that differ are written alike.
func appendRow(b []byte, row ledger.Row) []byte {
	for _, v := range row {
		switch v := v.(type) {
		case nil:
			b = append(b, 0)
		case int64:
			b = binary.BigEndian.AppendUint64(append(b, 1), uint64(v))
		case string:
			b = append(binary.AppendUvarint(append(b, 2), uint64(len(v))), v...)
		case []byte:
			b = append(binary.AppendUvarint(append(b, 3), uint64(len(v))), v...)
		case bool:
			if b = append(b, 4); v {
				b[len(b)-1] = 5
			}
		default:
			panic(fmt.Sprintf("migrate: a ledger exported a %T", v)) // see ledger.Row
		}
	}
	return b
}

// Differences tells, part by part, in what two ledgers differ; none if every row of
// one is in the other, as it is.
func (f *Figures) Differences(other *Figures) (list []string) {
	for _, part := range ledger.Parts {
		a, b := f.Rows[part.Name], other.Rows[part.Name]
		switch {
		case a != b:
			list = append(list, fmt.Sprintf("%s: %d here, %d there", part.Name, a, b))
		case f.digests[part.Name] != other.digests[part.Name]:
			list = append(list, fmt.Sprintf("%s: %d on both sides, but not the same", part.Name, a))
		}
	}
	return list
}
