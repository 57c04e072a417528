package judge

import "homing"

// StepState tells how a check went.
type StepState uint8

const (
	Passed StepState = iota + 1
	Failed
	// Unreached: an earlier check ended it.
	Unreached
	// Skipped: there was nothing to check, such as a key that was not given.
	Skipped
)

func (s StepState) String() string { return [...]string{"", "passed", "failed", "unreached", "skipped"}[s] }

// Step is one check of a call.
type Step struct {
	Name  string // "Click id", "https", "Key", …
	State StepState
	Text  string // what was found, in words
}

// Steps tells every check of a logged call in the order of the contract: path
// and method, size, click id, query, https, sender, key, lead code, value, price,
// then whether the conversion is the first and in its window. It works from what
// the log keeps, so it tells no more than that.
func Steps(p *homing.Postback) []Step { panic("not built yet") }
