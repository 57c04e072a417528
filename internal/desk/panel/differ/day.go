package differ

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/flow/catalog"
	"homing/internal/flow/compare"
	"homing/internal/flow/report"
)

// dayPage is a day's figures beside the tracker's. Everything stands in the URL.
type dayPage struct {
	Tab         string
	Form        *page.Form
	Problems    []string
	Away        bool // reports cannot be asked at the moment
	Day         *compare.Day
	Views       []dayView
	Words       []string
	Advertisers []*homing.Account
	Account     string
	Campaigns   []*catalog.Campaign
	Campaign    string
	Money       bool
	Exact       bool   // a way of counting gives the tracker's figures
	Log         string // where the refused calls are listed
}

type dayView struct {
	*compare.View
	Best bool
}

// maxCampaigns is how many campaigns are offered to choose from.
const maxCampaigns = 200

func (s *screen) showDay(v *page.Visit) error {
	asked := v.R.URL.Query()
	f := page.NewForm("day", asked.Get("day"), "count", asked.Get("count"), "value", asked.Get("value"), "tz", asked.Get("tz"))
	p := &dayPage{Tab: "day", Form: f, Money: !v.Who.HideMoney, Campaign: asked.Get("campaign"), Log: "/postbacks?outcome=refused"}
	s.offer(v, p)
	if f.Get("tz") == "" {
		f.Set("tz", v.Local().String())
	}
	if f.Get("day") == "" && f.Get("count") == "" {
		f.Set("day", v.Now.Time().In(v.Local()).AddDate(0, 0, -1).Format(time.DateOnly))
		return v.Show(http.StatusOK, "day", "Numbers differ?", p)
	}
	q, ok := dayQuestion(v, p)
	if !ok {
		return v.Show(http.StatusUnprocessableEntity, "day", "Numbers differ?", p)
	}
	day, err := s.comparer.Day(v.R.Context(), scope(v), q)
	var faults *report.Faults
	switch {
	case errors.As(err, &faults):
		for _, fault := range faults.List {
			p.Problems = append(p.Problems, page.Sentence(errors.New(fault.Problem)))
		}
		return v.Show(http.StatusUnprocessableEntity, "day", "Numbers differ?", p)
	case errors.Is(err, homing.ErrUnavailable) || errors.Is(err, homing.ErrOverloaded):
		p.Away = true
		return v.Show(http.StatusOK, "day", "Numbers differ?", p)
	case err != nil:
		return err
	}
	p.Day, p.Words = day, day.Words()
	best := day.Fits[0].View
	p.Exact = day.Fits[0].Exact()
	for i := range day.Views {
		p.Views = append(p.Views, dayView{&day.Views[i], i == best})
	}
	return v.Show(http.StatusOK, "day", "Numbers differ?", p)
}

// offer lists what the day can be narrowed to.
func (s *screen) offer(v *page.Visit, p *dayPage) {
	if v.Who.Operator() {
		p.Advertisers = v.Advertisers()
	}
	if v.Account == nil {
		return
	}
	p.Account = v.Account.ID.String()
	if v.Who.Operator() {
		p.Log += "&account=" + p.Account
	}
	for _, c := range v.View.Campaigns {
		if c.Account == v.Account.ID && len(p.Campaigns) < maxCampaigns {
			p.Campaigns = append(p.Campaigns, c)
		}
	}
}

func dayQuestion(v *page.Visit, p *dayPage) (q compare.DayQuestion, ok bool) {
	f := p.Form
	q.Date, q.Ours = strings.TrimSpace(f.Get("day")), v.Local()
	if _, err := time.Parse(time.DateOnly, q.Date); err != nil {
		f.Fail("day", errors.New("write a date such as 2026-01-31"))
	}
	digits := strings.NewReplacer(",", "", " ", "", "'", "").Replace(f.Get("count"))
	n, err := strconv.ParseUint(digits, 10, 40)
	if err != nil {
		f.Fail("count", errors.New("write how many conversions your tracker shows, such as 214"))
	}
	q.Count = int64(n)
	if text := strings.TrimSpace(f.Get("value")); text != "" && p.Money {
		if q.Value, ok = compare.ParseAmount(text); !ok {
			f.Fail("value", errors.New("write an amount such as 1234.50"))
		}
	}
	if q.Zone, err = zone(f.Get("tz")); err != nil {
		f.Fail("tz", err)
	}
	if p.Campaign != "" {
		id, err := page.Number(p.Campaign)
		c := v.View.Campaign(homing.CampaignID(id))
		if err != nil || c == nil || scope(v).Account != 0 && c.Account != scope(v).Account {
			f.Fail("campaign", errors.New("there is no such campaign"))
		}
		q.Where = []string{"campaign=" + p.Campaign}
	}
	return q, !f.Bad()
}

// zone finds a zone by its name, with the report's own words if there is none.
func zone(name string) (*time.Location, error) {
	q, err := report.Parse(map[string][]string{"by": {"none"}, "tz": {strings.TrimSpace(name)}}, report.Defaults{Now: homing.Epoch})
	var faults *report.Faults
	if errors.As(err, &faults) {
		for _, fault := range faults.List {
			if fault.Field == "tz" {
				return nil, fmt.Errorf("%s", fault.Problem)
			}
		}
	}
	if q == nil {
		return time.UTC, err
	}
	return q.Zone, nil
}
