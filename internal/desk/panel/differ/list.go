package differ

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/flow/compare"
	"homing/internal/flow/report"
)

const (
	// maxKept is how long a list may be to stay in the page's form, so that the
	// page stays small.
	maxKept = 32 << 10
	// atOnce is how many rows a page shows.
	atOnce = 50
)

// differPage is the form, and what was found out.
type differPage struct {
	Tab         string
	Form        *page.Form
	Problems    []string
	Found       *found
	Advertisers []*homing.Account
	Account     string
	Money       bool
	Zone        string
	Now         page.Present
}

// found is a comparison as it is shown: groups, and a page of the rows of one of
// them, or of all.
type found struct {
	*compare.Result
	List   *compare.List
	Groups []group
	Of     string // the group that is shown; empty = all lines
	Rows   []shownRow
	Total  int // of the rows to be shown
	First  int
	// Newer and Older are what the buttons to other pages send; empty = none.
	Before, After string
	Currency      string
	Whose         string // conversions were looked at, if nobody chose; else empty
	Kept          bool   // the list stands in the form
	// Difference is the list's value less ours.
	Difference string
	Until      homing.Millis // the last moment of the range
}

type group struct {
	compare.Group
	Name string
	Here bool
}

type shownRow struct {
	*compare.Row
	Explained string
	Campaign  string
	Request   string
}

func (s *screen) ask(v *page.Visit) error {
	return s.show(v, http.StatusOK, &differPage{Form: page.NewForm()})
}

func (s *screen) show(v *page.Visit, status int, p *differPage) error {
	p.Tab, p.Money, p.Now = "list", !v.Who.HideMoney, v.Present()
	p.Zone = v.Local().String()
	if v.Who.Operator() {
		p.Advertisers = v.Advertisers()
		if v.Account != nil {
			p.Account = v.Account.ID.String()
		}
	}
	return v.Show(status, "differ", "Numbers differ?", p)
}

// compareList answers with the page, or with a file if it is asked for one.
func (s *screen) compareList(v *page.Visit) error {
	f, err := v.Upload()
	if errors.Is(err, page.ErrTooLarge) {
		return s.problem(v, page.NewForm(), errTooLarge)
	}
	if err != nil {
		return err
	}
	if err := chooseAccount(v, f); err != nil {
		return err
	}
	text := []byte(f.Get("file"))
	if len(text) == 0 {
		text = []byte(f.Get("list"))
	}
	f.Set("file", "")
	kept := len(text) <= maxKept
	f.Set("list", "")
	if kept {
		f.Set("list", compare.Text(text))
	}
	list, err := compare.Read(text)
	if err != nil {
		return s.problem(v, f, err)
	}
	question, err := rangeOf(v, f)
	if err != nil {
		return s.problem(v, f, err)
	}
	question.List = list
	result, err := s.comparer.Compare(v.R.Context(), scope(v), question)
	if err != nil {
		return err
	}
	if f.Get("as") == "csv" {
		return sendCSV(v, result)
	}
	p := &differPage{Form: f, Found: foundOf(v, list, result, f.Get("view"))}
	p.Found.Kept = kept
	return s.show(v, http.StatusOK, p)
}

// errTooLarge is the list's fault, and told at it.
var errTooLarge = fmt.Errorf("%w list: it is larger than 2 MiB; split it", homing.ErrInvalid)

func (s *screen) problem(v *page.Visit, f *page.Form, err error) error {
	p := &differPage{Form: f}
	var faults *report.Faults
	switch {
	case errors.As(err, &faults):
		for _, fault := range faults.List {
			p.Problems = append(p.Problems, page.Sentence(errors.New(fault.Field+": "+fault.Problem)))
		}
	case errors.Is(err, homing.ErrInvalid):
		p.Problems = []string{page.Sentence(errors.New(strings.TrimPrefix(err.Error(), homing.ErrInvalid.Error()+" list: ")))}
	default:
		return err
	}
	return s.show(v, http.StatusUnprocessableEntity, p)
}

// chooseAccount takes an operator's choice of an advertiser out of the form.
func chooseAccount(v *page.Visit, f *page.Form) error {
	if !v.Who.Operator() {
		return nil
	}
	text := f.Get("account")
	if text == "" {
		return nil
	}
	id, err := page.Number(text)
	if err != nil {
		return err
	}
	account := v.View.Account(homing.AccountID(id))
	if account == nil || account.Erased {
		return fmt.Errorf("account: %w", homing.ErrNotFound)
	}
	v.Account = account
	return nil
}

