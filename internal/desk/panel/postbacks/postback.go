package postbacks

import (
	"encoding/binary"
	"fmt"
	"net/http"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/flow/journal"
)

// postbackPage is one call, explained.
type postbackPage struct {
	postbackRow
	Reason  homing.ReasonInfo
	Answer  answer
	Remarks []string
	Key     *homing.Key
	History []homing.Change
	// Operator may follow links to the advertiser's settings.
	Operator bool
}

// around is how far the time in a request id may lie from the arrival that was
// logged.
const around homing.Millis = 10_000

// findPostback finds an entry of the log by its request id, whose first six
// bytes are the time: first among the newest, then in the stores around that
// time.
func findPostback(v *page.Visit, text string) (homing.AccountID, error) {
	id, err := homing.ParseRequestID(text)
	if err != nil || id.String() != text {
		return 0, fmt.Errorf("postback: %w", homing.ErrNotFound)
	}
	at := homing.Millis(binary.BigEndian.Uint64(append([]byte{0, 0}, id[:6]...)))
	filter := journal.Filter{Since: max(0, at-around), Until: at + around}
	const all = 1 << 20
	for _, e := range v.Rooms.Journal.Recent(filter, all) {
		if e.Request == id {
			return found(v, e)
		}
	}
	for e, err := range v.Rooms.Journal.List(v.R.Context(), filter) {
		if err != nil {
			return 0, fmt.Errorf("couldn't read the postback log: %w", err)
		}
		if e.Request == id {
			return found(v, e)
		}
	}
	return 0, fmt.Errorf("postback: %w", homing.ErrNotFound)
}

func found(v *page.Visit, e journal.Entry) (homing.AccountID, error) {
	v.Found = map[string]any{"postback": &e}
	if v.Account == nil {
		v.Account = v.View.Account(e.Account)
	}
	return e.Account, nil
}

func showPostback(v *page.Visit) error {
	entry := v.Found["postback"].(*journal.Entry)
	row := row(v, *entry)
	p := postbackPage{
		postbackRow: row, Reason: row.Verdict.Reason.Info(), Remarks: remarks(row.Verdict.Flags),
		Answer: answerTo(&row.Postback, v.Account), Operator: v.Who.Operator(),
	}
	if key := v.View.Key(row.Postback.Key); key != nil && v.Who.MaySee(key.Account) {
		p.Key = key
	}
	if row.Conversion != 0 {
		var err error
		if p.History, err = v.Rooms.Books.History(v.R.Context(), row.Conversion); err != nil {
			return fmt.Errorf("couldn't read the conversion's history: %w", err)
		}
	}
	return v.Show(http.StatusOK, "postback", "Postback", p)
}
