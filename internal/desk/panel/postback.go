package panel

import (
	"encoding/binary"
	"fmt"
	"net/http"

	"homing"
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

// loadPostback finds an entry of the log by its request id, whose first six
// bytes are the time: first among the newest, then in the stores around that
// time.
func loadPostback(v *visit, text string) (homing.AccountID, error) {
	id, err := homing.ParseRequestID(text)
	if err != nil || id.String() != text {
		return 0, fmt.Errorf("postback: %w", homing.ErrNotFound)
	}
	at := homing.Millis(binary.BigEndian.Uint64(append([]byte{0, 0}, id[:6]...)))
	filter := journal.Filter{Since: max(0, at-around), Until: at + around}
	const all = 1 << 20
	for _, e := range v.panel.Journal.Recent(filter, all) {
		if e.Request == id {
			return v.found(e)
		}
	}
	for e, err := range v.panel.Journal.List(v.r.Context(), filter) {
		if err != nil {
			return 0, fmt.Errorf("couldn't read the postback log: %w", err)
		}
		if e.Request == id {
			return v.found(e)
		}
	}
	return 0, fmt.Errorf("postback: %w", homing.ErrNotFound)
}

func (v *visit) found(e journal.Entry) (homing.AccountID, error) {
	v.entry = &e
	if v.account == nil {
		v.account = v.view.Account(e.Account)
	}
	return e.Account, nil
}

func showPostback(v *visit) error {
	row := v.row(*v.entry)
	page := postbackPage{
		postbackRow: row, Reason: row.Verdict.Reason.Info(), Remarks: remarks(row.Verdict.Flags),
		Answer: answerTo(&row.Postback, v.account), Operator: v.who.Operator(),
	}
	if key := v.view.Key(row.Postback.Key); key != nil && v.who.MaySee(key.Account) {
		page.Key = key
	}
	if row.Conversion != 0 {
		var err error
		if page.History, err = v.panel.Books.History(v.r.Context(), row.Conversion); err != nil {
			return fmt.Errorf("couldn't read the conversion's history: %w", err)
		}
	}
	return v.show(http.StatusOK, "postback", "Postback", page)
}
