package page

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"homing"
)

// Form is what was typed, and what is wrong with it. An empty form shows a page
// for the first time.
type Form struct {
	values url.Values
	// Errors are by field; Problem is of the form as a whole.
	Errors  map[string]string
	Problem string
}

// NewForm holds pairs of a field and its value.
func NewForm(pairs ...string) *Form {
	f := &Form{values: url.Values{}, Errors: map[string]string{}}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Set(pairs[i], pairs[i+1])
	}
	return f
}

// Get is what a field holds.
func (f *Form) Get(name string) string { return f.values.Get(name) }

// Empty is a form of the page that nothing was typed into.
func (f *Form) Empty() *Form { return NewForm() }

// Set fills a field.
func (f *Form) Set(name, value string) { f.values.Set(name, value) }

// All is everything that a field of several values holds.
func (f *Form) All(name string) []string { return f.values[name] }

// On tells whether a box is ticked.
func (f *Form) On(name string) bool { return f.values.Get(name) != "" }

// Bad tells whether anything was found wrong.
func (f *Form) Bad() bool { return f.Problem != "" || len(f.Errors) > 0 }

// Fail notes what is wrong with a field, if anything.
func (f *Form) Fail(field string, err error) {
	if err != nil && f.Errors[field] == "" {
		f.Errors[field] = Sentence(err)
		// The field's label says what is invalid.
		if _, why, ok := strings.Cut(err.Error(), ": "); ok && errors.Is(err, homing.ErrInvalid) {
			f.Errors[field] = Sentence(errors.New(why))
		}
	}
}

// Money reads an amount; an empty field is not given.
func (f *Form) Money(field string) homing.Value {
	text := strings.TrimSpace(f.Get(field))
	if text == "" {
		return homing.Value{}
	}
	amount, err := homing.ParseMoney(text)
	if err != nil {
		f.Fail(field, errors.New("write an amount such as 1.50, with a point and at most six decimals"))
	}
	return homing.ValueOf(amount)
}

// Take notes an error that a deeper room gave for the whole form, at the field
// it speaks of if it names one. It returns false for an error that is not the
// form's fault.
func (f *Form) Take(err error, fields map[string]string) bool {
	if !errors.Is(err, homing.ErrInvalid) && !errors.Is(err, homing.ErrConflict) {
		return false
	}
	if _, ok := fields["ref"]; ok && errors.Is(err, homing.ErrConflict) {
		// All else that must be unique there is random.
		f.Fail("ref", errors.New("another one has this reference already"))
		return true
	}
	for word, field := range fields {
		if strings.HasPrefix(err.Error(), homing.ErrInvalid.Error()+" "+word) {
			f.Fail(field, err)
			return true
		}
	}
	f.Problem = Sentence(err)
	return true
}

// FormStatus is the status of a page that shows a form again.
func FormStatus(f *Form) int {
	if f.Bad() {
		return http.StatusUnprocessableEntity
	}
	return http.StatusOK
}

// Sentence is an error as people read it. Its kind, if it stands in front, is
// for programs.
func Sentence(err error) string {
	text := err.Error()
	for _, kind := range []error{homing.ErrOverloaded, homing.ErrUnauthorized, homing.ErrConflict} {
		text = strings.TrimPrefix(text, kind.Error()+": ")
	}
	first, size := utf8.DecodeRuneInString(text)
	text = string(unicode.ToUpper(first)) + text[size:]
	if !strings.HasSuffix(text, ".") && !strings.HasSuffix(text, "?") {
		text += "."
	}
	return text
}

// field is one labelled input as the part "field" shows it.
type field struct {
	Name, Label, Hint, Value, Error string
	Type, Complete                  string
	Scope                           string // tells fields of one name on one page apart
	Must, Mono, Number, Area        bool
	Focus                           bool
	Bare                            bool   // nothing says that it is optional
	Aria                            string // the label, where none is to be seen
	Beside                          string // the id of a hint that stands elsewhere
}

// fieldOf is the template function field. The others refine it.
func fieldOf(f *Form, name, label, hint string) field {
	return field{Name: name, Label: label, Hint: hint, Value: f.Get(name), Error: f.Errors[name], Type: "text", Complete: "off"}
}

// As sets the input's type. What was typed as a password is not shown again.
func (f field) As(kind string) field {
	f.Type = kind
	if kind == "password" {
		f.Value = ""
	}
	return f
}

// Filled names what browsers may fill in.
func (f field) Filled(as string) field { f.Complete = as; return f }

// Required asks for a value.
func (f field) Required() field { f.Must = true; return f }

// Code shows the value in a fixed-width face.
func (f field) Code() field { f.Mono = true; return f }

// Amount shows the value as a number.
func (f field) Amount() field { f.Number = true; return f }

// Lines makes it several lines high.
func (f field) Lines() field { f.Area = true; return f }

// First gets the focus when the page opens.
func (f field) First() field { f.Focus = true; return f }

// Dated makes it a calendar's: of days, or of a day and a time if that stands in
// it. What no calendar could show, such as 24h, stays a text.
func (f field) Dated() field {
	f.Type = "text"
	for _, kind := range []struct{ name, layout string }{
		{"date", time.DateOnly}, {"datetime-local", "2006-01-02T15:04"}, {"datetime-local", "2006-01-02T15:04:05"},
	} {
		if _, err := time.Parse(kind.layout, f.Value); err == nil || f.Value == "" {
			f.Type = kind.name
			break
		}
	}
	return f
}

// Unmarked leaves out the word "optional": in a filter everything is.
func (f field) Unmarked() field { f.Bare = true; return f }

// Spoken is for the part "input": the label is not to be seen, but is read out.
func (f field) Spoken() field { f.Aria = f.Label; return f }

// Explained names a hint that stands elsewhere, for several fields.
func (f field) Explained(id string) field { f.Beside = id; return f }

// In tells it apart from fields of the same name in other forms of the page.
func (f field) In(scope string) field { f.Scope = scope; return f }

// ID is the input's id, for its label.
func (f field) ID() string { return "f-" + f.Scope + f.Name }

// Described lists the ids of what explains the input.
func (f field) Described() string {
	var ids []string
	if f.Hint != "" {
		ids = append(ids, f.ID()+"-hint")
	}
	if f.Error != "" {
		ids = append(ids, f.ID()+"-error")
	}
	if f.Beside != "" {
		ids = append(ids, f.Beside)
	}
	return strings.Join(ids, " ")
}
