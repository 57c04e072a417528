package postgres

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"homing/internal/engine/ledger"
)

// noteKeyUses adds differences. Uses of keys that are gone (of an account erased
// meanwhile) are dropped.
const noteKeyUses = `INSERT INTO key_uses (key, count, last, addr, over_http)
	SELECT k.id, u.count, u.last, u.addr, u.over_http
	FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::bigint[]) AS u (key, count, last, addr, over_http)
	JOIN keys k ON k.id = u.key ORDER BY k.id
	ON CONFLICT (key) DO UPDATE SET count = key_uses.count + excluded.count, over_http = key_uses.over_http + excluded.over_http,
		addr = CASE WHEN excluded.last >= key_uses.last THEN excluded.addr ELSE key_uses.addr END,
		last = greatest(key_uses.last, excluded.last)`

// NoteKeyUse implements ledger.Settings. Every node tells its uses, in the order
// of keys, so that two never wait for each other's rows.
func (l *Ledger) NoteKeyUse(ctx context.Context, uses []ledger.KeyUse) error {
	var keys, counts, lasts, overHTTP []int64
	var addrs []string
	for _, u := range merged(uses) {
		keys, counts, lasts = append(keys, int64(u.Key)), append(counts, u.Count), append(lasts, int64(u.Last))
		addrs, overHTTP = append(addrs, storable(u.Addr)), append(overHTTP, u.OverHTTP)
	}
	if len(keys) == 0 {
		return nil
	}
	_, err := l.write(ctx, noteKeyUses, keys, counts, lasts, addrs, overHTTP)
	return told("note the uses of keys", err)
}

// merged adds up uses of one key: a statement may touch a row once.
func merged(uses []ledger.KeyUse) []ledger.KeyUse {
	sorted := slices.Clone(uses)
	slices.SortStableFunc(sorted, func(a, b ledger.KeyUse) int { return int(int64(a.Key) - int64(b.Key)) })
	all := sorted[:0]
	for _, u := range sorted {
		if n := len(all); n > 0 && all[n-1].Key == u.Key {
			last := &all[n-1]
			last.Count, last.OverHTTP = last.Count+u.Count, last.OverHTTP+u.OverHTTP
			if u.Last >= last.Last {
				last.Last, last.Addr = u.Last, u.Addr
			}
			continue
		}
		all = append(all, u)
	}
	return all
}

// KeyUses implements ledger.Settings.
func (l *Ledger) KeyUses(ctx context.Context) ([]ledger.KeyUse, error) {
	return list(ctx, l, "uses of keys", "SELECT key, count, last, addr, over_http FROM key_uses ORDER BY key",
		func(row pgx.CollectableRow) (u ledger.KeyUse, err error) {
			err = row.Scan(&u.Key, &u.Count, &u.Last, &u.Addr, &u.OverHTTP)
			return u, err
		})
}
