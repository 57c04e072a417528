package conversions

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"homing"
	"homing/internal/desk/panel/page"
)

// formRoom is how many bytes a form may have beside its list.
const formRoom = 64 << 10

// maxField is how many bytes a field beside the list may have.
const maxField = 8 << 10

// sent reads the form, with a file if one was chosen: its text then is the
// field "file".
func sent(v *page.Visit) (*page.Form, error) {
	kind, _, err := mime.ParseMediaType(v.R.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		return v.Form()
	}
	parts, err := v.R.MultipartReader()
	if err != nil {
		return nil, unreadable(err)
	}
	f := page.NewForm()
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return f, nil
		}
		if err != nil {
			return nil, unreadable(err)
		}
		name := part.FormName()
		most := int64(maxField)
		if name == "file" || name == "list" {
			most = formRoom << 10 // the route bounds the request
		}
		text, err := io.ReadAll(io.LimitReader(part, most))
		if err != nil {
			return nil, unreadable(err)
		}
		switch name {
		case "file", "list", "verb", "reason", "account":
			f.Set(name, string(text))
		}
	}
}

// unreadable tells why a form could not be read.
func unreadable(err error) error {
	if large := new(http.MaxBytesError); errors.As(err, &large) {
		return fmt.Errorf("%w list: it is too large; split it", homing.ErrInvalid)
	}
	return fmt.Errorf("%w request: the form can't be read", homing.ErrInvalid)
}

// listOf is the list that was sent: of a file, pasted, or of ticked rows.
func listOf(f *page.Form) []byte {
	if text := f.Get("file"); strings.TrimSpace(text) != "" {
		return []byte(text)
	}
	if ticked := f.All("id"); len(ticked) > 0 {
		return []byte(strings.Join(ticked, "\n"))
	}
	return []byte(f.Get("list"))
}
