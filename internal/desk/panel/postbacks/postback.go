package postbacks

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/flow/journal"
	"homing/internal/rule/judge"
	"homing/internal/rule/mask"
)

// postbackPage is one call, explained.
type postbackPage struct {
	line
	Postback *homing.Postback
	Reason   homing.ReasonInfo
	Steps    []judge.Step
	Answer   judge.Answer
	Text     string // of the answer's status
	// Today: the bounds in the answer are the advertiser's of today.
	Today bool
	// Many: such a call may have been answered 429.
	Many    bool
	Remarks []string
	Key     *homing.Key
	History []change
	Curl    string
	Trace   string // the click's story; empty if none can be told
	// Of is the request that was replayed, if this is a replay, and Asked what it
	// asked for.
	Of      string
	Asked   string
	Similar *similar
	// Replay is where an operator may have it judged once more.
	Replay string
	// Operator may follow links to the advertiser's settings.
	Operator bool
}

// change is a step in a conversion's life.
type change struct {
	homing.Change
	Who string
}

// findPostback finds an entry of the log by its request id.
func findPostback(v *page.Visit, text string) (homing.AccountID, error) {
	id, err := homing.ParseRequestID(text)
	if err != nil || id.String() != text || id == (homing.RequestID{}) {
		return 0, fmt.Errorf("postback: %w", homing.ErrNotFound)
	}
	var old journal.Old
	if v.Reports != nil {
		old = v.Reports.Warehouse
	}
	e, err := v.Journal.Find(v.R.Context(), old, id)
	if err != nil {
		return 0, fmt.Errorf("postback: %w", err)
	}
	if a := v.View.Account(e.Account); a != nil && a.Erased {
		return 0, fmt.Errorf("postback: %w", homing.ErrNotFound)
	}
	v.Found = map[string]any{"postback": &e}
	if v.Account == nil {
		v.Account = v.View.Account(e.Account)
	}
	return e.Account, nil
}

func showPostback(v *page.Visit) error {
	entry := v.Found["postback"].(*journal.Entry)
	p, err := explain(v, entry)
	if err != nil {
		return err
	}
	return v.Show(http.StatusOK, "postback", "Postback", p)
}

// explain puts together what there is to say of a call.
func explain(v *page.Visit, e *journal.Entry) (*postbackPage, error) {
	f := &filters{scope: scopeOf(v)}
	shown := e.Postback
	if v.Who.HideMoney {
		shown.Target, _, _ = strings.Cut(shown.Target, "?")
		shown.Value, shown.Price = homing.Value{}, 0
	}
	p := &postbackPage{
		line: f.table(v).ofEntry(v, e), Postback: &shown, Reason: e.Verdict.Reason.Info(), Steps: judge.Steps(&e.Postback),
		Answer: judge.Answered(&shown, v.View.Account(e.Account)), Remarks: remarks(e.Verdict.Flags), Operator: v.Who.Operator(),
	}
	var err error
	if p.Similar, err = similarTo(v, f, e); err != nil {
		return nil, err
	}
	p.Text = http.StatusText(p.Answer.Status)
	if a := p.Reason.Answer; v.Who.HideMoney && (a == homing.AnswerInvalidPrice || a == homing.AnswerPriceRange) {
		p.Answer.Body = "…" // it names the range
	}
	p.Today = p.Reason.Answer == homing.AnswerPriceRange
	p.Many = judge.Guesses(e.Verdict.Reason)
	if key := v.View.Key(e.Key); key != nil && v.Who.MaySee(key.Account) {
		p.Key = key
	}
	of, asked := judge.Replayed(&shown)
	if p.Asked = asked; of != (homing.RequestID{}) {
		p.Of = of.String()
	}
	p.Curl = curl(v, &shown, asked)
	if e.Click != (homing.ClickID{}) {
		p.Trace = "/trace?q=" + url.QueryEscape(e.Click.String())
	}
	if e.Verdict.Outcome == homing.Refused && p.Operator {
		p.Replay = "/postbacks/" + e.Request.String() + "/replay"
	}
	return p, p.tellHistory(v, e.Conversion)
}

func (p *postbackPage) tellHistory(v *page.Visit, id homing.ConversionID) error {
	if id == 0 {
		return nil
	}
	history, err := v.Books.History(v.R.Context(), id)
	if errors.Is(err, homing.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("couldn't read the conversion's history: %w", err)
	}
	actors := v.Actors(nil)
	for _, c := range history {
		p.History = append(p.History, change{c, actors.Name(c.Actor)})
	}
	return nil
}

// curl is the call as a command, with a word where the key was.
func curl(v *page.Visit, p *homing.Postback, asked string) string {
	base := v.Addresses().Plain()
	if at := v.Addresses(); p.HTTPS && at.Public == "" && at.TrackTLS != "" {
		base = at.TrackTLS
	}
	path, query, ok := strings.Cut(asked, "?")
	pairs := strings.Split(query, "&")
	for i, one := range pairs {
		name, value, _ := strings.Cut(one, "=")
		if mask.IsMask([]byte(value)) {
			pairs[i] = name + "=YOUR_SECRET_KEY"
		}
	}
	if ok {
		path += "?" + strings.Join(pairs, "&")
	}
	method := ""
	if p.Method != http.MethodGet {
		method = "-X " + shellQuoted(p.Method) + " "
	}
	return "curl " + method + shellQuoted(base+path)
}

// shellQuoted is a text as one word of a shell.
func shellQuoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
