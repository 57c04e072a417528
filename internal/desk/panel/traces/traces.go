package traces

import (
	"net/http"
	"net/url"
	"strings"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/flow/trace"
)

const (
	// maxLines is how many lines are traced at once; more are a list, which
	// another page compares.
	maxLines = 50
	// maxPasted is how much of a line is looked at, maxPart how much of one
	// without an id is shown.
	maxPasted = 4096
	maxPart   = 120
)

// tracePage shows one story, or several in brief.
type tracePage struct {
	Asked string
	Story *told
	Lines []briefLine
	// None is why there is no id in the only line.
	None    *none
	TooMany bool
	// Anyone: nobody has asked for anything yet.
	Fresh bool
}

// briefLine is one line of several.
type briefLine struct {
	Number int
	ID     string // empty = none
	Ours   bool
	Test   bool

	Campaign string
	Path     string
	Minted   homing.Millis
	Statuses []homing.Status
	None     *none
}

// none says what a text without a click id is.
type none struct {
	Part   string
	Length int
	Reason homing.ReasonInfo
}

func noneOf(text string) *none {
	part, why := trace.Suspect(text)
	n := &none{Part: page.Plain(part), Length: len(part), Reason: why.Info()}
	if part == "" {
		n.Part = page.Plain(text)
	}
	if len(n.Part) > maxPart {
		n.Part = strings.ToValidUTF8(n.Part[:maxPart], "") + "…"
	}
	return n
}

// scope is whose clicks the visitor sees.
func scope(v *page.Visit) homing.AccountID { return v.Who.Account }

// lines are those that have something in them.
func lines(text string) (list []string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			list = append(list, line[:min(len(line), maxPasted)])
		}
	}
	return list
}

func (s *screen) show(v *page.Visit) error { return s.answer(v, v.R.URL.Query().Get("q")) }

// find leads to the page of the ids that were pasted. What is no id is explained
// at once.
func (s *screen) find(v *page.Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	asked := lines(f.Get("q"))
	var ids []string
	for _, line := range asked[:min(len(asked), maxLines)] {
		if id, ok := trace.FindID(line); ok {
			ids = append(ids, id.String())
		}
	}
	if len(ids) == 0 || len(ids) < len(asked) {
		return s.answer(v, f.Get("q"))
	}
	return v.See("/trace?" + url.Values{"q": {strings.Join(ids, "\n")}}.Encode())
}

func (s *screen) answer(v *page.Visit, text string) error {
	asked := lines(text)
	p := tracePage{Asked: strings.Join(asked, "\n"), Fresh: len(asked) == 0}
	if p.TooMany = len(asked) > maxLines; p.TooMany {
		asked = asked[:maxLines]
	}
	title := "Trace"
	switch len(asked) {
	case 0:
	case 1:
		if _, ok := trace.FindID(asked[0]); !ok {
			p.None = noneOf(asked[0])
			break
		}
		story, err := s.tracer.OfAccount(v.R.Context(), scope(v), asked[0])
		if err != nil {
			return err
		}
		if p.Story, err = tell(v, &story); err != nil {
			return err
		}
	default:
		for i, line := range asked {
			brief, err := s.brief(v, i+1, line)
			if err != nil {
				return err
			}
			p.Lines = append(p.Lines, brief)
		}
	}
	return v.Show(http.StatusOK, "trace", title, p)
}

func (s *screen) brief(v *page.Visit, number int, line string) (briefLine, error) {
	b := briefLine{Number: number}
	if _, ok := trace.FindID(line); !ok {
		b.None = noneOf(line)
		return b, nil
	}
	story, err := s.tracer.Brief(v.R.Context(), scope(v), line)
	if err != nil {
		return b, err
	}
	b.ID, b.Ours = story.ClickID.String(), story.Genuine
	b.Path = "/trace?q=" + b.ID
	if b.Ours {
		b.Campaign, b.Minted, b.Test = story.CampaignName, at(story.Minted), story.Test
	}
	for _, c := range story.Conversions {
		b.Statuses = append(b.Statuses, c.Status)
	}
	return b, nil
}
