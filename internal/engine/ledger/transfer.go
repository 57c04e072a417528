package ledger

import "context"

// Transfer moves what a ledger holds into another one, of whichever engine, with
// every number kept: ids that are on their way home mean the same there.
//
//	from.Export(part, after, limit) ──► rows ──► to.Import(part, rows)    for each of Parts, in their order
//
// Both must rest: what is written while a ledger is exported may be missed, and
// nobody may ask the other one before all parts are in it. Rows are plain values,
// so that the same can be compared on both sides.
type Transfer interface {
	// Export gives the rows of a part that lie behind a row, in the order of their
	// keys, at most limit; nil = from the first. Damage ends it with
	// homing.ErrDamaged: what cannot be read is not passed over.
	Export(ctx context.Context, part *Part, after Row, limit int) ([]Row, error)
	// Import writes rows of a part as they are, in one transaction. One whose key
	// is there is written over, so that doing it again changes nothing. The rows
	// are the ledger's from then on. homing.ErrConflict: something else of the
	// ledger's own is in the way.
	Import(ctx context.Context, part *Part, rows []Row) error
}

// Row is one row of a part: a value for each field. A Number is an int64, a Text a
// string, Bytes a []byte (empty ones are not nil), a Truth a bool; nil is none.
type Row []any

// Kind is what a field holds.
type Kind uint8

const (
	Number Kind = iota
	Text
	Bytes
	Truth
)

// Field is one of a part's.
type Field struct {
	Name string
	Kind Kind
}

// Part is a kind of thing that a ledger holds.
type Part struct {
	Name   string
	Key    int // so many fields, the first ones, tell a row from others
	Fields []Field
}

// Index is where a field stands in rows; -1 if there is none.
func (p *Part) Index(name string) int {
	for i, f := range p.Fields {
		if f.Name == name {
			return i
		}
	}
	return -1
}

// After is the row behind which the next rows lie.
func (p *Part) After(last Row) Row { return last[:p.Key] }

// Parts are all that is moved, each behind what it names. Sessions and one-time
// links are not: everybody signs in again. The fields are the columns of both
// engines, whose tables have the same names and mean the same.
//
// "numbers" holds the last number that was given to each kind of thing, so that
// none is given again. "leases" hold how far click ids may reach under each node
// number.
var Parts = []*Part{
	part("settings", 1, "one", Number, "version", Number, "installation", Text),
	part("numbers", 1, "thing", Text, "last", Number),
	part("accounts", 1, "id", Number, "public_id", Text, "ref", Text, "name", Text, "multi_lead", Truth, "price_min", Number,
		"price_max", Number, "currency", Text, "created", Number, "erased", Truth, "senders", Text, "demo", Truth, "notices", Text),
	part("keys", 1, "id", Number, "account", Number, "name", Text, "hash", Bytes, "sealed", Bytes, "created", Number,
		"expires", Number, "revoked", Number),
	part("key_uses", 1, "key", Number, "count", Number, "last", Number, "addr", Text, "over_http", Number),
	part("campaigns", 1, "id", Number, "account", Number, "ref", Text, "name", Text, "slug", Text, "url", Text, "status", Number,
		"window", Number, "default_value", Number, "hold", Truth, "goals", Text, "created", Number),
	part("users", 1, "id", Number, "email", Text, "role", Number, "account", Number, "password", Text, "created", Number,
		"disabled", Truth, "level", Number, "hide_money", Truth, "zone", Text, "totp", Bytes, "totp_step", Number, "recovery", Bytes),
	part("tokens", 1, "id", Number, "name", Text, "account", Number, "scopes", Number, "hash", Bytes, "created", Number,
		"expires", Number, "revoked", Number, "used", Number),
	part("notices", 2, "kind", Text, "object", Text, "account", Number, "since", Number, "told", Number, "ended", Number, "detail", Text),
	part("leases", 1, "node", Number, "token", Number, "mark", Number, "floor", Number),
	part("erased", 1, "number", Number, "at", Number, "account", Number, "click", Bytes),
	part("erasures", 1, "account", Number, "done", Number),
	part("conversions", 1, "id", Number, "click", Bytes, "lead", Bytes, "goal", Number, "account", Number, "campaign", Number,
		"status", Number, "value", Number, "price", Number, "currency", Text, "flags", Number, "at", Number, "request", Bytes,
		"change", Number),
	part("receipts", 1, "conversion", Number, "record", Bytes),
	part("changes", 1, "number", Number, "conversion", Number, "at", Number, "from_status", Number, "to_status", Number,
		"actor", Text, "reason", Text),
	part("audit", 1, "number", Number, "at", Number, "actor", Text, "action", Text, "object", Text, "detail", Text, "account", Number),
}

// part takes names and kinds of fields in turn.
func part(name string, key int, fields ...any) *Part {
	p := &Part{Name: name, Key: key}
	for i := 0; i < len(fields); i += 2 {
		p.Fields = append(p.Fields, Field{fields[i].(string), fields[i+1].(Kind)})
	}
	return p
}
