package catalog

import (
	"fmt"

	"homing"
)

// FieldError tells what is wrong with one field of what somebody gave. It is of
// the kind homing.ErrInvalid.
type FieldError struct {
	Field   string // as JSON names it; fields of fields behind a dot
	Problem string // in words that do not name the field
	text    string
}

func (e *FieldError) Error() string { return e.text }

// Unwrap tells the kind.
func (e *FieldError) Unwrap() error { return homing.ErrInvalid }

// wrong says what is wrong with a field, which people know by another name.
func wrong(field, shown, format string, args ...any) error {
	problem := fmt.Sprintf(format, args...)
	return &FieldError{Field: field, Problem: problem, text: fmt.Sprintf("%s %s: %s", homing.ErrInvalid, shown, problem)}
}

// wrongBecause says that a field is wrong, in the words of an error.
func wrongBecause(field string, err error) error {
	return &FieldError{Field: field, Problem: err.Error(), text: err.Error()}
}

// wrongJSON says what is wrong with a field as it is written.
func wrongJSON(field, format string, args ...any) error {
	problem := fmt.Sprintf(format, args...)
	return &FieldError{Field: field, Problem: problem, text: "field " + field + ": " + problem}
}