// rangeOf reads the dates that the list is to be complete for.
func rangeOf(v *page.Visit, f *page.Form) (compare.Question, error) {
	q := compare.Question{Zone: v.Local()}
	from, to := strings.TrimSpace(f.Get("from")), strings.TrimSpace(f.Get("to"))
	if from == "" && to == "" {
		return q, nil
	}
	if to == "" {
		to = from
	}
	parsed, err := report.Parse(map[string][]string{"by": {"none"}, "from": {from}, "to": {to}},
		report.Defaults{Now: v.Now, Zone: q.Zone})
	if err != nil {
		return q, err
	}
	q.From, q.Until = parsed.From, parsed.Until
	return q, nil
}

func sendCSV(v *page.Visit, r *compare.Result) error {
	return v.SendFile(page.File{Name: "numbers-differ.csv", Kind: report.CSV.ContentType()}, func(w io.Writer) error {
		return r.WriteCSV(w, v.View)
	})
}

// foundOf picks the page of rows that view asks for: "late:2" is the second page
// of those that were late.
func foundOf(v *page.Visit, list *compare.List, r *compare.Result, view string) *found {
	name, number, _ := strings.Cut(view, ":")
	finding, known := compare.FindingNamed(name)
	if !known {
		name = ""
	}
	p := &found{Result: r, List: list, Of: name, Currency: currencyOf(v, r), Whose: whose(v, r), Until: r.Until - 1}
	if r.Listed.Value.Given() && r.Ours.Value.Given() {
		p.Difference = r.Listed.Value.Less(&r.Ours.Value).String()
	}
	for i := range r.Groups {
		g := group{Group: r.Groups[i], Name: r.Groups[i].Finding.String()}
		g.Here = g.Name == name
		p.Groups = append(p.Groups, g)
	}
	var rows []*compare.Row
	for _, of := range [][]compare.Row{r.Rows, r.Lacking} {
		for i := range of {
			if known && of[i].Finding == finding || !known && of[i].Finding != compare.Lacking {
				rows = append(rows, &of[i])
			}
		}
	}
	p.page(v, rows, number)
	return p
}

// whose names the advertisers that the list's ids belong to, where nobody chose
// one.
func whose(v *page.Visit, r *compare.Result) string {
	if scope(v).Account != 0 || len(v.View.Accounts) == 1 {
		return ""
	}
	var names []string
	for _, id := range r.Accounts {
		if a := v.View.Account(id); a != nil {
			names = append(names, a.Name)
		}
	}
	if len(names) > 3 {
		return strconv.Itoa(len(names)) + " advertisers"
	}
	return strings.Join(names, ", ")
}

func (p *found) page(v *page.Visit, rows []*compare.Row, number string) {
	p.Total = len(rows)
	last := max(1, (len(rows)+atOnce-1)/atOnce)
	n, err := strconv.Atoi(number)
	if err != nil {
		n = 1
	}
	n = min(max(n, 1), last)
	p.First = (n-1)*atOnce + 1
	if n > 1 {
		p.Before = p.Of + ":" + strconv.Itoa(n-1)
	}
	if n < last {
		p.After = p.Of + ":" + strconv.Itoa(n+1)
	}
	for _, row := range rows[(n-1)*atOnce : min(n*atOnce, len(rows))] {
		p.Rows = append(p.Rows, shownOf(v, row))
	}
}

func shownOf(v *page.Visit, row *compare.Row) shownRow {
	s := shownRow{Row: row, Explained: row.Explain(v.Local())}
	if c := v.View.Campaign(row.Campaign); c != nil {
		s.Campaign = c.Name
	}
	request := homing.RequestID{}
	if row.Conversion != nil {
		request = row.Conversion.Request
	}
	if row.Call != nil {
		request = row.Call.Request
	}
	if request != (homing.RequestID{}) {
		s.Request = request.String()
	}
	return s
}

// Last is the number of the last row that is shown.
func (p *found) Last() int { return p.First + len(p.Rows) - 1 }

// Badge is the class that colours a finding.
func (r shownRow) Badge() string { return badgeOf(r.Finding) }

// Badge is the class that colours a finding.
func (g group) Badge() string { return badgeOf(g.Finding) }

func badgeOf(f compare.Finding) string {
	switch f {
	case compare.Matched:
		return "counted"
	case compare.OtherValue, compare.Lacking:
		return "warning"
	case compare.NeverArrived:
		return "refused"
	}
	return f.String()
}

// currencyOf is the currency of all amounts that are compared; empty if there are
// several.
func currencyOf(v *page.Visit, r *compare.Result) (currency string) {
	for _, id := range r.Accounts {
		a := v.View.Account(id)
		if a == nil {
			continue
		}
		if currency != "" && currency != a.Currency {
			return ""
		}
		currency = a.Currency
	}
	return currency
}
