package rulebook

import (
	"fmt"
	"strings"

	"homing/internal/engine/ledger"
)

// SelectPart asks for rows of a part as ledger.Transfer.Export gives them. mark begins
// a place for an argument: "$" or "?", which the number follows.
func SelectPart(part *ledger.Part, after ledger.Row, limit int, mark string) (sql string, args []any) {
	names := QuotedNames(part)
	key := strings.Join(names[:part.Key], ", ")
	where := ""
	if after != nil {
		var marks []string
		for i, v := range after[:part.Key] {
			marks = append(marks, fmt.Sprint(mark, i+1))
			args = append(args, v)
		}
		where = fmt.Sprintf(" WHERE (%s) > (%s)", key, strings.Join(marks, ", "))
	}
	args = append(args, limit)
	return fmt.Sprintf("SELECT %s FROM %s%s ORDER BY %s LIMIT %s%d", strings.Join(names, ", "), Quoted(part.Name), where, key, mark, len(args)), args
}

// QuotedNames are those of a part's fields, for a statement.
func QuotedNames(part *ledger.Part) (names []string) {
	for _, f := range part.Fields {
		names = append(names, Quoted(f.Name))
	}
	return names
}

// Quoted is a name of ours, without quotation marks, for a statement.
func Quoted(name string) string { return `"` + name + `"` }
