package differ

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"

	"homing"
	"homing/internal/desk/panel/page"
)

// upload is the form as it was sent.
type upload struct {
	*page.Form
	File []byte // empty = none was chosen
}

const (
	// maxParts is how many fields the form may have, maxField how long those are
	// that are no list.
	maxParts = 16
	maxField = 1 << 10
)

// readUpload reads the form, which has a file where the browser could send one.
func readUpload(v *page.Visit) (*upload, error) {
	kind, _, _ := mime.ParseMediaType(v.R.Header.Get("Content-Type"))
	if kind != "multipart/form-data" {
		f, err := v.Form()
		return &upload{Form: f}, err
	}
	parts, err := v.R.MultipartReader()
	if err != nil {
		return nil, fmt.Errorf("%w request: this is not a form of ours", homing.ErrInvalid)
	}
	u := &upload{Form: page.NewForm()}
	for range maxParts {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return u, nil
		}
		if err != nil {
			return nil, unread(err)
		}
		name := part.FormName()
		most := int64(maxField)
		if name == "list" || name == "file" {
			most = maxForm
		}
		text, err := io.ReadAll(io.LimitReader(part, most))
		if err != nil {
			return nil, unread(err)
		}
		if name == "file" {
			u.File = text
			continue
		}
		u.Set(name, string(text))
	}
	return nil, fmt.Errorf("%w request: the form has too many fields", homing.ErrInvalid)
}

// errTooLarge is the list's fault, and told at it.
var errTooLarge = fmt.Errorf("%w list: it is larger than 2 MiB; split it", homing.ErrInvalid)

func unread(err error) error {
	if errors.As(err, new(*http.MaxBytesError)) {
		return errTooLarge
	}
	return fmt.Errorf("%w request: the form can't be read", homing.ErrInvalid)
}
