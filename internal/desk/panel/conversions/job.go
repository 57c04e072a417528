package conversions

import (
	"io"
	"net/http"
	"net/url"
	"strconv"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/flow/amend"
	"homing/internal/flow/report"
	"homing/internal/rule/mask"
)

// jobPage is a list: what would become of each line, what is under way, or what
// became of it.
type jobPage struct {
	Path, Said, Reason string
	Notes              []string
	Running, Done      bool
	Through, All       int
	Ready              int // how many would be changed
	HideMoney          bool
	Shown              []resultChoice
	Rows               []line
	Previous, Next     string
}

type resultChoice struct {
	Label, Path string
	Count       int
	Here        bool
}

// line is a line as the page shows it.
type line struct {
	amend.Line
	Row     *row // nil if there is no such conversion
	ClickID string
}

// pageLen is how many lines a page has.
const pageLen = 100

var resultLabels = map[amend.Result]string{
	amend.Ready: "Would change", amend.Changed: "Changed", amend.Unchanged: "Already so", amend.Refused: "Can't",
	amend.Overtaken: "Changed meanwhile", amend.Failed: "Not stored",
}

func (s *screen) showJob(v *page.Visit) error {
	j := v.Found["job"].(*job)
	running, done, lines := j.state()
	p := jobPage{
		Path: jobPath(j), Said: j.said, Reason: j.task.Reason, Notes: j.notes, Running: running, Done: done,
		All: len(lines), Through: min(int(j.through.Load()), len(lines)), HideMoney: v.Who.HideMoney,
	}
	q := v.R.URL.Query()
	shown := q.Get("show")
	counts := amend.Counts(lines)
	p.Ready = counts[amend.Ready]
	p.Shown = append(p.Shown, resultChoice{"All", p.Path, len(lines), shown == ""})
	var fit []int
	for _, r := range amend.Results() {
		if counts[r] > 0 {
			p.Shown = append(p.Shown, resultChoice{resultLabels[r], p.Path + "?show=" + r.String(), counts[r], shown == r.String()})
		}
	}
	for i := range lines {
		if shown == "" || lines[i].Result.String() == shown {
			fit = append(fit, i)
		}
	}
	at, _ := strconv.Atoi(q.Get("page"))
	at = max(1, min(at, (len(fit)+pageLen-1)/pageLen))
	for _, i := range fit[min(len(fit), (at-1)*pageLen):min(len(fit), at*pageLen)] {
		p.Rows = append(p.Rows, s.line(v, &lines[i]))
	}
	to := func(at int) string {
		values := url.Values{"page": {strconv.Itoa(at)}}
		if shown != "" {
			values.Set("show", shown)
		}
		return p.Path + "?" + values.Encode()
	}
	if at > 1 {
		p.Previous = to(at - 1)
	}
	if at*pageLen < len(fit) {
		p.Next = to(at + 1)
	}
	return v.Show(http.StatusOK, "conversions_job", "Change many conversions", p)
}

func (s *screen) line(v *page.Visit, l *amend.Line) line {
	shown := line{Line: *l}
	if l.Found.ID != 0 {
		if r := rowOf(v, l.Found); r != nil {
			shown.Row = r
		}
		shown.ClickID = s.amender.Keyring().Seal(l.Found.Click).String()
	} else if l.Click != (homing.ClickID{}) {
		shown.ClickID = l.Click.String()
	}
	return shown
}

// download is the list as CSV, with what would become, or became, of each line.
func (s *screen) download(v *page.Visit) error {
	j := v.Found["job"].(*job)
	_, done, lines := j.state()
	name := "homing-changes-preview.csv"
	if done {
		name = "homing-changes-result.csv"
	}
	columns := []report.Column{{Name: "line", Kind: report.Number}, {Name: "id", Kind: report.ID}}
	for _, name := range []string{"click_id", "lead_code", "from", "to", "result", "problem", "reason", "text"} {
		columns = append(columns, report.Column{Name: name, Kind: report.Text})
	}
	masker := v.Rooms.Catalog.Masker()
	return v.SendFile(page.File{Name: name, Kind: report.CSV.ContentType()}, func(w io.Writer) error {
		return report.WriteCSV(w, columns, func(yield func([]report.Cell, error) bool) {
			for i := range lines {
				if !yield(s.cells(&lines[i], masker), nil) {
					return
				}
			}
		})
	})
}

// cells are a line of the list in the file.
func (s *screen) cells(l *amend.Line, masker *mask.Masker) (cells []report.Cell) {
	id, click, from, to := "", "", "", ""
	if l.Conversion != 0 {
		id = l.Conversion.String() // as the line says it
	}
	if l.Found.ID != 0 {
		id, click, from = l.Found.ID.String(), s.amender.Keyring().Seal(l.Found.Click).String(), l.Found.Status.String()
	} else if l.Click != (homing.ClickID{}) {
		click = l.Click.String()
	}
	if l.To != 0 {
		to = l.To.String()
	}
	for _, text := range []string{strconv.Itoa(l.Line), id, click, masker.Text(l.Found.Lead), from, to, l.Result.String(), l.Problem, l.Reason, l.Text} {
		cells = append(cells, report.Cell{Text: text})
	}
	return cells
}
