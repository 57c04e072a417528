package tracking

import (
	"strings"

	"homing/internal/desk/panel/page"
	"homing/internal/rule/tracker"
)

// marked cuts a postback URL at the tracker's macros and at our place-holders.
// In any spelling: CAKE's #s2# is no macro to anybody else.
func marked(url string, t *tracker.Template) (list []page.Piece) {
	marks := []string{tracker.KeyPlace, tracker.ClickPlace, tracker.ValuePlace, tracker.LeadPlace}
	if t != nil {
		for _, token := range []tracker.Token{t.Click, t.Value, t.Lead, t.Status} {
			if token.Known() {
				marks = append(marks, token.Text)
			}
		}
	}
	for url != "" {
		at, mark := len(url), ""
		for _, m := range marks {
			if i := strings.Index(url, m); i >= 0 && (i < at || i == at && len(m) > len(mark)) {
				at, mark = i, m
			}
		}
		if at > 0 {
			list = append(list, page.Piece{Text: url[:at], Kind: "literal"})
		}
		if mark != "" {
			list = append(list, page.Piece{Text: mark, Kind: "known"})
		}
		url = url[at+len(mark):]
	}
	return list
}
