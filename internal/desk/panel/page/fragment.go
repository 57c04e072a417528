package page

import (
	"bytes"
	"fmt"

	"homing"
)

// Fragment is a part of a page by itself: what a live view sends into a page that
// is open.
func (v *Visit) Fragment(name, part string, data any) ([]byte, error) {
	page := v.house.pages[name]
	if page == nil {
		return nil, fmt.Errorf("page %s: %w", name, homing.ErrNotFound)
	}
	var out bytes.Buffer
	if err := page.template.ExecuteTemplate(&out, part, data); err != nil {
		return nil, fmt.Errorf("part %s of page %s: %w", part, name, err)
	}
	return out.Bytes(), nil
}
