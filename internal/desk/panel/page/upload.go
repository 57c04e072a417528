package page

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"

	"homing"
)

const (
	// maxParts is how many fields a form with a file may have, maxField how many
	// bytes of a field count that is no list.
	maxParts = 32
	maxField = 8 << 10
)

// ErrTooLarge is what Upload gives for a form that is larger than its route takes.
var ErrTooLarge = fmt.Errorf("%w list: it is too large; split it", homing.ErrInvalid)

// Upload reads a form that may bring a file: the file's text is the field "file".
// It and the field "list" may be as long as the route takes.
func (v *Visit) Upload() (*Form, error) {
	kind, _, err := mime.ParseMediaType(v.R.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		return v.Form()
	}
	parts, err := v.R.MultipartReader()
	if err != nil {
		return nil, fmt.Errorf("%w request: this is not a form of ours", homing.ErrInvalid)
	}
	f := NewForm()
	for range maxParts {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return f, nil
		}
		if err != nil {
			return nil, unread(err)
		}
		name := part.FormName()
		var from io.Reader = part // which the route bounds
		if name != "list" && name != "file" {
			from = io.LimitReader(part, maxField)
		}
		text, err := io.ReadAll(from)
		if err != nil {
			return nil, unread(err)
		}
		f.Set(name, string(text))
	}
	return nil, fmt.Errorf("%w request: the form has too many fields", homing.ErrInvalid)
}

func unread(err error) error {
	if errors.As(err, new(*http.MaxBytesError)) {
		return ErrTooLarge
	}
	return fmt.Errorf("%w request: the form can't be read", homing.ErrInvalid)
}
