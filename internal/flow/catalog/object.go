package catalog

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
)

// ReadObject reads one JSON object into a struct. It refuses what encoding/json
// would mend or pass over in silence: text that is not UTF-8, unknown fields and
// those whose letters are of another size, fields given twice, and anything
// behind the object. Its errors do not quote texts and numbers, which may be
// keys; what is wrong with one field is a FieldError.
func ReadObject(text []byte, into any) error {
	if !utf8.Valid(text) {
		return fmt.Errorf("it is not UTF-8, from byte %d on", validUntil(text)+1)
	}
	if !bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte("{")) {
		return errNoObject
	}
	var members map[string]json.RawMessage
	d := json.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(&members); err != nil {
		return plainJSON(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("something follows the object: %w", errNoObject)
	}
	if err := checkValue(json.NewDecoder(bytes.NewReader(text))); err != nil {
		return err
	}
	return fill(reflect.ValueOf(into).Elem(), members)
}

var errNoObject = errors.New("want one JSON object")

// fill reads the members of an object into the fields of a struct.
func fill(into reflect.Value, members map[string]json.RawMessage) error {
	names := fieldNames(into.Type())
	for _, name := range slices.Sorted(maps.Keys(members)) {
		i, known := names[name]
		if !known {
			return unknownField(name, names)
		}
		if name, of := unknownIn(members[name], into.Field(i).Type()); name != "" {
			return unknownField(name, of)
		}
		d := json.NewDecoder(bytes.NewReader(members[name]))
		if err := d.Decode(into.Field(i).Addr().Interface()); err != nil {
			return fieldJSON(name, err)
		}
	}
	return nil
}

// fieldNames are the fields of a struct by their names in JSON.
func fieldNames(t reflect.Type) map[string]int {
	names := map[string]int{}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		names[name] = i
	}
	return names
}

func unknownField(name string, known map[string]int) error {
	for other := range known {
		if folded(other) == folded(name) {
			return &FieldError{Field: name, Problem: "it is not known here: write it " + other, text: fmt.Sprintf("unknown field %q: write it %s", name, other)}
		}
	}
	return &FieldError{Field: name, Problem: "it is not known here", text: fmt.Sprintf("unknown field %q", name)}
}

// unknownIn finds a name in a value that its type does not know, in whichever
// depth, and those that it does.
func unknownIn(value json.RawMessage, t reflect.Type) (name string, known map[string]int) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case readsItself(t):
	case t.Kind() == reflect.Slice:
		var list []json.RawMessage
		_ = json.Unmarshal(value, &list) // if it is no list, that is found out later
		for _, one := range list {
			if name, known = unknownIn(one, t.Elem()); name != "" {
				return name, known
			}
		}
	case t.Kind() == reflect.Struct:
		var members map[string]json.RawMessage
		_ = json.Unmarshal(value, &members) // likewise
		known = fieldNames(t)
		for _, name := range slices.Sorted(maps.Keys(members)) {
			i, ok := known[name]
			if !ok {
				return name, known
			}
			if name, of := unknownIn(members[name], t.Field(i).Type); name != "" {
				return name, of
			}
		}
	}
	return "", nil
}

// readsItself tells whether a type has its own way to be read from JSON.
func readsItself(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()) || isText(t)
}

func isText(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// validUntil is how many bytes are UTF-8.
func validUntil(text []byte) (n int) {
	for {
		r, size := utf8.DecodeRune(text[n:])
		if r == utf8.RuneError && size <= 1 {
			return n
		}
		n += size
	}
}

// plainJSON says what is wrong with JSON without quoting it.
func plainJSON(err error) error {
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return fmt.Errorf("it ends in the middle: %w", errNoObject)
	case errors.As(err, &syntax):
		return fmt.Errorf("it is not JSON, from byte %d on", syntax.Offset)
	}
	return err
}

// fieldJSON says what is wrong with a field's value.
func fieldJSON(name string, err error) error {
	var kind *json.UnmarshalTypeError
	if !errors.As(err, &kind) {
		return wrongJSON(name, "%s", err)
	}
	if kind.Field != "" {
		name += "." + kind.Field
	}
	given, isPlain := map[string]string{
		"string": "a text", "number": "a number", "bool": "true or false", "array": "a list", "object": "an object",
	}[kind.Value]
	if !isPlain { // a number that does not fit, which is not quoted
		return wrongJSON(name, "want %s", wordOf(kind.Type))
	}
	return wrongJSON(name, "want %s, not %s", wordOf(kind.Type), given)
}

// wordOf is what JSON has for a type, for people.
func wordOf(t reflect.Type) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case isText(t) || t.Kind() == reflect.String:
		return "a text"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.Slice:
		return "a list"
	case t.Kind() == reflect.Struct:
		return "an object"
	case t.Kind() >= reflect.Uint && t.Kind() <= reflect.Uint64:
		return fmt.Sprintf("a whole number from 0 to %d", ^uint64(0)>>(64-t.Bits()))
	}
	return "a number"
}

// checkValue walks through the next value, which is known to be JSON of no great
// depth. Of a field that is given twice the last would count. Text with U+FFFD
// has been mended already: by us, if half a surrogate pair is written with \u.
func checkValue(d *json.Decoder) error {
	token, err := d.Token()
	if err != nil {
		return err
	}
	switch token := token.(type) {
	case string:
		if strings.ContainsRune(token, utf8.RuneError) {
			return errors.New("it holds U+FFFD, which stands for text that was lost")
		}
	case json.Delim:
		return checkMembers(d, token == '{')
	}
	return nil
}

// checkMembers walks through an object or a list that has been begun.
func checkMembers(d *json.Decoder, object bool) error {
	seen := map[string]bool{}
	for d.More() {
		if object {
			token, err := d.Token()
			if err != nil {
				return err
			}
			name := token.(string)
			if seen[folded(name)] {
				return fmt.Errorf("field %s stands in it twice", strings.ToLower(name))
			}
			seen[folded(name)] = true
		}
		if err := checkValue(d); err != nil {
			return err
		}
	}
	_, err := d.Token() // the end of it
	return err
}

// folded is the same for all names that encoding/json takes for one.
func folded(name string) string { return strings.ToLower(strings.ToUpper(name)) }
