package sqlite

import "zombiezen.com/go/sqlite"

// steady is a statement whose numbers and texts are bound when they change only.
// SQLite keeps what is bound until something else is, and most columns of a new
// conversion are as in the one before: status, goal, currency, actor, reason. To
// bind a text once more is to have its room given back and asked for again.
//
// It belongs to the writer, and nobody else may have the same SQL prepared: that
// would be the same statement, with its parameters cleared.
type steady struct {
	*sqlite.Stmt
	bound [steadyParams]binding
}

// steadyParams is more than any of these statements has; they count from 1.
const steadyParams = 16

// binding is what a parameter is bound to.
type binding struct {
	kind   boundTo
	number int64
	text   string
}

type boundTo uint8

const (
	boundToUnknown boundTo = iota
	boundToNull
	boundToNumber
	boundToText
)

// changes notes what a parameter is to be bound to, and tells whether it is not.
func (s *steady) changes(param int, to binding) bool {
	if s.bound[param] == to {
		return false
	}
	s.bound[param] = to
	return true
}

func (s *steady) BindNull(param int) {
	if s.changes(param, binding{kind: boundToNull}) {
		s.Stmt.BindNull(param)
	}
}

func (s *steady) BindInt64(param int, number int64) {
	if s.changes(param, binding{kind: boundToNumber, number: number}) {
		s.Stmt.BindInt64(param, number)
	}
}

func (s *steady) BindText(param int, text string) {
	if s.changes(param, binding{kind: boundToText, text: text}) {
		s.Stmt.BindText(param, text)
	}
}

// step carries it out. After an error nothing is known of what is bound.
func (s *steady) step() error {
	err := step(s.Stmt)
	if err != nil {
		clear(s.bound[:])
	}
	return err
}
